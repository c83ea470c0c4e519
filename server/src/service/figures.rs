//! Figures that pages and rules share: sums over a range with and without the excluded minutes.

use std::collections::HashMap;

use rampart_domain::{
    count::{Counts, Minute, MinuteRange},
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
        let mut sums = HashMap::with_capacity(series.len());
        for one in series {
            let all = raw.get(&one.id).copied().unwrap_or_default();
            let excluded = self.excluded(one, range, ledger).await?;
            let adjusted = without(all, excluded);
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

    /// What the ledger takes off a series within `range`.
    async fn excluded(&self, series: &Series, range: MinuteRange, ledger: &Ledger) -> Result<Counts> {
        let mut excluded = Counts::default();
        for span in ledger.excluded_ranges(series_ref(series), range) {
            let minutes = counts::minutes(&self.store.metrics, series.id, span.range).await?;
            excluded += minutes.iter().map(|m| m.all).sum();
        }
        Ok(excluded)
    }

    /// The days of a series from `first` to before `end` (numbered since 1970), without the excluded minutes.
    pub(super) async fn adjusted_days(
        &self,
        series: &Series,
        ledger: &Ledger,
        first: i64,
        end: i64,
    ) -> Result<Vec<DayCounts>> {
        let days = counts::days(&self.store.metrics, series.id, first, end).await?;
        let mut adjusted = Vec::with_capacity(days.len());
        for day in days {
            let excluded = self.excluded(series, MinuteRange::of_day(day.day), ledger).await?;
            adjusted.push(DayCounts {
                day: day.day,
                counts: without(day.counts, excluded),
            });
        }
        Ok(adjusted)
    }
}

/// What is left of `all` without the part of it that is excluded.
fn without(all: Counts, excluded: Counts) -> Counts {
    Counts::new(
        all.good.saturating_sub(excluded.good),
        all.bad.saturating_sub(excluded.bad),
    )
}
