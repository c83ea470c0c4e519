//! Batches of events as the platform sends them.

use std::fmt::Write;

use anyhow::{Context, Result};
use async_compression::tokio::write::ZstdEncoder;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use rampart_server::clock::Clock;
use tokio::io::AsyncWriteExt;

use crate::seed::App;

/// In each batch.
pub(super) const EVENTS: usize = 10_000;
/// Different ones, which are sent by turns. What they hold is the same to the server, however often it comes.
const BATCHES: usize = 16;
const SLIS: [&str; 3] = ["iframe_load", "webhook_delivery", "installation_callback"];
/// The events of a batch happened in the last so many seconds.
const SPREAD: i64 = 120;

pub(super) struct Batches {
    token: String,
    /// As they are, and packed.
    all: Vec<(Bytes, Bytes)>,
}

impl Batches {
    pub(super) async fn new(apps: &[App], token: String) -> Result<Self> {
        let mut all = Vec::with_capacity(BATCHES);
        for batch in 0..BATCHES {
            let text = text(apps, batch)?;
            let mut encoder = ZstdEncoder::new(Vec::new());
            encoder.write_all(text.as_bytes()).await?;
            encoder.shutdown().await?;
            all.push((text.into(), encoder.into_inner().into()));
        }
        Ok(Self { token, all })
    }

    pub(super) fn request(&self, n: u64, packed: bool) -> Result<Request<Full<Bytes>>> {
        let at = usize::try_from(n)? % self.all.len();
        let (plain, small) = self.all.get(at).context("there is no batch")?;
        let request = Request::post("/api/v1/events")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/x-ndjson");
        let request = match packed {
            true => request
                .header(header::CONTENT_ENCODING, "zstd")
                .body(Full::from(small.clone())),
            false => request.body(Full::from(plain.clone())),
        };
        Ok(request?)
    }
}

/// One event per line: of all apps, as if by chance; one in a hundred is bad.
fn text(apps: &[App], batch: usize) -> Result<String> {
    let now = Clock::system().now();
    let mut text = String::with_capacity(EVENTS * 160);
    for event in 0..EVENTS {
        let mixed = ((batch * EVENTS + event) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let app = &apps[usize::try_from(mixed)? % apps.len()].key;
        let sli = SLIS[event % SLIS.len()];
        let outcome = if mixed.is_multiple_of(100) { "bad" } else { "good" };
        let at = now - chrono::TimeDelta::milliseconds(i64::try_from(mixed % 1_000)? * SPREAD);
        writeln!(
            text,
            r#"{{"app":"{app}","product":"jira","sli":"{sli}","outcome":"{outcome}","at":"{}","duration_ms":{}}}"#,
            at.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
            100 + mixed % 900,
        )?;
    }
    Ok(text)
}
