use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::intervals::Intervals;
use super::{LedgerEntry, SeriesRef};
use crate::count::{Counts, Minute, MinuteCounts, MinuteRange};

/// Every excluded interval, ready to be asked. [`Ledger::exclusion`] decides; alerts, objectives, budgets, the breach
/// history, escalation, reports, badges and status pages all ask it or what is built on the same index (SPEC section 5).
///
/// When several entries cover a minute, one of them is named: by kind (data gap, platform fault, planned downtime,
/// waiver), then the one that starts first, then the lowest id. Ids grow with time, so that is the one filed first.
/// Which one is named never changes whether the minute is excluded.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Those that are in force, the ones to be named first in front: of two indices the lower wins.
    entries: Vec<LedgerEntry>,
    /// Entries about all apps, as indices into `entries`.
    all_apps: Intervals,
    /// Entries about one app, as indices into `entries`.
    by_app: HashMap<Uuid, Intervals>,
}

/// Minutes that are excluded on the same ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExcludedRange<'a> {
    /// The minutes.
    pub range: MinuteRange,
    /// The entry that is named for them.
    pub entry: &'a LedgerEntry,
}

/// Counts before and after the ledger: excluded minutes leave both good and bad (SPEC section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Adjusted {
    /// Everything, as measured.
    pub raw: Counts,
    /// Without the excluded minutes.
    pub adjusted: Counts,
    /// The part of `adjusted` that arrived on time; only it opens episodes (SPEC section 2).
    pub on_time: Counts,
}

impl Ledger {
    /// Makes these entries ready to be asked. Their order does not matter; revoked and empty ones are left out.
    pub fn new(mut entries: Vec<LedgerEntry>) -> Self {
        entries.retain(|entry| !entry.revoked && !entry.range.is_empty());
        entries.sort_by_key(|entry| (entry.kind.precedence(), entry.range.start, entry.id));

        let mut all_apps = Vec::new();
        let mut by_app: HashMap<Uuid, Vec<_>> = HashMap::new();
        for (i, entry) in entries.iter().enumerate() {
            match entry.app {
                None => all_apps.push((entry.range, i)),
                Some(app) => by_app.entry(app).or_default().push((entry.range, i)),
            }
        }
        Self {
            entries,
            all_apps: Intervals::new(all_apps),
            by_app: by_app
                .into_iter()
                .map(|(app, ranges)| (app, Intervals::new(ranges)))
                .collect(),
        }
    }

    /// Whether this minute of this series is excluded, and by what (SPEC section 5).
    pub fn exclusion(&self, series: SeriesRef<'_>, minute: Minute) -> Option<&LedgerEntry> {
        let mut first = None;
        self.covering(series, MinuteRange::single(minute), |_, i| {
            first = Some(first.map_or(i, |other: usize| other.min(i)));
        });
        first.map(|i| &self.entries[i])
    }

    /// The excluded minutes of `range`, in order, without overlap; for each minute the entry that
    /// [`Ledger::exclusion`] names. Neighbouring minutes with the same entry are one range.
    pub fn excluded_ranges(&self, series: SeriesRef<'_>, range: MinuteRange) -> Vec<ExcludedRange<'_>> {
        let mut edges = Vec::new();
        self.covering(series, range, |shared, i| {
            edges.push((shared.start, i, true));
            edges.push((shared.end, i, false));
        });
        edges.sort_unstable();

        let mut found: Vec<(MinuteRange, usize)> = Vec::new();
        let mut covering = BTreeSet::new();
        let mut since = range.start;
        for (minute, i, starts) in edges {
            if let Some(&first) = covering.first()
                && since < minute
            {
                match found.last_mut() {
                    // An entry is one interval: its parts touch, unless another entry lies between them.
                    Some((last, entry)) if *entry == first => {
                        last.end = minute;
                    }
                    _ => found.push((MinuteRange::new(since, minute), first)),
                }
            }
            since = minute;
            if starts {
                covering.insert(i);
            } else {
                covering.remove(&i);
            }
        }
        found
            .into_iter()
            .map(|(range, i)| ExcludedRange {
                range,
                entry: &self.entries[i],
            })
            .collect()
    }

    /// Adds up the minutes of a series, with and without the excluded ones. Their order does not matter.
    pub fn adjust(&self, series: SeriesRef<'_>, minutes: &[MinuteCounts]) -> Adjusted {
        let first = minutes.iter().map(|m| m.minute).min();
        let last = minutes.iter().map(|m| m.minute).max();
        let (Some(first), Some(last)) = (first, last) else {
            return Adjusted::default();
        };
        let excluded = self.excluded_ranges(series, MinuteRange::new(first, last + 1));

        let mut sums = Adjusted::default();
        for counts in minutes {
            sums.raw += counts.all;
            let next = excluded.partition_point(|e| e.range.end <= counts.minute);
            if !excluded.get(next).is_some_and(|e| e.range.contains(counts.minute)) {
                sums.adjusted += counts.all;
                sums.on_time += counts.on_time();
            }
        }
        sums
    }

    /// Calls `visit` for each entry that covers minutes of this series in `range`, with the shared minutes and the
    /// index of the entry.
    fn covering(&self, series: SeriesRef<'_>, range: MinuteRange, mut visit: impl FnMut(MinuteRange, usize)) {
        let mut check = |interval: MinuteRange, i: usize| {
            if self.entries[i].covers(series.key)
                && let Some(shared) = interval.intersect(range)
            {
                visit(shared, i);
            }
        };
        self.all_apps.overlapping(range, &mut check);
        if let Some(own) = self.by_app.get(&series.app) {
            own.overlapping(range, &mut check);
        }
    }
}

#[cfg(test)]
mod tests;
