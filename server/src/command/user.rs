use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::open;
use crate::{
    clock::Clock,
    config::Config,
    service::{Error, Invalid},
};

#[derive(Subcommand)]
pub(super) enum User {
    /// Invite a member of the platform's staff, for example the first administrator, and print the one-time link.
    Add(Add),
    /// Print a one-time link by which somebody who forgot their password chooses a new one.
    Password(Password),
}

#[derive(Args)]
pub(super) struct Password {
    /// The mail address of the account.
    #[arg(long)]
    mail: String,
}

#[derive(Args)]
pub(super) struct Add {
    /// The person's mail address.
    #[arg(long)]
    mail: String,
    /// The person's name.
    #[arg(long)]
    name: String,
    /// reviewer, incident_manager, program_manager or administrator; may be given several times.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
}

impl User {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let service = open(config, Clock::system()).await?;
        let result = match self {
            Self::Add(add) => {
                let roles: Vec<&str> = add.roles.iter().map(String::as_str).collect();
                service.invite_from_command_line(&add.mail, &add.name, &roles).await
            }
            Self::Password(password) => service.password_link(&password.mail).await,
        };
        service.store.close().await;
        match result {
            Ok(link) => {
                println!("{link}");
                eprintln!("Open this link to choose a password. It works once, for 7 days.");
                Ok(ExitCode::SUCCESS)
            }
            Err(Error::Invalid(invalid)) => {
                explain(&invalid);
                Ok(ExitCode::from(super::USAGE))
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn explain(invalid: &Invalid) {
    for error in &invalid.fields {
        let option = if error.field == "roles" { "role" } else { &error.field };
        eprintln!("rampart: --{option}: {}", error.message);
    }
}
