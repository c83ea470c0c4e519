use std::{path::Path, str::FromStr, time::Duration};

use sqlx::{
    Connection, Executor, PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::Result;

/// The migrations of one database, for each engine; equal names, equal meaning.
pub(super) struct Migrations {
    pub sqlite: Migrator,
    pub postgres: Migrator,
}

pub(super) static PORTAL: Migrations = Migrations {
    sqlite: sqlx::migrate!("../migrations/sqlite/portal"),
    postgres: sqlx::migrate!("../migrations/postgres/portal"),
};

pub(super) static METRICS: Migrations = Migrations {
    sqlite: sqlx::migrate!("../migrations/sqlite/metrics"),
    postgres: sqlx::migrate!("../migrations/postgres/metrics"),
};

/// One database on either engine.
#[derive(Clone, Debug)]
pub enum Db {
    Sqlite(SqlitePools),
    Postgres(PgPool),
}

/// SQLite has one writer at a time, so it gets one connection for writing and a pool for reading.
#[derive(Clone, Debug)]
pub struct SqlitePools {
    pub read: SqlitePool,
    pub write: SqlitePool,
}

/// A transaction that writes.
pub enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs the same expression on whichever engine `$db` is, with `$pool` as its pool for reading.
macro_rules! read {
    ($db:expr, $pool:ident => $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite(pools) => {
                let $pool = &pools.read;
                $body
            }
            $crate::store::Db::Postgres($pool) => $body,
        }
    };
}

/// Runs the same expression in whichever transaction `$tx` is, with `$connection` as its connection.
macro_rules! write {
    ($tx:expr, $connection:ident => $body:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::store::Tx::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
        }
    };
}

/// Reads `{start} where (the reader may see the app) and {column} in (apps)`, then `order`.
macro_rules! of_apps {
    ($db:expr, $scope:expr, $apps:expr, $start:literal, $column:literal, $order:literal) => {
        $crate::store::db::read!($db, pool => {
            let mut query = ::sqlx::QueryBuilder::new($start);
            query.push(" where (").push_bind($scope.everything())
                .push(" or a.partner_id in (select partner_id from membership where account_id = ").push_bind($scope.account())
                .push(concat!(")) and ", $column, " in ("));
            let mut list = query.separated(", ");
            $apps.iter().for_each(|app: &::rampart_domain::id::AppId| { list.push_bind(app.0); });
            query.push(concat!(") ", $order));
            query.build_query_as().fetch_all(pool).await?
        })
    };
}

pub(super) use {of_apps, read, write};

/// How long to wait for a connection. A person gets an answer, with what they typed, before the request itself times out.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);

impl Db {
    pub(super) async fn sqlite(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            // Rows wait for whoever asked, and not the database for each of them to be taken.
            .row_buffer_size(500);
        // A connection to a file does not go stale: asking each whether it still lives would double the way to the database
        // of most queries.
        let pool = || {
            SqlitePoolOptions::new()
                .test_before_acquire(false)
                .acquire_timeout(CONNECTED_WITHIN)
        };
        let write = pool()
            .max_connections(1)
            // When the disk is full SQLite rolls back by itself, and the driver's own rollback fails: the connection then
            // believes for ever that a transaction is open, and there is no other one for writing.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options.clone())
            .await?;
        let read = pool()
            .max_connections(4)
            .connect_with(options.create_if_missing(false).pragma("query_only", "on"))
            .await?;
        Ok(Self::Sqlite(SqlitePools { read, write }))
    }

    /// Connects to a schema of its own within the database, making it when it is missing.
    pub(super) async fn postgres(url: &str, schema: &'static str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)?.options([("search_path", schema), ("timezone", "UTC")]);
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(CONNECTED_WITHIN)
            .connect_with(options)
            .await?;
        let mut connection = pool.acquire().await?;
        // One message is one transaction. Without the lock, `if not exists` fails for one of two servers that start at once.
        let create = match schema {
            "rampart_portal" => "select pg_advisory_xact_lock(7261); create schema if not exists rampart_portal",
            _ => "select pg_advisory_xact_lock(7261); create schema if not exists rampart_metrics",
        };
        connection.execute(create).await?;
        Ok(Self::Postgres(pool))
    }

    /// Begins a transaction that writes. On SQLite it takes the write lock at once, so that it cannot fail half-way.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite(pools) => Tx::Sqlite(pools.write.begin_with("begin immediate").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Asks a question that takes no time, to know whether the database answers at all.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        let ask = "select count(*) from _sqlx_migrations";
        let _: i64 = read!(self, pool => sqlx::query_scalar(ask).fetch_one(pool).await?);
        Ok(())
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite(pools) => {
                pools.read.close().await;
                pools.write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Waits until no other transaction that called this is under way, on any server. On SQLite that holds for every
    /// transaction that writes.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn alone(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres(transaction) => {
                transaction.execute("select pg_advisory_xact_lock(7262)").await?;
            }
        }
        Ok(())
    }

    /// Makes everything in the transaction durable.
    ///
    /// # Errors
    /// When the database cannot be reached; then nothing of it happened.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await?,
            Self::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}
