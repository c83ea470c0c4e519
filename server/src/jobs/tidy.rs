//! Takes away what is no longer of use: sessions that have ended, secrets that were replaced, tries and
//! replays that are long past.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    service::{Service, escalation::what_if},
    store::{self, installations, sessions, what_ifs},
};

const EVERY: Duration = Duration::from_secs(3_600);

pub(super) async fn run(service: Arc<Service>, stop: CancellationToken) {
    loop {
        service.limits.tidy();
        if let Err(error) = tidy(&service).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what is no longer of use could not be deleted"
            );
        }
        tokio::select! {
            () = service.clock.sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn tidy(service: &Service) -> store::Result<()> {
    let mut tx = service.store.portal.begin().await?;
    let deleted = sessions::delete_expired(&mut tx, service.clock.now()).await?;
    installations::delete_retired_secrets(&mut tx, service.clock.now()).await?;
    what_ifs::delete_asked_before(&mut tx, service.clock.now() - what_if::KEPT_FOR).await?;
    tx.commit().await?;
    if deleted > 0 {
        tracing::info!(deleted, "ended sessions deleted");
    }
    Ok(())
}
