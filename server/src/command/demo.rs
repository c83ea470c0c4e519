use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Args, value_parser};

use super::open;
use crate::{
    clock::Clock,
    config::Config,
    demo::{self, Contents, FEWEST_DAYS, MOST_DAYS, PASSWORD, PORT, Settings, Target},
    store::Store,
};

#[derive(Args)]
pub(super) struct Demo {
    #[command(flatten)]
    filling: Filling,
}

/// What an empty database is filled with.
#[derive(Args)]
pub(super) struct Filling {
    /// Decides everything that is left to chance: the same number and the same end give the same data [default: 1]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// The end of the history, for example 2026-11-23T12:00:00Z [default: the present time]
    #[arg(long, value_name = "TIME")]
    until: Option<DateTime<Utc>>,
    /// How many days of history the oldest apps have [default: 365]
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(i64).range(FEWEST_DAYS..=MOST_DAYS))]
    days: Option<i64>,
    /// The port of this machine under which the apps are registered [default: 3101]
    #[arg(long, value_name = "PORT")]
    apps_port: Option<u16>,
}

impl Filling {
    pub(super) fn is_given(&self) -> bool {
        self.seed.is_some() || self.until.is_some() || self.days.is_some() || self.apps_port.is_some()
    }

    /// The settings, or what is wrong with them.
    pub(super) fn settings(&self, now: DateTime<Utc>) -> Result<Settings, &'static str> {
        let until = self.until.unwrap_or(now);
        if until > now {
            return Err("--until: the end of the history is in the future");
        }
        Ok(Settings {
            seed: self.seed.unwrap_or(1),
            until,
            days: self.days.unwrap_or(365),
            port: self.apps_port.unwrap_or(PORT),
        })
    }
}

impl Demo {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let settings = match self.filling.settings(Clock::system().now()) {
            Ok(settings) => settings,
            Err(wrong) => return Ok(super::misused(wrong)),
        };
        fill(config, &settings).await?;
        println!(
            "{}\n\nStart the portal with `rampart serve --demo`: it answers for the apps as well.",
            sign_ins()
        );
        Ok(ExitCode::SUCCESS)
    }
}

/// Fills the configured database.
async fn fill(config: Config, settings: &Settings) -> anyhow::Result<()> {
    let service = open(answering(config, settings.port), Clock::manual(DateTime::UNIX_EPOCH)).await?;
    eprintln!("filling the database with demonstration data; this takes up to a minute");
    let filled = demo::fill(&service, settings).await;
    service.store.close().await;
    filled
}

/// Makes the configured database a demonstration that ends now, unless it is one already, and begins to answer for its
/// apps. Returns the configuration to serve it with.
///
/// # Errors
/// When there is something else in the database, or somebody else answers where the apps are.
pub(super) async fn begin(config: Config, settings: &Settings, clock: Clock) -> anyhow::Result<Config> {
    let before = contents(&config).await?;
    let port = match before {
        Contents::Demonstration { port, .. } => port,
        _ => settings.port,
    };
    // First, since filling takes long.
    let target = Target::bind(port).await?;
    match before {
        Contents::Demonstration { until, .. } => println!(
            "{}\n\nThis goes on with the demonstration that was filled until {}. Times at which it did not run have no data.",
            sign_ins(),
            until.format("%Y-%m-%d %H:%M UTC")
        ),
        _ => {
            fill(config.clone(), settings).await?;
            println!("{}\n", sign_ins());
        }
    }
    let answers = target.serve(contents(&config).await?, clock)?;
    tokio::spawn(async move {
        if let Err(error) = answers.await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "nobody answers for the apps any more"
            );
        }
    });
    Ok(answering(config, port))
}

async fn contents(config: &Config) -> anyhow::Result<Contents> {
    let store = Store::open(&config.database).await?;
    let contents = demo::contents(&store.portal).await;
    store.close().await;
    Ok(contents?)
}

/// The configuration with leave to probe the apps of a demonstration, which answer on this machine.
fn answering(mut config: Config, port: u16) -> Config {
    config
        .probe
        .allow_networks
        .push(ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::new(127, 0, 0, 0), 8).into());
    config.probe.allow_ports.push(port);
    config
}

/// Who can sign in, and how.
fn sign_ins() -> String {
    let people: Vec<_> = demo::sign_ins().collect();
    let width = people.iter().map(|(mail, _)| mail.len()).max().unwrap_or_default();
    let rows: Vec<String> = people
        .iter()
        .map(|(mail, role)| format!("  {mail:width$}  {role}"))
        .collect();
    format!(
        "FOR DEMONSTRATION ONLY: everybody knows this password. Never let strangers reach a server with this data.\n\n\
         Everybody's password: {PASSWORD}\n\n{}",
        rows.join("\n")
    )
}
