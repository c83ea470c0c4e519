//! Tells program managers of the tickets on which nothing is left but their decision (SPEC section 3).

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::lease::Leader;
use crate::service::Service;

const EVERY: Duration = Duration::from_secs(5 * 60);

pub(super) async fn run(service: Arc<Service>, mut leader: Leader, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = leader.elected() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = service.announce_complete_tickets().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "mails about complete approval tickets could not be queued; trying again"
            );
        }
        tokio::select! {
            () = service.clock.sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}
