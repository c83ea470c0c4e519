//! Asks the canaries every ten seconds, so that an outage of the portal's own network is told from one of the apps (SPEC
//! section 2.1).

use std::sync::Arc;

use rampart_domain::exclusion::Round;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::lease::Leader;
use crate::service::Service;

pub(super) async fn run(service: Arc<Service>, mut leader: Leader, stop: CancellationToken) {
    if service.config.probe.canaries.is_empty() {
        return;
    }
    let asking = TaskTracker::new();
    loop {
        tokio::select! {
            () = leader.elected() => {}
            () = stop.cancelled() => break,
        }
        let round = Round::of(service.clock.now()) + 1;
        tokio::select! {
            () = service.clock.sleep_until(Round::begin(round)) => {}
            () = stop.cancelled() => break,
        }
        if leader.is_leader() {
            // A canary that does not answer must not delay the next round.
            let service = service.clone();
            asking.spawn(async move {
                if let Err(error) = service.ask_canaries(round).await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "what the canaries said could not be written"
                    );
                }
            });
        }
    }
    asking.close();
    asking.wait().await;
}
