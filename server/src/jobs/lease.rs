use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    random,
    service::Service,
    store::{self, leases},
    telemetry,
};

/// The one lease there is: whoever holds it probes and evaluates (SPEC section 7).
pub const MEASURING: &str = "measuring";
const LIFETIME: TimeDelta = TimeDelta::seconds(20);
const RENEWED_EVERY: Duration = Duration::from_secs(5);

/// Whether this server holds the lease.
#[derive(Clone)]
pub(super) struct Leader(watch::Receiver<bool>);

impl Leader {
    pub(super) fn is_leader(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once this server holds the lease.
    pub(super) async fn elected(&mut self) {
        // The sender lives as long as the server; without it nothing more is to be done either.
        if self.0.wait_for(|leads| *leads).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// What this server is called in the lease: where it runs, and something that no other server's name has.
fn holder() -> String {
    let host = rustix::system::uname();
    let unique: String = random::bytes::<8>().iter().map(|b| format!("{b:02x}")).collect();
    format!(
        "{}, process {}, {unique}",
        host.nodename().to_string_lossy(),
        std::process::id()
    )
}

/// Takes, renews and at the end gives back the lease.
pub(super) fn start(tasks: &TaskTracker, service: Arc<Service>, stop: CancellationToken) -> Leader {
    let (sender, receiver) = watch::channel(false);
    tasks.spawn(async move {
        let holder = holder();
        loop {
            match acquire(&service, &holder).await {
                Ok(held) => {
                    if sender.send_replace(held) != held {
                        tracing::info!(held, "the lease of measuring");
                    }
                    telemetry::leads(held);
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the lease of measuring could not be renewed"
                    );
                    sender.send_replace(false);
                    telemetry::leads(false);
                }
            }
            tokio::select! {
                () = service.clock.sleep(RENEWED_EVERY) => {}
                () = stop.cancelled() => break,
            }
        }
        sender.send_replace(false);
        telemetry::leads(false);
        if let Err(error) = release(&service, &holder).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the lease of measuring could not be given back"
            );
        }
    });
    Leader(receiver)
}

async fn acquire(service: &Service, holder: &str) -> store::Result<bool> {
    let now = service.clock.now();
    let mut tx = service.store.portal.begin().await?;
    let fence = leases::acquire(&mut tx, MEASURING, holder, now, now + LIFETIME).await?;
    tx.commit().await?;
    Ok(fence.is_some())
}

async fn release(service: &Service, holder: &str) -> store::Result<()> {
    let mut tx = service.store.portal.begin().await?;
    leases::release(&mut tx, MEASURING, holder, service.clock.now()).await?;
    tx.commit().await
}
