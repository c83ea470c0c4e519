//! Reminds partners of the actions they have to do (SPEC section 4), and of readiness documents that expire, and carries announced
//! withdrawals out (SPEC section 3).

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::lease::Leader;
use crate::service::Service;

const EVERY: Duration = Duration::from_secs(15 * 60);

pub(super) async fn run(service: Arc<Service>, mut leader: Leader, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = leader.elected() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = service.remind_of_actions().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "reminders of actions could not be queued; trying again"
            );
        }
        if let Err(error) = service.tell_of_expiring_readiness().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "notices of readiness documents that expire could not be queued; trying again"
            );
        }
        if let Err(error) = service.carry_out_withdrawals().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "announced withdrawals could not be carried out; trying again"
            );
        }
        tokio::select! {
            () = service.clock.sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}
