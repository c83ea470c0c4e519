use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;

use super::open;
use crate::{clock::Clock, config::Config, service::Error};

#[derive(Args)]
pub(super) struct Slo {
    /// The app's key.
    app_key: String,
    /// The time to report on, for example 2026-11-23T12:00:00Z [default: the present time]
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
}

impl Slo {
    /// Prints the report as JSON. Exit code 1 when there is no such app.
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let clock = Clock::system();
        let at = self.at.unwrap_or_else(|| clock.now());
        let service = open(config, clock).await?;
        let report = service.slo_report(&self.app_key, at).await;
        service.store.close().await;
        match report {
            Ok(report) => {
                println!("{}", serde_json::to_string_pretty(&report)?);
                Ok(ExitCode::SUCCESS)
            }
            Err(Error::NotFound) => {
                eprintln!("rampart: there is no app with the key {:?}", self.app_key);
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(error.into()),
        }
    }
}
