//! The portal's own outages: noticed by canaries, and left out of every app's figures through the ledger (SPEC section 2.1).

use futures_util::future::join_all;
use rampart_domain::{
    count::{Minute, MinuteRange},
    exclusion::{ExclusionKind, LedgerEntry, OwnOutage, Round, own_outages},
    sli::Sli,
};
use serde_json::{Value, json};

use super::{Result, Service, audit::Change, reassessment::LedgerChange};
use crate::{
    probe::{ErrorClass, Probe},
    store::{Scope, audit::Who, ledger, rounds},
};

/// How far back failed canaries are looked at; as far as missed evaluations are made up for.
const LOOKED_BACK: i64 = 26 * 60;

impl Service {
    /// Asks every canary once and notes how many failed in this round.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn ask_canaries(&self, round: i64) -> Result<()> {
        let canaries = &self.config.probe.canaries;
        let probes = join_all(canaries.iter().map(|url| self.canary_prober.probe(url))).await;
        let failed: Vec<_> = canaries
            .iter()
            .zip(&probes)
            .filter(|(_, probe)| self.has_failed(probe))
            .collect();
        for (url, probe) in &failed {
            let reason = probe.failure.as_ref().map_or("", |f| &f.reason);
            tracing::warn!(canary = url.host_str(), reason, "a canary does not answer");
        }
        let mut tx = self.store.metrics.begin().await?;
        rounds::note_canaries(&mut tx, round, canaries.len() as u64, failed.len() as u64).await?;
        Ok(tx.commit().await?)
    }

    fn has_failed(&self, probe: &Probe) -> bool {
        probe.failure.as_ref().is_some_and(|failure| {
            // A canary that answers anything at all can be reached.
            !probe.ended_late(self.config.probe.timeout)
                && !matches!(failure.class, ErrorClass::Status | ErrorClass::Redirect)
        })
    }

    /// Files a data gap for every app where the portal itself was cut off before `tick`, or extends the one that is filed.
    ///
    /// # Errors
    /// When a database cannot be reached.
    pub(super) async fn note_own_outages(&self, tick: Minute) -> Result<()> {
        if self.config.probe.canaries.is_empty() {
            return Ok(());
        }
        let (from, end) = (Round::of((tick - LOOKED_BACK).start()), Round::of(tick.start()));
        let rounds = rounds::failed(&self.store.metrics, from, end).await?;
        for outage in own_outages(&rounds) {
            self.file_gap(&outage).await?;
        }
        Ok(())
    }

    async fn file_gap(&self, outage: &OwnOutage) -> Result<()> {
        // An outage that began further back than is looked at seems to begin later at each tick; it stays the same one.
        let known = ledger::gap_at(&self.store.portal, Sli::Availability, outage.range().start).await?;
        let gap = LedgerEntry {
            id: known.as_ref().map_or(outage.id(), |known| known.id),
            app: None,
            sli: Some(Sli::Availability),
            product: None,
            target: None,
            range: MinuteRange {
                start: known.map_or(outage.range().start, |known| known.range.start),
                ..outage.range()
            },
            kind: ExclusionKind::DataGap,
            authority: authority(outage),
            revoked: false,
        };
        let times = |range: MinuteRange| json!({ "from": range.start.start(), "to": range.end.start() });
        let mut after = times(gap.range);
        after["probes"] = outage.probes.total().into();
        after["failed_probes"] = outage.probes.bad.into();
        loop {
            let filed = self.filed(Scope::system(), gap.id).await?.map(|filed| filed.entry);
            let change = match &filed {
                None => LedgerChange::Enter(&gap),
                // What a person revoked stays revoked, and what is filed never shrinks.
                Some(filed) if filed.revoked || filed.range.end >= gap.range.end => return Ok(()),
                Some(_) => LedgerChange::Extend(&gap),
            };
            let audited = Change {
                action: "ledger.data_gap",
                subject: ("ledger", gap.id.to_string(), "Outage of the portal itself"),
                partner: None,
                before: filed.as_ref().map_or(Value::Null, |filed| times(filed.range)),
                after: after.clone(),
                why: Some(&gap.authority),
            };
            if self.change_ledger(&change, Who::System, audited).await? {
                break;
            }
        }
        tracing::warn!(
            from = %gap.range.start.start(), to = %gap.range.end.start(),
            "the portal itself was cut off; a data gap for every app"
        );
        Ok(())
    }
}

/// What the gap rests on, for people. How many apps there are is not for everybody.
fn authority(outage: &OwnOutage) -> String {
    let (first, last) = (
        outage.first_failed.format("%H:%M:%S"),
        outage.last_failed.format("%H:%M:%S"),
    );
    format!("the portal itself was cut off: its canaries did not answer from {first} to {last} UTC, nor did most apps")
}
