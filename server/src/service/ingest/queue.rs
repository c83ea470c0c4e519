//! The calls that wait for the writer, and the task that is the writer.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    Batch, Error, Ingested, Result,
    write::{self, Stored},
};
use crate::{clock::Clock, store::Db};

/// How many calls wait to be written; beyond that, calls wait before they are taken.
const WAITING: usize = 256;
/// A transaction takes no further call when it has so many minutes of series to count, so that whoever else writes to the
/// database has a turn within about a tenth of a second.
const PARTS: usize = 8_000;

/// A call that waits, and where its answer goes.
struct Waiting {
    batch: Batch,
    answer: oneshot::Sender<Result<Ingested>>,
}

/// Calls on their way into the database. The first one starts the writer.
#[derive(Debug, Default)]
pub struct Queue(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Writing {
        calls: mpsc::Sender<Waiting>,
        writer: JoinHandle<()>,
    },
    Finished,
}

impl Queue {
    /// Has a call written, and waits until it is durable.
    pub(super) async fn put(&self, db: &Db, clock: &Clock, batch: Batch) -> Result<Ingested> {
        let calls = self
            .calls(db, clock)
            .ok_or_else(|| Error::Internal(anyhow!("the server stops and takes no further events")))?;
        let (answer, answered) = oneshot::channel();
        let gone = || Error::Internal(anyhow!("the writer of events ended before it answered"));
        calls.send(Waiting { batch, answer }).await.map_err(|_| gone())?;
        // A writer that is told to finish does so once nobody can put anything any more.
        drop(calls);
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Takes no further calls, and returns once those that wait are answered.
    pub async fn finish(&self) {
        let state = std::mem::replace(&mut *self.state(), State::Finished);
        if let State::Writing { calls, writer } = state {
            drop(calls);
            if let Err(error) = writer.await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the writer of events ended badly"
                );
            }
        }
    }

    /// Where to put calls; starts the writer when there is none, or when it ended badly.
    fn calls(&self, db: &Db, clock: &Clock) -> Option<mpsc::Sender<Waiting>> {
        let mut state = self.state();
        match &*state {
            State::Finished => return None,
            State::Writing { calls, .. } if !calls.is_closed() => return Some(calls.clone()),
            State::Idle | State::Writing { .. } => {}
        }
        let (calls, waiting) = mpsc::channel(WAITING);
        let writer = tokio::spawn(write_all(db.clone(), clock.clone(), waiting));
        *state = State::Writing {
            calls: calls.clone(),
            writer,
        };
        Some(calls)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what waits, as much as is there in one transaction, until nobody can put anything any more.
async fn write_all(db: Db, clock: Clock, mut waiting: mpsc::Receiver<Waiting>) {
    while let Some(first) = waiting.recv().await {
        let mut size = first.batch.parts.len();
        let mut calls = vec![first];
        while size < PARTS {
            let Ok(next) = waiting.try_recv() else { break };
            size += next.batch.parts.len();
            calls.push(next);
        }
        let (batches, answers): (Vec<_>, Vec<_>) = calls.into_iter().map(|c| (c.batch, c.answer)).unzip();
        match write::together(&db, &clock, batches).await {
            Ok(stored) => {
                for (answer, stored) in answers.into_iter().zip(stored) {
                    // Whoever does not wait any more asks again with the same key.
                    let _ = answer.send(answer_to(stored));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for answer in answers {
                    let _ = answer.send(Err(Error::Internal(anyhow::Error::new(error.clone()))));
                }
            }
        }
    }
}

fn answer_to(stored: Stored) -> Result<Ingested> {
    match stored {
        Stored::Now => Ok(Ingested::Stored),
        Stored::Before => Ok(Ingested::Repeated),
        Stored::Not => Err(Error::Conflict(
            "This Idempotency-Key was used within the last 24 hours with another body. Nothing was stored. Send a new \
             batch with a new key."
                .to_owned(),
        )),
    }
}
