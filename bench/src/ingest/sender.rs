//! Requests over kept connections, each of which sends its next as soon as the last is answered (a closed loop).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use futures_util::future::try_join_all;
use http::Request;
use http_body_util::Full;

use crate::http_client::Connection;
use crate::load::Latencies;
use crate::process::{Used, own_usage};

/// What became of the requests.
pub(super) struct Sent {
    /// Answered with 204.
    pub accepted: u64,
    /// Answered otherwise.
    pub failed: u64,
    /// Of all, from sending to the answer.
    pub latencies: Latencies,
    /// By whoever sends.
    pub used: Used,
}

impl Sent {
    pub(super) fn per_second(&self) -> f64 {
        self.accepted as f64 / self.used.wall.as_secs_f64()
    }
}

/// Sends the requests that `request` makes, which gets their numbers, and waits for all answers.
pub(super) async fn send(
    address: SocketAddr,
    connections: usize,
    duration: Duration,
    request: impl Fn(u64) -> Result<Request<Full<Bytes>>>,
) -> Result<Sent> {
    let opened = try_join_all((0..connections).map(|_| Connection::open(address))).await?;
    let (usage, end, next) = (own_usage()?, Instant::now() + duration, AtomicU64::new(0));
    let workers = opened.into_iter().map(async |mut connection| {
        let (mut accepted, mut failed, mut latencies) = (0, 0, Vec::new());
        while Instant::now() < end {
            let request = request(next.fetch_add(1, Ordering::Relaxed))?;
            let began = Instant::now();
            let answer = connection.send(request).await?;
            latencies.push(began.elapsed());
            match answer.status().as_u16() {
                204 => accepted += 1,
                status => {
                    if failed == 0 {
                        eprintln!("answered {status}: {}", String::from_utf8_lossy(answer.body()));
                    }
                    failed += 1;
                }
            }
        }
        anyhow::Ok((accepted, failed, latencies))
    });
    let (mut accepted, mut failed, mut latencies) = (0, 0, Vec::new());
    for worker in try_join_all(workers).await? {
        accepted += worker.0;
        failed += worker.1;
        latencies.extend(worker.2);
    }
    Ok(Sent {
        accepted,
        failed,
        latencies: Latencies::new(latencies),
        used: own_usage()?.since(usage),
    })
}
