//! Partners never see each other: what belongs to another partner answers exactly as what does not exist.

use http::StatusCode;
use rampart_server::store::outbox;

use crate::support::{
    html::main,
    portal::{Portal, new_app},
};

#[tokio::test]
async fn what_belongs_to_another_partner_answers_as_what_does_not_exist() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator", "reviewer"]).await;
    let (kestrel, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    let (_, mut stranger) = portal.partner(&mut admin, "Osprey").await;
    portal.register(&mut owner, &kestrel, "com.kestrel.app").await;
    portal
        .post(&mut admin, "/apps/com.kestrel.app/measuring/start", &[])
        .await;
    let series = portal.series_of("com.kestrel.app").await;
    portal.live(series, 20, false).await;
    let app = rampart_server::store::apps::by_key(
        &portal.service.store.portal,
        rampart_server::store::Scope::system(),
        "com.kestrel.app",
    )
    .await
    .unwrap()
    .unwrap();
    let incident = rampart_server::store::episodes::of_app(
        &portal.service.store.portal,
        rampart_server::store::Scope::system(),
        app.id,
        0,
        1,
    )
    .await
    .unwrap()
    .remove(0)
    .incident_id;
    let mail = portal
        .mails()
        .await
        .into_iter()
        .find(|m| m.kind == "alert_anomalous")
        .map(|m: outbox::Mail| m.id.to_string())
        .unwrap();
    portal.staff("Pia", &["program_manager"]).await;
    let manager = portal.actor("pia@platform.test").await;
    let designate = rampart_server::service::escalation::Verdict::Designate;
    let designated = portal
        .service
        .decide_escalation(&manager, "com.kestrel.app", designate, "It qualifies.");
    designated.await.unwrap();
    let receipt = rampart_server::store::escalation::decisions(
        &portal.service.store.portal,
        rampart_server::store::Scope::system(),
        app.id,
    )
    .await
    .unwrap()
    .remove(0)
    .id;
    let nobody = "0190a000-0000-7000-8000-000000000000";
    let owner_id = portal.actor("owner@kestrel-labs.test").await.user.to_string();

    let pages = [
        ("/apps/com.kestrel.app".to_owned(), "/apps/com.nobody.app".to_owned()),
        (
            "/apps/com.kestrel.app/metrics".to_owned(),
            "/apps/com.nobody.app/metrics".to_owned(),
        ),
        (
            format!("/apps/com.kestrel.app/metrics?series={series}"),
            format!("/apps/com.nobody.app/metrics?series={nobody}"),
        ),
        (
            format!("/apps/com.kestrel.app/metrics/budget?series={series}"),
            format!("/apps/com.nobody.app/metrics/budget?series={nobody}"),
        ),
        (
            format!("/apps/levels?partner={kestrel}"),
            format!("/apps/levels?partner={nobody}"),
        ),
        (
            "/apps/com.kestrel.app/breaches".to_owned(),
            "/apps/com.nobody.app/breaches".to_owned(),
        ),
        (
            format!("/apps/com.kestrel.app/breaches/{incident}"),
            "/apps/com.nobody.app/breaches/AAAAAAAAAAA".to_owned(),
        ),
        (
            "/apps/com.kestrel.app/ledger".to_owned(),
            "/apps/com.nobody.app/ledger".to_owned(),
        ),
        (
            "/apps/com.kestrel.app/escalation".to_owned(),
            "/apps/com.nobody.app/escalation".to_owned(),
        ),
        (
            "/apps/com.kestrel.app/approval".to_owned(),
            "/apps/com.nobody.app/approval".to_owned(),
        ),
        (
            format!("/apps/com.kestrel.app/escalation/{receipt}"),
            "/apps/com.nobody.app/escalation/AAAAAAAAAAA".to_owned(),
        ),
        (
            "/apps/com.kestrel.app/escalation/policy.json".to_owned(),
            "/apps/com.nobody.app/escalation/policy.json".to_owned(),
        ),
        (
            "/apps/com.kestrel.app/escalation/facts.jsonl".to_owned(),
            "/apps/com.nobody.app/escalation/facts.jsonl".to_owned(),
        ),
        (
            "/apps/com.kestrel.app/readiness".to_owned(),
            "/apps/com.nobody.app/readiness".to_owned(),
        ),
        (
            "/apps/com.kestrel.app/readiness/questions/data_recovery".to_owned(),
            "/apps/com.nobody.app/readiness/questions/data_recovery".to_owned(),
        ),
        (
            "/apps/com.kestrel.app/settings".to_owned(),
            "/apps/com.nobody.app/settings".to_owned(),
        ),
        (format!("/partners/{kestrel}"), format!("/partners/{nobody}")),
        (format!("/mail/{mail}"), format!("/mail/{nobody}")),
    ];
    for (theirs, missing) in pages {
        assert_eq!(portal.get(&mut owner, &theirs).await.status, StatusCode::OK, "{theirs}");
        let (refused, unknown) = (
            portal.get(&mut stranger, &theirs).await,
            portal.get(&mut stranger, &missing).await,
        );
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{theirs}");
        assert_eq!(without_ids(&refused.body), without_ids(&unknown.body), "{theirs}");
    }

    let forms = [
        (
            "/apps/com.kestrel.app/settings",
            vec![
                ("name", "x"),
                ("kind", "connect"),
                ("products", "jira"),
                ("version", "2"),
            ],
        ),
        (
            "/apps/com.kestrel.app/health-check",
            vec![
                ("health_path", "/"),
                ("base_urls", "https://a.example"),
                ("version", "2"),
            ],
        ),
        ("/apps/com.kestrel.app/test", vec![]),
        (
            "/apps/com.kestrel.app/alert-address",
            vec![("address", "evil@example.com")],
        ),
        ("/apps/com.kestrel.app/alert-address/resend", vec![]),
        ("/apps/com.kestrel.app/archive", vec![]),
        ("/apps/com.kestrel.app/restore", vec![]),
        ("/apps/com.kestrel.app/measuring/start", vec![]),
        ("/apps/com.kestrel.app/measuring/stop", vec![("why", "x")]),
        ("/apps/com.kestrel.app/escalation/decide/appeal", vec![("why", "x")]),
        ("/apps/com.kestrel.app/escalation/decide/withdraw", vec![("why", "x")]),
        (
            "/apps/com.kestrel.app/escalation/set-aside",
            vec![("fact", "x"), ("why", "x")],
        ),
    ];
    let assessment = format!("/apps/com.kestrel.app/breaches/{incident}/assessment");
    for path in [assessment.clone(), format!("{assessment}/withdraw")] {
        let fields = [("version", "0"), ("note", "x")];
        let (refused, unknown) = (
            portal.post(&mut stranger, &path, &fields).await,
            portal
                .post(&mut stranger, &path.replace("kestrel", "nobody"), &fields)
                .await,
        );
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(without_ids(&refused.body), without_ids(&unknown.body), "{path}");
    }
    let before = portal.mails().await.len();
    for (path, fields) in forms {
        let (refused, unknown) = (
            portal.post(&mut stranger, path, &fields).await,
            portal
                .post(&mut stranger, &path.replace("kestrel", "nobody"), &fields)
                .await,
        );
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(without_ids(&refused.body), without_ids(&unknown.body), "{path}");
    }
    for path in [
        "edit",
        "archive",
        "invite",
        &format!("members/{owner_id}/role"),
        &format!("members/{owner_id}/remove"),
    ] {
        let fields = [("name", "x"), ("version", "1"), ("mail", "a@b.test"), ("role", "owner")];
        let refused = portal
            .post(&mut stranger, &format!("/partners/{kestrel}/{path}"), &fields)
            .await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(portal.mails().await.len(), before, "nobody got mail");

    let answer = portal
        .post(&mut stranger, "/apps/new", &new_app(&kestrel, "com.stranger.app"))
        .await;
    assert_eq!(
        answer.status,
        StatusCode::NOT_FOUND,
        "an app of another partner cannot be registered"
    );
    for path in [
        "/apps",
        "/apps?q=kestrel",
        "/apps?archived=yes",
        "/apps/levels",
        "/apps/levels?q=kestrel",
        "/apps/levels?order=0",
        "/audit",
        "/audit.csv",
        "/account",
        "/apps/new",
    ] {
        let page = portal.get(&mut stranger, path).await.body.to_lowercase();
        assert!(
            !main_or_all(&page)
                .replace("?q=kestrel", "")
                .replace("value=\"kestrel\"", "")
                .replace("\"kestrel\"", "")
                .replace("“kestrel”", "")
                .contains("kestrel.app"),
            "{path}"
        );
        assert!(!page.contains("kestrel labs"), "{path}");
    }
}

#[tokio::test]
async fn a_key_that_is_taken_says_nothing_about_whose_it_is() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (kestrel, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    let (osprey, mut stranger) = portal.partner(&mut admin, "Osprey").await;
    portal.register(&mut owner, &kestrel, "com.example.app").await;
    let answer = portal
        .post(&mut stranger, "/apps/new", &new_app(&osprey, "COM.example.app"))
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("This key cannot be registered."));
    assert!(!answer.body.contains("Kestrel") && !answer.body.contains("Timesheets at"));
}

fn main_or_all(page: &str) -> String {
    if page.contains("<main") {
        main(page)
    } else {
        page.to_owned()
    }
}

/// A page without what differs in every answer or repeats the address.
fn without_ids(page: &str) -> String {
    let mut text = main_or_all(page);
    for (start, end) in [("<code", "</code>")] {
        while let Some(from) = text.find(start) {
            let Some(to) = text[from..].find(end) else { break };
            text.replace_range(from..from + to + end.len(), "");
        }
    }
    text.replace("kestrel", "nobody")
}
