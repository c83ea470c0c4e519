use http::StatusCode;

use crate::support::{
    html::{main, text},
    portal::Portal,
};

#[tokio::test]
async fn every_change_is_in_the_log_with_who_what_and_why() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator", "reviewer"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal.register(&mut owner, &partner, "com.example.app").await;
    portal
        .post(&mut admin, "/apps/com.example.app/measuring/start", &[])
        .await;
    let answer = portal
        .post(&mut admin, "/apps/com.example.app/measuring/stop", &[("why", "")])
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "a reason is asked for");
    portal
        .post(
            &mut admin,
            "/apps/com.example.app/measuring/stop",
            &[("why", "moved to another host")],
        )
        .await;

    let log = text(&main(&portal.get(&mut admin, "/audit").await.body));
    for action in [
        "partner.created",
        "invitation.accepted",
        "app.registered",
        "app.measuring_started",
        "app.measuring_stopped",
    ] {
        assert!(log.contains(action), "{action} is missing: {log}");
    }
    assert!(log.contains("moved to another host") && log.contains("192.0.2.7"));

    let csv = portal.get(&mut admin, "/audit.csv?action=app.registered").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.body.lines().count(), 2, "{}", csv.body);
}

#[tokio::test]
async fn owners_read_the_log_of_their_own_partner_only() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    let (other, mut other_owner) = portal.partner(&mut admin, "Osprey").await;
    portal.register(&mut owner, &partner, "com.kestrel.app").await;
    portal.register(&mut other_owner, &other, "com.osprey.app").await;
    let log = portal.get(&mut owner, "/audit").await;
    assert_eq!(log.status, StatusCode::OK);
    assert!(log.body.contains("Kestrel Labs") && !log.body.contains("Osprey") && !log.body.contains("osprey"));
    let csv = portal.get(&mut owner, "/audit.csv").await;
    assert!(
        csv.body.contains("com.kestrel.app") && !csv.body.contains("osprey"),
        "{}",
        csv.body
    );

    let mut member = portal.member(&mut owner, &partner, "Mia").await;
    assert_eq!(portal.get(&mut member, "/audit").await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        portal.get(&mut member, "/audit.csv").await.status,
        StatusCode::FORBIDDEN
    );
}
