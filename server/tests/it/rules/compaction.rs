use chrono::TimeDelta;
use rampart_domain::{
    count::{Counts, MINUTES_PER_DAY, MinuteRange},
    id::SeriesId,
};
use rampart_server::store::{counts, probes};

use super::breach::measured;
use crate::support::{
    database::{TestDatabase, on_both_engines},
    html::{main, text},
    portal::Portal,
};

on_both_engines!(
    packing_changes_no_page,
    figures_and_probes_are_kept_as_long_as_promised,
    what_is_not_evaluated_yet_is_not_packed,
);

/// Probes of `series` that are kept: good ones, failed ones.
async fn kept(portal: &Portal, series: SeriesId) -> (usize, usize) {
    let ever = MinuteRange::new(rampart_domain::count::Minute(0), portal.clock.minute());
    let probes = probes::within(&portal.service.store.metrics, series, ever, false, 1_000)
        .await
        .unwrap();
    let good = probes.iter().filter(|p| p.good).count();
    (good, probes.len() - good)
}

async fn packing_changes_no_page(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    portal.live(series, 20, true).await;
    portal.live(series, 2, false).await;
    portal.live(series, 20, true).await;
    portal.clock.advance(TimeDelta::hours(4));
    portal.evaluate().await;
    let day = portal.clock.now().date_naive();
    let paths = [
        "/apps/com.example.app".to_owned(),
        "/apps/com.example.app/metrics".to_owned(),
        format!("/apps/com.example.app/metrics?series={series}&day={day}"),
        format!("/apps/com.example.app/metrics?series={series}&day={day}&hour=9"),
    ];
    // A notice of what was done last is shown once.
    portal.get(&mut owner, "/apps").await;
    let mut before = Vec::new();
    for path in &paths {
        before.push(text(&main(&portal.get(&mut owner, path).await.body)));
    }
    portal.service.compact().await.unwrap();
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(text(&main(&portal.get(&mut owner, path).await.body)), before, "{path}");
    }
}

async fn figures_and_probes_are_kept_as_long_as_promised(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    let db = &portal.service.store.metrics;
    let (begun, day) = (portal.clock.minute(), portal.clock.minute().day());
    portal.live(series, 3, true).await;
    portal.live(series, 2, false).await;
    let range = MinuteRange::new(begun, begun + 5);
    let figures = async || {
        let minutes = counts::minutes(db, series, range).await.unwrap().len();
        let hours = counts::hours(db, series, begun.0 / 60, begun.0 / 60 + 1).await.unwrap();
        let hours: Counts = hours.iter().map(|h| h.counts).sum();
        let days: Counts = counts::days(db, series, day, day + 1)
            .await
            .unwrap()
            .iter()
            .map(|d| d.counts)
            .sum();
        (minutes, hours.total(), days.total())
    };
    let after = async |minutes: i64| {
        portal.clock.set((begun + 5 + minutes).start());
        portal.evaluate().await;
        portal.service.compact().await.unwrap();
        (figures().await, kept(&portal, series).await)
    };
    assert_eq!(after(47 * 60).await, ((5, 5, 5), (3, 2)));
    assert_eq!(
        after(48 * 60 + 1).await,
        ((5, 5, 5), (0, 2)),
        "good probes are kept 48 h"
    );
    assert_eq!(after(99 * MINUTES_PER_DAY).await, ((5, 5, 5), (0, 2)));
    assert_eq!(
        after(101 * MINUTES_PER_DAY).await,
        ((0, 5, 5), (0, 2)),
        "minutes are kept 100 days"
    );
    assert_eq!(after(395 * MINUTES_PER_DAY).await, ((0, 5, 5), (0, 2)));
    assert_eq!(
        after(397 * MINUTES_PER_DAY).await,
        ((0, 0, 5), (0, 0)),
        "hours and failed probes 13 months, days for ever"
    );
}

async fn what_is_not_evaluated_yet_is_not_packed(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    portal.live(series, 2, true).await;
    portal.clock.advance(TimeDelta::hours(10));
    portal.service.compact().await.unwrap();
    let unpacked = crate::support::database::sql(&portal.service.store.metrics, "delete from count_minute")
        .await
        .unwrap();
    assert_eq!(unpacked, 2, "the last evaluation was ten hours ago");
}
