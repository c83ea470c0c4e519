//! VictoriaMetrics, given the same events as single samples of series that are named alike.
//!
//! Its answers promise less: what it took stays in memory for seconds before it is written to disk, nothing waits for
//! fdatasync, and a machine that loses power loses it. It checks no signature, and knows no call that is sent twice.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use rampart_server::clock::Clock;

use super::{APPS, batches::EVENTS};
use crate::http_client::Connection;
use crate::process::Process;

const PROGRAM: &str = "victoria-metrics";
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(10);
/// Different batches, which are sent by turns.
const BATCHES: u64 = 16;

/// The running server.
pub(super) struct Victoria {
    pub process: Process,
    pub address: SocketAddr,
    clock: Clock,
    batches: Vec<Bytes>,
}

impl Victoria {
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let process = Process::start(
            Command::new(PROGRAM)
                .arg(format!("-storageDataPath={}", folder.join("victoria").display()))
                .arg(format!("-httpListenAddr={address}"))
                .arg("-loggerLevel=ERROR")
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        let asked = Instant::now();
        while Connection::open(address).await.is_err() {
            ensure!(asked.elapsed() < PATIENCE, "{PROGRAM} does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let clock = Clock::system();
        let now = clock.now().timestamp_millis();
        let batches = (0..BATCHES).map(|batch| {
            let mut text = String::with_capacity(EVENTS * 160);
            for event in 0..EVENTS as u64 {
                line(&mut text, batch * EVENTS as u64 + event, now);
            }
            text.into()
        });
        Ok(Self {
            process,
            address,
            batches: batches.collect(),
            clock,
        })
    }

    pub(super) fn single(&self, n: u64) -> Result<Request<Full<Bytes>>> {
        let mut text = String::new();
        line(&mut text, n, self.clock.now().timestamp_millis());
        Ok(Request::post("/api/v1/import").body(Full::from(text))?)
    }

    pub(super) fn batch(&self, n: u64) -> Result<Request<Full<Bytes>>> {
        let batch = self.batches[usize::try_from(n % BATCHES)?].clone();
        Ok(Request::post("/api/v1/import").body(Full::from(batch))?)
    }
}

/// The `n`th event: its duration, under the labels that name a series of Rampart's.
fn line(text: &mut String, n: u64, now: i64) {
    let app = n % APPS as u64;
    let outcome = if n % 100 == 7 { "bad" } else { "good" };
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        r#"{{"metric":{{"__name__":"event","app":"com.example.bench{app}","product":"jira","sli":"iframe_load","outcome":"{outcome}"}},"values":[{}],"timestamps":[{now}]}}"#,
        200 + n % 900,
    );
}
