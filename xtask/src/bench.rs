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
    /// Events, signed one by one and in batches, beside VictoriaMetrics
    Ingest {
        /// How long single events, and each kind of batches, are sent
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(5..=3_600))]
        seconds: u64,
        /// Measure on PostgreSQL as well
        #[arg(long)]
        postgres: bool,
    },
    /// The evaluation of a minute for 10,000 apps with four series each and four weeks of data
    Evaluate {
        /// How many minutes are evaluated
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
        ticks: u32,
    },
    /// The escalation engine over 10,000 apps with five years of history: `rampart replay`, and what-if through its page
    Replay {
        /// How often each is measured
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
        runs: u32,
    },
    /// The pages of apps with four weeks of data under load: of twenty apps, and of those of a database with 10,000; the
    /// server's memory when idle, its cold start
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
    install_missing(&args.benchmark)?;
    bundle::build(checkout)?;
    process::run_successfully(checkout.cargo().args(["build", "--release"]).args([
        "--package",
        "rampart-server",
        "--package",
        "rampart-bench",
    ]))?;
    println!("{}", process::run_quietly(Command::new("rustc").arg("-V"))?.trim());

    let mut bench = Command::new(checkout.built("release/rampart-bench"));
    bench.args(args.benchmark.arguments());
    if !matches!(args.benchmark, Benchmark::Evaluate { .. }) {
        bench.arg("--rampart").arg(checkout.built("release/rampart"));
    }
    if let Benchmark::Evaluate { .. } | Benchmark::Page { .. } = args.benchmark {
        // It takes minutes to fill, so it stays beside what is compiled.
        bench.arg("--data").arg(checkout.built("bench-data"));
    }
    let cluster = match args.benchmark.wants_postgres() {
        true => Some(Postgres::start(tools::POSTGRESQL.path()?)?),
        false => None,
    };
    if let Some(cluster) = &cluster {
        bench.args(["--postgres", &cluster.url()]);
    }
    process::run_successfully(&mut bench)?;
    Ok(ExitCode::SUCCESS)
}

fn install_missing(benchmark: &Benchmark) -> Result<()> {
    let mut tools = Vec::new();
    match benchmark {
        Benchmark::Probe { .. } => tools.push(tools::BLACKBOX_EXPORTER),
        Benchmark::Ingest { .. } => tools.push(tools::VICTORIA_METRICS),
        Benchmark::Evaluate { .. } | Benchmark::Replay { .. } | Benchmark::Page { .. } => {}
    }
    if benchmark.wants_postgres() {
        tools.push(tools::POSTGRESQL);
    }
    tools::install_missing(&tools)
}

impl Benchmark {
    fn wants_postgres(&self) -> bool {
        matches!(
            self,
            Self::Ingest { postgres: true, .. } | Self::Page { postgres: true, .. }
        )
    }

    /// What the program is asked for.
    fn arguments(&self) -> [String; 3] {
        let (name, option, value) = match *self {
            Self::Probe { seconds } => ("probe", "--seconds", seconds),
            Self::Ingest { seconds, .. } => ("ingest", "--seconds", seconds),
            Self::Evaluate { ticks } => ("evaluate", "--ticks", u64::from(ticks)),
            Self::Replay { runs } => ("replay", "--runs", u64::from(runs)),
            Self::Page { seconds, .. } => ("page", "--seconds", seconds),
        };
        [name.to_owned(), option.to_owned(), value.to_string()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_benchmark_takes_what_it_is_asked_for() {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            args: Args,
        }
        let asked = |arguments: &[&str]| {
            let arguments = ["bench"].iter().chain(arguments);
            let benchmark = <Cli as clap::Parser>::try_parse_from(arguments).ok()?.args.benchmark;
            Some((benchmark.arguments().join(" "), benchmark.wants_postgres()))
        };
        let takes = |arguments: &[&str], passed: &str, postgres| {
            assert_eq!(asked(arguments), Some((passed.to_owned(), postgres)));
        };
        takes(&["probe"], "probe --seconds 120", false);
        takes(&["ingest"], "ingest --seconds 30", false);
        takes(&["ingest", "--seconds", "5", "--postgres"], "ingest --seconds 5", true);
        takes(&["evaluate"], "evaluate --ticks 10", false);
        takes(&["evaluate", "--ticks=60"], "evaluate --ticks 60", false);
        takes(&["replay", "--runs=1"], "replay --runs 1", false);
        takes(&["page", "--postgres"], "page --seconds 60", true);
        for wrong in [
            &["ingest", "--seconds", "4"][..],
            &["evaluate", "--ticks", "0"],
            &["evaluate", "--postgres"],
            &["probe", "--postgres"],
            &[],
        ] {
            assert_eq!(asked(wrong), None, "{wrong:?}");
        }
    }
}
