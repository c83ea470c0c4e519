//! Load and comparison benchmarks of Rampart, all on loopback. `cargo xtask bench` builds what they need and runs them;
//! README.md has what they showed.

mod blackbox;
mod evaluate;
mod http_client;
mod ingest;
mod large;
mod load;
mod machine;
mod page;
mod probe;
mod prober;
mod process;
mod prometheus;
mod rampart;
mod replay;
mod seed;
mod table;
mod target;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "rampart-bench", about)]
enum Bench {
    /// Probes 10,000 targets a minute, then as fast as it goes beside the blackbox exporter
    Probe(probe::Args),
    /// Sends events, one by one and in batches, beside VictoriaMetrics
    Ingest(ingest::Args),
    /// Evaluates 10,000 apps with four series each and four weeks of data
    Evaluate(evaluate::Args),
    /// Loads the page of an app with four weeks of data
    Page(page::Args),
    /// Replays five years of 10,000 apps, on the command line and as a what-if
    Replay(replay::Args),
    /// What is probed: answers 200 over HTTP and HTTPS until it is stopped
    #[command(hide = true)]
    Target(target::Args),
    /// Evaluates minute after minute, in a process of its own
    #[command(hide = true)]
    Evaluator(evaluate::evaluator::Args),
    /// Probes one URL as fast as it goes, in a process of its own
    #[command(hide = true)]
    Prober(prober::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Bench::parse() {
        Bench::Probe(args) => probe::run(args).await,
        Bench::Ingest(args) => ingest::run(args).await,
        Bench::Evaluate(args) => evaluate::run(args).await,
        Bench::Evaluator(args) => evaluate::evaluator::run(args).await,
        Bench::Page(args) => page::run(args).await,
        Bench::Replay(args) => replay::run(args).await,
        Bench::Target(args) => target::run(args).await,
        Bench::Prober(args) => prober::run(args).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
