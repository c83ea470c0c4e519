use rampart_domain::{
    alert::{self, Closing, Evaluated, OpenEpisode, Step, alert_window},
    count::{Counts, Minute, MinuteRange},
    policy::{MeasurementPolicy, SliPolicy},
    slo,
};
use rampart_server::store::{Scope, apps, counts, episodes, series};

use super::{filled, settings};

/// Every evaluation of the minutes of a series, none left out.
fn replayed(
    policy: &SliPolicy,
    first: Minute,
    last: Minute,
    sums: &[Counts],
) -> Vec<(OpenEpisode, Option<(Minute, Closing)>)> {
    // `sums` are those of all minutes from the first on; before it there is nothing.
    let place = |minute: Minute| usize::try_from((minute - first).max(0)).unwrap().min(sums.len() - 1);
    let within = |range: MinuteRange| {
        let (from, to) = (sums[place(range.start)], sums[place(range.end)]);
        Counts::new(to.good - from.good, to.bad - from.bad)
    };
    let mut found: Vec<(OpenEpisode, Option<(Minute, Closing)>)> = Vec::new();
    for tick in MinuteRange::new(first, last + 1).iter() {
        let window = alert_window(tick, policy);
        let evaluated = Evaluated {
            tick,
            window,
            on_time: within(window),
            all: within(window),
        };
        let open = found
            .last()
            .filter(|(_, closed)| closed.is_none())
            .map(|(episode, _)| *episode);
        let (mut episode, closed) = match alert::advance(policy, open.as_ref(), &evaluated) {
            Step::Nothing => continue,
            Step::Opened(episode) | Step::StillOpen { episode, .. } => (episode, None),
            Step::Closed { episode, closing } => (episode, Some((tick, closing))),
        };
        let bad = within(episode.bad_range(&evaluated)).bad;
        if alert::counts_now(policy, &episode, bad, within(slo::slo_window(tick, policy))) {
            episode.counted_at = Some(tick);
        }
        if open.is_some() {
            found.pop();
        }
        found.push((episode, closed));
    }
    found
}

#[tokio::test]
async fn every_breach_is_what_the_rules_make_of_the_stored_counts() {
    let portal = filled().await;
    let store = &portal.service.store;
    let end = Minute::of(settings(1).until);
    let filter = |archived| apps::Filter {
        search: "",
        archived,
        partner: None,
    };
    let mut all = apps::list(&store.portal, Scope::system(), filter(false), 0, 100)
        .await
        .unwrap();
    all.extend(
        apps::list(&store.portal, Scope::system(), filter(true), 0, 100)
            .await
            .unwrap(),
    );
    let ids: Vec<_> = all.iter().map(|a| a.id).collect();
    let mut compared = 0;
    let policies = MeasurementPolicy::standard();
    for series in series::of_apps(&store.portal, Scope::system(), &ids).await.unwrap() {
        let ever = MinuteRange::new(Minute(0), end);
        let minutes = counts::minutes(&store.metrics, series.id, ever).await.unwrap();
        let first = minutes[0].minute;
        let mut sums = vec![Counts::default(); usize::try_from(end - first).unwrap() + 1];
        for minute in &minutes {
            sums[usize::try_from(minute.minute - first).unwrap() + 1] = minute.all;
        }
        for i in 1..sums.len() {
            sums[i] = sums[i] + sums[i - 1];
        }
        let stored = episodes::of_series_since(&store.portal, Scope::system(), series.id, Minute(0))
            .await
            .unwrap();
        let stored: Vec<_> = stored.into_iter().map(|e| (e.episode, e.closed)).collect();
        compared += stored.len();
        let expected = match policies.for_sli(series.key.sli).filter(|_| series.key.is_slo()) {
            Some(policy) => replayed(policy, first, end, &sums),
            None => Vec::new(),
        };
        assert_eq!(stored, expected, "{:?}", series.key);
    }
    assert!(compared > 100, "only {compared}");
}
