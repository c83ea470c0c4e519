//! What an evaluation tells people beside the mails of single breaches.

use rampart_domain::count::Minute;

use super::{Result, Service, burn_rates::Burning, evaluation::Outcome, flapping::Bundled, synthetics::Failing};
use crate::store::Tx;

/// What is due at a tick.
#[derive(Default)]
pub(crate) struct Notices {
    bundles: Vec<Bundled>,
    burning: Vec<Burning>,
    failing: Vec<Failing>,
}

impl Service {
    /// Decides what is due; takes the mails that wait from the outcomes.
    pub(super) async fn notices(&self, tick: Minute, outcomes: &mut [Outcome<'_>]) -> Result<Notices> {
        Ok(Notices {
            bundles: self.bundle(tick, outcomes).await?,
            burning: self.burn_rates(tick).await?,
            failing: self.failing_synthetics(tick).await?,
        })
    }

    /// Writes it. Says how many mails were queued.
    pub(super) async fn apply_notices(&self, tx: &mut Tx, tick: Minute, notices: &Notices) -> Result<usize> {
        let bundled = self.apply_bundles(tx, tick, &notices.bundles).await?;
        let burning = self.apply_burn_rates(tx, tick, &notices.burning).await?;
        let failing = self.apply_synthetics(tx, tick, &notices.failing).await?;
        Ok(bundled + burning + failing)
    }
}
