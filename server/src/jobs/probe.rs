//! The prober: every base URL of every measured app once a minute, spread evenly (SPEC section 2.1).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::{
    app::{BaseUrl, HealthPath},
    id::SeriesId,
    sli::Sli,
};
use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use super::lease::Leader;
use crate::{
    probe::Probe,
    service::{Service, recording::Recorded},
    store::{self, series},
    telemetry,
};

const INTERVAL: TimeDelta = TimeDelta::seconds(60);
/// What is measured is read again this often even when nobody says that it changed: another server may have changed it.
const REFRESHED_EVERY: Duration = Duration::from_secs(30);
/// How long after a failed first attempt a second one decides, where that is configured.
const CONFIRMED_AFTER: TimeDelta = TimeDelta::seconds(5);
/// What came due so long ago is not probed any more: the machine slept.
const TOO_LATE: Duration = Duration::from_secs(5);
/// Nor what came due so long ago by the clock: it was set forward.
const PAST: TimeDelta = TimeDelta::minutes(2);
/// The clock is looked at this often while nothing is due, because it may be set.
const WATCHED_EVERY: Duration = Duration::from_secs(1);

/// What is probed.
type Targets = Vec<(SeriesId, Arc<Url>)>;
/// When which series is due next.
type Schedule = BTreeMap<(DateTime<Utc>, SeriesId), Arc<Url>>;

pub(super) async fn run(
    service: Arc<Service>,
    mut leader: Leader,
    recorder: mpsc::Sender<Recorded>,
    stop: CancellationToken,
) {
    let (sender, mut targets) = watch::channel(Targets::new());
    let probes = TaskTracker::new();
    probes.spawn(read_targets(service.clone(), leader.clone(), sender, stop.clone()));
    // Up to when probes were started; what a restart or a new reading finds just due is still started.
    let mut reached = service.clock.now();
    loop {
        tokio::select! {
            () = leader.elected() => {}
            () = stop.cancelled() => break,
        }
        let now = service.clock.now();
        let schedule = schedule(&targets.borrow_and_update(), reached.min(now));
        tokio::select! {
            () = follow(&service, &leader, schedule, &mut reached, &recorder, &probes) => {}
            _ = targets.changed() => {}
            () = stop.cancelled() => break,
        }
    }
    probes.close();
    probes.wait().await;
}

/// Keeps what is probed up to date, beside the probing, so that no probe is late for it.
async fn read_targets(
    service: Arc<Service>,
    mut leader: Leader,
    targets: watch::Sender<Targets>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = leader.elected() => {}
            () = stop.cancelled() => return,
        }
        let pause = match measured(&service).await {
            Ok(read) => {
                targets.send_if_modified(|known| {
                    let changed = *known != read;
                    *known = read;
                    changed
                });
                REFRESHED_EVERY
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "what is measured could not be read; trying again"
                );
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = service.wake.prober.notified() => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn measured(service: &Service) -> store::Result<Targets> {
    let measured = series::measured(&service.store.portal).await?;
    let availability = measured.iter().filter(|m| m.series.key.sli == Sli::Availability);
    Ok(availability
        .filter_map(|m| {
            let path: HealthPath = m.health_path.parse().ok()?;
            let url = m.series.key.target.parse::<BaseUrl>().ok()?.join(&path).ok()?;
            Some((m.series.id, Arc::new(url.as_url().clone())))
        })
        .collect())
}

/// Starts each probe at its time; `reached` says up to when probes were started. Returns when the schedule no longer fits
/// the time, because the clock was set or nothing ran for a while, or when another server probes.
async fn follow(
    service: &Arc<Service>,
    leader: &Leader,
    mut schedule: Schedule,
    reached: &mut DateTime<Utc>,
    recorder: &mpsc::Sender<Recorded>,
    probes: &TaskTracker,
) {
    while let Some(((due, series), url)) = schedule.pop_first() {
        loop {
            let now = service.clock.now();
            if now < *reached || now - due > PAST || service.clock.late_by(due) > TOO_LATE {
                *reached = now;
                return;
            }
            if due <= now {
                break;
            }
            tokio::select! {
                () = service.clock.sleep_until(due) => {}
                () = tokio::time::sleep(WATCHED_EVERY) => {}
            }
        }
        if !leader.is_leader() {
            return;
        }
        probes.spawn(probe(service.clone(), series, due, url.clone(), recorder.clone()));
        schedule.insert((due + INTERVAL, series), url);
        *reached = due;
    }
    // Nothing is measured.
    std::future::pending::<()>().await;
}

async fn probe(
    service: Arc<Service>,
    series: SeriesId,
    due: DateTime<Utc>,
    url: Arc<Url>,
    recorder: mpsc::Sender<Recorded>,
) {
    let mut late = service.clock.late_by(due);
    telemetry::probe_started(late);
    telemetry::probes_in_flight(1);
    let mut probe: Probe = service.prober.probe(&url).await;
    if !probe.is_good() && service.config.probe.confirm_attempts > 1 {
        let then = service.clock.now() + CONFIRMED_AFTER;
        service.clock.sleep_until(then).await;
        late = late.max(service.clock.late_by(then));
        probe = service.prober.probe(&url).await;
    }
    telemetry::probes_in_flight(-1);
    let recorded = Recorded {
        series,
        due,
        late,
        probe,
    };
    let measured = recorded.is_measurement(service.config.probe.timeout);
    if !measured {
        let reason = recorded.probe.failure.as_ref().map_or("", |f| &f.reason);
        tracing::warn!(?late, reason, "a probe could not be made in time; it counts as no data");
    }
    telemetry::probe_ended(
        measured.then_some(recorded.probe.is_good()),
        recorded.probe.timings.total,
    );
    // The recorder outlives every sender, so this cannot fail.
    let _ = recorder.send(recorded).await;
}

/// When each target is due first after `reached`.
fn schedule(targets: &Targets, reached: DateTime<Utc>) -> Schedule {
    targets
        .iter()
        .map(|(series, url)| ((next_due(*series, reached), *series), url.clone()))
        .collect()
}

/// The next time a series is due: in every minute at the same instant, which its id decides, so that probes are spread
/// evenly and a restart moves nothing.
fn next_due(series: SeriesId, now: DateTime<Utc>) -> DateTime<Utc> {
    let interval = INTERVAL.num_milliseconds();
    let bytes = series.0.as_bytes();
    // The last bytes of an id are random.
    let random = i64::from(u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]));
    let phase = random * interval / (i64::from(u32::MAX) + 1);
    let since = (now.timestamp_millis() - phase).rem_euclid(interval);
    let due = now.timestamp_millis() - since + interval;
    DateTime::from_timestamp_millis(due).unwrap_or(now + INTERVAL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn phases_are_stable_and_spread_over_the_minute() {
        let start = DateTime::from_timestamp(1_764_000_000, 0).unwrap();
        let mut per_second = [0_u32; 60];
        for _ in 0..6_000 {
            let series = SeriesId(random::id(start));
            let due = next_due(series, start);
            assert!(due > start && due <= start + INTERVAL);
            assert_eq!(
                next_due(series, due),
                due + INTERVAL,
                "the next one is exactly a minute later"
            );
            assert_eq!(
                next_due(series, due - TimeDelta::milliseconds(1)),
                due,
                "asking again changes nothing"
            );
            per_second[usize::try_from((due - start).num_milliseconds().rem_euclid(60_000) / 1_000).unwrap()] += 1;
        }
        // 100 per second expected; six standard deviations are 60.
        assert!(per_second.iter().all(|n| (40..160).contains(n)), "{per_second:?}");
    }
}
