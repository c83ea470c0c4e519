//! Rampart's prober as fast as it goes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rampart_server::probe::{ProbeSettings, Prober};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use url::Url;

use crate::process::{self, Process};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[arg(long)]
    url: Url,
    #[arg(long)]
    in_flight: usize,
    #[arg(long)]
    seconds: u64,
}

/// What a prober did in a stretch of time.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
pub(crate) struct Rate {
    pub probes: u64,
    pub seconds: f64,
    /// Processor time of the prober's process.
    pub cpu_seconds: f64,
}

impl Rate {
    pub(crate) fn per_second(self) -> f64 {
        self.probes as f64 / self.seconds
    }

    /// Processor seconds of the prober for 1,000 probes.
    pub(crate) fn cpu_per_thousand(self) -> f64 {
        self.cpu_seconds * 1e3 / self.probes as f64
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            probes: self.probes + other.probes,
            seconds: self.seconds + other.seconds,
            cpu_seconds: self.cpu_seconds + other.cpu_seconds,
        }
    }
}

/// Runs the prober in a process of its own, which trusts `authority`.
pub(crate) fn measure(url: &Url, in_flight: usize, seconds: u64, authority: &Path) -> Result<Rate> {
    let program: PathBuf = std::env::current_exe()?;
    let mut command = Command::new(program);
    command
        .arg("prober")
        .args(["--url", url.as_str()])
        .args(["--in-flight", &in_flight.to_string()])
        .args(["--seconds", &seconds.to_string()])
        .env("SSL_CERT_FILE", authority);
    let (_process, line) = Process::start_and_read(&mut command)?;
    serde_json::from_str(&line).context("the prober does not say what it did")
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let port = args.url.port_or_known_default().context("the URL has no port")?;
    let prober = Prober::new(ProbeSettings {
        allow_networks: vec!["127.0.0.0/8".parse()?, "::1/128".parse()?],
        allow_ports: vec![port],
        ..ProbeSettings::default()
    })?;
    let (stop, probes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut workers = JoinSet::new();
    for _ in 0..args.in_flight {
        let (prober, url, stop, probes) = (prober.clone(), args.url.clone(), stop.clone(), probes.clone());
        workers.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let probe = prober.probe(&url).await;
                if let Some(failure) = probe.failure {
                    anyhow::bail!("{url}: {}", failure.reason);
                }
                probes.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (usage, count) = (process::own_usage()?, probes.load(Ordering::Relaxed));
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    let used = process::own_usage()?.since(usage);
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
    println!("{}", serde_json::to_string(&rate)?);
    Ok(())
}
