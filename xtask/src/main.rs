//! Developer commands of Rampart: `cargo xtask serve`, `cargo xtask test`, `cargo xtask bundle`, `cargo xtask bench`.

mod assets;
mod bench;
mod bundle;
mod checkout;
mod postgres;
mod process;
mod report;
mod serve;
mod test;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::checkout::Checkout;

/// Developer commands of Rampart.
///
/// Everything is compiled into one target folder that all checkouts share: CARGO_TARGET_DIR when it
/// is set, else rampart/target in the user's cache folder.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Bench(bench::Args),
    Bundle(bundle::Args),
    Serve(serve::Args),
    Test(test::Args),
    /// What continuous integration runs: `test`, without a filter
    Ci,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    process::stop_children_on_signals()?;
    let checkout = Checkout::find()?;
    match cli.command {
        Command::Bench(args) => bench::run(&checkout, &args),
        Command::Bundle(args) => bundle::run(&checkout, &args).map(|()| ExitCode::SUCCESS),
        Command::Serve(args) => serve::run(&checkout, &args),
        Command::Test(args) => test::run(&checkout, &args),
        Command::Ci => test::run(&checkout, &test::Args::default()),
    }
}
