//! Events on their way into the counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use chrono::TimeDelta;
use futures_util::future::join_all;
use rampart_domain::{
    count::{Counts, MINUTES_PER_DAY, Minute, MinuteRange},
    id::{AppId, SeriesId},
    policy::MeasurementPolicy,
    sli::{Group, Product, Sli},
    slo::is_late,
};
use rampart_server::{
    service::{
        Error, Service,
        ingest::{Event, Ingested, Mark, Once, Outcome, Source},
    },
    store::{
        Scope, apps, counts,
        series::{self, Source as Counting},
    },
};
use uuid::Uuid;

use crate::support::{
    database::{TestDatabase, on_both_engines, sql},
    portal::Portal,
};

on_both_engines!(
    calls_at_once_are_counted_once_each,
    a_call_that_is_repeated_changes_nothing,
    a_key_is_good_again_after_a_day,
    what_the_sender_marked_is_neither_good_nor_bad,
    own_events_replace_generic_ones_for_fifteen_minutes,
    own_events_replace_generic_ones_that_came_before,
    what_is_counted_is_what_a_plain_recount_counts,
    when_the_database_fails_nothing_is_stored,
    what_waits_when_the_server_stops_is_written_or_refused,
    two_servers_agree_on_what_own_events_replace,
);

/// A portal with some apps that nobody measures.
async fn portal(database: TestDatabase, apps: usize) -> (Portal, Vec<AppId>) {
    let portal = Portal::on(database, &[]).await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    let mut ids = Vec::new();
    for n in 0..apps {
        let key = format!("com.example.app{n}");
        portal.register(&mut owner, &partner, &key).await;
        let app = apps::by_key(&portal.service.store.portal, Scope::system(), &key).await;
        ids.push(app.unwrap().unwrap().id);
    }
    (portal, ids)
}

/// Another server on the same database.
async fn another(portal: &Portal) -> Service {
    Service::new(
        portal.database.again().await,
        portal.clock.clone(),
        portal.service.config.clone(),
        portal.service.prober.clone(),
        portal.service.canary_prober.clone(),
    )
}

fn generic(app: AppId, at: Minute, outcome: Outcome) -> Event {
    Event {
        app,
        product: Product::Jira,
        sli: Sli::IframeLoad,
        group: Group::Prod,
        at,
        outcome,
        latency: Some(Duration::from_millis(84)),
        source: Source::Platform,
    }
}

fn own(app: AppId, at: Minute, outcome: Outcome) -> Event {
    Event {
        source: Source::OwnApp,
        ..generic(app, at, outcome)
    }
}

fn once(token: u128, key: &str, body: u8) -> Option<Once> {
    Some(Once {
        token: Uuid::from_u128(token),
        key: key.to_owned(),
        body: [body; 32],
    })
}

/// Every series that there is: whose it is and what it counts.
async fn all_series(portal: &Portal, apps: &[AppId]) -> BTreeMap<(AppId, &'static str, bool), SeriesId> {
    let found = series::sources(&portal.service.store.portal, apps).await.unwrap();
    found
        .into_iter()
        .map(|(series, source)| {
            let replaced = source == Counting::Replaced;
            ((series.app, series.key.sli.as_str(), replaced), series.id)
        })
        .collect()
}

/// What is counted of the generic (replaced) or the counting iframe loads of an app, minute by minute.
async fn iframe_loads(portal: &Portal, app: AppId, replaced: bool) -> BTreeMap<i64, Counts> {
    let series = all_series(portal, &[app]).await;
    let Some(series) = series.get(&(app, "iframe_load", replaced)) else {
        return BTreeMap::new();
    };
    let ever = MinuteRange::new(Minute(0), Minute(i64::MAX / 2));
    let minutes = counts::minutes(&portal.service.store.metrics, *series, ever)
        .await
        .unwrap();
    minutes.into_iter().map(|m| (m.minute.0, m.all)).collect()
}

async fn calls_at_once_are_counted_once_each(database: TestDatabase) {
    let (portal, apps) = portal(database, 3).await;
    let other = another(&portal).await;
    let now = portal.clock.minute();
    let (portal, apps) = (&portal, &apps);
    let calls = (0..60).map(|n| {
        let service: &Service = if n % 2 == 0 { &portal.service } else { &other };
        let events: Vec<_> = apps
            .iter()
            .flat_map(|app| {
                [
                    generic(*app, now - n % 4, Outcome::Good),
                    generic(*app, now, Outcome::Bad),
                ]
            })
            .collect();
        async move { service.ingest(events, None).await.unwrap() }
    });
    let answers = join_all(calls).await;
    assert!(answers.iter().all(|answer| *answer == Ingested::Stored));
    for app in apps {
        let minutes = iframe_loads(portal, *app, false).await;
        assert_eq!(minutes.values().copied().sum::<Counts>(), Counts::new(60, 60));
        assert_eq!(minutes[&now.0], Counts::new(15, 60));
    }
    assert_eq!(all_series(portal, apps).await.len(), 3, "one for each app");
}

async fn a_call_that_is_repeated_changes_nothing(database: TestDatabase) {
    let (portal, apps) = portal(database, 1).await;
    let now = portal.clock.minute();
    let call = async |token, key: &str, body| {
        portal
            .service
            .ingest(vec![generic(apps[0], now, Outcome::Good)], once(token, key, body))
            .await
    };
    assert_eq!(call(1, "a", 1).await.unwrap(), Ingested::Stored);
    assert_eq!(call(1, "a", 1).await.unwrap(), Ingested::Repeated);
    let refused = call(1, "a", 2).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Conflict(why) if why.contains("Idempotency-Key")),
        "{refused:?}"
    );
    assert_eq!(iframe_loads(&portal, apps[0], false).await[&now.0], Counts::new(1, 0));
    assert_eq!(
        call(2, "a", 2).await.unwrap(),
        Ingested::Stored,
        "keys belong to a token"
    );

    // All at once, some of them in one transaction.
    let answers = join_all((0..20).map(|n| call(1, if n < 10 { "b" } else { "c" }, 3))).await;
    let stored = answers.iter().filter(|a| matches!(a, Ok(Ingested::Stored))).count();
    let repeated = answers.iter().filter(|a| matches!(a, Ok(Ingested::Repeated))).count();
    assert_eq!((stored, repeated), (2, 18));
    assert_eq!(iframe_loads(&portal, apps[0], false).await[&now.0], Counts::new(4, 0));
}

async fn a_key_is_good_again_after_a_day(database: TestDatabase) {
    let (portal, apps) = portal(database, 1).await;
    let call = async |body| {
        portal
            .service
            .ingest(
                vec![generic(apps[0], portal.clock.minute(), Outcome::Good)],
                once(1, "a", body),
            )
            .await
    };
    assert_eq!(call(1).await.unwrap(), Ingested::Stored);
    portal.clock.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    portal.service.compact().await.unwrap();
    assert_eq!(call(1).await.unwrap(), Ingested::Repeated);
    portal.clock.advance(TimeDelta::seconds(1));
    assert_eq!(call(2).await.unwrap(), Ingested::Stored);
    portal.clock.advance(TimeDelta::hours(24));
    portal.service.compact().await.unwrap();
    let keys = sql(&portal.service.store.metrics, "delete from idempotency")
        .await
        .unwrap();
    assert_eq!(keys, 0, "those that are past are deleted");
}

async fn what_the_sender_marked_is_neither_good_nor_bad(database: TestDatabase) {
    let (portal, apps) = portal(database, 1).await;
    let now = portal.clock.minute();
    let mut events = vec![
        generic(apps[0], now, Outcome::Good),
        generic(apps[0], now, Outcome::Bad),
    ];
    for (mark, times) in [(Mark::PlatformFault, 1), (Mark::ExcludedSite, 2), (Mark::Scanner, 3)] {
        events.extend((0..times).map(|_| generic(apps[0], now, Outcome::Marked(mark))));
    }
    portal.service.ingest(events, None).await.unwrap();
    let series = all_series(&portal, &apps).await[&(apps[0], "iframe_load", false)];
    let mut tx = portal.service.store.metrics.begin().await.unwrap();
    let record = counts::unpacked(&mut tx, &[(series, now)])
        .await
        .unwrap()
        .remove(&(series, now))
        .unwrap();
    assert_eq!(record.all, Counts::new(1, 1));
    let marked = record.marked;
    assert_eq!((marked.platform_fault, marked.excluded_site, marked.scanner), (1, 2, 3));
    assert_eq!(record.latency.total(), 1, "the latency of the good one");
}

async fn own_events_replace_generic_ones_for_fifteen_minutes(database: TestDatabase) {
    let (portal, apps) = portal(database, 2).await;
    let start = portal.clock.minute();
    for minute in 0..20 {
        if minute == 2 {
            portal
                .service
                .ingest(vec![own(apps[0], portal.clock.minute(), Outcome::Good)], None)
                .await
                .unwrap();
        }
        let events = apps
            .iter()
            .map(|app| generic(*app, portal.clock.minute(), Outcome::Bad));
        portal.service.ingest(events.collect(), None).await.unwrap();
        portal.clock.advance(TimeDelta::minutes(1));
    }
    let counted = iframe_loads(&portal, apps[0], false).await;
    let replaced = iframe_loads(&portal, apps[0], true).await;
    for minute in 0..20 {
        let at = &(start + minute).0;
        let (good, bad) = match minute {
            2 => (Some(Counts::new(1, 0)), Some(Counts::new(0, 1))),
            3..=16 => (None, Some(Counts::new(0, 1))),
            _ => (Some(Counts::new(0, 1)), None),
        };
        assert_eq!(
            (counted.get(at).copied(), replaced.get(at).copied()),
            (good, bad),
            "minute {minute}"
        );
    }
    let neighbour = iframe_loads(&portal, apps[1], false).await;
    assert_eq!(neighbour.len(), 20, "another app has nothing to do with it");
    assert!(iframe_loads(&portal, apps[1], true).await.is_empty());
}

async fn own_events_replace_generic_ones_that_came_before(database: TestDatabase) {
    let (portal, apps) = portal(database, 1).await;
    let (app, now) = (apps[0], portal.clock.minute());
    // One minute ago, now, and from a sender whose clock is ahead; a webhook, which no own event replaces.
    let mut events: Vec<_> = [now - 1, now, now + 4]
        .map(|at| generic(app, at, Outcome::Bad))
        .into_iter()
        .collect();
    events.push(Event {
        sli: Sli::WebhookDelivery,
        ..generic(app, now, Outcome::Bad)
    });
    portal.service.ingest(events, None).await.unwrap();
    portal
        .service
        .ingest(vec![own(app, now, Outcome::Good)], None)
        .await
        .unwrap();
    let bad = Counts::new(0, 1);
    assert_eq!(
        iframe_loads(&portal, app, false).await,
        BTreeMap::from([((now - 1).0, bad), (now.0, Counts::new(1, 0))])
    );
    assert_eq!(
        iframe_loads(&portal, app, true).await,
        BTreeMap::from([(now.0, bad), ((now + 4).0, bad)])
    );
    let series = all_series(&portal, &apps).await;
    let webhooks = series[&(app, "webhook_delivery", false)];
    let day = counts::days(&portal.service.store.metrics, webhooks, now.day(), now.day() + 1)
        .await
        .unwrap();
    assert_eq!(day[0].counts, bad);
    let day = counts::days(
        &portal.service.store.metrics,
        series[&(app, "iframe_load", false)],
        now.day(),
        now.day() + 1,
    )
    .await
    .unwrap();
    assert_eq!(
        (day[0].counts, day[0].minutes, day[0].latency.total()),
        (Counts::new(1, 1), 2, 1)
    );
}

/// What a plain list of all events says.
#[derive(Default)]
struct Recount {
    generic: Vec<(Event, bool)>,
    own: Vec<(Event, bool)>,
}

impl Recount {
    fn add(&mut self, event: &Event, arrived: chrono::DateTime<chrono::Utc>) {
        let settle = MeasurementPolicy::standard().slis.iframe_load.settle_minutes;
        let late = is_late(event.at, settle, arrived);
        match event.source {
            Source::Platform => self.generic.push((event.clone(), late)),
            Source::OwnApp => self.own.push((event.clone(), late)),
        }
    }

    /// Counted events of the app, minute by minute: all and late ones.
    fn minutes(&self, app: AppId, replaced: bool) -> BTreeMap<i64, (Counts, Counts)> {
        let own_minutes: BTreeSet<i64> = self.own.iter().filter(|e| e.0.app == app).map(|e| e.0.at.0).collect();
        let covered = |at: i64| (0..15).any(|before| own_minutes.contains(&(at - before)));
        let generic = self.generic.iter().filter(|e| covered(e.0.at.0) == replaced);
        let own = self.own.iter().filter(|_| !replaced);
        let mut minutes: BTreeMap<i64, (Counts, Counts)> = BTreeMap::new();
        for (event, late) in generic.chain(own).filter(|e| e.0.app == app) {
            let outcome = match event.outcome {
                Outcome::Good => Counts::new(1, 0),
                _ => Counts::new(0, 1),
            };
            let (all, late_ones) = minutes.entry(event.at.0).or_default();
            *all += outcome;
            if *late {
                *late_ones += outcome;
            }
        }
        minutes
    }
}

async fn what_is_counted_is_what_a_plain_recount_counts(database: TestDatabase) {
    let seed = std::env::var("RAMPART_FAULT_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("RAMPART_FAULT_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (portal, apps) = portal(database, 2).await;
    let mut recount = Recount::default();
    for step in 0..120 {
        let now = portal.clock.minute();
        let calls: Vec<Vec<Event>> = (0..random.usize(1..4))
            .map(|_| {
                (0..random.usize(1..8))
                    .map(|_| {
                        let app = apps[random.usize(0..2)];
                        let outcome = if random.u8(0..4) == 0 {
                            Outcome::Bad
                        } else {
                            Outcome::Good
                        };
                        match random.u8(0..20) {
                            0 => own(app, now, outcome),
                            1..4 => generic(app, now - random.i64(0..48 * 60), outcome),
                            _ => generic(app, now - random.i64(-5..20), outcome),
                        }
                    })
                    .collect()
            })
            .collect();
        for event in calls.iter().flatten() {
            recount.add(event, portal.clock.now());
        }
        join_all(calls.into_iter().map(|events| portal.service.ingest(events, None)))
            .await
            .into_iter()
            .for_each(|answer| assert_eq!(answer.unwrap(), Ingested::Stored));
        portal.clock.advance(TimeDelta::seconds(
            random.i64(0..if step % 20 == 0 { 20_000 } else { 400 }),
        ));
        if step % 9 == 0 {
            portal.service.compact().await.unwrap();
        }
    }
    let db = &portal.service.store.metrics;
    let series = all_series(&portal, &apps).await;
    let mut compared = 0;
    for packed in [false, true] {
        if packed {
            portal.clock.advance(TimeDelta::hours(4));
            portal.service.compact().await.unwrap();
        }
        for ((app, sli, replaced), series) in &series {
            if *sli != "iframe_load" {
                continue;
            }
            let expected = recount.minutes(*app, *replaced);
            let ever = MinuteRange::new(Minute(0), portal.clock.minute() + 10);
            let found: BTreeMap<_, _> = counts::minutes(db, *series, ever)
                .await
                .unwrap()
                .into_iter()
                .map(|m| (m.minute.0, (m.all, m.late)))
                .collect();
            assert_eq!(found, expected, "replaced: {replaced}, packed: {packed}");
            let mut days: BTreeMap<i64, (Counts, u64)> = BTreeMap::new();
            for (minute, (all, _)) in &expected {
                let day = days.entry(minute / MINUTES_PER_DAY).or_default();
                *day = (day.0 + *all, day.1 + 1);
                compared += 1;
            }
            let found: Vec<_> = counts::days(db, *series, 0, ever.end.day() + 1).await.unwrap();
            assert!(found.iter().all(|day| day.latency.total() == day.counts.good));
            let found: BTreeMap<_, _> = found
                .into_iter()
                .filter(|day| day.minutes > 0)
                .map(|day| (day.day, (day.counts, day.minutes)))
                .collect();
            assert_eq!(found, days, "replaced: {replaced}, packed: {packed}");
            let hours = counts::hours(db, *series, 0, ever.end.0 / 60 + 1).await.unwrap();
            let in_hours: Counts = hours.iter().map(|hour| hour.counts).sum();
            assert_eq!(in_hours, days.values().map(|day| day.0).sum::<Counts>());
        }
    }
    assert!(compared > 200, "only {compared} minutes were compared");
}

async fn when_the_database_fails_nothing_is_stored(database: TestDatabase) {
    let (portal, apps) = portal(database, 2).await;
    let (db, now) = (&portal.service.store.metrics, portal.clock.minute());
    let call = async |key: &str| {
        let events = apps
            .iter()
            .flat_map(|app| [own(*app, now, Outcome::Bad), generic(*app, now, Outcome::Good)]);
        portal.service.ingest(events.collect(), once(1, key, 0)).await
    };
    call("before").await.unwrap();
    // The last thing that is written.
    sql(db, "alter table count_minute rename to away").await.unwrap();
    let answers = join_all(["a", "b", "c"].map(&call)).await;
    for answer in answers {
        assert!(matches!(&answer, Err(Error::Internal(_))), "{answer:?}");
    }
    sql(db, "alter table away rename to count_minute").await.unwrap();
    assert_eq!(iframe_loads(&portal, apps[1], false).await[&now.0], Counts::new(0, 1));
    assert_eq!(
        call("a").await.unwrap(),
        Ingested::Stored,
        "its key was not stored either"
    );
    assert_eq!(iframe_loads(&portal, apps[1], false).await[&now.0], Counts::new(0, 2));
    assert_eq!(iframe_loads(&portal, apps[1], true).await[&now.0], Counts::new(2, 0));
}

async fn what_waits_when_the_server_stops_is_written_or_refused(database: TestDatabase) {
    let (portal, apps) = portal(database, 1).await;
    let now = portal.clock.minute();
    let service = portal.service.clone();
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let (service, event) = (Arc::clone(&service), generic(apps[0], now, Outcome::Good));
            tokio::spawn(async move { service.ingest(vec![event], None).await })
        })
        .collect();
    tokio::task::yield_now().await;
    service.ingest.finish().await;
    let answers = join_all(calls).await;
    let stored = answers.iter().filter(|answer| answer.as_ref().unwrap().is_ok()).count();
    let counted = iframe_loads(&portal, apps[0], false).await;
    let counted = counted.get(&now.0).map_or(0, |c| c.good);
    assert_eq!(usize::try_from(counted).unwrap(), stored);
    let late = service.ingest(vec![generic(apps[0], now, Outcome::Good)], None).await;
    assert!(
        matches!(&late, Err(Error::Internal(why)) if why.to_string().contains("stops")),
        "{late:?}"
    );
}

async fn two_servers_agree_on_what_own_events_replace(database: TestDatabase) {
    let (portal, apps) = portal(database, 1).await;
    let (app, other) = (apps[0], another(&portal).await);
    for round in 0..15 {
        let now = portal.clock.minute();
        let calls = (0..8).map(|n| {
            let service: &Service = if n % 2 == 0 { &portal.service } else { &other };
            let event = match n {
                3 => own(app, now, Outcome::Good),
                _ => generic(app, now, Outcome::Bad),
            };
            async move { service.ingest(vec![event], None).await.unwrap() }
        });
        join_all(calls).await;
        assert_eq!(
            iframe_loads(&portal, app, false).await[&now.0],
            Counts::new(1, 0),
            "round {round}"
        );
        assert_eq!(
            iframe_loads(&portal, app, true).await[&now.0],
            Counts::new(0, 7),
            "round {round}"
        );
        // Long enough that nothing covers the next minute.
        portal.clock.advance(TimeDelta::minutes(15));
    }
}
