//! The benchmarks of `bench/`, on a release build.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::checkout::Checkout;
use crate::postgres::Postgres;
use crate::{bundle, process, tools};

/// Builds Rampart as it is released and measures it, on this machine alone
///
/// Each figure is printed beside what is aimed at. bench/README.md explains them. Nothing is left running. What else the
/// machine does meanwhile is in the figures, so leave it alone.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(clap::Subcommand)]
enum Benchmark {
    /// 10,000 targets once a minute from one server; then single probes flat out beside the blackbox exporter
    Probe {
        /// How long each of HTTP and HTTPS is measured, after a minute to warm up
        #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(10..=3_600))]
        seconds: u64,
    },
    /// The page of an app with four weeks of data under load; the server's memory when idle, its cold start
    Page {
        /// How long the page is loaded
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=3_600))]
        seconds: u64,
        /// Measure on PostgreSQL as well
        #[arg(long)]
        postgres: bool,
    },
}

pub(crate) fn run(checkout: &Checkout, args: &Args) -> Result<ExitCode> {
    match args.benchmark {
        Benchmark::Probe { .. } => tools::install_missing(&[tools::BLACKBOX_EXPORTER])?,
        Benchmark::Page { postgres: true, .. } => tools::install_missing(&[tools::POSTGRESQL])?,
        Benchmark::Page { .. } => {}
    }
    bundle::build(checkout)?;
    process::run_successfully(checkout.cargo().args(["build", "--release"]).args([
        "--package",
        "rampart-server",
        "--package",
        "rampart-bench",
    ]))?;
    println!("{}", process::run_quietly(Command::new("rustc").arg("-V"))?.trim());

    let mut bench = Command::new(checkout.built("release/rampart-bench"));
    let with = |bench: &mut Command, name: &str, seconds: u64| {
        bench
            .arg(name)
            .arg("--rampart")
            .arg(checkout.built("release/rampart"))
            .args(["--seconds", &seconds.to_string()]);
    };
    match args.benchmark {
        Benchmark::Probe { seconds } => {
            with(&mut bench, "probe", seconds);
            process::run_successfully(&mut bench)?;
        }
        Benchmark::Page { seconds, postgres } => {
            with(&mut bench, "page", seconds);
            let cluster = match postgres {
                true => Some(Postgres::start(tools::POSTGRESQL.path()?)?),
                false => None,
            };
            if let Some(cluster) = &cluster {
                bench.args(["--postgres", &cluster.url()]);
            }
            process::run_successfully(&mut bench)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
