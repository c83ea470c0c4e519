//! A series that flaps does not flood anybody, and hides nothing (SPEC section 2).

use rampart_domain::count::Minute;
use rampart_server::store::{Scope, audit, episodes};

use super::breach::measured;
use crate::support::{
    database::{TestDatabase, on_both_engines},
    portal::Portal,
};

on_both_engines!(
    the_sixth_opening_is_bundled_until_the_series_is_stable,
    a_breach_that_lasts_is_mailed_though_its_opening_was_bundled,
);

/// The kinds of the mails about breaches, the oldest first.
async fn kinds(portal: &Portal) -> Vec<String> {
    let mails = portal.mails().await;
    let kinds = mails.iter().map(|m| m.kind.clone());
    kinds
        .filter(|k| k.starts_with("alert") || k.starts_with("flapping"))
        .collect()
}

/// Goes in and out of breach so often. Each breach opens two minutes after a failure, closes 29 minutes later, and two more
/// pass.
async fn flap(portal: &Portal, series: rampart_domain::id::SeriesId, times: usize) {
    for _ in 0..times {
        portal.live(series, 1, false).await;
        portal.live(series, 32, true).await;
    }
}

async fn the_sixth_opening_is_bundled_until_the_series_is_stable(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    portal.live(series, 20, true).await;
    flap(&portal, series, 5).await;
    let one_by_one = kinds(&portal).await;
    assert_eq!(one_by_one, ["alert_anomalous", "alert_ok"].repeat(5));
    flap(&portal, series, 3).await;
    assert_eq!(kinds(&portal).await[10..], ["flapping_begun"]);

    portal.live(series, 57, true).await;
    assert_eq!(kinds(&portal).await.len(), 11, "it closed less than an hour ago");
    portal.live(series, 1, true).await;
    assert_eq!(kinds(&portal).await[11..], ["flapping_over"]);
    let mails = portal.mails().await;
    let over = mails.last().unwrap();
    assert!(
        over.body_text
            .contains("Openings: 3\nIn breach for: 1 h 27 min\nState: not in breach"),
        "{}",
        over.body_text
    );
    let bundled: Vec<_> = mails.iter().filter(|m| m.kind.starts_with("flapping")).collect();
    assert!(bundled.iter().all(|m| m.app_id.is_some() && m.partner_id.is_some()));
    assert!(
        bundled.iter().all(|m| !m.body_html.contains("incident-data")),
        "it stands for several breaches"
    );

    let db = &portal.service.store.portal;
    let history = episodes::of_series_since(db, Scope::system(), series, Minute(0))
        .await
        .unwrap();
    assert_eq!(history.len(), 8, "the history shows every one");
    let log = audit::list(db, Scope::system(), &audit::Filter::default(), 100)
        .await
        .unwrap();
    let bundles: Vec<_> = log
        .iter()
        .map(|row| row.action.as_str())
        .filter(|a| a.starts_with("breach.mails"))
        .collect();
    assert_eq!(bundles, ["breach.mails_unbundled", "breach.mails_bundled"]);
}

async fn a_breach_that_lasts_is_mailed_though_its_opening_was_bundled(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    portal.live(series, 20, true).await;
    flap(&portal, series, 6).await;
    portal.live(series, 2 + 59, false).await;
    assert_eq!(kinds(&portal).await[10..], ["flapping_begun"]);
    portal.live(series, 1, false).await;
    assert_eq!(kinds(&portal).await[11..], ["alert_anomalous"]);
    let mails = portal.mails().await;
    let lasting = mails.last().unwrap();
    assert!(lasting.body_html.contains(r#"id="incident-data""#) && lasting.episode_id.is_some());
    assert!(
        lasting.body_text.contains("has been in breach for an hour"),
        "{}",
        lasting.body_text
    );

    portal.live(series, 32, true).await;
    assert_eq!(
        kinds(&portal).await[12..],
        ["alert_ok"],
        "who was told of it is told of its end"
    );
    portal.live(series, 61, true).await;
    assert_eq!(kinds(&portal).await[13..], ["flapping_over"]);
}
