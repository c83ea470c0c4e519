//! Has the escalation engine decide whenever a fact was filed or a due time has come (SPEC section 6).

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::lease::Leader;
use crate::service::Service;

/// It is looked for facts that another server filed at least this often.
const LONGEST_SLEEP: TimeDelta = TimeDelta::seconds(10);

pub(super) async fn run(service: Arc<Service>, mut leader: Leader, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = leader.elected() => {}
            () = stop.cancelled() => return,
        }
        let latest = service.clock.now() + LONGEST_SLEEP;
        let waking = match service.escalate().await {
            Ok(due) => due.map_or(latest, |due| due.min(latest)),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "escalation failed; trying again"
                );
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(1)) => continue,
                    () = stop.cancelled() => return,
                }
            }
        };
        tokio::select! {
            () = service.clock.sleep_until(waking) => {}
            () = service.wake.escalation.notified() => {}
            () = stop.cancelled() => return,
        }
    }
}
