//! The exclusion ledger at work: what it excuses, what the escalation engine hears of it, and who may change it (SPEC sections 2
//! and 5).

use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::{
    count::Minute,
    escalation::{Fact, FactKind},
    id::SeriesId,
};
use rampart_server::{
    service::recording::Recorded,
    store::{Scope, apps, audit, episodes, episodes::Episode, facts, ledger, series},
};

use super::breach::measured;
use crate::support::{
    database::{TestDatabase, on_both_engines},
    html::{main, text},
    portal::{Browser, Portal, bad_probe, good_probe},
};

on_both_engines!(
    a_waiver_excuses_a_breach_and_revoking_it_takes_that_back,
    a_waiver_is_shown_before_it_is_filed,
    what_cannot_be_waived_comes_back_as_it_was_typed,
    an_excused_breach_that_goes_on_counts_again,
    an_occurrence_closes_six_hours_after_its_last_breach,
    breaches_that_follow_each_other_are_one_occurrence,
    an_occurrence_is_excused_when_all_of_its_breaches_are,
    a_breach_that_is_older_than_the_minutes_keeps_its_standing,
    a_waiver_for_all_apps_touches_those_of_every_partner,
    a_partner_sees_what_is_excluded_of_its_own_apps,
);

const APP: &str = "com.example.app";

async fn history(portal: &Portal, key: &str) -> Vec<Episode> {
    let db = &portal.service.store.portal;
    let app = apps::by_key(db, Scope::system(), key).await.unwrap().unwrap();
    episodes::of_app(db, Scope::system(), app.id, 0, 100).await.unwrap()
}

async fn facts(portal: &Portal, key: &str) -> Vec<Fact> {
    let db = &portal.service.store.portal;
    let app = apps::by_key(db, Scope::system(), key).await.unwrap().unwrap();
    facts::of_app(db, Scope::system(), app.id).await.unwrap()
}

/// The facts of an app as (type, breach, time).
async fn told(portal: &Portal, key: &str) -> Vec<(&'static str, String, DateTime<Utc>)> {
    let facts = facts(portal, key).await.into_iter();
    facts
        .map(|fact| {
            let breach = match &fact.kind {
                FactKind::Breach { breach, .. } | FactKind::BreachClosed { breach } => breach,
                FactKind::Excused { reference } | FactKind::Unexcused { reference } => reference,
                other => panic!("{other:?}"),
            };
            (fact.kind.name(), breach.to_string(), fact.at)
        })
        .collect()
}

fn typed(minute: Minute) -> String {
    minute.start().format("%Y-%m-%dT%H:%M").to_string()
}

/// The fields of a waiver for an app over these minutes.
fn waiver(key: &str, from: Minute, to: Minute) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("from", typed(from)),
        ("to", typed(to)),
        ("why", "A drill that both sides agreed on.".to_owned()),
    ];
    match key {
        "" => fields.push(("all_apps", "yes".to_owned())),
        key => fields.push(("app", key.to_owned())),
    }
    fields
}

async fn send(portal: &Portal, person: &mut Browser, fields: &[(&'static str, String)]) -> (u16, String, String) {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = portal.post(person, "/ledger/new", &fields).await;
    (
        answer.status.as_u16(),
        answer.header("location").to_owned(),
        answer.body,
    )
}

/// Files a waiver that was shown. Returns the address of the entry.
pub(super) async fn file(portal: &Portal, pia: &mut Browser, key: &str, from: Minute, to: Minute) -> String {
    let mut fields = waiver(key, from, to);
    fields.push(("shown", "yes".to_owned()));
    let (status, entry, body) = send(portal, pia, &fields).await;
    assert_eq!(status, 303, "{body}");
    entry
}

pub(super) async fn revoke(portal: &Portal, pia: &mut Browser, entry: &str) {
    let answer = portal
        .post(pia, &format!("{entry}/revoke"), &[("why", "It was the wrong app.")])
        .await;
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.body);
}

async fn page(portal: &Portal, person: &mut Browser, path: &str) -> String {
    let answer = portal.get(person, path).await;
    assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.body);
    text(&main(&answer.body))
}

/// So many good minutes, then bad ones, then good ones until the breach is closed. Returns the first bad minute and the one
/// after the last.
async fn outage(portal: &Portal, series: SeriesId, bad: i64) -> (Minute, Minute) {
    portal.live(series, 20, true).await;
    let from = portal.clock.minute();
    portal.live(series, bad, false).await;
    let to = portal.clock.minute();
    portal.live(series, 32, true).await;
    (from, to)
}

async fn a_waiver_excuses_a_breach_and_revoking_it_takes_that_back(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    let mut pia = portal.staff("Pia", &["program_manager"]).await;
    let (from, to) = outage(&portal, series, 5).await;
    let before = history(&portal, APP).await.remove(0);
    let breach = before.incident_id.clone();
    assert!(before.closed.is_some() && before.episode.counted_at.is_some() && !before.excused);
    let figures = before.assessed.unwrap();
    assert_eq!((figures.raw.bad, figures.adjusted), (5, figures.raw));

    // One minute too few: four bad events are taken off, one remains, and two would be needed.
    let entry = file(&portal, &mut pia, APP, from, to - 1).await;
    let filed_at = portal.clock.minute().start();
    let excused = history(&portal, APP).await.remove(0);
    let figures = excused.assessed.unwrap();
    assert_eq!((excused.excused, figures.raw.bad, figures.adjusted.bad), (true, 5, 1));
    let shown = page(&portal, &mut owner, &format!("/apps/{APP}/breaches/{breach}")).await;
    assert!(shown.contains("It is excused: 4 of its 5"), "{shown}");
    assert!(
        shown.contains("waiver: Pia: A drill that both sides agreed on."),
        "{shown}"
    );
    let list = page(&portal, &mut owner, &format!("/apps/{APP}/breaches")).await;
    assert!(list.contains("5 1 adjusted") && list.contains("excused"), "{list}");

    portal.clock.advance(TimeDelta::minutes(7));
    revoke(&portal, &mut pia, &entry).await;
    let revoked_at = portal.clock.minute().start();
    let after = history(&portal, APP).await.remove(0);
    assert_eq!((after.excused, after.assessed), (before.excused, before.assessed));
    assert_eq!(after.episode.counted_at, before.episode.counted_at);
    let again = portal
        .post(&mut pia, &format!("{entry}/revoke"), &[("why", "twice")])
        .await;
    assert_eq!(again.status.as_u16(), 409);
    assert!(again.body.contains("This entry is revoked already."), "{}", again.body);

    let counted_at = before.episode.counted_at.unwrap().start();
    let expected = [
        ("breach", breach.clone(), counted_at),
        ("excused", breach.clone(), filed_at),
        ("unexcused", breach.clone(), revoked_at),
    ];
    assert_eq!(told(&portal, APP).await, expected);
    let FactKind::Breach { series, .. } = &facts(&portal, APP).await[0].kind else {
        panic!("the first fact is the breach");
    };
    assert_eq!(series, "availability/https://app.example.com");

    let log = audit::list(
        &portal.service.store.portal,
        Scope::system(),
        &audit::Filter::default(),
        100,
    )
    .await
    .unwrap();
    let rows: Vec<_> = log
        .iter()
        .filter(|row| row.actor == "Pia" && row.action != "account.signed_in")
        .map(|row| (row.action.as_str(), row.why.as_deref().unwrap_or_default()))
        .take(4)
        .collect();
    let expected = [
        ("breach.unexcused", "It was the wrong app."),
        ("ledger.revoked", "It was the wrong app."),
        ("breach.excused", "Pia: A drill that both sides agreed on."),
        ("ledger.waiver_filed", "A drill that both sides agreed on."),
    ];
    assert_eq!(rows, expected);
}

async fn a_waiver_is_shown_before_it_is_filed(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    let mut pia = portal.staff("Pia", &["program_manager"]).await;
    let (from, to) = outage(&portal, series, 5).await;
    let (status, shown, _) = send(&portal, &mut pia, &waiver(APP, from, to)).await;
    assert_eq!(status, 303);
    let effect = page(&portal, &mut pia, &shown).await;
    assert!(
        effect.contains("App availability Timesheets app.example.com 99.9 % 91.0 % 91.0 % 100 % 5 0"),
        "{effect}"
    );
    assert!(effect.contains("counts excused 5 0"), "{effect}");
    assert!(effect.contains("File this waiver"));
    assert!(!history(&portal, APP).await[0].excused, "nothing is filed yet");
    assert_eq!(
        page(&portal, &mut pia, "/ledger").await.matches("in force").count(),
        1,
        "only the filter names it"
    );

    let entry = file(&portal, &mut pia, APP, from, to).await;
    let list = page(&portal, &mut pia, "/ledger").await;
    assert!(
        list.contains("Timesheets all series waiver Pia: A drill that both sides agreed on."),
        "{list}"
    );
    // The page of an entry shows what revoking it does.
    let effect = page(&portal, &mut pia, &entry).await;
    assert!(
        effect.contains("99.9 % 91.0 % 100 % 91.0 % 0 5") && effect.contains("excused counts 5 5"),
        "{effect}"
    );
    assert!(history(&portal, APP).await[0].excused, "and changes nothing");
    let mut rea = portal.staff("Rea", &["reviewer"]).await;
    let seen = page(&portal, &mut rea, &entry).await;
    assert!(
        seen.contains("A drill that both sides agreed on.") && !seen.contains("Revoke"),
        "{seen}"
    );
}

async fn what_cannot_be_waived_comes_back_as_it_was_typed(database: TestDatabase) {
    let (portal, ..) = measured(database).await;
    let mut pia = portal.staff("Pia", &["program_manager"]).await;
    let now = portal.clock.minute();
    let with = |change: &[(&'static str, &str)]| {
        let mut fields = waiver(APP, now, now + 10);
        for (name, value) in change {
            fields.retain(|(n, _)| n != name);
            fields.push((name, (*value).to_owned()));
        }
        fields
    };
    let late = typed(now + 28 * 1_440 + 1);
    let cases: [(&[(&str, &str)], &str); 9] = [
        (&[("app", "")], "Enter the key of the app, or tick all apps."),
        (&[("app", "com.nobody.app")], "There is no app with this key."),
        (&[("all_apps", "yes")], "Name one app or tick all apps, not both."),
        (&[("to", "then")], "Enter a date and a time in UTC"),
        (&[("to", &typed(now))], "The end has to be after the beginning."),
        (&[("to", &late)], "A waiver lasts 28 days at most."),
        (&[("why", "  ")], "Enter why it is waived"),
        (&[("sli", "webhook_delivery")], "The app has no such series."),
        (
            &[("app", ""), ("all_apps", "yes"), ("target", "https://a.example")],
            "A base URL belongs to one app.",
        ),
    ];
    for (change, message) in cases {
        for shown in [false, true] {
            let mut fields = with(change);
            if shown {
                fields.push(("shown", "yes".to_owned()));
            }
            let (status, _, body) = send(&portal, &mut pia, &fields).await;
            assert!(status == 422 && body.contains(message), "{status} {message}: {body}");
            assert!(
                body.contains("A drill that both sides agreed on.") || change[0].0 == "why",
                "{message}"
            );
        }
    }
    let total = ledger::count(&portal.service.store.portal, Scope::system(), ledger::Filter::default()).await;
    assert_eq!(total.unwrap(), 0);
}

async fn an_excused_breach_that_goes_on_counts_again(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    let mut pia = portal.staff("Pia", &["program_manager"]).await;
    portal.live(series, 20, true).await;
    let from = portal.clock.minute();
    portal.live(series, 3, false).await;
    file(&portal, &mut pia, APP, from, portal.clock.minute()).await;
    assert!(history(&portal, APP).await[0].excused);
    portal.live(series, 2, false).await;
    assert!(
        history(&portal, APP).await[0].excused,
        "one bad minute has been seen since"
    );
    portal.live(series, 1, false).await;
    let now = history(&portal, APP).await.remove(0);
    assert!(now.closed.is_none() && !now.excused, "{now:?}");
    let kinds: Vec<_> = told(&portal, APP).await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["breach", "excused", "unexcused"]);
}

/// Lets minutes pass in which nothing happens.
async fn quiet(portal: &Portal, minutes: i64) {
    for _ in 0..minutes {
        portal.clock.advance(TimeDelta::minutes(1));
        portal.evaluate().await;
    }
}

async fn an_occurrence_closes_six_hours_after_its_last_breach(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    outage(&portal, series, 5).await;
    let episode = history(&portal, APP).await.remove(0);
    let (closed, _) = episode.closed.unwrap();
    let passed = portal.clock.minute() - closed;
    quiet(&portal, 6 * 60 - passed - 1).await;
    assert_eq!(told(&portal, APP).await.len(), 1);
    quiet(&portal, 1).await;
    let expected = ("breach_closed", episode.incident_id.clone(), (closed + 360).start());
    assert_eq!(told(&portal, APP).await[1], expected);
    quiet(&portal, 30).await;
    assert_eq!(told(&portal, APP).await.len(), 2, "once");
    let shown = page(
        &portal,
        &mut owner,
        &format!("/apps/{APP}/breaches/{}", episode.incident_id),
    )
    .await;
    assert!(
        shown.contains(&format!("This one is called {}", episode.incident_id)),
        "{shown}"
    );
}

async fn breaches_that_follow_each_other_are_one_occurrence(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    outage(&portal, series, 5).await;
    // The next one opens within six hours of the end of the first, the third does not.
    quiet(&portal, 5 * 60).await;
    outage(&portal, series, 5).await;
    quiet(&portal, 6 * 60).await;
    outage(&portal, series, 5).await;
    let episodes = history(&portal, APP).await;
    let [third, second, first] = episodes.as_slice() else {
        panic!("{episodes:?}");
    };
    assert_eq!(first.occurrence, second.occurrence);
    assert!(third.occurrence.is_some() && third.occurrence != second.occurrence);
    let ended = |episode: &Episode| (episode.closed.unwrap().0 + 360).start();
    let expected = [
        ("breach", &first.incident_id, first.episode.counted_at.unwrap().start()),
        ("breach_closed", &first.incident_id, ended(second)),
        ("breach", &third.incident_id, third.episode.counted_at.unwrap().start()),
    ];
    assert_eq!(
        told(&portal, APP).await,
        expected.map(|(kind, id, at)| (kind, id.clone(), at))
    );
}

/// An app with two base URLs, which fail together.
async fn two_base_urls(portal: &Portal, owner: &mut Browser) -> Vec<SeriesId> {
    let fields = [
        ("health_path", "/health"),
        ("base_urls", "https://app.example.com\nhttps://eu.example.com"),
        ("fails_when_down", "yes"),
        ("version", "2"),
    ];
    let answer = portal.post(owner, &format!("/apps/{APP}/health-check"), &fields).await;
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.body);
    let measured = series::measured(&portal.service.store.portal).await.unwrap();
    measured.iter().map(|m| m.series.id).collect()
}

/// Records the same probe for several series in each minute.
async fn live_all(portal: &Portal, all: &[SeriesId], minutes: i64, good: bool) {
    for _ in 0..minutes {
        let due = portal.clock.now();
        let batch: Vec<_> = all
            .iter()
            .map(|series| Recorded {
                series: *series,
                due,
                late: std::time::Duration::ZERO,
                probe: if good { good_probe() } else { bad_probe() },
            })
            .collect();
        portal.service.record_probes(&batch).await.unwrap();
        portal.clock.advance(TimeDelta::minutes(1));
        portal.evaluate().await;
    }
}

async fn an_occurrence_is_excused_when_all_of_its_breaches_are(database: TestDatabase) {
    let (portal, mut owner, _) = measured(database).await;
    let mut pia = portal.staff("Pia", &["program_manager"]).await;
    let all = two_base_urls(&portal, &mut owner).await;
    live_all(&portal, &all, 20, true).await;
    let from = portal.clock.minute();
    live_all(&portal, &all, 5, false).await;
    let to = portal.clock.minute();
    live_all(&portal, &all, 32, true).await;
    let kinds = async || {
        told(&portal, APP)
            .await
            .into_iter()
            .map(|(kind, ..)| kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds().await, ["breach"], "two breaches, one occurrence");

    let mut entries = Vec::new();
    for (target, expected) in [
        ("https://eu.example.com", vec!["breach"]),
        ("https://app.example.com", vec!["breach", "excused"]),
    ] {
        let mut fields = waiver(APP, from, to);
        fields.push(("target", target.to_owned()));
        fields.push(("shown", "yes".to_owned()));
        let (status, entry, body) = send(&portal, &mut pia, &fields).await;
        assert_eq!(status, 303, "{body}");
        entries.push(entry);
        assert_eq!(kinds().await, expected, "{target}");
    }
    revoke(&portal, &mut pia, &entries[0]).await;
    assert_eq!(kinds().await, ["breach", "excused", "unexcused"]);
    revoke(&portal, &mut pia, &entries[1]).await;
    assert_eq!(
        kinds().await,
        ["breach", "excused", "unexcused"],
        "it is counted either way"
    );
}

async fn a_breach_that_is_older_than_the_minutes_keeps_its_standing(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    let mut pia = portal.staff("Pia", &["program_manager"]).await;
    let (from, to) = outage(&portal, series, 5).await;
    let entry = file(&portal, &mut pia, APP, from, to).await;
    portal.clock.advance(TimeDelta::days(101));
    let mut pia = portal.staff("Paula", &["program_manager"]).await;
    revoke(&portal, &mut pia, &entry).await;
    assert!(history(&portal, APP).await[0].excused);
    let kinds: Vec<_> = told(&portal, APP).await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["breach", "excused"]);
}

async fn a_waiver_for_all_apps_touches_those_of_every_partner(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    let mut admin = portal.staff("Ann", &["administrator", "reviewer"]).await;
    let (osprey, mut stranger) = portal.partner(&mut admin, "Osprey").await;
    portal.register(&mut stranger, &osprey, "com.osprey.app").await;
    portal
        .post(&mut admin, "/apps/com.osprey.app/measuring/start", &[])
        .await;
    let both = [series, portal.series_of("com.osprey.app").await];
    let mut pia = portal.staff("Pia", &["program_manager"]).await;
    live_all(&portal, &both, 20, true).await;
    let from = portal.clock.minute();
    live_all(&portal, &both, 5, false).await;
    file(&portal, &mut pia, "", from, portal.clock.minute()).await;
    for key in [APP, "com.osprey.app"] {
        assert!(history(&portal, key).await[0].excused, "{key}");
        let kinds: Vec<_> = told(&portal, key).await.into_iter().map(|(kind, ..)| kind).collect();
        assert_eq!(kinds, ["breach", "excused"], "{key}");
    }
}

async fn a_partner_sees_what_is_excluded_of_its_own_apps(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    let mut admin = portal.staff("Ann", &["administrator"]).await;
    let (osprey, mut stranger) = portal.partner(&mut admin, "Osprey").await;
    portal.register(&mut stranger, &osprey, "com.osprey.app").await;
    let mut pia = portal.staff("Pia", &["program_manager"]).await;
    let (from, to) = outage(&portal, series, 5).await;
    let own = file(&portal, &mut pia, APP, from, to).await;
    let all = file(&portal, &mut pia, "", from, to).await;
    let path = format!("/apps/{APP}/ledger");
    let seen = page(&portal, &mut owner, &path).await;
    assert!(seen.contains("2 entries") && seen.contains("of all apps"), "{seen}");
    let theirs = page(&portal, &mut stranger, "/apps/com.osprey.app/ledger").await;
    assert!(
        theirs.contains("1 entry") && !theirs.contains("Timesheets all"),
        "{theirs}"
    );

    let id = |entry: &str| entry.strip_prefix("/ledger/").unwrap().to_owned();
    revoke(&portal, &mut pia, &own).await;
    let only = page(&portal, &mut owner, &format!("{path}?entry={}", id(&own))).await;
    assert!(only.contains("revoked It was the wrong app."), "{only}");
    assert!(only.contains("1 entry") && only.contains("Show all entries"), "{only}");
    for (entry, status) in [(&all, 200), (&own, 404)] {
        let path = format!("/apps/com.osprey.app/ledger?entry={}", id(entry));
        assert_eq!(portal.get(&mut stranger, &path).await.status.as_u16(), status, "{path}");
    }
}
