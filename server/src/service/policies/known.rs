//! Which rules hold now; kept in memory, because every probe and event asks.

use std::sync::{Mutex, PoisonError};

use rampart_domain::{
    count::Minute,
    policy::{MeasurementPolicy, Policies},
};

use super::{Result, Service};
use crate::store::policies;

/// The rules that hold in a minute. What is published in a minute starts later ([`super::NOTICE`]), so whoever has read in
/// this minute knows all about it, on every server.
#[derive(Debug, Default)]
pub(in crate::service) struct Known(Mutex<Option<(Minute, MeasurementPolicy)>>);

impl Service {
    /// Every published version, as it is stored now.
    pub(in crate::service) async fn policies(&self) -> Result<Policies> {
        Ok(policies::all(&self.store.portal).await?)
    }

    /// The rules that hold now.
    pub(in crate::service) async fn policy_now(&self) -> Result<MeasurementPolicy> {
        let now = self.clock.minute();
        let known = *self.policy.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, policy)) = known.filter(|(minute, _)| *minute == now) {
            return Ok(policy);
        }
        let policy = *self.policies().await?.at(now);
        *self.policy.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, policy));
        Ok(policy)
    }
}
