//! Evaluates every minute, on the minute, and after a stop the minutes that were missed, in order (SPEC section 2).

use std::{sync::Arc, time::Duration};

use rampart_domain::{count::Minute, policy::UNKNOWN_AFTER};
use tokio_util::sync::CancellationToken;

use super::lease::Leader;
use crate::{
    service::{Service, evaluation::PROGRESS},
    store::progress,
    telemetry,
};

/// Ticks missed longer ago than this are left out: by then every open breach has closed as unknown.
const CAUGHT_UP: i64 = UNKNOWN_AFTER + 60;

pub(super) async fn run(service: Arc<Service>, mut leader: Leader, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = leader.elected() => {}
            () = stop.cancelled() => return,
        }
        let next = match step(&service).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(error = &*error, "the evaluation failed; trying again");
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(1)) => continue,
                    () = stop.cancelled() => return,
                }
            }
        };
        tokio::select! {
            () = service.clock.sleep_until(next.start()) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Evaluates the next tick that is due and says when the one after it is.
async fn step(service: &Service) -> anyhow::Result<Minute> {
    let now = service.clock.minute();
    let last = progress::last(&service.store.portal, PROGRESS).await?;
    let tick = last.map_or(now, |last| (last + 1).max(now - CAUGHT_UP));
    if tick > now {
        return Ok(tick);
    }
    let started = tokio::time::Instant::now();
    service.evaluate(last, tick).await?;
    let lag = service.clock.now() - tick.start();
    telemetry::evaluated(started.elapsed(), lag.to_std().unwrap_or_default());
    Ok(tick + 1)
}
