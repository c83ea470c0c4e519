//! What runs beside the requests. Each job can be stopped at any instant and goes on where it was after a restart.

mod approvals;
mod canaries;
mod compact;
mod escalate;
mod evaluate;
mod ingest;
mod lease;
mod outbox;
mod probe;
mod record;
mod remind;
mod tidy;
mod what_if;

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use lease::MEASURING;

use crate::{mail::send::Relay, service::Service};

/// The running jobs.
pub struct Jobs {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Jobs {
    /// Starts every job.
    pub fn start(service: Arc<Service>, relay: Option<Relay>) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let leader = lease::start(&tasks, service.clone(), stop.clone());
        let recorder = record::start(&tasks, service.clone());
        tasks.spawn(probe::run(service.clone(), leader.clone(), recorder, stop.clone()));
        tasks.spawn(canaries::run(service.clone(), leader.clone(), stop.clone()));
        tasks.spawn(evaluate::run(service.clone(), leader.clone(), stop.clone()));
        tasks.spawn(escalate::run(service.clone(), leader.clone(), stop.clone()));
        tasks.spawn(remind::run(service.clone(), leader.clone(), stop.clone()));
        tasks.spawn(approvals::run(service.clone(), leader.clone(), stop.clone()));
        tasks.spawn(compact::run(service.clone(), leader, stop.clone()));
        tasks.spawn(ingest::run(service.clone(), stop.clone()));
        tasks.spawn(tidy::run(service.clone(), stop.clone()));
        tasks.spawn(what_if::run(service.clone(), stop.clone()));
        match relay {
            Some(relay) => {
                tasks.spawn(outbox::run(service, relay, stop.clone()));
            }
            None => tracing::warn!("mail.relay is not set: mail waits in the outbox"),
        }
        tasks.close();
        Self { tasks, stop }
    }

    /// Stops every job and waits until what was measured and sent is written.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}
