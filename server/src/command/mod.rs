//! The command line.

mod demo;
mod migrate;
mod serve;
mod user;

use std::{io::IsTerminal, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::{
    clock::Clock,
    config::{self, Config},
    probe::{ProbeSettings, Prober},
    service::Service,
    store::Store,
};

/// The reliability-compliance portal.
#[derive(Parser)]
#[command(name = "rampart", version, about)]
pub struct Rampart {
    /// The configuration file; without one the defaults and the environment (RAMPART_…) apply.
    #[arg(long, global = true, env = "RAMPART_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the portal, probe, evaluate and send mail.
    Serve(serve::Serve),
    /// Bring the database up to date and stop.
    Migrate,
    /// Fill an empty database with a year of made-up partners, apps and measurements.
    Demo(demo::Demo),
    /// Manage people.
    #[command(subcommand)]
    User(user::User),
}

/// A wrong configuration, and what clap answers to wrong usage.
const USAGE: u8 = 2;

impl Rampart {
    /// Runs the command. Exit code 0 when it worked, 1 when it failed, 2 when the configuration or the usage is wrong.
    pub async fn run(self) -> ExitCode {
        let config = match Config::load(self.config.as_deref(), std::env::vars()) {
            Ok(config) => config,
            Err(error) => {
                eprintln!("rampart: {error}");
                return ExitCode::from(USAGE);
            }
        };
        log(&config.log);
        let result = match self.command {
            Command::Serve(serve) => serve.run(config).await,
            Command::Migrate => migrate::run(&config).await,
            Command::Demo(demo) => demo.run(config).await,
            Command::User(user) => user.run(config).await,
        };
        match result {
            Ok(code) => code,
            Err(error) => {
                eprintln!("rampart: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

/// Says what is wrong with the usage.
fn misused(wrong: &str) -> ExitCode {
    eprintln!("rampart: {wrong}");
    ExitCode::from(USAGE)
}

/// Logs go to standard error, so that what a command prints can be used by another.
fn log(settings: &config::Log) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if settings.json {
        logs.json().init();
    } else {
        logs.compact().init();
    }
}

/// The service on the configured database.
async fn open(config: Config, clock: Clock) -> anyhow::Result<Service> {
    let store = Store::open(&config.database).await?;
    let settings = ProbeSettings {
        timeout: config.probe.timeout,
        user_agent: format!("Rampart/{} (+{})", env!("CARGO_PKG_VERSION"), config.server.public_url),
        allow_networks: config.probe.allow_networks.clone(),
        allow_ports: config.probe.allow_ports.clone(),
        ..ProbeSettings::default()
    };
    let prober = Prober::new(settings)?;
    Ok(Service::new(store, clock, config, prober))
}
