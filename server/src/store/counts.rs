//! Counts per minute and per day. Excluded minutes stand in them like any other; the ledger is applied by the reader.

use std::collections::HashMap;

use rampart_domain::{
    count::{Counts, Histogram, Minute, MinuteCounts, MinuteRange},
    id::SeriesId,
};
use sqlx::{FromRow, QueryBuilder, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Error, Result, Tx,
    db::{read, write},
    dialect::{signed, unsigned},
};

const MINUTES_PER_DAY: i64 = 24 * 60;

/// What to add to one minute of one series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delta {
    pub all: Counts,
    /// The part of `all` that came too late for the evaluation that was due to see it.
    pub late: Counts,
    pub latency: Histogram,
}

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

/// Counts of a stretch of minutes.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    pub start: Minute,
    pub counts: Counts,
}

#[derive(FromRow)]
struct MinuteRow {
    series_id: Uuid,
    minute: i64,
    good: i64,
    bad: i64,
    late_good: i64,
    late_bad: i64,
}

fn counts(good: i64, bad: i64) -> Counts {
    Counts::new(unsigned(good), unsigned(bad))
}

fn histogram(bytes: Option<Vec<u8>>) -> Result<Histogram> {
    let bytes = bytes.unwrap_or_default();
    if bytes.is_empty() {
        return Ok(Histogram::default());
    }
    Histogram::from_bytes(&bytes).map_err(|error| Error::corrupt("latency histogram", error))
}

impl From<MinuteRow> for MinuteCounts {
    fn from(row: MinuteRow) -> Self {
        Self {
            minute: Minute(row.minute),
            all: counts(row.good, row.bad),
            late: counts(row.late_good, row.late_bad),
        }
    }
}

/// Adds to a minute, and to the day it belongs to.
pub async fn add(tx: &mut Tx, series: SeriesId, minute: Minute, delta: &Delta) -> Result<()> {
    // The day comes first: its row is the lock under which the histograms and the number of minutes are read and written.
    let day = minute.0.div_euclid(MINUTES_PER_DAY);
    let day_latency: Vec<u8> = write!(tx, c => query_scalar(
        "insert into count_day (series_id, day, good, bad, minutes, latency) values ($1, $2, $3, $4, 0, $5)
         on conflict (series_id, day) do update set good = count_day.good + excluded.good, bad = count_day.bad + excluded.bad
         returning latency")
        .bind(series.0).bind(day).bind(signed(delta.all.good)).bind(signed(delta.all.bad)).bind(Histogram::default().to_bytes())
        .fetch_one(c).await?);

    let stored: Option<Vec<u8>> = write!(tx, c => query_scalar("select latency from count_minute where series_id = $1 and minute = $2")
        .bind(series.0).bind(minute.0).fetch_optional(c).await?);
    let is_new = stored.is_none();
    let mut latency = histogram(stored)?;
    latency.merge(&delta.latency);
    write!(tx, c => query(
        "insert into count_minute (series_id, minute, good, bad, late_good, late_bad, latency) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (series_id, minute) do update
         set good = count_minute.good + excluded.good, bad = count_minute.bad + excluded.bad,
             late_good = count_minute.late_good + excluded.late_good, late_bad = count_minute.late_bad + excluded.late_bad,
             latency = excluded.latency")
        .bind(series.0).bind(minute.0).bind(signed(delta.all.good)).bind(signed(delta.all.bad))
        .bind(signed(delta.late.good)).bind(signed(delta.late.bad)).bind(latency.to_bytes())
        .execute(c).await?.rows_affected());

    let mut latency = histogram(Some(day_latency))?;
    latency.merge(&delta.latency);
    write!(tx, c => query("update count_day set minutes = minutes + $3, latency = $4 where series_id = $1 and day = $2")
        .bind(series.0).bind(day).bind(i64::from(is_new)).bind(latency.to_bytes()).execute(c).await?.rows_affected());
    Ok(())
}

/// The minutes of every series within `range`; for the evaluation.
pub async fn all_minutes(db: &Db, range: MinuteRange) -> Result<HashMap<SeriesId, Vec<MinuteCounts>>> {
    let rows: Vec<MinuteRow> = read!(db, pool => query_as(
        "select series_id, minute, good, bad, late_good, late_bad from count_minute where minute >= $1 and minute < $2 order by minute")
        .bind(range.start.0).bind(range.end.0).fetch_all(pool).await?);
    let mut by_series: HashMap<SeriesId, Vec<MinuteCounts>> = HashMap::new();
    for row in rows {
        by_series.entry(SeriesId(row.series_id)).or_default().push(row.into());
    }
    Ok(by_series)
}

/// The minutes of one series within `range` that have an event, in order.
pub async fn minutes(db: &Db, series: SeriesId, range: MinuteRange) -> Result<Vec<MinuteCounts>> {
    let rows: Vec<MinuteRow> = read!(db, pool => query_as(
        "select series_id, minute, good, bad, late_good, late_bad from count_minute
         where series_id = $1 and minute >= $2 and minute < $3 order by minute")
        .bind(series.0).bind(range.start.0).bind(range.end.0).fetch_all(pool).await?);
    Ok(rows.into_iter().map(MinuteCounts::from).collect())
}

/// Counts of stretches of `length` minutes within `range`, those with an event, in order.
pub async fn buckets(db: &Db, series: SeriesId, range: MinuteRange, length: i64) -> Result<Vec<Bucket>> {
    let rows: Vec<(i64, i64, i64)> = read!(db, pool => query_as(
        "select (minute / $4) * $4, cast(sum(good) as bigint), cast(sum(bad) as bigint) from count_minute
         where series_id = $1 and minute >= $2 and minute < $3 group by 1 order by 1")
        .bind(series.0).bind(range.start.0).bind(range.end.0).bind(length).fetch_all(pool).await?);
    Ok(rows
        .into_iter()
        .map(|(start, good, bad)| Bucket {
            start: Minute(start),
            counts: counts(good, bad),
        })
        .collect())
}

/// The sum over `range` of each series: whole days from the days, the rest from the minutes.
pub async fn sums(db: &Db, series: &[SeriesId], range: MinuteRange) -> Result<HashMap<SeriesId, Counts>> {
    if series.is_empty() || range.is_empty() {
        return Ok(HashMap::new());
    }
    let first_day =
        range.start.0.div_euclid(MINUTES_PER_DAY) + i64::from(range.start.0.rem_euclid(MINUTES_PER_DAY) != 0);
    let end_day = range.end.0.div_euclid(MINUTES_PER_DAY).max(first_day);
    let (days_start, days_end) = (first_day * MINUTES_PER_DAY, end_day * MINUTES_PER_DAY);
    // Without a whole day in it the range is all edge, and the second edge is empty.
    let (edge_end, edge_start) = if first_day < end_day {
        (days_start, days_end)
    } else {
        (range.end.0, range.end.0)
    };

    let rows: Vec<(Uuid, i64, i64)> = read!(db, pool => {
        let mut query = QueryBuilder::new("with wanted (id) as (values ");
        let mut list = query.separated(", ");
        series.iter().for_each(|id| { list.push("(").push_bind_unseparated(id.0).push_unseparated(")"); });
        query.push(") select series_id, cast(sum(good) as bigint), cast(sum(bad) as bigint) from (
             select d.series_id, d.good, d.bad from wanted join count_day d on d.series_id = wanted.id and d.day >= ")
            .push_bind(first_day).push(" and d.day < ").push_bind(end_day)
            .push(" union all select m.series_id, m.good, m.bad from wanted join count_minute m on m.series_id = wanted.id and m.minute >= ")
            .push_bind(range.start.0).push(" and m.minute < ").push_bind(edge_end)
            .push(" union all select m.series_id, m.good, m.bad from wanted join count_minute m on m.series_id = wanted.id and m.minute >= ")
            .push_bind(edge_start).push(" and m.minute < ").push_bind(range.end.0)
            .push(") parts group by series_id");
        query.build_query_as().fetch_all(pool).await?
    });
    Ok(rows
        .into_iter()
        .map(|(id, good, bad)| (SeriesId(id), counts(good, bad)))
        .collect())
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
                latency: histogram(Some(latency))?,
            })
        })
        .collect()
}

/// The first minute of each series that has an event, and the last one.
pub async fn extent(db: &Db, series: SeriesId) -> Result<Option<(Minute, Minute)>> {
    let (first, last): (Option<i64>, Option<i64>) = read!(db, pool => query_as(
        "select (select min(minute) from count_minute where series_id = $1), (select max(minute) from count_minute where series_id = $1)")
        .bind(series.0).fetch_one(pool).await?);
    Ok(first.zip(last).map(|(first, last)| (Minute(first), Minute(last))))
}

/// The latency of the last day and today of each series.
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
        merged.entry(SeriesId(id)).or_default().merge(&histogram(Some(bytes))?);
    }
    Ok(merged)
}
