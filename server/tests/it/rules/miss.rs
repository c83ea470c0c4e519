//! Misses, through the clock: opened, mailed, filed as facts, and ended.

use chrono::TimeDelta;
use http::StatusCode;
use rampart_domain::{
    count::{Counts, Minute, MinuteRange, MinuteRecord},
    escalation::FactKind,
    exclusion::{ExclusionKind, LedgerEntry},
    id::SeriesId,
    sli::Sli,
};
use rampart_server::{
    random,
    store::{Scope, apps, counts, facts, ledger, misses, misses::Miss},
};

use super::{breach::measured, ledger as ledger_rules};
use crate::support::{
    database::{TestDatabase, on_both_engines},
    html::{main, text},
    portal::{PASSWORD, Portal},
};

on_both_engines!(
    a_miss_opens_below_the_objective_and_ends_a_day_after_it_is_met,
    a_series_without_28_days_of_history_has_no_miss,
    a_quiet_series_is_assessed_once_an_hour,
    a_series_that_is_no_longer_measured_ends_its_miss,
    a_base_url_that_is_taken_away_and_entered_again_ends_no_miss,
    a_waiver_excuses_a_miss_and_revoking_it_takes_that_back,
);

/// One probe a minute on each of the days before today; `bad` minutes of them failed three days ago.
async fn history(portal: &Portal, series: SeriesId, days: i64, bad: i64) {
    let today = portal.clock.minute().day();
    let mut tx = portal.service.store.metrics.begin().await.unwrap();
    for day in today - days..today {
        let records: Vec<MinuteRecord> = MinuteRange::of_day(day)
            .iter()
            .map(|minute| {
                let failed = day == today - 3 && minute - Minute::of_day(day) < bad;
                MinuteRecord {
                    all: if failed { Counts::new(0, 1) } else { Counts::new(1, 0) },
                    ..MinuteRecord::new(minute)
                }
            })
            .collect();
        counts::import_day(&mut tx, series, day, &records, true).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn all(portal: &Portal) -> Vec<Miss> {
    let db = &portal.service.store.portal;
    let app = apps::by_key(db, Scope::system(), "com.example.app")
        .await
        .unwrap()
        .unwrap();
    misses::of_app(db, Scope::system(), app.id, 99).await.unwrap()
}

/// The names of the facts about the app.
async fn filed(portal: &Portal) -> Vec<&'static str> {
    let db = &portal.service.store.portal;
    let app = apps::by_key(db, Scope::system(), "com.example.app")
        .await
        .unwrap()
        .unwrap();
    let facts = facts::of_app(db, Scope::system(), app.id).await.unwrap();
    let names = facts.iter().map(|fact| fact.kind.name());
    names.filter(|name| name.starts_with("slo_")).collect()
}

async fn mails(portal: &Portal) -> Vec<(String, String)> {
    let mails = portal.mails().await.into_iter();
    mails
        .filter(|m| m.kind.starts_with("slo_"))
        .map(|m| (m.kind, format!("{}\n{}", m.subject, m.body_text)))
        .collect()
}

/// Excludes the first minutes of the day three days ago.
async fn exclude(portal: &Portal, minutes: i64) {
    let start = Minute::of_day(portal.clock.minute().day() - 3);
    let entry = LedgerEntry {
        id: random::id(portal.clock.now()),
        app: None,
        sli: Some(Sli::Availability),
        product: None,
        target: None,
        range: MinuteRange::new(start, start + minutes),
        kind: ExclusionKind::PlatformFault,
        authority: "a test".to_owned(),
        revoked: false,
    };
    let mut tx = portal.service.store.portal.begin().await.unwrap();
    ledger::enter(&mut tx, &entry, None, portal.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_miss_opens_below_the_objective_and_ends_a_day_after_it_is_met(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    history(&portal, series, 29, 38).await;
    portal.live(series, 2, false).await;
    assert_eq!(all(&portal).await, [], "39 bad of 39,780 are within the budget");
    portal.live(series, 1, true).await;
    let opened = all(&portal).await;
    assert_eq!(opened.len(), 1, "40 are not");
    assert_eq!(opened[0].miss.opened_at, portal.clock.minute());
    assert_eq!(opened[0].opened_with.bad, 40);
    assert_eq!(filed(&portal).await, ["slo_missed"]);
    let sent = mails(&portal).await;
    assert_eq!(sent.len(), 1);
    let (kind, mail) = &sent[0];
    assert_eq!(kind, "slo_missed");
    for said in [
        "[TARGET MISSED] Timesheets: App Availability 99.8 %, target 99.9 %",
        "Below its target since: 23 Nov 2026, 09:03 UTC",
        "Target over 28 days: 99.9",
        "On target again, if nothing else goes wrong: 18 Dec 2026",
        "http://rampart.test/apps/com.example.app",
    ] {
        assert!(mail.replace('\u{a0}', " ").contains(said), "{said}: {mail}");
    }
    assert!(!mail.contains("incident-data"));
    let page = text(&main(&portal.get(&mut owner, "/apps/com.example.app").await.body));
    assert!(
        page.contains("has missed its target since 23 Nov 2026, 09:03 UTC"),
        "{page}"
    );
    let list = text(&main(
        &portal.get(&mut owner, "/apps/com.example.app/breaches").await.body,
    ));
    assert!(
        list.contains("Missed targets") && list.contains("still missed"),
        "{list}"
    );

    // Five bad events are excused; the 35 that are left are within the budget, also when a day without events follows.
    exclude(&portal, 5).await;
    portal.live(series, 1, true).await;
    assert_eq!(all(&portal).await[0].miss.met_since, Some(portal.clock.minute()));
    portal.clock.advance(TimeDelta::minutes(24 * 60 - 1));
    portal.evaluate().await;
    assert_eq!(all(&portal).await[0].ended, None);
    portal.clock.advance(TimeDelta::minutes(1));
    portal.evaluate().await;
    assert_eq!(all(&portal).await[0].ended, Some(portal.clock.minute()));
    assert_eq!(filed(&portal).await, ["slo_missed", "slo_met"]);
    let sent = mails(&portal).await;
    assert_eq!(sent.len(), 2);
    assert!(
        sent[1].0 == "slo_met" && sent[1].1.contains("is on target again."),
        "{}",
        sent[1].1
    );
    // The session has ended meanwhile.
    owner.cookie = None;
    let fields = [("mail", "owner@kestrel-labs.test"), ("password", PASSWORD)];
    portal.post(&mut owner, "/sign-in", &fields).await;
    let page = text(&main(&portal.get(&mut owner, "/apps/com.example.app").await.body));
    assert!(
        page.contains("Where this app stands") && !page.contains("has missed its target"),
        "{page}"
    );
    let log = portal.get(&mut owner, "/audit").await.body;
    assert!(log.contains("objective.missed") && log.contains("objective.met"));
}

async fn a_series_without_28_days_of_history_has_no_miss(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    history(&portal, series, 27, 500).await;
    portal.live(series, 62, false).await;
    assert_eq!(all(&portal).await, []);
    // The first probe was at midnight 27 days before; 15 hours and the settling are left.
    portal.clock.advance(TimeDelta::minutes(24 * 60 - 9 * 60 - 62));
    portal.evaluate().await;
    assert_eq!(all(&portal).await, [], "its first minute has not been seen by 28 days");
    portal.live(series, 3, false).await;
    assert_eq!(all(&portal).await.len(), 1);
    assert_eq!(filed(&portal).await, ["slo_missed"]);
}

async fn a_quiet_series_is_assessed_once_an_hour(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    history(&portal, series, 29, 100).await;
    let mut ticks = Vec::new();
    for _ in 0..60 {
        portal.clock.advance(TimeDelta::minutes(1));
        portal.evaluate().await;
        ticks.push(all(&portal).await.len());
    }
    assert_eq!(ticks.last(), Some(&1), "{ticks:?}");
    let stored = all(&portal).await;
    assert_eq!(
        ticks.iter().filter(|n| **n == 0).count(),
        usize::try_from(stored[0].miss.opened_at - portal.clock.minute() + 59).unwrap()
    );
    assert_eq!(mails(&portal).await.len(), 1);
}

async fn a_series_that_is_no_longer_measured_ends_its_miss(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    history(&portal, series, 29, 100).await;
    portal.live(series, 3, false).await;
    assert_eq!(all(&portal).await.len(), 1);
    let mut reviewer = portal.staff("Rea", &["reviewer"]).await;
    let answer = portal
        .post(
            &mut reviewer,
            "/apps/com.example.app/measuring/stop",
            &[("why", "It is being replaced.")],
        )
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    portal.clock.advance(TimeDelta::minutes(1));
    portal.evaluate().await;
    assert_eq!(all(&portal).await[0].ended, Some(portal.clock.minute()));
    assert_eq!(filed(&portal).await, ["slo_missed", "slo_met"]);
    let sent = mails(&portal).await;
    assert!(sent[1].1.contains("is no longer measured."), "{}", sent[1].1);
}

async fn a_base_url_that_is_taken_away_and_entered_again_ends_no_miss(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    history(&portal, series, 29, 100).await;
    portal.live(series, 3, false).await;
    let opened = all(&portal).await;
    for url in ["https://elsewhere.example.com", "https://app.example.com"] {
        let fields = [
            ("version", "0"),
            ("health_path", "/health"),
            ("base_urls", url),
            ("fails_when_down", "yes"),
        ];
        let settings = portal.get(&mut owner, "/apps/com.example.app/settings").await.body;
        let version = settings.split("name=\"version\" value=\"").nth(1).unwrap();
        let version = version.split('"').next().unwrap().to_owned();
        let fields = fields.map(|(name, value)| (name, if name == "version" { version.as_str() } else { value }));
        let answer = portal
            .post(&mut owner, "/apps/com.example.app/health-check", &fields)
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        portal.clock.advance(TimeDelta::minutes(2));
        portal.evaluate().await;
    }
    assert_eq!(all(&portal).await, opened, "its 28 days are what they are");
    assert_eq!(filed(&portal).await, ["slo_missed"]);
}

async fn a_waiver_excuses_a_miss_and_revoking_it_takes_that_back(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    let mut pia = portal.staff("Pia", &["program_manager"]).await;
    history(&portal, series, 29, 100).await;
    portal.live(series, 3, false).await;
    let missed = all(&portal).await.remove(0);
    assert!(!missed.excused && missed.ended.is_none());
    let bad = Minute::of_day(portal.clock.minute().day() - 3);
    let excusals = async || -> Vec<(&'static str, String)> {
        let db = &portal.service.store.portal;
        let facts = facts::of_app(db, Scope::system(), missed.app).await.unwrap();
        let told = facts.iter().filter_map(|fact| match &fact.kind {
            FactKind::Excused { reference } | FactKind::Unexcused { reference } => {
                Some((fact.kind.name(), reference.to_string()))
            }
            _ => None,
        });
        told.filter(|(_, reference)| *reference == missed.id.to_string())
            .collect()
    };
    let entry = ledger_rules::file(&portal, &mut pia, "com.example.app", bad, bad + 50).await;
    assert!(!all(&portal).await[0].excused, "53 bad ones are left");
    let other = ledger_rules::file(&portal, &mut pia, "com.example.app", bad + 50, bad + 100).await;
    assert!(all(&portal).await[0].excused);
    ledger_rules::revoke(&portal, &mut pia, &other).await;
    assert!(!all(&portal).await[0].excused);
    let id = missed.id.to_string();
    assert_eq!(excusals().await, [("excused", id.clone()), ("unexcused", id)]);
    ledger_rules::revoke(&portal, &mut pia, &entry).await;
    assert_eq!(excusals().await.len(), 2);
}
