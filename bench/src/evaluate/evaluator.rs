//! Minutes evaluated one after the other, in a process of its own, so that its memory is its own.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use rampart_domain::count::Minute;
use rampart_server::clock::Clock;
use rampart_server::config::Config;
use rampart_server::probe::{ProbeSettings, Prober};
use rampart_server::service::{Service, evaluation::PROGRESS};
use rampart_server::store::progress;
use serde::{Deserialize, Serialize};

use crate::large;
use crate::process::{own_peak, own_usage};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The database
    #[arg(long)]
    data: PathBuf,
    /// Its first minute without figures
    #[arg(long)]
    until: i64,
    /// How many minutes are evaluated, the last of them at the end of the data
    #[arg(long)]
    ticks: u32,
}

/// The line that the process prints at its end.
#[derive(Deserialize, Serialize)]
pub(crate) struct Evaluated {
    /// How long each minute took.
    pub millis: Vec<f64>,
    /// Processor time of one, on average.
    pub cpu_millis: f64,
    pub mails: usize,
    /// The most resident memory, in MB.
    pub peak: f64,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let scratch = tempfile::Builder::new().prefix("rampart-bench-").tempdir()?;
    let store = large::open_apart(&args.data, scratch.path()).await?;
    let until = Minute(args.until);
    let clock = Clock::manual(until.start());
    let prober = Prober::new(ProbeSettings::default())?;
    let service = Service::new(store, clock.clone(), Config::load(None, [])?, prober.clone(), prober);

    let (mut millis, mut mails, before) = (Vec::new(), 0, own_usage()?);
    for ago in (0..i64::from(args.ticks)).rev() {
        let tick = until - ago;
        clock.set(tick.start());
        let began = Instant::now();
        let last = progress::last(&service.store.portal, PROGRESS).await?;
        mails += service.evaluate(last, tick).await?;
        millis.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let cpu = own_usage()?.since(before).cpu;
    let evaluated = Evaluated {
        cpu_millis: cpu.as_secs_f64() * 1e3 / f64::from(args.ticks),
        millis,
        mails,
        peak: own_peak()?,
    };
    println!("{}", serde_json::to_string(&evaluated)?);
    service.store.close().await;
    Ok(())
}
