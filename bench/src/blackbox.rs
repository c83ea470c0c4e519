//! Prometheus's blackbox exporter, asked for one probe after the other as a Prometheus asks it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use url::Url;

use crate::http_client::Connection;
use crate::prober::Rate;
use crate::process::Process;

const PROGRAM: &str = "prometheus-blackbox-exporter";
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// The running exporter.
pub(crate) struct Blackbox {
    process: Process,
    address: SocketAddr,
}

impl Blackbox {
    /// Starts it with its own module `http_2xx`, trusting `authority`. HTTP/2 and HTTP/1.1 are on offer, as in Rampart.
    pub(crate) async fn start(folder: &Path, authority: &Path) -> Result<Self> {
        let config = folder.join("blackbox.yml");
        fs::write(
            &config,
            format!(
                "modules:\n  http_2xx:\n    prober: http\n    timeout: 3s\n    http:\n      method: GET\n      \
                 valid_status_codes: [200]\n      preferred_ip_protocol: ip4\n      follow_redirects: false\n      \
                 tls_config:\n        ca_file: {}\n",
                authority.display()
            ),
        )?;
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let process = Process::start(
            Command::new(PROGRAM)
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--web.listen-address={address}"))
                .arg("--log.level=error")
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        let asked = Instant::now();
        while Connection::open(address).await.is_err() {
            ensure!(asked.elapsed() < PATIENCE, "{PROGRAM} does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { process, address })
    }

    /// Has `url` probed as fast as it goes, `in_flight` probes at once.
    pub(crate) async fn measure(&self, url: &Url, in_flight: usize, seconds: u64) -> Result<Rate> {
        let path = format!(
            "/probe?{}",
            serde_urlencoded::to_string([("module", "http_2xx"), ("target", url.as_str())])?
        );
        let (stop, probes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut workers = JoinSet::new();
        for _ in 0..in_flight {
            let mut connection = Connection::open(self.address).await?;
            let (path, stop, probes) = (path.clone(), stop.clone(), probes.clone());
            workers.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let answer = connection.get(&path).await?;
                    let body = answer.body();
                    let good = body.windows(16).any(|line| line == b"\nprobe_success 1");
                    ensure!(good, "a probe failed:\n{}", String::from_utf8_lossy(body));
                    probes.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            });
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (usage, count) = (self.process.usage()?, probes.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let used = self.process.used_since(usage)?;
        let rate = Rate {
            probes: probes.load(Ordering::Relaxed) - count,
            seconds: used.wall.as_secs_f64(),
            cpu_seconds: used.cpu.as_secs_f64(),
        };
        stop.store(true, Ordering::Relaxed);
        while let Some(worker) = workers.join_next().await {
            worker??;
        }
        ensure!(rate.probes > 0, "nothing was probed");
        Ok(rate)
    }
}
