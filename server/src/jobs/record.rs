use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, time::Instant};
use tokio_util::task::TaskTracker;

use crate::service::{Service, recording::Recorded};

/// How many finished probes wait to be written; beyond that, probes wait.
const WAITING: usize = 10_000;
/// How many are written in one transaction, at most.
const BATCH: usize = 500;
/// For so long finished probes are gathered. Each transaction waits for the disk, and its last pages are mostly those of the
/// one before.
const GATHERED_FOR: Duration = Duration::from_millis(250);

/// Writes finished probes in the order they come, many in one transaction. Ends when every sender is gone and everything
/// is written.
pub(super) fn start(tasks: &TaskTracker, service: Arc<Service>) -> mpsc::Sender<Recorded> {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    tasks.spawn(async move {
        let mut batch = Vec::with_capacity(BATCH);
        while receiver.recv_many(&mut batch, BATCH).await > 0 {
            gather(&mut receiver, &mut batch).await;
            write(&service, &batch).await;
            batch.clear();
        }
    });
    sender
}

/// Takes what else ends in the next moment. Returns early when the batch is full, or when no sender is left.
async fn gather<T>(receiver: &mut mpsc::Receiver<T>, batch: &mut Vec<T>) {
    let end = Instant::now() + GATHERED_FOR;
    while batch.len() < BATCH {
        let room = BATCH - batch.len();
        match tokio::time::timeout_at(end, receiver.recv_many(batch, room)).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_batch_waits_a_moment_for_what_else_ends() {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        sender.send(2).await.unwrap();
        let (began, mut batch) = (Instant::now(), vec![1]);
        gather(&mut receiver, &mut batch).await;
        assert_eq!(batch, [1, 2]);
        assert_eq!(began.elapsed().as_millis(), GATHERED_FOR.as_millis());
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_batch_does_not_wait_and_nothing_waits_at_the_end() {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        for number in 0..BATCH {
            sender.send(number).await.unwrap();
        }
        let (began, mut batch) = (Instant::now(), vec![0]);
        gather(&mut receiver, &mut batch).await;
        assert_eq!(batch.len(), BATCH);
        drop(sender);
        batch.truncate(1);
        gather(&mut receiver, &mut batch).await;
        assert_eq!(batch, [0, BATCH - 1]);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
