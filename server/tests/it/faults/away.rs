//! The database is away for a while.

use std::{process::Command, time::Duration};

use ::http::StatusCode;
use sqlx::{Connection, SqliteConnection};

use super::{process::Server, proxy::Proxy, truth, world::World};
use crate::support::{database::TestDatabase, portal::Browser};

const RATE: u32 = 240;
/// What waits to be written is tried again with growing pauses, and each try may wait for the database.
const WRITTEN_WITHIN: Duration = Duration::from_secs(25);

async fn world(database: TestDatabase) -> World {
    let world = World::new(database, RATE, 3).await;
    world.target.follow(&world.series[0].path, Box::new(|| false));
    world
}

async fn compare(world: World, server: Server) {
    world.settled(server).await;
    let probes = truth::probes(&world, &[]).await;
    truth::counts(&world, &probes).await;
    assert!(truth::episodes(&world, &probes, WRITTEN_WITHIN).await > 0);
    truth::mails(&world).await;
    truth::audit(&world).await;
}

#[tokio::test]
async fn what_was_measured_is_written_once_postgresql_is_back() {
    let world = world(TestDatabase::postgres().await).await;
    let mut url = world.portal.database.settings.url.clone().unwrap().0;
    let database = (url.host_str().unwrap(), url.port().unwrap());
    let address = tokio::net::lookup_host(database).await.unwrap().next().unwrap();
    let proxy = Proxy::start(address).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.port)).unwrap();
    let mut settings = world.settings();
    settings.retain(|(name, _)| name != "RAMPART_DATABASE_URL");
    settings.push(("RAMPART_DATABASE_URL".to_owned(), url.to_string()));
    let server = Server::start(&settings).await;
    world.target.more(2 * world.series.len()).await;

    world.measured_in_vain(&server, async { proxy.cut(true) }).await;
    let mut owner = world.owner.clone();
    let answer = server.get(&mut Browser::default(), "/healthz").await;
    assert_eq!(answer.status, StatusCode::OK, "the process itself is well");
    let answer = server.get(&mut Browser::default(), "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("database"), "{}", answer.body);
    let answer = server.get(&mut owner, "/apps").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("Try again in a moment"), "{}", answer.body);

    proxy.cut(false);
    world.target.more(2 * world.series.len()).await;
    let answer = server.get(&mut owner, "/apps").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    compare(world, server).await;
}

#[tokio::test]
async fn what_was_measured_is_written_once_sqlite_is_unlocked() {
    let world = world(TestDatabase::sqlite().await).await;
    let server = world.server().await;
    world.target.more(2 * world.series.len()).await;
    let mut locks = Vec::new();
    let lock = async {
        for file in ["metrics.db", "rampart.db"] {
            let file = world.portal.database.settings.path.join(file);
            let url = format!("sqlite://{}", file.display());
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            sqlx::query("begin immediate").execute(&mut connection).await.unwrap();
            locks.push(connection);
        }
    };
    world.measured_in_vain(&server, lock).await;
    let answer = server.get(&mut world.owner.clone(), "/apps").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    for mut connection in locks {
        sqlx::query("rollback").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
    compare(world, server).await;
}

#[tokio::test]
async fn a_server_whose_database_is_away_at_the_start_says_so() {
    let proxy = Proxy::start(([127, 0, 0, 1], 1).into()).await;
    proxy.cut(true);
    let url = format!("postgres://rampart:hunter2@127.0.0.1:{}/rampart", proxy.port);
    let started = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_rampart"))
            .arg("serve")
            .env_clear()
            .env("RAMPART_DATABASE_URL", url)
            .output()
            .unwrap()
    });
    let output = started.await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!(
            "the database at 127.0.0.1:{} (database.url) cannot be opened",
            proxy.port
        )),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}
