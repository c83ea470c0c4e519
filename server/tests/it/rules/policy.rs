//! The measurement policy: what holds is what held at the time of the evaluation.

use chrono::TimeDelta;
use http::StatusCode;
use rampart_domain::{count::MinuteRange, policy::MeasurementPolicy};
use rampart_server::{
    service::recording::Recorded,
    store::{Scope, apps, counts, episodes, policies},
};

use super::breach::measured;
use crate::support::{
    database::{TestDatabase, on_both_engines},
    portal::{Browser, Portal, bad_probe},
};

on_both_engines!(
    a_tick_uses_the_rules_that_hold_at_it,
    what_was_decided_stays,
    how_long_an_event_is_waited_for_follows_the_rules_of_its_arrival,
    the_report_of_a_time_uses_the_rules_of_that_time,
);

/// The fields of a version that is like the standard, with these changed.
pub(crate) fn version<'a>(base: &'a str, changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let standard = [
        ("version", base),
        ("availability.slo", "99.9"),
        ("availability.threshold", "99.9"),
        ("availability.window", "15"),
        ("availability.min_bad", "1"),
        ("availability.settle", "1"),
        ("iframe_load.slo", "95"),
        ("iframe_load.threshold", "95"),
        ("iframe_load.window", "15"),
        ("iframe_load.min_bad", "5"),
        ("iframe_load.settle", "5"),
        ("installation_callback.slo", "99"),
        ("installation_callback.threshold", "99"),
        ("installation_callback.window", "1440"),
        ("installation_callback.min_bad", "1"),
        ("installation_callback.settle", "5"),
        ("webhook_delivery.slo", "99"),
        ("webhook_delivery.threshold", "99"),
        ("webhook_delivery.window", "15"),
        ("webhook_delivery.min_bad", "5"),
        ("webhook_delivery.settle", "5"),
        ("starts", ""),
        ("reason", "Agreed with the partners."),
    ];
    standard
        .into_iter()
        .map(|(name, value)| {
            let changed = changed.iter().find(|(n, _)| *n == name);
            (name, changed.map_or(value, |(_, value)| value))
        })
        .collect()
}

/// Publishes a version, as a program manager.
async fn publish(portal: &Portal, manager: &mut Browser, base: &str, changed: &[(&str, &str)]) {
    let answer = portal
        .post(manager, "/policies/measurement/publish", &version(base, changed))
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
}

async fn breaches(portal: &Portal) -> Vec<episodes::Episode> {
    let db = &portal.service.store.portal;
    let app = apps::by_key(db, Scope::system(), "com.example.app")
        .await
        .unwrap()
        .unwrap();
    episodes::of_app(db, Scope::system(), app.id, 0, 100).await.unwrap()
}

async fn a_tick_uses_the_rules_that_hold_at_it(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    let mut manager = portal.staff("Pia", &["program_manager"]).await;
    portal.live(series, 20, true).await;
    let starts = portal.clock.now() + TimeDelta::minutes(5);
    let starts = starts.format("%Y-%m-%dT%H:%M").to_string();
    publish(
        &portal,
        &mut manager,
        "1",
        &[("availability.min_bad", "3"), ("starts", &starts)],
    )
    .await;

    // Seen first at the fourth tick from here, one before the new rules hold.
    portal.live(series, 2, true).await;
    portal.live(series, 1, false).await;
    portal.live(series, 1, true).await;
    assert_eq!(breaches(&portal).await.len(), 1, "the old rules hold until then");
    portal.live(series, 1, true).await;
    assert!(
        breaches(&portal).await[0].closed.is_none(),
        "it goes on, and has its 15 minutes"
    );
    portal.live(series, 40, true).await;
    assert!(breaches(&portal).await[0].closed.is_some());

    portal.live(series, 2, false).await;
    portal.live(series, 20, true).await;
    assert_eq!(breaches(&portal).await.len(), 1, "two bad events are too few now");
    portal.live(series, 3, false).await;
    portal.live(series, 1, true).await;
    assert_eq!(breaches(&portal).await.len(), 2, "three are not");
}

async fn what_was_decided_stays(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    let mut manager = portal.staff("Pia", &["program_manager"]).await;
    portal.live(series, 20, true).await;
    portal.live(series, 3, false).await;
    portal.live(series, 40, true).await;
    let before = breaches(&portal).await;
    let page = format!("/apps/com.example.app/breaches/{}", before[0].incident_id);
    assert!(before[0].closed.is_some() && before[0].episode.counted_at.is_some());
    let shown = portal.get(&mut owner, &page).await.body;
    assert!(shown.contains("below 99.9 % over the past 15 min"), "{shown}");

    let changes = [
        ("availability.slo", "90"),
        ("availability.threshold", "80"),
        ("availability.window", "60"),
    ];
    publish(&portal, &mut manager, "1", &changes).await;
    portal.live(series, 5, true).await;
    assert_eq!(format!("{before:?}"), format!("{:?}", breaches(&portal).await));
    let shown = portal.get(&mut owner, &page).await.body;
    assert!(
        shown.contains("below 99.9 % over the past 15 min") && !shown.contains("80 %"),
        "a breach is shown with the rules of its time: {shown}"
    );
    let app = portal.get(&mut owner, "/apps/com.example.app").await.body;
    assert!(
        app.contains("target 90\u{202f}%"),
        "what stands now is shown with those of now: {app}"
    );
}

async fn how_long_an_event_is_waited_for_follows_the_rules_of_its_arrival(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    let mut manager = portal.staff("Pia", &["program_manager"]).await;
    let record = async |portal: &Portal| {
        let due = portal.clock.now() - TimeDelta::minutes(5);
        let probe = Recorded {
            series,
            due,
            late: std::time::Duration::ZERO,
            probe: bad_probe(),
        };
        portal.service.record_probes(&[probe]).await.unwrap();
        let minute = rampart_domain::count::Minute::of(due);
        let minutes = counts::minutes(
            &portal.service.store.metrics,
            series,
            MinuteRange::new(minute, minute + 1),
        )
        .await;
        minutes.unwrap()[0].late.bad
    };
    assert_eq!(record(&portal).await, 1, "one minute was its time");
    publish(&portal, &mut manager, "1", &[("availability.settle", "10")]).await;
    portal.clock.advance(TimeDelta::minutes(1));
    assert_eq!(record(&portal).await, 1, "the new rules do not hold yet");
    portal.clock.advance(TimeDelta::minutes(1));
    assert_eq!(record(&portal).await, 0, "ten minutes are");
}

async fn the_report_of_a_time_uses_the_rules_of_that_time(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    let mut manager = portal.staff("Pia", &["program_manager"]).await;
    portal.live(series, 5, true).await;
    publish(&portal, &mut manager, "1", &[("availability.slo", "99.5")]).await;
    let published = portal.clock.now();
    portal.live(series, 5, true).await;
    let slo = async |at| {
        let report = portal.service.slo_report("com.example.app", at).await.unwrap();
        report.series[0].slo_percent
    };
    assert_eq!(slo(published + TimeDelta::minutes(1)).await, 99.9);
    assert_eq!(slo(published + TimeDelta::minutes(2)).await, 99.5);
    let stored = policies::all(&portal.service.store.portal).await.unwrap();
    assert_eq!(stored.latest().version, 2);
    assert_eq!(
        stored.at(rampart_domain::count::Minute::of(published)),
        &MeasurementPolicy::standard()
    );
}
