use ::http::StatusCode;

use crate::support::{
    database::{TestDatabase, on_both_engines},
    portal::{Answer, Browser, Portal},
    server::{Server, database},
};

on_both_engines!(readiness_is_that_of_both_databases);

async fn get(portal: &Portal, path: &str) -> Answer {
    portal.get(&mut Browser::default(), path).await
}

async fn readiness_is_that_of_both_databases(database: TestDatabase) {
    let portal = Portal::on(database, &[]).await;
    let answer = get(&portal, "/readyz").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "ready\n"));

    portal.service.store.metrics.close().await;
    let answer = get(&portal, "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.body, "the database of figures does not answer\n");

    portal.service.store.portal.close().await;
    portal.service.stopping.cancel();
    let reasons = get(&portal, "/readyz").await.body;
    assert_eq!(
        reasons,
        "the server is stopping\nthe portal's database does not answer\nthe database of figures does not answer\n"
    );
    let answer = get(&portal, "/healthz").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::OK, "ok\n"),
        "the process is alive all the same"
    );
}

#[tokio::test]
async fn a_server_says_that_it_stops_before_it_does() {
    let portal = TestDatabase::sqlite().await;
    let mut settings = database(&portal.settings);
    settings.push(("RAMPART_SERVER_DRAIN_SECONDS", "300".to_owned()));
    let mut server = Server::start(&settings);
    assert_eq!(server.get("/readyz").status, 200);

    server.terminate();
    server.wait_for(|line| line.contains("stopping"));
    let answer = server.get("/readyz");
    assert_eq!((answer.status, answer.body.as_str()), (503, "the server is stopping\n"));
    assert_eq!(server.get("/sign-in").status, 200, "others are still served");

    server.terminate();
    assert_eq!(server.ended(), Some(0), "the second signal ends it: {}", server.log());
}
