//! Replays the history of all apps under the drafts of the escalation policy that somebody asks about (SPEC section 6); on every
//! server, one replay at a time.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::service::Service;

/// It is looked for replays that another server left, or was asked for, at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);
const AFTER_AN_ERROR: Duration = Duration::from_secs(1);

pub(super) async fn run(service: Arc<Service>, stop: CancellationToken) {
    loop {
        let worked = tokio::select! {
            worked = service.run_what_if() => worked,
            () = stop.cancelled() => return,
        };
        let sleep = match worked {
            Ok(true) => continue,
            Ok(false) => LONGEST_SLEEP,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a replay under a draft failed; trying again"
                );
                AFTER_AN_ERROR
            }
        };
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = service.wake.what_if.notified() => {}
            () = stop.cancelled() => return,
        }
    }
}
