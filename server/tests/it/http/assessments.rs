//! The partner says what a breach was.

use http::StatusCode;
use rampart_server::store::{Scope, apps, episodes};

use crate::support::{
    html::{main, text},
    portal::{Browser, Portal},
};

/// A portal with a counted breach of an app; its owner, a reviewer, and the path of the breach.
async fn breached() -> (Portal, Browser, Browser, String) {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let mut reviewer = portal.staff("Rea", &["reviewer"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal.register(&mut owner, &partner, "com.kestrel.app").await;
    portal
        .post(&mut reviewer, "/apps/com.kestrel.app/measuring/start", &[])
        .await;
    let series = portal.series_of("com.kestrel.app").await;
    portal.live(series, 20, false).await;
    let db = &portal.service.store.portal;
    let app = apps::by_key(db, Scope::system(), "com.kestrel.app")
        .await
        .unwrap()
        .unwrap();
    let breach = episodes::of_app(db, Scope::system(), app.id, 0, 1)
        .await
        .unwrap()
        .remove(0);
    let path = format!("/apps/com.kestrel.app/breaches/{}", breach.incident_id);
    (portal, owner, reviewer, path)
}

async fn shown(portal: &Portal, browser: &mut Browser, path: &str) -> String {
    text(&main(&portal.get(browser, path).await.body))
}

#[tokio::test]
async fn a_counted_breach_asks_to_be_looked_at_until_it_is() {
    let (portal, mut owner, mut reviewer, path) = breached().await;
    let app = "/apps/com.kestrel.app";
    assert!(
        shown(&portal, &mut owner, app)
            .await
            .contains("Look at 1 breach Counted")
    );
    assert!(!shown(&portal, &mut reviewer, app).await.contains("Look at 1 breach"));
    assert!(
        shown(&portal, &mut owner, &format!("{app}/breaches"))
            .await
            .contains("not looked at")
    );
    assert!(
        shown(&portal, &mut owner, &path)
            .await
            .contains("Why it was no emergency")
    );
    let read = shown(&portal, &mut reviewer, &path).await;
    assert!(
        read.contains("not looked at") && !read.contains("Why it was no emergency"),
        "{read}"
    );

    let assessment = format!("{path}/assessment");
    let note = "A deployment & <nothing> more.\nNobody noticed.";
    let fields = [("version", "0"), ("note", note)];
    let refused = portal.post(&mut reviewer, &assessment, &fields).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "the platform's people read it");
    let answer = portal.post(&mut owner, &assessment, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert!(!shown(&portal, &mut owner, app).await.contains("Look at 1 breach"));
    assert!(
        shown(&portal, &mut owner, &format!("{app}/breaches"))
            .await
            .contains("no emergency")
    );
    let read = portal.get(&mut reviewer, &path).await.body;
    assert!(
        read.contains("A deployment &amp; &lt;nothing&gt; more.\nNobody noticed."),
        "{read}"
    );
    assert!(text(&main(&read)).contains("said by Kestrel Labs owner"), "{read}");

    let withdraw = format!("{assessment}/withdraw");
    let answer = portal.post(&mut owner, &withdraw, &[("version", "1")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert!(shown(&portal, &mut owner, app).await.contains("Look at 1 breach"));
    let again = portal.post(&mut owner, &withdraw, &[("version", "2")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let log = shown(&portal, &mut owner, "/audit?action=breach.assessed").await;
    assert!(
        log.contains("assessment not looked at no emergency") && log.contains("assessment no emergency not looked at"),
        "{log}"
    );
}

#[tokio::test]
async fn a_note_that_cannot_be_used_comes_back() {
    let (portal, mut owner, _, path) = breached().await;
    let assessment = format!("{path}/assessment");
    let long = "x".repeat(2_001);
    for (note, message) in [
        ("  ", "Enter why it was no emergency."),
        (long.as_str(), "This has 2001 characters; at most 2000 fit."),
    ] {
        let answer = portal
            .post(&mut owner, &assessment, &[("version", "0"), ("note", note)])
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(message) && answer.body.contains(note));
    }
}

#[tokio::test]
async fn two_who_assess_at_once_see_each_others_note() {
    let (portal, mut owner, _, path) = breached().await;
    let assessment = format!("{path}/assessment");
    let say = async |owner: &mut Browser, version, note| {
        portal
            .post(owner, &assessment, &[("version", version), ("note", note)])
            .await
    };
    assert_eq!(say(&mut owner, "0", "The first").await.status, StatusCode::SEE_OTHER);
    let answer = say(&mut owner, "0", "The second").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let page = text(&main(&answer.body));
    assert!(
        page.contains("Somebody else assessed this breach meanwhile.")
            && page.contains("The first")
            && page.contains("The second"),
        "{page}"
    );
    assert_eq!(say(&mut owner, "1", "The second").await.status, StatusCode::SEE_OTHER);
}
