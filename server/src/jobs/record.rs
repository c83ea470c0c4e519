use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::service::{Service, recording::Recorded};

/// How many finished probes wait to be written; beyond that, probes wait.
const WAITING: usize = 10_000;
/// How many are written in one transaction.
const BATCH: usize = 500;

/// Writes finished probes in the order they come, many in one transaction. Ends when every sender is gone and everything
/// is written.
pub(super) fn start(tasks: &TaskTracker, service: Arc<Service>) -> mpsc::Sender<Recorded> {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    tasks.spawn(async move {
        let mut batch = Vec::with_capacity(BATCH);
        while receiver.recv_many(&mut batch, BATCH).await > 0 {
            write(&service, &batch).await;
            batch.clear();
        }
    });
    sender
}

/// Tries until the database takes it: what was measured is not thrown away.
async fn write(service: &Service, batch: &[Recorded]) {
    let mut pause = Duration::from_millis(100);
    while let Err(error) = service.record_probes(batch).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            probes = batch.len(),
            "probes could not be written; trying again"
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
}
