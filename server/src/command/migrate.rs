use std::process::ExitCode;

use crate::{config::Config, store::Store};

pub(super) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let store = Store::open(&config.database).await?;
    store.close().await;
    println!("the database is up to date");
    Ok(ExitCode::SUCCESS)
}
