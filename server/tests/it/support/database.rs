//! An empty database of either engine for each test.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::path::PathBuf;

use rampart_server::{
    config::{Database, Secret},
    random::Token,
    store::{Db, Store},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use url::Url;

/// A database that goes away with the value.
pub struct TestDatabase {
    pub store: Store,
    /// How to open it once more.
    pub settings: Database,
    _folder: Option<TempDir>,
}

impl TestDatabase {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Database {
            url: None,
            path: folder.path().to_path_buf(),
        };
        let store = Store::open(&settings).await.unwrap();
        Self {
            store,
            settings,
            _folder: Some(folder),
        }
    }

    /// A database of its own on the server that `cargo xtask test` starts.
    pub async fn postgres() -> Self {
        let server = std::env::var("RAMPART_TEST_POSTGRES").expect(
            "RAMPART_TEST_POSTGRES names a PostgreSQL server for tests; `cargo xtask test` starts one and sets it",
        );
        let mut url: Url = server.parse().unwrap();
        let name: String = Token::new()
            .as_str()
            .to_lowercase()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(20)
            .collect();
        let name = format!("test_{name}");
        let mut connection = PgConnection::connect(&server).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("create database {name}")))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        url.set_path(&name);
        let settings = Database {
            url: Some(Secret(url)),
            path: PathBuf::new(),
        };
        let store = Store::open(&settings).await.unwrap();
        Self {
            store,
            settings,
            _folder: None,
        }
    }

    /// The same database as another server opens it, with connections of its own.
    pub async fn again(&self) -> Store {
        Store::open(&self.settings).await.unwrap()
    }

    /// The same embedded database for a second portal; it goes away with this value, not with that one.
    pub async fn shared(&self) -> Self {
        assert!(
            self.settings.url.is_none(),
            "a server's database would be dropped twice"
        );
        Self {
            store: self.again().await,
            settings: self.settings.clone(),
            _folder: None,
        }
    }
}

/// PostgreSQL keeps what it is not told to drop.
impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(Secret(url)) = &self.settings.url else { return };
        let drop = format!(
            "drop database if exists {} with (force)",
            url.path().trim_start_matches('/')
        );
        let server = std::env::var("RAMPART_TEST_POSTGRES").unwrap_or_default();
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&server).await?;
                sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await?;
                connection.close().await
            })
        });
        // A test that fails says why; what it leaves behind goes away with the server.
        let _ = dropping.join();
    }
}

/// Runs SQL that Rampart itself would never run.
pub async fn sql(db: &Db, text: &str) -> Result<u64, sqlx::Error> {
    let query = sqlx::raw_sql(AssertSqlSafe(text.to_owned()));
    Ok(match db {
        Db::Sqlite(pools) => query.execute(&pools.write).await?.rows_affected(),
        Db::Postgres(pool) => query.execute(pool).await?.rows_affected(),
    })
}

/// Runs each test function on both engines: `on_both_engines!(a_test, another)`.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::support::database::TestDatabase::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::support::database::TestDatabase::postgres().await).await;
            })*
        }
    };
}

pub(crate) use on_both_engines;
