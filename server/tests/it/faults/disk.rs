//! The disk is full for a while: nothing can be written, and then it can again.

use std::{process::Command, time::Duration};

use ::http::StatusCode;
use chrono::TimeDelta;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{
    process::Server,
    truth, until,
    world::{APP, World},
};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(a_full_disk_costs_nothing_that_was_saved_and_needs_no_restart);

const RATE: u32 = 240;
/// What waits to be written is tried again with growing pauses.
const WRITTEN_WITHIN: Duration = Duration::from_secs(20);

async fn a_full_disk_costs_nothing_that_was_saved_and_needs_no_restart(database: TestDatabase) {
    let world = World::new(database, RATE, 3).await;
    world.target.follow(&world.series[0].path, Box::new(|| false));
    let server = world.server().await;
    let (mut owner, mut staff) = (world.owner.clone(), world.staff.clone());
    world.target.more(2 * world.series.len()).await;
    let used = world.clock.now();

    world.measured_in_vain(&server, fill(&world, &server, true)).await;
    until("the use of a session would be noted again", async || {
        world.clock.now() - used > TimeDelta::minutes(6)
    })
    .await;
    let answer = server.get(&mut owner, "/healthz").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    for page in [
        "/apps".to_owned(),
        format!("/apps/{APP}"),
        format!("/apps/{APP}/settings"),
    ] {
        let answer = server.get(&mut owner, &page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.body);
    }
    let fields = [("name", "Typed in vain"), ("owner_mail", "")];
    let answer = server.post(&mut staff, "/partners/new", &fields).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        answer.body.contains("nothing was saved") && answer.body.contains("value=\"Typed in vain\""),
        "{}",
        answer.body
    );

    fill(&world, &server, false).await;
    let answer = server.post(&mut staff, "/partners/new", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "there is room again");
    world.settled(server).await;
    let probes = truth::probes(&world, &[]).await;
    truth::counts(&world, &probes).await;
    assert!(truth::episodes(&world, &probes, WRITTEN_WITHIN).await > 0);
    truth::mails(&world).await;
    truth::audit(&world).await;
}

/// Makes every write of the server fail, or lets it write again.
async fn fill(world: &World, server: &Server, full: bool) {
    let Some(url) = &world.portal.database.settings.url else {
        let limit = if full { "--fsize=0:" } else { "--fsize=unlimited:" };
        let id = server.id().to_string();
        let status = Command::new("prlimit").args(["--pid", &id, limit]).status();
        assert!(status.unwrap().success());
        return;
    };
    // What managed servers do when their disk is full.
    let name = url.0.path().trim_start_matches('/');
    let mut connection = PgConnection::connect(&std::env::var("RAMPART_TEST_POSTGRES").unwrap())
        .await
        .unwrap();
    let setting = if full { "on" } else { "off" };
    for statement in [
        format!("alter database {name} set default_transaction_read_only = {setting}"),
        format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
}
