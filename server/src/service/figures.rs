//! Figures that pages and rules share: sums over a range with and without the excluded minutes.

use std::collections::HashMap;

use rampart_domain::{
    count::{Counts, Minute, MinuteCounts, MinuteRange},
    exclusion::{Adjusted, Ledger, SeriesRef},
    id::SeriesId,
    policy::SLO_WINDOW,
    slo::DayCounts,
};

use super::{Result, Service};
use crate::store::{counts, series::Series};

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

    /// The minutes that the ledger takes off a series within `range`.
    async fn excluded(&self, series: &Series, range: MinuteRange, ledger: &Ledger) -> Result<Vec<MinuteCounts>> {
        let spans = ledger.excluded_ranges(series_ref(series), range);
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else {
            return Ok(Vec::new());
        };
        // However many spans there are, the database is asked once.
        let within = MinuteRange::new(first.range.start, last.range.end);
        let mut minutes = counts::minutes(&self.store.metrics, series.id, within).await?;
        minutes.retain(|m| {
            let next = spans.partition_point(|s| s.range.end <= m.minute);
            spans.get(next).is_some_and(|s| s.range.contains(m.minute))
        });
        Ok(minutes)
    }

    /// These days of a series, which are in order, without the excluded minutes.
    pub(super) async fn adjusted_days(
        &self,
        series: &Series,
        ledger: &Ledger,
        days: &[counts::Day],
    ) -> Result<Vec<DayCounts>> {
        let (Some(first), Some(last)) = (days.first(), days.last()) else {
            return Ok(Vec::new());
        };
        let range = MinuteRange::new(Minute::of_day(first.day), Minute::of_day(last.day + 1));
        let mut excluded: HashMap<i64, Counts> = HashMap::new();
        for minute in self.excluded(series, range, ledger).await? {
            *excluded.entry(minute.minute.day()).or_default() += minute.all;
        }
        Ok(days
            .iter()
            .map(|day| DayCounts {
                day: day.day,
                counts: without(day.counts, excluded.get(&day.day).copied().unwrap_or_default()),
            })
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
