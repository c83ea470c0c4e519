use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
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
/// A lease that is found unchanged so many times in a row is nobody's, whatever the clocks say: its holder would have renewed
/// it meanwhile.
const UNCHANGED: u32 = 5;

/// The lease of somebody else as it was found, again and again.
#[derive(Clone, Copy, Default)]
struct Found {
    until: Option<DateTime<Utc>>,
    times: u32,
}

impl Found {
    fn again(self, until: Option<DateTime<Utc>>) -> Self {
        let times = if until == self.until { self.times + 1 } else { 1 };
        Self { until, times }
    }

    /// The end of a lease that nobody renews.
    fn given_up(self) -> Option<DateTime<Utc>> {
        self.until.filter(|_| self.times >= UNCHANGED)
    }
}

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
        let mut found = Found::default();
        loop {
            match acquire(&service, &holder, &mut found).await {
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

async fn acquire(service: &Service, holder: &str, found: &mut Found) -> store::Result<bool> {
    let now = service.clock.now();
    let mut tx = service.store.portal.begin().await?;
    let fence = leases::acquire(&mut tx, MEASURING, holder, now, now + LIFETIME, found.given_up()).await?;
    *found = match fence {
        Some(_) => Found::default(),
        None => found.again(leases::until(&mut tx, MEASURING).await?),
    };
    tx.commit().await?;
    Ok(fence.is_some())
}

async fn release(service: &Service, holder: &str) -> store::Result<()> {
    let mut tx = service.store.portal.begin().await?;
    leases::release(&mut tx, MEASURING, holder, service.clock.now()).await?;
    tx.commit().await
}
