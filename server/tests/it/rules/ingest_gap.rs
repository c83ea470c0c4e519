//! When hardly any events arrive, nothing is held against anybody (SPEC section 2.1).

use std::collections::BTreeSet;

use chrono::TimeDelta;
use rampart_domain::{
    count::{Minute, MinuteRange},
    id::AppId,
    sli::{Group, Product, Sli},
};
use rampart_server::{
    service::ingest::{Event, Outcome, Source},
    store::{Scope, apps, audit, ledger, volumes},
};

use super::breach::measured;
use crate::support::{
    database::{TestDatabase, on_both_engines, sql},
    portal::Portal,
};

on_both_engines!(
    a_time_without_events_is_a_data_gap_for_every_app,
    events_that_come_late_do_not_hide_it,
    a_gap_that_was_revoked_stays_revoked,
    where_few_events_are_usual_nothing_can_be_told,
);

/// A portal that had so many iframe loads in every hour of the last days, and ten a minute of late.
pub(super) async fn portal(database: TestDatabase, usual: u64) -> (Portal, AppId) {
    let (portal, _, _) = measured(database).await;
    let store = &portal.service.store;
    let app = apps::by_key(&store.portal, Scope::system(), "com.example.app")
        .await
        .unwrap()
        .unwrap();
    let hours = (1..=7 * 24).map(|ago| portal.clock.minute() - 60 * ago);
    let lately = (1..30).map(|ago| (portal.clock.minute() - ago, 10));
    let volumes = hours.map(|hour| (hour, usual)).chain(lately);
    let volumes = volumes
        .map(|(minute, events)| ((minute, Sli::IframeLoad, Product::Jira), events))
        .collect();
    let mut tx = store.metrics.begin().await.unwrap();
    volumes::add(&mut tx, &volumes).await.unwrap();
    tx.commit().await.unwrap();
    (portal, app.id)
}

async fn loads(portal: &Portal, app: AppId, at: Minute, events: usize) {
    let event = Event {
        app,
        product: Product::Jira,
        sli: Sli::IframeLoad,
        group: Group::Prod,
        at,
        outcome: Outcome::Good,
        latency: None,
        source: Source::Platform,
    };
    portal.service.ingest(vec![event; events], None).await.unwrap();
}

/// Lets minutes pass with so many loads in each.
pub(super) async fn live(portal: &Portal, app: AppId, minutes: usize, events: usize) {
    for _ in 0..minutes {
        let now = portal.clock.minute();
        loads(portal, app, now, events).await;
        portal.clock.advance(TimeDelta::minutes(1));
        portal.evaluate().await;
    }
}

/// The minutes that are excluded, of any app.
async fn excluded(portal: &Portal) -> Vec<MinuteRange> {
    let app = apps::by_key(&portal.service.store.portal, Scope::system(), "com.example.app")
        .await
        .unwrap()
        .unwrap();
    let ever = MinuteRange::new(Minute(0), Minute(i64::MAX / 2));
    let ledger = ledger::in_force(&portal.service.store.portal, None, ever)
        .await
        .unwrap();
    let of = |product| {
        let key = rampart_domain::sli::SeriesKey {
            product,
            sli: Sli::IframeLoad,
            group: Group::Prod,
            target: String::new(),
        };
        let series = rampart_domain::exclusion::SeriesRef {
            app: app.id.0,
            key: &key,
        };
        ledger
            .excluded_ranges(series, ever)
            .iter()
            .map(|e| e.range)
            .collect::<Vec<_>>()
    };
    assert!(
        of(Product::Confluence).is_empty(),
        "of another product nothing is missing"
    );
    of(Product::Jira)
}

async fn gaps(portal: &Portal) -> Vec<audit::Row> {
    let filter = audit::Filter {
        action: "ledger.data_gap".to_owned(),
        ..audit::Filter::default()
    };
    audit::list(&portal.service.store.portal, Scope::system(), &filter, 100)
        .await
        .unwrap()
}

async fn a_time_without_events_is_a_data_gap_for_every_app(database: TestDatabase) {
    let (portal, app) = portal(database, 600).await;
    live(&portal, app, 20, 10).await;
    let begun = portal.clock.minute();
    live(&portal, app, 18, 0).await;
    assert!(excluded(&portal).await.is_empty(), "no quarter of an hour has settled");
    live(&portal, app, 2, 0).await;
    assert_eq!(excluded(&portal).await, [MinuteRange::new(begun, begun + 15)]);
    live(&portal, app, 5, 0).await;
    let over = portal.clock.minute();
    live(&portal, app, 30, 10).await;
    assert_eq!(excluded(&portal).await, [MinuteRange::new(begun, over)]);

    let gaps = gaps(&portal).await;
    assert!(gaps.len() > 1, "entered once, then extended");
    let ids: BTreeSet<_> = gaps.iter().map(|row| &row.subject_id).collect();
    assert_eq!(ids.len(), 1, "one gap is one entry: {gaps:#?}");
    assert!(gaps.iter().all(|row| row.partner_id.is_none()));
}

async fn events_that_come_late_do_not_hide_it(database: TestDatabase) {
    let (portal, app) = portal(database, 600).await;
    live(&portal, app, 20, 10).await;
    let begun = portal.clock.minute();
    live(&portal, app, 30, 0).await;
    for minute in MinuteRange::new(begun, begun + 30).iter() {
        loads(&portal, app, minute, 10).await;
    }
    let over = portal.clock.minute();
    live(&portal, app, 30, 10).await;
    let gap = excluded(&portal).await;
    // The last five minutes had not been evaluated when they came.
    assert_eq!(gap, [MinuteRange::new(begun, over - 5)]);
}

async fn a_gap_that_was_revoked_stays_revoked(database: TestDatabase) {
    let (portal, app) = portal(database, 600).await;
    live(&portal, app, 20, 10).await;
    live(&portal, app, 22, 0).await;
    assert_eq!(excluded(&portal).await.len(), 1);
    sql(
        &portal.service.store.portal,
        "update ledger set revoked_at = entered_at",
    )
    .await
    .unwrap();
    live(&portal, app, 10, 0).await;
    assert!(excluded(&portal).await.is_empty());
}

async fn where_few_events_are_usual_nothing_can_be_told(database: TestDatabase) {
    let (portal, app) = portal(database, 399).await;
    live(&portal, app, 20, 6).await;
    live(&portal, app, 40, 0).await;
    assert!(excluded(&portal).await.is_empty());
}
