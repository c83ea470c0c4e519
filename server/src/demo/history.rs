//! What was measured of a base URL, and writing it down.

use std::{net::SocketAddr, ops::RangeInclusive, time::Duration};

use rampart_domain::{
    count::{Counts, Histogram, MINUTES_PER_DAY, Marked, Minute, MinuteRange, MinuteRecord},
    id::SeriesId,
    policy::{GOOD_PROBES_KEPT, MINUTES_KEPT},
};

use super::story::{Cause, Outcome, Story};
use crate::store::{
    self, Db, counts,
    probes::{self, Probe},
};

/// The outcome of every minute from the first on.
pub(super) struct History {
    range: MinuteRange,
    outcomes: Vec<Outcome>,
}

impl History {
    pub(super) fn of(story: &Story, range: MinuteRange) -> Self {
        let mut outcomes = Vec::with_capacity(usize::try_from(range.len()).unwrap_or_default());
        for number in days(range) {
            let day = story.day(number);
            let minutes = minutes_of(number).intersect(range);
            outcomes.extend(
                minutes
                    .into_iter()
                    .flat_map(MinuteRange::iter)
                    .map(|m| story.outcome(&day, m)),
            );
        }
        Self { range, outcomes }
    }

    pub(super) fn range(&self) -> MinuteRange {
        self.range
    }

    /// The sum over the minutes of `range`.
    pub(super) fn counts(&self, range: MinuteRange) -> Counts {
        let mut sum = Counts::default();
        for outcome in self.within(range) {
            match outcome {
                Outcome::Silent => {}
                Outcome::Good => sum.good += 1,
                Outcome::Bad(_) => sum.bad += 1,
            }
        }
        sum
    }

    /// The first failed minute from `from` on.
    pub(super) fn next_bad(&self, from: Minute) -> Option<Minute> {
        let rest = self.within(MinuteRange::new(from, self.range.end));
        let offset = rest.iter().position(|o| matches!(o, Outcome::Bad(_)))?;
        Some(from.max(self.range.start) + i64::try_from(offset).ok()?)
    }

    fn within(&self, range: MinuteRange) -> &[Outcome] {
        let place = |minute: Minute| usize::try_from(minute - self.range.start).unwrap_or_default();
        range
            .intersect(self.range)
            .map_or(&[], |shared| &self.outcomes[place(shared.start)..place(shared.end)])
    }

    /// Writes the counts of a series, and its probes as far as they are kept; `end` is the end of the whole history,
    /// `address` where the probes went.
    pub(super) async fn write(
        &self,
        db: &Db,
        story: &Story,
        (series, address): (SeriesId, SocketAddr),
        end: Minute,
    ) -> store::Result<()> {
        let mut tx = db.begin().await?;
        let mut kept = Vec::new();
        for day in days(self.range) {
            let Some(range) = minutes_of(day).intersect(self.range) else {
                continue;
            };
            let mut records = Vec::with_capacity(usize::try_from(MINUTES_PER_DAY).unwrap_or_default());
            for (minute, outcome) in range.iter().zip(self.within(range)) {
                let mut record = MinuteRecord {
                    minute,
                    all: Counts::default(),
                    late: Counts::default(),
                    marked: Marked::default(),
                    latency: Histogram::default(),
                };
                let probe = match outcome {
                    Outcome::Silent => continue,
                    Outcome::Good => {
                        let latency = story.latency(minute);
                        record.all.good = 1;
                        record.latency.record(latency);
                        (end - minute <= GOOD_PROBES_KEPT).then(|| good(at(series, minute, address), latency))
                    }
                    Outcome::Bad(cause) => {
                        record.all.bad = 1;
                        Some(bad(at(series, minute, address), *cause))
                    }
                };
                records.push(record);
                kept.extend(probe);
            }
            if !records.is_empty() {
                counts::import_day(&mut tx, series, day, &records, end - range.end < MINUTES_KEPT).await?;
            }
        }
        probes::insert_all(&mut tx, &kept).await?;
        tx.commit().await
    }
}

/// The days, numbered since 1970, that have minutes of `range`.
fn days(range: MinuteRange) -> RangeInclusive<i64> {
    range.start.day()..=(range.end - 1).day()
}

fn minutes_of(day: i64) -> MinuteRange {
    MinuteRange::new(Minute::of_day(day), Minute::of_day(day + 1))
}

/// How long connecting takes, and reading the body, in microseconds.
const CONNECTED_AFTER: i64 = 310;
const BODY_READ_IN: i64 = 120;

/// What all probes of a series have in common: they are due at the same instant of every minute.
fn at(series: SeriesId, minute: Minute, address: SocketAddr) -> Probe {
    let phase = i64::from(series.0.as_bytes()[15]) * 60_000_000 / 256;
    Probe {
        series_id: series,
        at: minute.0 * 60_000_000 + phase,
        good: true,
        counted: true,
        status: Some(200),
        class: None,
        reason: None,
        address: Some(address.to_string()),
        dns: None,
        connect: Some(CONNECTED_AFTER),
        tls: None,
        first_byte: None,
        total: 0,
    }
}

fn good(probe: Probe, latency: Duration) -> Probe {
    let total = i64::try_from(latency.as_micros()).unwrap_or(i64::MAX);
    Probe {
        first_byte: Some(total - CONNECTED_AFTER - BODY_READ_IN),
        total,
        ..probe
    }
}

fn bad(probe: Probe, cause: Cause) -> Probe {
    let (class, reason) = cause.failure();
    let first_byte = cause.status().map(|_| 4_000 + probe.at.rem_euclid(907));
    Probe {
        good: false,
        status: cause.status().map(i64::from),
        class: Some(class.as_str().to_owned()),
        reason: Some(reason),
        first_byte,
        total: first_byte.map_or(3_000_400, |micros| micros + CONNECTED_AFTER + BODY_READ_IN),
        ..probe
    }
}
