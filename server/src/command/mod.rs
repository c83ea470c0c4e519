//! The command line.

mod demo;
mod doctor;
mod jwt;
mod logs;
mod migrate;
mod replay;
mod serve;
mod slo;
mod transfer;
mod user;

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use ipnet::IpNet;
use url::Url;

use crate::{
    clock::Clock,
    config::Config,
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
    /// Check everything that serving depends on, and say what to do; changes nothing.
    Doctor(doctor::Doctor),
    /// Print the service levels, alert windows and error budgets of an app as JSON.
    Slo(slo::Slo),
    /// Bring history in.
    #[command(subcommand)]
    Import(transfer::Import),
    /// Write history out.
    #[command(subcommand)]
    Export(transfer::Export),
    /// Print what the escalation engine decides on a file of facts; needs no configuration and no database.
    Replay(replay::Replay),
    /// Manage people.
    #[command(subcommand)]
    User(user::User),
    /// Say why the signature of a request to the publish API is accepted or not; needs no configuration and no database.
    Jwt(jwt::Jwt),
}

/// A wrong configuration, and what clap answers to wrong usage.
const USAGE: u8 = 2;

impl Rampart {
    /// Runs the command. Exit code 0 when it worked, 1 when it failed, 2 when the configuration or the usage is wrong.
    pub async fn run(self) -> ExitCode {
        // Whoever asks these need not have a configuration.
        match &self.command {
            Command::Jwt(jwt) => return jwt.run(),
            Command::Replay(replay) => return replay.run(),
            _ => {}
        }
        let config = match Config::load(self.config.as_deref(), std::env::vars()) {
            Ok(config) => config,
            Err(error) => {
                match &self.command {
                    Command::Doctor(doctor) if doctor.json => doctor::print_misconfigured(&error),
                    _ => eprintln!("rampart: {error}"),
                }
                return ExitCode::from(USAGE);
            }
        };
        logs::start(&config.log);
        let result = match self.command {
            Command::Serve(serve) => serve.run(config).await,
            Command::Migrate => migrate::run(&config).await,
            Command::Demo(demo) => demo.run(config).await,
            Command::Doctor(doctor) => doctor.run(&config, self.config.as_deref()).await,
            Command::Slo(slo) => slo.run(config).await,
            Command::Import(import) => import.run(config).await,
            Command::Export(export) => export.run(config).await,
            Command::User(user) => user.run(config).await,
            Command::Jwt(jwt) => Ok(jwt.run()),
            Command::Replay(replay) => Ok(replay.run()),
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

/// The service on the configured database.
async fn open(config: Config, clock: Clock) -> anyhow::Result<Service> {
    let store = Store::open(&config.database).await?;
    let prober = Prober::new(probing(&config))?;
    let canary_prober = prober.with_settings(probing_canaries(&config));
    Ok(Service::new(store, clock, config, prober, canary_prober))
}

fn probing(config: &Config) -> ProbeSettings {
    ProbeSettings {
        timeout: config.probe.timeout,
        user_agent: format!("Rampart/{} (+{})", env!("CARGO_PKG_VERSION"), config.server.public_url),
        allow_networks: config.probe.allow_networks.clone(),
        allow_ports: config.probe.allow_ports.clone(),
        ..ProbeSettings::default()
    }
}

/// Canaries may be asked wherever they are: administrators configure them (SPEC section 2.1).
fn probing_canaries(config: &Config) -> ProbeSettings {
    let canaries = &config.probe.canaries;
    ProbeSettings {
        allow_networks: vec![
            IpNet::new_assert(Ipv4Addr::UNSPECIFIED.into(), 0),
            IpNet::new_assert(Ipv6Addr::UNSPECIFIED.into(), 0),
        ],
        allow_ports: canaries.iter().filter_map(Url::port_or_known_default).collect(),
        ..probing(config)
    }
}
