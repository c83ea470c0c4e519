//! What `rampart doctor` asks of the databases as it finds them. Nothing here makes, changes or migrates anything.

use std::{path::Path, str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::{
    Connection, FromRow, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    query_as, query_scalar,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::{
    Db, Error, Result,
    db::{self, SqlitePools, read},
};
use crate::config::Database;

/// A database that takes longer to answer is as good as gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// One of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What people and rules write.
    Portal,
    /// The figures.
    Metrics,
}

impl Part {
    /// The file within `database.path`.
    pub fn file(self) -> &'static str {
        match self {
            Self::Portal => "rampart.db",
            Self::Metrics => "metrics.db",
        }
    }

    /// The schema within the PostgreSQL database.
    pub fn schema(self) -> &'static str {
        match self {
            Self::Portal => "rampart_portal",
            Self::Metrics => "rampart_metrics",
        }
    }

    fn migrator(self, on_postgres: bool) -> &'static Migrator {
        let migrations = match self {
            Self::Portal => &db::PORTAL,
            Self::Metrics => &db::METRICS,
        };
        if on_postgres {
            &migrations.postgres
        } else {
            &migrations.sqlite
        }
    }
}

/// How the migrations of a database compare with those of this binary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Those that would be applied, each as its version and name.
    pub pending: Vec<String>,
    /// Those that this binary does not know: a newer version applied them.
    pub unknown: Vec<i64>,
    /// Those that were applied with another content, or not to their end.
    pub broken: Vec<String>,
}

impl Migrated {
    pub fn is_current(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(FromRow)]
struct Applied {
    version: i64,
    checksum: Vec<u8>,
    success: bool,
}

/// Connects to a database that exists; `None` where the embedded one has not been made yet.
///
/// # Errors
/// When it cannot be reached or is no database.
pub async fn open(config: &Database, part: Part) -> Result<Option<Db>> {
    match &config.url {
        Some(url) => Ok(Some(open_postgres(url.0.as_str(), part).await?)),
        None => {
            let file = config.path.join(part.file());
            if file.try_exists().unwrap_or(true) {
                Ok(Some(open_sqlite(&file).await?))
            } else {
                Ok(None)
            }
        }
    }
}

async fn open_postgres(url: &str, part: Part) -> Result<Db> {
    let options = PgConnectOptions::from_str(url)?.options([("search_path", part.schema()), ("timezone", "UTC")]);
    // A pool would go on trying where nobody listens, and then not say why it gave up.
    let first = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options)).await;
    first.map_err(|_| sqlx::Error::PoolTimedOut)??.close().await?;
    let pool: PgPool = PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(PATIENCE)
        .connect_lazy_with(options);
    Ok(Db::Postgres(pool))
}

async fn open_sqlite(file: &Path) -> Result<Db> {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(PATIENCE);
    let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
    let read = pool
        .clone()
        .connect_with(options.clone().pragma("query_only", "on"))
        .await?;
    let write = pool.connect_with(options).await?;
    let pools = Db::Sqlite(SqlitePools { read, write });
    // SQLite opens any file; only a question shows whether it is a database.
    let _: i64 = read!(&pools, pool => query_scalar("select count(*) from sqlite_master").fetch_one(pool).await?);
    Ok(pools)
}

/// The engine with its version, such as "PostgreSQL 17.2".
pub async fn version(db: &Db) -> Result<String> {
    Ok(match db {
        Db::Sqlite(pools) => {
            let version: String = query_scalar("select sqlite_version()").fetch_one(&pools.read).await?;
            format!("SQLite {version}")
        }
        Db::Postgres(pool) => {
            let version: String = query_scalar("select current_setting('server_version')")
                .fetch_one(pool)
                .await?;
            format!("PostgreSQL {version}")
        }
    })
}

/// The time by the database's own clock; `None` where that is the clock of this machine.
pub async fn clock(db: &Db) -> Result<Option<DateTime<Utc>>> {
    match db {
        Db::Sqlite(_) => Ok(None),
        Db::Postgres(pool) => Ok(Some(query_scalar("select clock_timestamp()").fetch_one(pool).await?)),
    }
}

/// Why the database could not be written to, or its tables not be made; `None` when they could. On SQLite this takes the
/// lock for writing and gives it back.
pub async fn obstacle(db: &Db, part: Part) -> Result<Option<String>> {
    match db {
        Db::Sqlite(pools) => match pools.write.begin_with("begin immediate").await {
            Ok(transaction) => {
                transaction.rollback().await?;
                Ok(None)
            }
            Err(error) => Ok(Some(error.to_string())),
        },
        Db::Postgres(pool) => {
            let (read_only, may_create): (bool, bool) = query_as(
                "select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on',
                        case when exists (select 1 from pg_namespace where nspname = $1)
                             then has_schema_privilege($1, 'create') and has_schema_privilege($1, 'usage')
                             else has_database_privilege(current_database(), 'create') end",
            )
            .bind(part.schema())
            .fetch_one(pool)
            .await?;
            Ok(if read_only {
                Some("it is read-only, as a standby is".to_owned())
            } else if !may_create {
                Some(format!(
                    "the user may not create the schema {} or tables in it",
                    part.schema()
                ))
            } else {
                None
            })
        }
    }
}

/// Compares what was applied with what this binary knows. `None` stands for a database that has not been made yet.
pub async fn migrations(db: Option<&Db>, part: Part) -> Result<Migrated> {
    let applied = match db {
        Some(db) => applied(db).await?,
        None => Vec::new(),
    };
    let known: Vec<_> = part.migrator(matches!(db, Some(Db::Postgres(_)))).iter().collect();
    let mut found = Migrated::default();
    for migration in &known {
        let name = format!("{} {}", migration.version, migration.description);
        match applied.iter().find(|applied| applied.version == migration.version) {
            None => found.pending.push(name),
            Some(applied) if !applied.success || applied.checksum != *migration.checksum => found.broken.push(name),
            Some(_) => {}
        }
    }
    let is_known = |version: i64| known.iter().any(|migration| migration.version == version);
    found.unknown = applied
        .iter()
        .map(|applied| applied.version)
        .filter(|v| !is_known(*v))
        .collect();
    Ok(found)
}

async fn applied(db: &Db) -> Result<Vec<Applied>> {
    let query = "select version, checksum, success from _sqlx_migrations order by version";
    let rows: std::result::Result<_, sqlx::Error> = read!(db, pool => query_as(query).fetch_all(pool).await);
    match rows {
        Err(error) if is_missing_table(&error) => Ok(Vec::new()),
        rows => rows.map_err(Error::from),
    }
}

/// PostgreSQL has a code for it, SQLite only a message.
fn is_missing_table(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.code().is_some_and(|code| code == "42P01") || error.message().starts_with("no such table")
    })
}
