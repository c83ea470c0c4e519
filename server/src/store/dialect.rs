//! What differs between the engines: errors and migrations.

use anyhow::Context;
use rampart_domain::id::SeriesId;
use sqlx::{
    Database, Encode, QueryBuilder, Type, error::DatabaseError, migrate::MigrateError, postgres::PgDatabaseError,
};
use uuid::Uuid;

use super::{Db, db::Migrations};

pub type Result<T> = std::result::Result<T, Error>;

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique column has this value already.
    #[error("{table}.{column} exists already")]
    Exists { table: String, column: String },
    #[error(transparent)]
    Database(sqlx::Error),
    /// What this transaction read just now is not there any more.
    #[error("{0} is gone")]
    Gone(&'static str),
    /// A stored value makes no sense.
    #[error("corrupt {what}: {value}")]
    Corrupt { what: &'static str, value: String },
    /// A stored fact that the escalation engine cannot read; `number` is its place among all.
    #[error("the fact {fact}, number {number}, cannot be read: {why}")]
    UnreadableFact { fact: String, number: i64, why: String },
}

impl Error {
    /// Whether the unique column `table.column` is what stood in the way.
    pub fn is_taken(&self, table: &str, column: &str) -> bool {
        matches!(self, Self::Exists { table: t, column: c } if t == table && c == column)
    }

    pub(super) fn corrupt(what: &'static str, value: impl ToString) -> Self {
        Self::Corrupt {
            what,
            value: value.to_string(),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let unique = error.as_database_error().filter(|e| e.is_unique_violation());
        match unique.and_then(violated) {
            Some((table, column)) => Self::Exists { table, column },
            None => Self::Database(error),
        }
    }
}

/// The table and first column of a unique violation. SQLite names them in its message, "UNIQUE constraint failed: app.key_key";
/// PostgreSQL names the table, and the columns in the detail: "Key (key_key)=(com.example) already exists."
fn violated(error: &dyn DatabaseError) -> Option<(String, String)> {
    if let Some(place) = error.message().strip_prefix("UNIQUE constraint failed: ") {
        let (table, column) = place.split(',').next()?.split_once('.')?;
        return Some((table.to_owned(), column.to_owned()));
    }
    let table = error.table()?;
    let (_, columns) = error.try_downcast_ref::<PgDatabaseError>()?.detail()?.split_once('(')?;
    let column = columns.split([',', ')']).next()?;
    Some((table.to_owned(), column.to_owned()))
}

/// What a person searches for, as a pattern for `like … escape '\'` that finds it anywhere and in any case; nothing for no
/// search.
pub(super) fn pattern(search: &str) -> String {
    let search = search.trim().to_lowercase();
    if search.is_empty() {
        return search;
    }
    let escaped = search.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{escaped}%")
}

/// Begins a statement that finds these series, of which there is one at least, in `wanted (id)`.
pub(super) fn wanted<D>(series: &[SeriesId]) -> QueryBuilder<D>
where
    D: Database,
    Uuid: for<'q> Encode<'q, D> + Type<D>,
{
    let mut query = QueryBuilder::new("with wanted (id) as (");
    query.push_values(series, |mut row, id| {
        row.push_bind(id.0);
    });
    query.push(") ");
    query
}

/// A count as the databases keep it; neither has an unsigned type.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as the databases kept it.
pub(super) fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

pub(super) async fn migrate(db: &Db, migrations: &Migrations) -> anyhow::Result<()> {
    let result = match db {
        Db::Sqlite(pools) => migrations.sqlite.run(&pools.write).await,
        Db::Postgres(pool) => migrations.postgres.run(pool).await,
    };
    match result {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _)) => anyhow::bail!(
            "the database was written by a newer version of Rampart (it has migration {version}, which this version does \
             not know). Nothing was changed. Start the newer version, or restore a backup made with this one."
        ),
        Err(error) => Err(error).context("the database could not be brought up to date"),
    }
}
