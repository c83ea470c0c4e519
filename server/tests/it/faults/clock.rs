//! Somebody sets the clock.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use rampart_domain::count::Minute;
use rampart_server::{
    config::{Mail, Secret},
    jobs::Jobs,
    mail::send::Relay,
    store::{leases, progress},
};

use super::{truth, until, world::World};
use crate::support::{
    database::{TestDatabase, on_both_engines},
    smtp::Mood,
};

on_both_engines!(
    set_forward_the_missed_minutes_are_evaluated_and_few_probes_are_made,
    set_back_nothing_is_evaluated_or_counted_twice_and_mail_is_sent,
    set_back_probing_goes_on_at_once,
    set_back_the_lease_of_a_dead_server_is_taken_over,
);

const BASE_URLS: usize = 3;
/// The clock moves on faster than a probe comes back, a second in two milliseconds; and probes are gathered for 250 ms.
const WRITTEN_WITHIN: Duration = Duration::from_secs(90 + 125);

fn jobs(world: &World) -> Jobs {
    let settings = Mail {
        relay: Some(Secret(world.mail.url())),
        ..world.portal.service.config.mail.clone()
    };
    Jobs::start(Arc::clone(&world.portal.service), Relay::new(&settings).unwrap())
}

async fn evaluated(world: &World) -> Minute {
    let last = progress::last(&world.portal.service.store.portal, "evaluation").await;
    last.unwrap().unwrap_or(Minute(0))
}

/// Lets so many minutes pass, second by second, so that each job gets its turn.
async fn live(world: &World, minutes: i64) {
    let mut turn = tokio::time::interval(Duration::from_millis(2));
    for _ in 0..60 * minutes {
        turn.tick().await;
        world.clock.advance(TimeDelta::seconds(1));
    }
}

/// Lets minutes pass until every job has begun to work, and returns once everything measured up to now is stored.
async fn begin(world: &World) {
    while world.target.seen() < 4 * BASE_URLS {
        live(world, 1).await;
    }
    stored(world).await;
}

async fn stored(world: &World) {
    until("what was measured is stored and evaluated", async || {
        let stored: usize = truth::punctual_probes(world).await.iter().map(Vec::len).sum();
        stored == world.target.seen() && evaluated(world).await == world.clock.minute()
    })
    .await;
}

/// The first two answers are bad.
fn bad_at_first(world: &World) {
    let mut answered = 0;
    let script = move || {
        answered += 1;
        answered > 2
    };
    world.target.follow(&world.series[0].path, Box::new(script));
}

async fn set_forward_the_missed_minutes_are_evaluated_and_few_probes_are_made(database: TestDatabase) {
    let world = World::with_manual_clock(database, BASE_URLS).await;
    bad_at_first(&world);
    let jobs = jobs(&world);
    begin(&world).await;
    let seen = world.target.seen();

    world.clock.set(world.clock.now() + TimeDelta::hours(3));
    live(&world, 1).await;
    until("the missed minutes are evaluated", async || {
        evaluated(&world).await == world.clock.minute()
    })
    .await;
    let probes = world.target.seen() - seen;
    assert!(probes <= 3 * BASE_URLS, "{probes} probes within a minute");
    while world.target.seen() < seen + 20 * BASE_URLS {
        live(&world, 1).await;
    }
    jobs.stop().await;

    let probes = truth::punctual_probes(&world).await;
    truth::counts(&world, &probes).await;
    assert_eq!(truth::episodes(&world, &probes, WRITTEN_WITHIN).await, 1);
    let breach = truth::stored_episodes(&world).await.remove(0);
    assert!(breach.closed.is_some(), "{breach:?}");
    truth::audit(&world).await;
}

async fn set_back_nothing_is_evaluated_or_counted_twice_and_mail_is_sent(database: TestDatabase) {
    let world = World::with_manual_clock(database, BASE_URLS).await;
    bad_at_first(&world);
    world.mail.set(Mood::Later);
    let jobs = jobs(&world);
    begin(&world).await;
    world
        .portal
        .waits_until(|m| m.kind == "alert_anomalous" && m.error.is_some())
        .await;
    let (set_at, evaluated_before) = (world.clock.now(), evaluated(&world).await);

    world.clock.set(set_at - TimeDelta::hours(1));
    world.mail.set(Mood::Takes);
    // A mail that was refused at the very instant has its usual pause before it.
    let set_back = world.clock.now();
    while world.portal.mails().await.iter().any(|mail| mail.sent_at.is_none()) {
        assert!(world.clock.now() - set_back < TimeDelta::minutes(20), "mail waits");
        live(&world, 1).await;
    }
    assert_eq!(
        evaluated(&world).await,
        evaluated_before,
        "these minutes were evaluated before"
    );

    // Somebody notices and sets it right.
    world.clock.set(set_at + TimeDelta::minutes(2));
    live(&world, 2).await;
    until("the evaluation goes on", async || {
        evaluated(&world).await == world.clock.minute()
    })
    .await;
    jobs.stop().await;

    let probes = truth::punctual_probes(&world).await;
    truth::counts(&world, &probes).await;
    assert_eq!(truth::episodes(&world, &probes, WRITTEN_WITHIN).await, 1);
    let openings = world.portal.mails().await;
    let openings = openings.iter().filter(|mail| mail.kind == "alert_anomalous").count();
    assert_eq!(openings, super::world::OWNERS.len());
    truth::audit(&world).await;
}

async fn set_back_probing_goes_on_at_once(database: TestDatabase) {
    let world = World::with_manual_clock(database, BASE_URLS).await;
    let jobs = jobs(&world);
    begin(&world).await;
    world.clock.set(world.clock.now() - TimeDelta::hours(1));
    let seen = world.target.seen();
    live(&world, 2).await;
    let probes = world.target.seen() - seen;
    assert!(probes >= BASE_URLS, "{probes} probes within two minutes");
    jobs.stop().await;
}

async fn set_back_the_lease_of_a_dead_server_is_taken_over(database: TestDatabase) {
    let world = World::with_manual_clock(database, BASE_URLS).await;
    let now = world.clock.now();
    let mut tx = world.portal.service.store.portal.begin().await.unwrap();
    let dead = leases::acquire(&mut tx, "measuring", "dead", now, now + TimeDelta::seconds(20), None).await;
    assert!(dead.unwrap().is_some());
    tx.commit().await.unwrap();
    world.clock.set(now - TimeDelta::hours(1));
    let jobs = jobs(&world);
    let begun = world.clock.now();
    while world.target.seen() == 0 && world.clock.now() - begun < TimeDelta::minutes(10) {
        live(&world, 1).await;
    }
    let after = world.clock.now() - begun;
    assert!(after <= TimeDelta::minutes(3), "probing began after {after}");
    jobs.stop().await;
}
