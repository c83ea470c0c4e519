//! Requests on a schedule that does not wait for answers (an open loop): one that is answered late makes those behind it
//! late too, and all of that is in their latency, as it would be for people.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use http::{Request, header};
use http_body_util::Full;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::http_client::Connection;

/// So many requests can be under way at once; what is due beyond that waits, and its wait counts.
const CONNECTIONS: usize = 128;

pub(crate) struct Load {
    pub address: SocketAddr,
    pub cookie: String,
    /// Asked for by turns.
    pub paths: Vec<String>,
    pub per_second: u32,
    pub duration: Duration,
}

/// The latencies of all requests, from when each was due to the last byte of its answer.
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn new(mut latencies: Vec<Duration>) -> Self {
        latencies.sort();
        Self(latencies)
    }

    /// In milliseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let at = (self.0.len() as f64 * share).ceil() as usize;
        let latency = self.0.get(at.saturating_sub(1)).copied().unwrap_or_default();
        latency.as_secs_f64() * 1e3
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

impl Load {
    /// # Errors
    /// When an answer is not 200.
    pub(crate) async fn run(self) -> Result<Latencies> {
        let total = u32::try_from(self.duration.as_secs())? * self.per_second;
        let (load, next) = (Arc::new(self), Arc::new(AtomicU32::new(0)));
        let mut connections = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            connections.push(Connection::open(load.address).await?);
        }
        let began = Instant::now() + Duration::from_millis(50);
        let mut workers = JoinSet::new();
        for connection in connections {
            workers.spawn(work(load.clone(), connection, next.clone(), total, began));
        }
        let mut latencies = Vec::new();
        while let Some(worker) = workers.join_next().await {
            latencies.append(&mut worker??);
        }
        Ok(Latencies::new(latencies))
    }
}

/// Sends whichever request is the next one due, until all are sent.
async fn work(
    load: Arc<Load>,
    mut connection: Connection,
    next: Arc<AtomicU32>,
    total: u32,
    began: Instant,
) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= total {
            return Ok(latencies);
        }
        let due = began + Duration::from_secs(1) * number / load.per_second;
        tokio::time::sleep_until(due).await;
        let path = load.paths.get(number as usize % load.paths.len()).context("no path")?;
        let request = Request::get(path)
            .header(header::COOKIE, &load.cookie)
            .header(header::ACCEPT, "text/html")
            .header(header::ACCEPT_ENCODING, "gzip, deflate, br")
            .body(Full::default())?;
        let answer = connection.send(request).await?;
        ensure!(answer.status() == 200, "{path} answered {}", answer.status());
        latencies.push(due.elapsed());
    }
}
