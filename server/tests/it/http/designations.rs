//! The public record of the designation (SPEC section 7).

use axum::body::Body;
use chrono::TimeDelta;
use http::{Request, StatusCode};
use rampart_domain::escalation::FactKind;
use rampart_server::{
    service::{escalation::Verdict, facts as filing},
    store::{Scope, apps},
};
use serde_json::json;

use crate::support::portal::{Answer, Browser, Portal};

const KEY: &str = "com.kestrel.app";

async fn world() -> Portal {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    portal.staff("Pia", &["program_manager"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal.register(&mut owner, &partner, KEY).await;
    portal
}

async fn decide(portal: &Portal, verdict: Verdict) {
    let manager = portal.actor("pia@platform.test").await;
    let decided = portal.service.decide_escalation(&manager, KEY, verdict, "As agreed.");
    decided.await.unwrap();
    portal.clock.advance(TimeDelta::seconds(2));
}

async fn ask(portal: &Portal, key: &str, tag: Option<&str>) -> Answer {
    let mut request = Request::get(format!("/api/v1/designations/{key}"));
    if let Some(tag) = tag {
        request = request.header("if-none-match", tag);
    }
    portal
        .send(&mut Browser::default(), request.body(Body::empty()).unwrap())
        .await
}

#[tokio::test]
async fn anybody_reads_who_carries_the_designation_and_nothing_of_the_ladder() {
    let portal = world().await;
    decide(&portal, Verdict::Designate).await;
    let answer = ask(&portal, KEY, None).await;
    assert_eq!(answer.status, StatusCode::OK);
    let record: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let expected = json!({
        "app_key": KEY, "app_name": "Timesheets", "designation": "Cloud Fortified", "status": "designated",
        "since": "2026-11-23T09:00:00Z", "expires": null,
    });
    assert_eq!(record, expected);
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("set-cookie"), "");
    let tag = answer.header("etag").to_owned();
    let same = ask(&portal, KEY, Some(&tag)).await;
    assert_eq!((same.status, same.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(same.header("etag"), tag);
    assert_eq!(ask(&portal, KEY, Some("\"other\"")).await.status, StatusCode::OK);

    let app = apps::by_key(&portal.service.store.portal, Scope::system(), KEY).await;
    let app = app.unwrap().unwrap().id;
    let missed = FactKind::SloMissed {
        miss: "m1".into(),
        series: "webhook_delivery/jira".into(),
    };
    let mut tx = portal.service.store.portal.begin().await.unwrap();
    filing::file(&mut tx, portal.clock.now(), Some((app, KEY)), missed)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for days in [0, 8, 70] {
        portal.clock.advance(TimeDelta::days(days));
        portal.service.escalate().await.unwrap();
        assert_eq!(
            ask(&portal, KEY, Some(&tag)).await.status,
            StatusCode::NOT_MODIFIED,
            "the public learns nothing of it"
        );
    }
    decide(&portal, Verdict::ConfirmDemotion).await;
    let demoted = ask(&portal, KEY, Some(&tag)).await;
    assert!(demoted.body.contains("\"status\":\"demoted\""), "{}", demoted.body);
    assert!(demoted.body.contains("\"since\":\"2027-02-09T"), "{}", demoted.body);
}

#[tokio::test]
async fn an_app_that_never_carried_it_answers_as_one_that_does_not_exist() {
    let portal = world().await;
    let never = ask(&portal, KEY, None).await;
    let unknown = ask(&portal, "com.nobody.app", None).await;
    assert_eq!(never.status, StatusCode::NOT_FOUND);
    assert_eq!(never.header("content-type"), "application/problem+json");
    assert_eq!((never.status, &never.body), (unknown.status, &unknown.body));
    let headers = |answer: &Answer| {
        let mut headers = answer.headers.clone();
        headers.remove("x-request-id");
        headers
    };
    assert_eq!(headers(&never), headers(&unknown));
    decide(&portal, Verdict::Designate).await;
    decide(&portal, Verdict::Withdraw).await;
    let left = ask(&portal, KEY, None).await;
    assert!(left.body.contains("\"status\":\"withdrawn\""), "{}", left.body);
}

#[tokio::test]
async fn one_address_may_not_ask_without_end() {
    let portal = world().await;
    for _ in 0..5_000 {
        let answer = ask(&portal, KEY, None).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.header("retry-after"), "60");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            return;
        }
    }
    panic!("nothing was ever refused");
}
