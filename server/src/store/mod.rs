//! The only place with SQL. One text serves SQLite and PostgreSQL.
//!
//! Reading takes a [`Db`], changing takes a [`Tx`], so that a service decides what belongs into one transaction. Every read
//! of partner data takes a [`Scope`].

pub mod accounts;
pub mod actions;
pub mod alert_addresses;
pub mod appeals;
pub mod approvals;
pub mod apps;
pub mod assessments;
pub mod audit;
pub mod bundles;
pub mod burn_rates;
pub mod checklists;
pub mod compaction;
pub mod conversations;
pub mod counts;
mod db;
pub mod designations;
mod dialect;
pub mod episodes;
pub mod escalation;
pub mod escalation_policies;
pub mod facts;
pub mod failing_together;
pub mod freezes;
pub mod idempotency;
pub mod imports;
pub mod ingest_gaps;
pub mod inspection;
pub mod installations;
pub mod invitations;
pub mod leases;
pub mod ledger;
pub mod misses;
pub mod occurrences;
pub mod outbox;
pub mod overviews;
pub mod own_minutes;
pub mod partners;
pub mod plans;
pub mod policies;
pub mod probes;
pub mod progress;
pub mod readiness;
pub mod rounds;
mod scope;
pub mod series;
pub mod sessions;
pub mod threads;
pub mod tokens;
pub mod volumes;
pub mod what_ifs;
pub mod withdrawals;

pub use db::{Db, Tx};
pub use dialect::{Error, Result};
pub use scope::Scope;
/// A list as one column holds it.
pub use sqlx::types::Json;

use anyhow::Context;

use crate::config::{Database, Secret};

/// Both databases: what people and rules write, and the figures, which are written so often that they have a writer of
/// their own.
#[derive(Clone, Debug)]
pub struct Store {
    pub portal: Db,
    pub metrics: Db,
}

impl Store {
    /// Opens the configured databases and brings them up to date.
    ///
    /// # Errors
    /// When a database cannot be reached, or was written by a newer version of Rampart.
    pub async fn open(config: &Database) -> anyhow::Result<Self> {
        let store = Self::connect(config)
            .await
            .with_context(|| format!("{} cannot be opened", place(config)))?;
        store.migrate().await?;
        Ok(store)
    }

    async fn connect(config: &Database) -> anyhow::Result<Self> {
        Ok(match &config.url {
            Some(url) => Self {
                portal: Db::postgres(url.0.as_str(), "rampart_portal").await?,
                metrics: Db::postgres(url.0.as_str(), "rampart_metrics").await?,
            },
            None => {
                tokio::fs::create_dir_all(&config.path).await?;
                Self {
                    portal: Db::sqlite(&config.path.join("rampart.db")).await?,
                    metrics: Db::sqlite(&config.path.join("metrics.db")).await?,
                }
            }
        })
    }

    async fn migrate(&self) -> anyhow::Result<()> {
        dialect::migrate(&self.portal, &db::PORTAL).await?;
        dialect::migrate(&self.metrics, &db::METRICS).await?;
        Ok(())
    }

    pub async fn close(&self) {
        self.portal.close().await;
        self.metrics.close().await;
    }
}

/// Where the database is, without the password.
fn place(config: &Database) -> String {
    match &config.url {
        Some(Secret(url)) => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!(
                "the database at {}{port} (database.url)",
                url.host_str().unwrap_or_default()
            )
        }
        None => format!("the database in {} (database.path)", config.path.display()),
    }
}
