//! Counts per minute, hour and day. Excluded minutes stand in them like any other; the ledger is applied by the reader.
//!
//! A minute is counted in a row of its own, and hours later moved into the packed day (`compaction`). It may stand in both
//! places, when something came late: readers add up both, in one statement, so that nothing moves between two of them.

mod write;

use std::collections::{BTreeMap, HashMap, HashSet};

use rampart_domain::{
    count::{Counts, DayMinutes, Histogram, MINUTES_PER_DAY, Marked, Minute, MinuteCounts, MinuteRange, MinuteRecord},
    id::SeriesId,
};
use sqlx::{FromRow, QueryBuilder, query_as, query_scalar};
use uuid::Uuid;

pub use self::write::{add, add_all, import_day, take, unpacked};
pub(super) use self::write::{add_hours, put_packed};
use super::{
    Db, Error, Result,
    db::read,
    dialect::{unsigned, wanted},
};

pub(super) const MINUTES_PER_HOUR: i64 = 60;
/// How many series are asked for in one statement.
const AT_ONCE: usize = 10_000;

/// One day of a series.
#[derive(Clone, Debug)]
pub struct Day {
    /// Days since 1970.
    pub day: i64,
    pub counts: Counts,
    /// Minutes with an event.
    pub minutes: u64,
    pub latency: Histogram,
}

/// One hour of a series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hour {
    /// Hours since 1970.
    pub hour: i64,
    pub counts: Counts,
    pub latency: Histogram,
}

/// Counts of a stretch of minutes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    pub start: Minute,
    pub counts: Counts,
}

/// A minute that is not packed.
#[derive(FromRow)]
pub(super) struct MinuteRow {
    pub minute: i64,
    good: i64,
    bad: i64,
    late_good: i64,
    late_bad: i64,
    excluded_platform_fault: i64,
    excluded_site: i64,
    excluded_scanner: i64,
    pub latency: Vec<u8>,
}

/// A minute that is not packed, or a packed day, whose number then stands in place of the minute.
#[derive(FromRow)]
pub(super) struct CountsRow {
    series_id: Uuid,
    minute: i64,
    good: i64,
    bad: i64,
    late_good: i64,
    late_bad: i64,
    packed: Option<Vec<u8>>,
}

/// The sum of minutes that are not packed, or a packed day.
#[derive(FromRow)]
struct SumRow {
    series_id: Uuid,
    day: i64,
    good: i64,
    bad: i64,
    packed: Option<Vec<u8>>,
}

pub(super) fn counts(good: i64, bad: i64) -> Counts {
    Counts::new(unsigned(good), unsigned(bad))
}

pub(super) fn histogram(bytes: &[u8]) -> Result<Histogram> {
    Histogram::from_bytes(bytes).map_err(|error| Error::corrupt("latency histogram", error))
}

impl TryFrom<MinuteRow> for MinuteRecord {
    type Error = Error;

    fn try_from(row: MinuteRow) -> Result<Self> {
        Ok(Self {
            minute: Minute(row.minute),
            all: counts(row.good, row.bad),
            late: counts(row.late_good, row.late_bad),
            marked: Marked {
                platform_fault: unsigned(row.excluded_platform_fault),
                excluded_site: unsigned(row.excluded_site),
                scanner: unsigned(row.excluded_scanner),
            },
            latency: histogram(&row.latency)?,
        })
    }
}

/// The sum of minutes that are not packed, or a packed day, of a range of a series.
#[derive(FromRow)]
struct RangeRow {
    series_id: Uuid,
    first: i64,
    past: i64,
    day: i64,
    good: i64,
    bad: i64,
    packed: Option<Vec<u8>>,
}

fn unpack(day: i64, counts: &[u8]) -> Result<Vec<MinuteCounts>> {
    DayMinutes::unpack_counts(day, counts).map_err(|error| Error::corrupt("packed day", error))
}

/// The series with a bad event within `range`; it may name some whose bad events lie within an hour of it. For the
/// evaluation.
pub async fn with_bad_events(db: &Db, range: MinuteRange) -> Result<HashSet<SeriesId>> {
    let ids: Vec<Uuid> = read!(db, pool => query_scalar(
        "select series_id from count_minute where bad > 0 and minute >= $1 and minute < $2
         union
         select series_id from count_hour where bad > 0 and hour >= $3 and hour <= $4")
        .bind(range.start.0).bind(range.end.0)
        .bind(range.start.0.div_euclid(MINUTES_PER_HOUR)).bind((range.end - 1).0.div_euclid(MINUTES_PER_HOUR))
        .fetch_all(pool).await?);
    Ok(ids.into_iter().map(SeriesId).collect())
}

/// The minutes of several series within `range`, in order.
pub async fn minutes_of(
    db: &Db,
    series: &[SeriesId],
    range: MinuteRange,
) -> Result<HashMap<SeriesId, Vec<MinuteCounts>>> {
    let mut found = HashMap::with_capacity(series.len());
    for some in series.chunks(AT_ONCE) {
        found.extend(minutes_within(db, some, range).await?);
    }
    Ok(found)
}

/// What is counted of several series, each within its own ranges, which do not overlap.
pub async fn sums_of_ranges(db: &Db, ranges: &[(SeriesId, MinuteRange)]) -> Result<HashMap<SeriesId, Counts>> {
    // Five values for each, and SQLite takes 32,766 in a statement.
    const RANGES: usize = 5_000;
    let mut sums: HashMap<SeriesId, Counts> = HashMap::new();
    let ranges: Vec<_> = ranges.iter().filter(|(_, range)| !range.is_empty()).collect();
    for ranges in ranges.chunks(RANGES) {
        // Looked up one by one, as in `minutes_within`.
        let rows: Vec<RangeRow> = read!(db, pool => {
            let mut query = QueryBuilder::new("with wanted (id, first, past, first_day, last_day) as (values ");
            let mut list = query.separated(", ");
            for (id, range) in ranges {
                list.push("(").push_bind_unseparated(id.0).push_unseparated(", ").push_bind_unseparated(range.start.0)
                    .push_unseparated(", ").push_bind_unseparated(range.end.0).push_unseparated(", ")
                    .push_bind_unseparated(range.start.day()).push_unseparated(", ")
                    .push_bind_unseparated((range.end - 1).day()).push_unseparated(")");
            }
            query.push(") select series_id, first, past, day, 0 as good, 0 as bad, counts as packed
                          from wanted cross join count_packed
                          where series_id = wanted.id and until > first and day >= first_day and day <= last_day
                        union all select series_id, first, past, 0, cast(sum(good) as bigint), cast(sum(bad) as bigint), null
                          from wanted cross join count_minute
                          where series_id = wanted.id and minute >= first and minute < past group by series_id, first, past");
            query.build_query_as().fetch_all(pool).await?
        });
        for row in rows {
            let range = MinuteRange::new(Minute(row.first), Minute(row.past));
            let sum = sums.entry(SeriesId(row.series_id)).or_default();
            *sum += counts(row.good, row.bad);
            if let Some(packed) = row.packed {
                let day = unpack(row.day, &packed)?;
                *sum += day.iter().filter(|m| range.contains(m.minute)).map(|m| m.all).sum();
            }
        }
    }
    Ok(sums)
}

/// Which of these series had an event before `end`; where minutes are no longer kept, on an earlier day.
pub async fn begun_before(db: &Db, series: &[SeriesId], end: Minute) -> Result<HashSet<SeriesId>> {
    let mut begun = HashSet::new();
    for some in series.chunks(AT_ONCE) {
        let ids: Vec<Uuid> = read!(db, pool => {
            let mut query = QueryBuilder::new("select distinct series_id from count_day where day < ");
            query.push_bind(end.day()).push(" and series_id in (");
            let mut list = query.separated(", ");
            some.iter().for_each(|id| { list.push_bind(id.0); });
            query.push(")");
            query.build_query_scalar().fetch_all(pool).await?
        });
        begun.extend(ids.into_iter().map(SeriesId));
    }
    // Those that began on that very day are few.
    let rest: Vec<SeriesId> = series.iter().filter(|id| !begun.contains(id)).copied().collect();
    let within = MinuteRange::new(Minute::of_day(end.day()), end);
    begun.extend(minutes_of(db, &rest, within).await?.into_keys());
    Ok(begun)
}

/// The minutes of one series within `range` that have an event, in order.
pub async fn minutes(db: &Db, series: SeriesId, range: MinuteRange) -> Result<Vec<MinuteCounts>> {
    let mut found = minutes_within(db, &[series], range).await?;
    Ok(found.remove(&series).unwrap_or_default())
}

async fn minutes_within(
    db: &Db,
    series: &[SeriesId],
    range: MinuteRange,
) -> Result<HashMap<SeriesId, Vec<MinuteCounts>>> {
    let mut found: HashMap<SeriesId, Vec<MinuteCounts>> = HashMap::new();
    if range.is_empty() || series.is_empty() {
        return Ok(found);
    }
    // One statement sees each minute in one place, whatever is being packed meanwhile. Some series are looked up one by one,
    // which SQLite does by itself only when `cross join` tells it to: left to choose, it reads the minutes of all series.
    let rows: Vec<CountsRow> = read!(db, pool => {
        let mut query = wanted(series);
        query.push("select series_id, day as minute, 0 as good, 0 as bad, 0 as late_good, 0 as late_bad, counts as packed
                      from wanted cross join count_packed where series_id = wanted.id and until > ").push_bind(range.start.0).push(" and day >= ").push_bind(range.start.day())
            .push(" and day <= ").push_bind((range.end - 1).day())
            .push(" union all select series_id, minute, good, bad, late_good, late_bad, null
                     from wanted cross join count_minute where series_id = wanted.id and minute >= ").push_bind(range.start.0).push(" and minute < ").push_bind(range.end.0);
        query.build_query_as().fetch_all(pool).await?
    });
    gather(&mut found, rows, |minute| range.contains(minute))?;
    found.retain(|_, minutes| !minutes.is_empty());
    found.values_mut().for_each(join_equal_minutes);
    Ok(found)
}

/// Puts the minutes that are asked for with those of their series.
pub(super) fn gather(
    found: &mut HashMap<SeriesId, Vec<MinuteCounts>>,
    rows: Vec<CountsRow>,
    asked: impl Fn(Minute) -> bool,
) -> Result<()> {
    for row in rows {
        let minutes = found.entry(SeriesId(row.series_id)).or_default();
        match row.packed {
            Some(packed) => {
                let day = unpack(row.minute, &packed)?;
                minutes.extend(day.into_iter().filter(|m| asked(m.minute)));
            }
            None => minutes.push(MinuteCounts {
                minute: Minute(row.minute),
                all: counts(row.good, row.bad),
                late: counts(row.late_good, row.late_bad),
            }),
        }
    }
    Ok(())
}

/// Puts minutes in order, and the parts of one minute together.
pub(super) fn join_equal_minutes(minutes: &mut Vec<MinuteCounts>) {
    minutes.sort_by_key(|m| m.minute);
    minutes.dedup_by(|later, first| {
        let equal = later.minute == first.minute;
        if equal {
            first.all += later.all;
            first.late += later.late;
        }
        equal
    });
}

/// Counts of stretches of `length` minutes within `range`, those with an event, in order.
pub async fn buckets(db: &Db, series: SeriesId, range: MinuteRange, length: i64) -> Result<Vec<Bucket>> {
    let mut buckets: Vec<Bucket> = Vec::new();
    for minute in minutes(db, series, range).await? {
        let start = minute.minute - minute.minute.0.rem_euclid(length);
        match buckets.last_mut().filter(|b| b.start == start) {
            Some(bucket) => bucket.counts += minute.all,
            None => buckets.push(Bucket {
                start,
                counts: minute.all,
            }),
        }
    }
    Ok(buckets)
}

/// The sum over `range` of each series: whole days from the days, the rest from the minutes.
pub async fn sums(db: &Db, series: &[SeriesId], range: MinuteRange) -> Result<HashMap<SeriesId, Counts>> {
    let mut sums: HashMap<SeriesId, Counts> = HashMap::new();
    if series.is_empty() || range.is_empty() {
        return Ok(sums);
    }
    let first_day = (range.start + (MINUTES_PER_DAY - 1)).day();
    let end_day = range.end.day().max(first_day);
    // Without a whole day in it the range is all edge.
    let edges = if first_day < end_day {
        let rows: Vec<(Uuid, i64, i64)> = read!(db, pool => {
            let mut query = wanted(series);
            query.push("select series_id, cast(sum(good) as bigint), cast(sum(bad) as bigint)
                 from wanted join count_day on series_id = wanted.id and day >= ").push_bind(first_day)
                .push(" and day < ").push_bind(end_day).push(" group by series_id");
            query.build_query_as().fetch_all(pool).await?
        });
        sums.extend(
            rows.into_iter()
                .map(|(id, good, bad)| (SeriesId(id), counts(good, bad))),
        );
        vec![
            MinuteRange::new(range.start, Minute::of_day(first_day)),
            MinuteRange::new(Minute::of_day(end_day), range.end),
        ]
    } else {
        vec![range]
    };
    for edge in edges {
        add_minutes(db, &mut sums, series, edge).await?;
    }
    Ok(sums)
}

/// Adds the minutes of each series within `range` to its sum. The database adds up what it can; packed days come whole.
async fn add_minutes(
    db: &Db,
    sums: &mut HashMap<SeriesId, Counts>,
    series: &[SeriesId],
    range: MinuteRange,
) -> Result<()> {
    if range.is_empty() {
        return Ok(());
    }
    let rows: Vec<SumRow> = read!(db, pool => {
        let mut query = wanted(series);
        // One statement, and `cross join`, for the same reasons as in `minutes_within`.
        query.push("select series_id, day, 0 as good, 0 as bad, counts as packed from wanted cross join count_packed
                    where series_id = wanted.id and until > ").push_bind(range.start.0)
            .push(" and day >= ").push_bind(range.start.day()).push(" and day <= ").push_bind((range.end - 1).day())
            .push(" union all select series_id, 0, cast(sum(good) as bigint), cast(sum(bad) as bigint), null
                    from wanted cross join count_minute where series_id = wanted.id and minute >= ").push_bind(range.start.0)
            .push(" and minute < ").push_bind(range.end.0).push(" group by series_id");
        query.build_query_as().fetch_all(pool).await?
    });
    for row in rows {
        let sum = sums.entry(SeriesId(row.series_id)).or_default();
        *sum += counts(row.good, row.bad);
        if let Some(packed) = row.packed {
            let day = unpack(row.day, &packed)?;
            *sum += day.iter().filter(|m| range.contains(m.minute)).map(|m| m.all).sum();
        }
    }
    Ok(())
}

/// The hours of a series from `first` to before `end` (hours since 1970), those with an event, in order.
pub async fn hours(db: &Db, series: SeriesId, first: i64, end: i64) -> Result<Vec<Hour>> {
    let rows: Vec<(i64, i64, i64, Vec<u8>)> = read!(db, pool => query_as(
        "select hour, good, bad, latency from count_hour where series_id = $1 and hour >= $2 and hour < $3
         union all
         select minute / 60, good, bad, latency from count_minute where series_id = $1 and minute >= $2 * 60 and minute < $3 * 60")
        .bind(series.0).bind(first).bind(end).fetch_all(pool).await?);
    let mut hours: BTreeMap<i64, Hour> = BTreeMap::new();
    for (hour, good, bad, latency) in rows {
        let sum = hours.entry(hour).or_insert_with(|| Hour {
            hour,
            ..Hour::default()
        });
        sum.counts += counts(good, bad);
        sum.latency.merge(&histogram(&latency)?);
    }
    Ok(hours.into_values().collect())
}

/// The days of a series from `first` to before `end` (days since 1970), those with an event, in order.
pub async fn days(db: &Db, series: SeriesId, first: i64, end: i64) -> Result<Vec<Day>> {
    let rows: Vec<(i64, i64, i64, i64, Vec<u8>)> = read!(db, pool => query_as(
        "select day, good, bad, minutes, latency from count_day where series_id = $1 and day >= $2 and day < $3 order by day")
        .bind(series.0).bind(first).bind(end).fetch_all(pool).await?);
    rows.into_iter()
        .map(|(day, good, bad, minutes, latency)| {
            Ok(Day {
                day,
                counts: counts(good, bad),
                minutes: unsigned(minutes),
                latency: histogram(&latency)?,
            })
        })
        .collect()
}

/// The first minute of a series that has an event; where minutes are no longer kept, the first of its day.
pub async fn first_minute(db: &Db, series: SeriesId) -> Result<Option<Minute>> {
    let day: Option<i64> = read!(db, pool => query_scalar("select min(day) from count_day where series_id = $1")
        .bind(series.0).fetch_one(pool).await?);
    let Some(day) = day else { return Ok(None) };
    let minutes = minutes(db, series, MinuteRange::of_day(day)).await?;
    Ok(Some(minutes.first().map_or(Minute::of_day(day), |m| m.minute)))
}

/// The latency of each series from `from_day` on.
pub async fn latencies(db: &Db, series: &[SeriesId], from_day: i64) -> Result<HashMap<SeriesId, Histogram>> {
    let mut merged: HashMap<SeriesId, Histogram> = HashMap::new();
    if series.is_empty() {
        return Ok(merged);
    }
    let rows: Vec<(Uuid, Vec<u8>)> = read!(db, pool => {
        let mut query = QueryBuilder::new("select series_id, latency from count_day where day >= ");
        query.push_bind(from_day).push(" and series_id in (");
        let mut list = query.separated(", ");
        series.iter().for_each(|id| { list.push_bind(id.0); });
        query.push(")");
        query.build_query_as().fetch_all(pool).await?
    });
    for (id, bytes) in rows {
        merged.entry(SeriesId(id)).or_default().merge(&histogram(&bytes)?);
    }
    Ok(merged)
}
