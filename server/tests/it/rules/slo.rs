//! The figures that `rampart slo` prints.

use chrono::TimeDelta;
use rampart_domain::{
    count::MinuteRange,
    exclusion::{ExclusionKind, LedgerEntry},
    sli::Sli,
};
use rampart_server::{random, service::Error, store::ledger};
use serde_json::{Value, json};

use super::breach::measured;
use crate::support::{
    database::{TestDatabase, on_both_engines},
    html::{main, text},
    portal::Portal,
};

on_both_engines!(
    the_report_says_what_was_counted_and_what_is_excluded,
    an_app_that_does_not_exist_has_no_report,
);

async fn report(portal: &Portal, minutes_ago: i64) -> Value {
    let at = portal.clock.now() - TimeDelta::minutes(minutes_ago);
    let report = portal.service.slo_report("com.example.app", at).await.unwrap();
    serde_json::to_value(report).unwrap()
}

async fn the_report_says_what_was_counted_and_what_is_excluded(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    let begun = portal.clock.minute();
    portal.live(series, 20, true).await;
    portal.live(series, 3, false).await;
    portal.live(series, 2, true).await;
    let before = report(&portal, 0).await;
    let expected = json!([{
        "product": "none", "sli": "availability", "group": "prod", "target": "https://app.example.com", "slo_percent": 99.9,
        "raw": { "good": 21, "bad": 3, "rate_percent": 87.5 },
        "adjusted": { "good": 21, "bad": 3, "rate_percent": 87.5 },
        "alert": { "good": 12, "bad": 3, "rate_percent": 80.0, "holds": true },
        "budget": { "allowed": 0.024, "used": 3, "remaining": -2.976 },
    }]);
    assert_eq!(before["series"], expected, "the last minute has not settled");
    assert_eq!(before["app"], "com.example.app");
    assert_eq!(before["at"], json!(portal.clock.minute().start()));

    let entry = LedgerEntry {
        id: random::id(portal.clock.now()),
        app: None,
        sli: Some(Sli::Availability),
        product: None,
        target: None,
        range: MinuteRange::new(begun + 21, begun + 23),
        kind: ExclusionKind::DataGap,
        authority: "a test".to_owned(),
        revoked: false,
    };
    let mut tx = portal.service.store.portal.begin().await.unwrap();
    ledger::enter(&mut tx, &entry, None, portal.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    let after = &report(&portal, 0).await["series"][0];
    assert_eq!(after["raw"], json!({ "good": 21, "bad": 3, "rate_percent": 87.5 }));
    assert_eq!(
        after["adjusted"],
        json!({ "good": 21, "bad": 1, "rate_percent": 95.4545 })
    );
    assert_eq!(
        after["alert"],
        json!({ "good": 12, "bad": 1, "rate_percent": 92.3077, "holds": true })
    );

    // The page says the same.
    portal.get(&mut owner, "/apps").await;
    let page = text(&main(&portal.get(&mut owner, "/apps/com.example.app").await.body));
    assert!(page.contains("92.3 % 95.4 % 95.4 % 87.5 % with excused"), "{page}");

    // At an earlier time, what was known of it then and what came later.
    let earlier = &report(&portal, 6).await["series"][0];
    assert_eq!(earlier["raw"], json!({ "good": 18, "bad": 0, "rate_percent": 100.0 }));
    let long_ago = &report(&portal, 60).await["series"][0];
    assert_eq!(
        long_ago["adjusted"],
        json!({ "good": 0, "bad": 0, "rate_percent": null })
    );
    assert_eq!(
        long_ago["alert"],
        json!({ "good": 0, "bad": 0, "rate_percent": null, "holds": false })
    );
}

async fn an_app_that_does_not_exist_has_no_report(database: TestDatabase) {
    let portal = Portal::on(database, &[]).await;
    let report = portal.service.slo_report("com.example.none", portal.clock.now()).await;
    assert!(matches!(report, Err(Error::NotFound)), "{report:?}");
}
