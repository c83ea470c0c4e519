//! `rampart doctor`: looks at everything that serving depends on, says of each how it is, and what to do where it is not
//! well. It changes nothing: it neither makes a database nor migrates one, and sends no mail.

mod canaries;
mod clock;
mod database;
mod date;
mod evaluation;
mod machine;
mod mail;
mod public_url;
mod report;
mod secrets;

use std::{path::Path, process::ExitCode};

use clap::Args;

use self::report::{Finding, Report};
use crate::config::{Config, ConfigError};

#[derive(Args)]
pub(super) struct Doctor {
    /// Print the findings as one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

impl Doctor {
    /// Exit code 0 when nothing is an error, 1 when something is.
    pub(super) async fn run(self, config: &Config, file: Option<&Path>) -> anyhow::Result<ExitCode> {
        let mut report = Report::default();
        report.add(configuration(file));
        report.add(public_url::check(&config.server.public_url));
        let databases = database::Databases::check(config, &mut report).await;
        report.add(clock::check(config, &databases).await);
        report.add(evaluation::check(&databases).await);
        report.add(mail::check(&config.mail).await);
        report.add(secrets::check(&config.secrets, &databases).await);
        report.add(canaries::check(config).await);
        report.add([machine::authorities()]);
        report.add([machine::open_files(&databases).await]);
        databases.close().await;
        report.print(self.json)?;
        Ok(if report.has_errors() {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

/// A configuration with problems does not get here.
fn configuration(file: Option<&Path>) -> [Finding; 1] {
    let read = match file {
        Some(file) => format!("{} and the environment are understood", file.display()),
        None => "the environment is understood; there is no file".to_owned(),
    };
    [Finding::ok("configuration", read)]
}

/// What `--json` prints when the configuration is wrong: a finding per problem.
pub(super) fn print_misconfigured(error: &ConfigError) {
    let mut report = Report::default();
    report.add(error.0.iter().map(|problem| {
        let message = format!("{}: {}", problem.at, problem.message);
        Finding::error("configuration", message, "see docs/configuration.md")
    }));
    // Whoever closed the output does not want to read it.
    let _ = report.print(true);
}
