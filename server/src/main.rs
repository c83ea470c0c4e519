//! `rampart`: the portal as one binary.

use std::process::ExitCode;

use clap::Parser;
use rampart_server::command::Rampart;

#[tokio::main]
async fn main() -> ExitCode {
    Rampart::parse().run().await
}
