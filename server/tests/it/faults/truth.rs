//! Compares what is stored with what the target and the mail server saw, and with what the rules say.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::{
    alert::Closing,
    count::{Counts, Minute, MinuteRange},
    policy::MeasurementPolicy,
};
use rampart_server::store::{
    Scope, apps,
    audit::{self, Verified},
    counts,
    episodes::{self, Episode},
    outbox, probes, progress,
};

use super::{
    replay::{self, Seen},
    world::{APP, OWNERS, World},
};

/// How long after the target answered a probe is written, as long as nothing is in the way: probes are gathered for 250 ms.
pub const WRITTEN_WITHIN: Duration = Duration::from_millis(650);
/// What was answered longer than this before the server was killed must have been written.
const LOST_WITHIN: Duration = Duration::from_secs(3);
/// The target may come to see what a server asked just before it was killed only so long after that.
const SEEN_WITHIN: Duration = Duration::from_millis(500);
/// A probe begins when it is due or after that, and is over after at most three seconds; both clocks are read at a time.
const EARLY: TimeDelta = TimeDelta::seconds(5);
const OVER_WITHIN: Duration = Duration::from_secs(4);

/// A stored probe, and when the target saw it.
pub struct Probe {
    pub row: probes::Probe,
    pub seen: DateTime<Utc>,
}

fn on_fast_clock(world: &World, duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration * world.rate).unwrap()
}

fn everything(world: &World) -> MinuteRange {
    MinuteRange::new(Minute::of(world.agreed) - 200, world.clock.minute() + 400)
}

/// The stored probes of each series, in order. Each is a request that the target saw, with what it answered, and each request
/// is stored once unless the server was killed right after it.
pub async fn probes(world: &World, kills: &[DateTime<Utc>]) -> Vec<Vec<Probe>> {
    let store = &world.portal.service.store.metrics;
    let requests = world.target.requests();
    let mut all = Vec::new();
    for series in &world.series {
        let mut rows = probes::within(store, series.id, everything(world), false, i64::MAX)
            .await
            .unwrap();
        rows.reverse();
        let mut requests: Vec<_> = requests.iter().filter(|r| r.path == series.path).collect();
        let found: Vec<Probe> = rows
            .into_iter()
            .map(|row| {
                let (due, over) = (row.time() - EARLY, row.time() + on_fast_clock(world, OVER_WITHIN));
                let request = requests
                    .iter()
                    .position(|r| Some(i64::from(r.status)) == row.status && due <= r.at && r.at <= over);
                let request =
                    request.unwrap_or_else(|| panic!("the target never answered so at {}: {row:?}", series.path));
                let request = requests.remove(request);
                assert_eq!(row.good, request.status == 200, "{row:?}");
                Probe { row, seen: request.at }
            })
            .collect();
        let (before, after) = (on_fast_clock(world, LOST_WITHIN), on_fast_clock(world, SEEN_WITHIN));
        for lost in requests {
            assert!(
                kills
                    .iter()
                    .any(|kill| *kill - before < lost.at && lost.at < *kill + after),
                "this was measured and is not stored: {lost:?}; the server was killed at {kills:?}"
            );
        }
        all.push(found);
    }
    all
}

/// The stored probes of each series where the test has seen to it that each was written before the clock went on.
pub async fn punctual_probes(world: &World) -> Vec<Vec<Probe>> {
    let store = &world.portal.service.store.metrics;
    let mut all = Vec::new();
    for series in &world.series {
        let rows = probes::within(store, series.id, everything(world), false, i64::MAX)
            .await
            .unwrap();
        let punctual = rows.into_iter().rev().map(|row| Probe { seen: row.time(), row });
        all.push(punctual.collect());
    }
    all
}

/// The counts of minutes and days are those of the stored probes.
pub async fn counts(world: &World, probes: &[Vec<Probe>]) {
    let store = &world.portal.service.store.metrics;
    for (series, probes) in world.series.iter().zip(probes) {
        let (mut minutes, mut days) = (BTreeMap::<Minute, Counts>::new(), BTreeMap::<i64, Counts>::new());
        for Probe { row, .. } in probes {
            let counted = Counts::new(u64::from(row.good), u64::from(!row.good));
            let minute = Minute::of(row.time());
            *minutes.entry(minute).or_default() += counted;
            *days.entry(minute.0.div_euclid(24 * 60)).or_default() += counted;
        }
        let stored = counts::minutes(store, series.id, everything(world)).await.unwrap();
        let stored: BTreeMap<_, _> = stored.into_iter().map(|m| (m.minute, m.all)).collect();
        assert_eq!(stored, minutes, "the minutes of {}", series.path);
        let stored = counts::days(store, series.id, 0, i64::from(u16::MAX)).await.unwrap();
        let stored: BTreeMap<_, _> = stored.into_iter().map(|d| (d.day, d.counts)).collect();
        assert_eq!(stored, days, "the days of {}", series.path);
    }
}

/// The stored episodes of every series, the earliest first.
pub async fn stored_episodes(world: &World) -> Vec<Episode> {
    let store = &world.portal.service.store.portal;
    let app = apps::by_key(store, Scope::system(), APP).await.unwrap().unwrap();
    let mut all = episodes::of_app(store, Scope::system(), app.id, 0, i64::MAX)
        .await
        .unwrap();
    all.reverse();
    all
}

/// The stored episodes are those of the rules, evaluated minute by minute over what is stored. A probe that was written up to
/// `written_within` after the target saw it may or may not have been there for an evaluation in between. Says how many
/// episodes there are.
pub async fn episodes(world: &World, probes: &[Vec<Probe>], written_within: Duration) -> usize {
    let service = &world.portal.service;
    let policy = MeasurementPolicy::standard().slis.availability;
    let last = progress::last(&service.store.portal, "evaluation")
        .await
        .unwrap()
        .unwrap();
    let stored = stored_episodes(world).await;
    for (series, probes) in world.series.iter().zip(probes) {
        let minutes = counts::minutes(&service.store.metrics, series.id, everything(world))
            .await
            .unwrap();
        let mut seen: Vec<Seen> = minutes
            .into_iter()
            .map(|counts| Seen {
                counts,
                sure_from: DateTime::UNIX_EPOCH,
            })
            .collect();
        for probe in probes {
            let minute = Minute::of(probe.row.time());
            let seen = seen.iter_mut().find(|s| s.counts.minute == minute).unwrap();
            seen.sure_from = seen.sure_from.max(probe.seen + on_fast_clock(world, written_within));
        }
        let stored: Vec<_> = stored
            .iter()
            .filter(|e| e.series == series.id)
            .map(|e| (e.episode, e.closed))
            .collect();
        if let Err(error) = replay::check(&policy, &seen, last, &stored) {
            panic!("the breaches of {} are not those of the rules: {error}", series.path);
        }
    }
    stored.len()
}

/// Every opening and every closing was mailed to each owner, and the mail server got each mail, if several times then the
/// same bytes.
pub async fn mails(world: &World) {
    let mails = world.portal.mails().await;
    for episode in stored_episodes(world).await {
        for owner in OWNERS {
            let count = |kind: &str| {
                let about = mails.iter().filter(|m| m.episode_id == Some(episode.id.0));
                about.filter(|m| m.kind == kind && m.recipients.0 == [owner]).count()
            };
            let closed = |closing| usize::from(episode.closed.is_some_and(|(_, c)| c == closing));
            assert_eq!(count("alert_anomalous"), 1, "{owner} about {episode:?}");
            assert_eq!(count("alert_ok"), closed(Closing::Ok), "{owner} about {episode:?}");
            assert_eq!(
                count("alert_unknown"),
                closed(Closing::Unknown),
                "{owner} about {episode:?}"
            );
        }
    }
    let mut received: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut order = Vec::new();
    for mail in world.mail.all_taken() {
        let id = mail
            .lines()
            .find_map(|line| line.strip_prefix("Message-ID: "))
            .unwrap()
            .to_owned();
        order.push(id.clone());
        received.entry(id).or_default().push(mail);
    }
    let first_received = |id: &String| order.iter().position(|other| other == id);
    for opening in mails.iter().filter(|m| m.kind == "alert_anomalous") {
        let is_end = |m: &&outbox::Mail| m.kind == "alert_ok" && m.episode_id == opening.episode_id;
        for closing in mails
            .iter()
            .filter(is_end)
            .filter(|m| m.recipients == opening.recipients)
        {
            let (opened, closed) = (first_received(&opening.message_id), first_received(&closing.message_id));
            assert!(
                opened < closed,
                "the end was told before the beginning: {}",
                closing.subject
            );
        }
    }
    for mail in &mails {
        let copies = received.remove(&mail.message_id).unwrap_or_default();
        assert!(
            !copies.is_empty(),
            "never received: {} to {:?}",
            mail.subject,
            mail.recipients.0
        );
        assert!(
            copies.iter().all(|copy| *copy == copies[0]),
            "copies differ: {copies:#?}"
        );
    }
    assert!(received.is_empty(), "nobody queued these: {received:#?}");
}

/// The chain of the audit log is whole, and each opening and closing is one row of it.
pub async fn audit(world: &World) {
    let store = &world.portal.service.store.portal;
    audit::verify(store, Verified::default()).await.unwrap().unwrap();
    let stored = stored_episodes(world).await;
    for (action, expected) in [
        ("breach.opened", stored.len()),
        (
            "breach.counted",
            stored.iter().filter(|e| e.episode.counted_at.is_some()).count(),
        ),
        ("breach.closed", stored.iter().filter(|e| e.closed.is_some()).count()),
    ] {
        let filter = audit::Filter {
            action: action.to_owned(),
            ..audit::Filter::default()
        };
        let rows = audit::list(store, Scope::system(), &filter, i64::MAX).await.unwrap();
        assert_eq!(rows.len(), expected, "{action}");
    }
}
