//! The prober: every base URL of every measured app once a minute, spread evenly (SPEC section 2.1).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::{
    app::{BaseUrl, HealthPath},
    id::SeriesId,
    sli::Sli,
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use super::lease::Leader;
use crate::{
    probe::Probe,
    service::{Service, recording::Recorded},
    store::{self, series},
};

const INTERVAL: TimeDelta = TimeDelta::seconds(60);
/// What is measured is read again this often even when nobody says that it changed: another server may have changed it.
const REFRESHED_EVERY: TimeDelta = TimeDelta::seconds(30);
/// How long after a failed first attempt a second one decides, where that is configured.
const CONFIRMED_AFTER: Duration = Duration::from_secs(5);

/// Reading the schedule takes a moment; what came due meanwhile is still started, unless it took longer than this.
const LOOKED_BACK: TimeDelta = TimeDelta::seconds(5);

/// When which series is due.
type Schedule = BTreeMap<(DateTime<Utc>, SeriesId), Arc<Url>>;

pub(super) async fn run(
    service: Arc<Service>,
    mut leader: Leader,
    recorder: mpsc::Sender<Recorded>,
    stop: CancellationToken,
) {
    let probes = TaskTracker::new();
    let mut reached = service.clock.now();
    while !stop.is_cancelled() {
        tokio::select! {
            () = leader.elected() => {}
            () = stop.cancelled() => break,
        }
        reached = reached.max(service.clock.now() - LOOKED_BACK);
        let schedule = match schedule(&service, reached).await {
            Ok(schedule) => schedule,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "what is measured could not be read; trying again"
                );
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        tokio::select! {
            () = follow(&service, &leader, schedule, &mut reached, &recorder, &probes) => {}
            () = service.wake.prober.notified() => {}
            () = stop.cancelled() => break,
        }
    }
    probes.close();
    probes.wait().await;
}

/// Starts each probe at its time, until the schedule is to be read again; `reached` says up to when probes were started.
async fn follow(
    service: &Arc<Service>,
    leader: &Leader,
    mut schedule: Schedule,
    reached: &mut DateTime<Utc>,
    recorder: &mpsc::Sender<Recorded>,
    probes: &TaskTracker,
) {
    let refresh = service.clock.now() + REFRESHED_EVERY;
    while let Some(((due, series), url)) = schedule.pop_first() {
        if due >= refresh {
            break;
        }
        service.clock.sleep_until(due).await;
        if !leader.is_leader() {
            return;
        }
        probes.spawn(probe(service.clone(), series, due, url.clone(), recorder.clone()));
        schedule.insert((due + INTERVAL, series), url);
        *reached = due;
    }
    service.clock.sleep_until(refresh).await;
}

async fn probe(
    service: Arc<Service>,
    series: SeriesId,
    due: DateTime<Utc>,
    url: Arc<Url>,
    recorder: mpsc::Sender<Recorded>,
) {
    let mut probe: Probe = service.prober.probe(&url).await;
    if !probe.is_good() && service.config.probe.confirm_attempts > 1 {
        service.clock.sleep(CONFIRMED_AFTER).await;
        probe = service.prober.probe(&url).await;
    }
    // The recorder outlives every sender, so this cannot fail.
    let _ = recorder.send(Recorded { series, due, probe }).await;
}

/// What is due after `reached`.
async fn schedule(service: &Service, reached: DateTime<Utc>) -> store::Result<Schedule> {
    let measured = series::measured(&service.store.portal).await?;
    let availability = measured.iter().filter(|m| m.series.key.sli == Sli::Availability);
    Ok(availability
        .filter_map(|m| {
            let path: HealthPath = m.health_path.parse().ok()?;
            let url = m.series.key.target.parse::<BaseUrl>().ok()?.join(&path).ok()?;
            Some((
                (next_due(m.series.id, reached), m.series.id),
                Arc::new(url.as_url().clone()),
            ))
        })
        .collect())
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
