//! An empty database of either engine for each test.

use std::path::PathBuf;

use rampart_server::{
    config::{Database, Secret},
    random::Token,
    store::Store,
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
        let settings = Database { url: None, path: folder.path().to_path_buf() };
        let store = Store::open(&settings).await.unwrap();
        Self { store, settings, _folder: Some(folder) }
    }

    /// A database of its own on the server that `cargo xtask test` starts.
    pub async fn postgres() -> Self {
        let server = std::env::var("RAMPART_TEST_POSTGRES")
            .expect("RAMPART_TEST_POSTGRES names a PostgreSQL server for tests; `cargo xtask test` starts one and sets it");
        let mut url: Url = server.parse().unwrap();
        let name: String = Token::new().as_str().to_lowercase().chars().filter(char::is_ascii_alphanumeric).take(20).collect();
        let name = format!("test_{name}");
        let mut connection = PgConnection::connect(&server).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        url.set_path(&name);
        let settings = Database { url: Some(Secret(url)), path: PathBuf::new() };
        let store = Store::open(&settings).await.unwrap();
        Self { store, settings, _folder: None }
    }
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
