//! Burn-rate alerts warn those who asked for them, and are no breaches (SPEC section 2).

use rampart_server::store::{Scope, audit, outbox::Mail};

use super::breach::measured;
use crate::support::{
    database::{TestDatabase, on_both_engines},
    html::{main, text},
    portal::{Browser, Portal},
};

on_both_engines!(
    who_turned_them_on_is_warned_once_and_told_of_the_end,
    nobody_is_warned_who_did_not_ask_or_no_longer_wants_it,
);

async fn switch(portal: &Portal, owner: &mut Browser, version: &str, on: bool) {
    let mut fields = vec![("version", version)];
    fields.extend(on.then_some(("burn_rate_alerts", "yes")));
    let answer = portal
        .post(owner, "/apps/com.example.app/burn-rate-alerts", &fields)
        .await;
    assert_eq!(answer.status, http::StatusCode::SEE_OTHER, "{}", answer.body);
}

async fn warnings(portal: &Portal) -> Vec<Mail> {
    let mails = portal.mails().await;
    mails.into_iter().filter(|m| m.kind.starts_with("burn_rate")).collect()
}

async fn who_turned_them_on_is_warned_once_and_told_of_the_end(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    switch(&portal, &mut owner, "2", true).await;
    portal.live(series, 100, true).await;
    portal.live(series, 1, false).await;
    portal.live(series, 10, true).await;
    assert!(warnings(&portal).await.is_empty(), "one failed probe warns nobody");

    portal.live(series, 2, false).await;
    portal.live(series, 1, true).await;
    let sent = warnings(&portal).await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].kind, "burn_rate_started");
    assert!(
        sent[0]
            .body_text
            .contains("Burn rate, past hour: 33.3 times (2 of 60 bad)"),
        "{}",
        sent[0].body_text
    );
    assert!(!sent[0].body_html.contains("incident-data"));
    let page = text(&main(&portal.get(&mut owner, "/apps/com.example.app").await.body));
    assert!(
        page.contains("Burn-rate alerts are on") && page.contains("and it goes on"),
        "{page}"
    );

    // The last bad minute leaves the half hour, and a quarter of an hour passes.
    portal.live(series, 30 + 13, true).await;
    assert_eq!(warnings(&portal).await.len(), 1);
    portal.live(series, 1, true).await;
    let sent = warnings(&portal).await;
    assert_eq!((sent.len(), sent[1].kind.as_str()), (2, "burn_rate_ended"));
    let page = text(&main(
        &portal.get(&mut owner, "/apps/com.example.app/settings").await.body,
    ));
    assert!(page.contains(", over"), "{page}");

    let db = &portal.service.store.portal;
    let log = audit::list(db, Scope::system(), &audit::Filter::default(), 100)
        .await
        .unwrap();
    let burning = log
        .iter()
        .map(|row| row.action.as_str())
        .filter(|a| a.contains("burn_rate"));
    assert_eq!(
        burning.collect::<Vec<_>>(),
        [
            "burn_rate_alert.ended",
            "burn_rate_alert.started",
            "app.burn_rate_alerts_changed"
        ]
    );
}

async fn nobody_is_warned_who_did_not_ask_or_no_longer_wants_it(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    portal.live(series, 10, false).await;
    assert!(warnings(&portal).await.is_empty(), "off by default");
    switch(&portal, &mut owner, "2", true).await;
    portal.live(series, 1, false).await;
    assert_eq!(warnings(&portal).await.len(), 1);
    switch(&portal, &mut owner, "3", false).await;
    portal.live(series, 60, true).await;
    assert_eq!(warnings(&portal).await.len(), 1, "it ended without a word");
    let page = text(&main(
        &portal.get(&mut owner, "/apps/com.example.app/settings").await.body,
    ));
    assert!(
        page.contains("Burn-rate alerts off") && page.contains(", over"),
        "{page}"
    );
}
