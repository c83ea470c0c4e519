//! Packs figures and deletes what was kept long enough, every hour.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::lease::Leader;
use crate::service::Service;

const EVERY: Duration = Duration::from_secs(3_600);

pub(super) async fn run(service: Arc<Service>, mut leader: Leader, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = leader.elected() => {}
            () = stop.cancelled() => return,
        }
        tokio::select! {
            result = service.compact() => if let Err(error) = result {
                tracing::error!(error = &error as &dyn std::error::Error, "figures could not be packed; trying again in an hour");
            },
            // A piece that is under way is given up; its transaction is rolled back.
            () = stop.cancelled() => return,
        }
        tokio::select! {
            () = service.clock.sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}
