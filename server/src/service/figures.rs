//! Figures that pages and rules share: sums over a range with and without the excluded minutes.

use std::collections::{BTreeMap, HashMap};

use rampart_domain::{
    count::{Counts, Minute, MinuteCounts, MinuteRange},
    exclusion::{Adjusted, ExcludedRange, Ledger, SeriesRef},
    id::SeriesId,
    policy::{SLO_WINDOW, SliPolicy},
    slo::{self, DayCounts},
};

use super::{Result, Service};
use crate::store::{
    counts::{self, Day},
    overviews,
    series::Series,
};

/// The ledger's name of a series.
pub(super) fn series_ref(series: &Series) -> SeriesRef<'_> {
    SeriesRef {
        app: series.app.0,
        key: &series.key,
    }
}

/// The longest range that any page or rule looks back over.
pub(super) fn look_back(now: Minute) -> MinuteRange {
    MinuteRange::new(now - i64::from(SLO_WINDOW) - 2 * 24 * 60, now + 1)
}

impl Service {
    /// Sums of several series at `tick`, raw and adjusted, each over the window that the evaluation at `tick` looks at
    /// (SPEC section 2), so many minutes long. Series without an objective are left out.
    ///
    /// Every 28-day rate, error budget and alert figure that a page or command shows is one of these.
    pub(super) async fn windows(
        &self,
        series: &[Series],
        tick: Minute,
        ledger: &Ledger,
        length: impl Fn(&SliPolicy) -> u32,
    ) -> Result<HashMap<SeriesId, Adjusted>> {
        let policies = self.policies().await?;
        let policy = policies.at(tick);
        // Series that share a window are asked for together.
        let mut by_window: BTreeMap<(Minute, Minute), Vec<Series>> = BTreeMap::new();
        for one in series {
            let Some(policy) = policy.for_sli(one.key.sli).filter(|_| one.key.is_slo()) else {
                continue;
            };
            let window = slo::window(tick, policy.settle_minutes, length(policy));
            by_window
                .entry((window.start, window.end))
                .or_default()
                .push(one.clone());
        }
        let mut sums = HashMap::with_capacity(series.len());
        for ((start, end), some) in by_window {
            sums.extend(self.sums(&some, MinuteRange::new(start, end), ledger).await?);
        }
        Ok(sums)
    }

    /// The sums over the window of the objective; see [`Service::windows`].
    pub(super) async fn months(
        &self,
        series: &[Series],
        tick: Minute,
        ledger: &Ledger,
    ) -> Result<HashMap<SeriesId, Adjusted>> {
        self.windows(series, tick, ledger, |_| SLO_WINDOW).await
    }

    /// Sums of several series over `range`, raw and adjusted. Whole days come from the days; the ledger's minutes are taken
    /// off afterwards.
    pub(super) async fn sums(
        &self,
        series: &[Series],
        range: MinuteRange,
        ledger: &Ledger,
    ) -> Result<HashMap<SeriesId, Adjusted>> {
        let ids: Vec<SeriesId> = series.iter().map(|s| s.id).collect();
        let raw = counts::sums(&self.store.metrics, &ids, range).await?;
        let spans = series.iter().flat_map(|one| {
            let spans = ledger.excluded_ranges(series_ref(one), range);
            spans.into_iter().map(|span| (one.id, span.range))
        });
        let excluded = counts::sums_of_ranges(&self.store.metrics, &spans.collect::<Vec<_>>()).await?;
        let mut sums = HashMap::with_capacity(series.len());
        for one in series {
            let all = raw.get(&one.id).copied().unwrap_or_default();
            let adjusted = without(all, excluded.get(&one.id).copied().unwrap_or_default());
            sums.insert(
                one.id,
                Adjusted {
                    raw: all,
                    adjusted,
                    on_time: adjusted,
                },
            );
        }
        Ok(sums)
    }

    /// The minutes that the ledger takes off each series within `range`.
    async fn excluded(
        &self,
        series: &[Series],
        range: MinuteRange,
        ledger: &Ledger,
    ) -> Result<HashMap<SeriesId, Vec<MinuteCounts>>> {
        let spans: HashMap<SeriesId, Vec<ExcludedRange<'_>>> = series
            .iter()
            .map(|s| (s.id, ledger.excluded_ranges(series_ref(s), range)))
            .collect();
        // However many spans and series there are, the database is asked once, and only for days with an excluded minute.
        let mut days: Vec<(SeriesId, i64)> = Vec::new();
        for one in series {
            let spans = spans.get(&one.id).into_iter().flatten();
            days.extend(spans.flat_map(|s| (s.range.start.day()..=(s.range.end - 1).day()).map(|day| (one.id, day))));
        }
        days.dedup();
        let mut minutes = overviews::minutes_on(&self.store.metrics, &days).await?;
        for (id, minutes) in &mut minutes {
            let Some(spans) = spans.get(id) else { continue };
            minutes.retain(|m| {
                let next = spans.partition_point(|s| s.range.end <= m.minute);
                spans.get(next).is_some_and(|s| s.range.contains(m.minute))
            });
        }
        Ok(minutes)
    }

    /// These days of some series, which are in order, without the excluded minutes.
    pub(super) async fn adjusted_days(
        &self,
        series: &[Series],
        ledger: &Ledger,
        days: &HashMap<SeriesId, Vec<Day>>,
    ) -> Result<HashMap<SeriesId, Vec<DayCounts>>> {
        let first = days.values().filter_map(|days| days.first()).map(|d| d.day).min();
        let last = days.values().filter_map(|days| days.last()).map(|d| d.day).max();
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(HashMap::new());
        };
        let range = MinuteRange::new(Minute::of_day(first), Minute::of_day(last + 1));
        let mut excluded: HashMap<(SeriesId, i64), Counts> = HashMap::new();
        for (id, minutes) in self.excluded(series, range, ledger).await? {
            for minute in minutes {
                *excluded.entry((id, minute.minute.day())).or_default() += minute.all;
            }
        }
        let adjusted = |id: SeriesId, day: &Day| DayCounts {
            day: day.day,
            counts: without(day.counts, excluded.get(&(id, day.day)).copied().unwrap_or_default()),
        };
        Ok(days
            .iter()
            .map(|(id, days)| (*id, days.iter().map(|day| adjusted(*id, day)).collect()))
            .collect())
    }
}

/// What is left of `all` without the part of it that is excluded.
fn without(all: Counts, excluded: Counts) -> Counts {
    Counts::new(
        all.good.saturating_sub(excluded.good),
        all.bad.saturating_sub(excluded.bad),
    )
}
