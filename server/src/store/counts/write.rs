//! Counting: minutes with the days they belong to, and whole days.

use std::collections::{BTreeMap, HashMap, HashSet};

use rampart_domain::{
    count::{Counts, DayMinutes, Histogram, Minute, MinuteRecord, PackedDay},
    id::SeriesId,
};
use sqlx::{FromRow, QueryBuilder, query, query_as, query_scalar};
use uuid::Uuid;

use super::{Hour, MINUTES_PER_HOUR, MinuteRow, histogram, unpack};
use crate::store::{Result, Tx, db::write, dialect::signed};

/// How many rows are written in one statement. Its text grows with them, and is not kept prepared: most calls have another
/// number of rows.
const AT_ONCE: usize = 500;

/// What is known of a minute before something is added to it.
#[derive(FromRow)]
struct KnownRow {
    series_id: Uuid,
    minute: i64,
    latency: Option<Vec<u8>>,
    packed_until: Option<i64>,
}

/// What is added to a day.
#[derive(Default)]
struct DayChange {
    counts: Counts,
    /// Minutes that had no event before.
    minutes: u64,
    latency: Histogram,
}

/// Adds to a minute, and to the day it belongs to.
pub async fn add(tx: &mut Tx, series: SeriesId, record: &MinuteRecord) -> Result<()> {
    add_all(tx, &[(series, record.clone())]).await
}

/// Adds to minutes of any series, and to the days they belong to, in the order of series, which is the order in which
/// everybody locks them. Each minute of a series stands in the list once.
pub async fn add_all(tx: &mut Tx, minutes: &[(SeriesId, MinuteRecord)]) -> Result<()> {
    let mut minutes: Vec<&(SeriesId, MinuteRecord)> = minutes.iter().collect();
    minutes.sort_unstable_by_key(|(series, record)| (*series, record.minute));
    for some in minutes.chunks(AT_ONCE) {
        add_some(tx, some).await?;
    }
    Ok(())
}

async fn add_some(tx: &mut Tx, minutes: &[&(SeriesId, MinuteRecord)]) -> Result<()> {
    let mut days: BTreeMap<(SeriesId, i64), DayChange> = BTreeMap::new();
    for (series, record) in minutes {
        let day = days.entry((*series, record.minute.day())).or_default();
        day.counts += record.all;
        day.latency.merge(&record.latency);
    }
    // The days come first: their rows are the locks under which the histograms and the number of minutes are read and
    // written, and under which minutes are packed.
    let day_latencies = add_to_days(tx, &days).await?;
    let known = known(tx, minutes).await?;
    let packed = packed_minutes(tx, minutes, &known).await?;
    for (series, record) in minutes {
        let key = (*series, record.minute);
        let is_new = known.get(&key).is_none_or(|row| row.latency.is_none()) && !packed.contains(&key);
        if let Some(day) = days.get_mut(&(*series, record.minute.day())) {
            day.minutes += u64::from(is_new);
        }
    }
    put_minutes(tx, minutes, &known).await?;
    days.retain(|_, day| day.minutes > 0 || !day.latency.is_empty());
    for (key, day) in &mut days {
        if let Some(stored) = day_latencies.get(key) {
            day.latency.merge(&histogram(stored)?);
        }
    }
    put_day_latencies(tx, &days).await
}

/// Adds the events to the days, and says what latencies they have so far.
async fn add_to_days(
    tx: &mut Tx,
    days: &BTreeMap<(SeriesId, i64), DayChange>,
) -> Result<HashMap<(SeriesId, i64), Vec<u8>>> {
    let rows: Vec<(Uuid, i64, Vec<u8>)> = write!(tx, c => {
        let mut query = QueryBuilder::new("insert into count_day (series_id, day, good, bad, minutes, latency) ");
        query.push_values(days, |mut row, ((series, day), change)| {
            row.push_bind(series.0).push_bind(*day).push_bind(signed(change.counts.good)).push_bind(signed(change.counts.bad))
                .push("0").push_bind(Vec::<u8>::new());
        });
        query.push(
            "on conflict (series_id, day) do update set good = count_day.good + excluded.good, bad = count_day.bad + excluded.bad
             returning series_id, day, latency");
        query.build_query_as().persistent(false).fetch_all(c).await?
    });
    Ok(rows
        .into_iter()
        .map(|(series, day, latency)| ((SeriesId(series), day), latency))
        .collect())
}

/// What is known of these minutes.
async fn known(tx: &mut Tx, minutes: &[&(SeriesId, MinuteRecord)]) -> Result<HashMap<(SeriesId, Minute), KnownRow>> {
    let rows: Vec<KnownRow> = write!(tx, c => {
        let mut query = QueryBuilder::new("with wanted (id, minute, day) as (");
        query.push_values(minutes, |mut row, (series, record)| {
            row.push_bind(series.0).push_bind(record.minute.0).push_bind(record.minute.day());
        });
        query.push(
            ") select wanted.id as series_id, wanted.minute, m.latency, p.until as packed_until from wanted
               left join count_minute m on m.series_id = wanted.id and m.minute = wanted.minute
               left join count_packed p on p.series_id = wanted.id and p.day = wanted.day");
        query.build_query_as().persistent(false).fetch_all(c).await?
    });
    Ok(rows
        .into_iter()
        .map(|row| ((SeriesId(row.series_id), Minute(row.minute)), row))
        .collect())
}

/// Those of these minutes that have an event in a packed day, and none beside it.
async fn packed_minutes(
    tx: &mut Tx,
    minutes: &[&(SeriesId, MinuteRecord)],
    known: &HashMap<(SeriesId, Minute), KnownRow>,
) -> Result<HashSet<(SeriesId, Minute)>> {
    let is_late = |(series, record): &&&(SeriesId, MinuteRecord)| {
        known
            .get(&(*series, record.minute))
            .is_some_and(|row| row.latency.is_none() && row.packed_until.is_some_and(|until| record.minute.0 < until))
    };
    let mut late: BTreeMap<(SeriesId, i64), Vec<Minute>> = BTreeMap::new();
    for (series, record) in minutes.iter().filter(is_late) {
        late.entry((*series, record.minute.day()))
            .or_default()
            .push(record.minute);
    }
    let mut found = HashSet::new();
    if late.is_empty() {
        return Ok(found);
    }
    let rows: Vec<(Uuid, i64, Vec<u8>)> = write!(tx, c => {
        let mut query = QueryBuilder::new("with wanted (id, day) as (");
        query.push_values(late.keys(), |mut row, (series, day)| {
            row.push_bind(series.0).push_bind(*day);
        });
        query.push(") select series_id, count_packed.day, counts from wanted cross join count_packed
                      where series_id = wanted.id and count_packed.day = wanted.day");
        query.build_query_as().persistent(false).fetch_all(c).await?
    });
    for (series, day, counts) in rows {
        let Some(asked) = late.get(&(SeriesId(series), day)) else {
            continue;
        };
        let with_events = unpack(day, &counts)?.into_iter().map(|counted| counted.minute);
        found.extend(
            with_events
                .filter(|minute| asked.contains(minute))
                .map(|minute| (SeriesId(series), minute)),
        );
    }
    Ok(found)
}

async fn put_minutes(
    tx: &mut Tx,
    minutes: &[&(SeriesId, MinuteRecord)],
    known: &HashMap<(SeriesId, Minute), KnownRow>,
) -> Result<()> {
    let mut latencies = Vec::with_capacity(minutes.len());
    for (series, record) in minutes {
        let stored = known
            .get(&(*series, record.minute))
            .and_then(|row| row.latency.as_deref());
        let mut latency = histogram(stored.unwrap_or_default())?;
        latency.merge(&record.latency);
        latencies.push(latency.to_bytes());
    }
    write!(tx, c => {
        let mut query = QueryBuilder::new(
            "insert into count_minute (series_id, minute, good, bad, late_good, late_bad,
                                       excluded_platform_fault, excluded_site, excluded_scanner, latency) ");
        query.push_values(minutes.iter().zip(latencies), |mut row, ((series, record), latency)| {
            let MinuteRecord { minute, all, late, marked, .. } = record;
            row.push_bind(series.0).push_bind(minute.0).push_bind(signed(all.good)).push_bind(signed(all.bad))
                .push_bind(signed(late.good)).push_bind(signed(late.bad)).push_bind(signed(marked.platform_fault))
                .push_bind(signed(marked.excluded_site)).push_bind(signed(marked.scanner)).push_bind(latency);
        });
        query.push(
            "on conflict (series_id, minute) do update
             set good = count_minute.good + excluded.good, bad = count_minute.bad + excluded.bad,
                 late_good = count_minute.late_good + excluded.late_good, late_bad = count_minute.late_bad + excluded.late_bad,
                 excluded_platform_fault = count_minute.excluded_platform_fault + excluded.excluded_platform_fault,
                 excluded_site = count_minute.excluded_site + excluded.excluded_site,
                 excluded_scanner = count_minute.excluded_scanner + excluded.excluded_scanner,
                 latency = excluded.latency");
        query.build().persistent(false).execute(c).await?.rows_affected()
    });
    Ok(())
}

/// Adds minutes to days that are there, and puts their latencies in place of those that are stored.
async fn put_day_latencies(tx: &mut Tx, days: &BTreeMap<(SeriesId, i64), DayChange>) -> Result<()> {
    if days.is_empty() {
        return Ok(());
    }
    // Each row is there: an insert that never inserts finds it by its key, where SQLite might read all days for an update.
    write!(tx, c => {
        let mut query = QueryBuilder::new("insert into count_day (series_id, day, good, bad, minutes, latency) ");
        query.push_values(days, |mut row, ((series, day), change)| {
            row.push_bind(series.0).push_bind(*day).push("0").push("0").push_bind(signed(change.minutes))
                .push_bind(change.latency.to_bytes());
        });
        query.push(
            "on conflict (series_id, day) do update set minutes = count_day.minutes + excluded.minutes, latency = excluded.latency");
        query.build().persistent(false).execute(c).await?.rows_affected()
    });
    Ok(())
}

/// What is counted in these minutes, those with an event; those of a stretch that is packed are left out.
pub async fn unpacked(
    tx: &mut Tx,
    minutes: &[(SeriesId, Minute)],
) -> Result<HashMap<(SeriesId, Minute), MinuteRecord>> {
    #[derive(FromRow)]
    struct Row {
        series_id: Uuid,
        #[sqlx(flatten)]
        minute: MinuteRow,
    }
    let mut found = HashMap::new();
    for some in minutes.chunks(AT_ONCE) {
        let rows: Vec<Row> = write!(tx, c => {
            let mut query = QueryBuilder::new("with wanted (id, at, day) as (");
            query.push_values(some, |mut row, (series, minute)| {
                row.push_bind(series.0).push_bind(minute.0).push_bind(minute.day());
            });
            query.push(
                ") select series_id, minute, good, bad, late_good, late_bad, excluded_platform_fault, excluded_site,
                          excluded_scanner, latency
                   from wanted cross join count_minute where series_id = wanted.id and minute = wanted.at
                   and not exists (select 1 from count_packed p where p.series_id = wanted.id and p.day = wanted.day
                                   and p.until > wanted.at)");
            query.build_query_as().persistent(false).fetch_all(c).await?
        });
        for row in rows {
            let record = MinuteRecord::try_from(row.minute)?;
            found.insert((SeriesId(row.series_id), record.minute), record);
        }
    }
    Ok(found)
}

/// Takes what is counted in a minute out of it, and out of the day it belongs to. `None` when there is nothing, and for a
/// minute of a stretch that is packed: it stays where it is.
pub async fn take(tx: &mut Tx, series: SeriesId, minute: Minute) -> Result<Option<MinuteRecord>> {
    // The lock of `add`.
    let day_latency: Option<Vec<u8>> = write!(tx, c => query_scalar(
        "update count_day set good = good where series_id = $1 and day = $2 returning latency")
        .bind(series.0).bind(minute.day()).fetch_optional(c).await?);
    let Some(day_latency) = day_latency else {
        return Ok(None);
    };
    let row: Option<MinuteRow> = write!(tx, c => query_as(
        "delete from count_minute where series_id = $1 and minute = $2
         and not exists (select 1 from count_packed where series_id = $1 and day = $3 and until > $2)
         returning minute, good, bad, late_good, late_bad, excluded_platform_fault, excluded_site, excluded_scanner, latency")
        .bind(series.0).bind(minute.0).bind(minute.day()).fetch_optional(c).await?);
    let Some(row) = row else { return Ok(None) };
    let taken = MinuteRecord::try_from(row)?;
    let mut latency = histogram(&day_latency)?;
    latency.subtract(&taken.latency);
    write!(tx, c => query(
        "update count_day set good = good - $3, bad = bad - $4, minutes = minutes - 1, latency = $5
         where series_id = $1 and day = $2")
        .bind(series.0).bind(minute.day()).bind(signed(taken.all.good)).bind(signed(taken.all.bad)).bind(latency.to_bytes())
        .execute(c).await?.rows_affected());
    Ok(Some(taken))
}

/// Writes a whole day of a series that has nothing in it yet: the day, its hours and, when `keep_minutes`, its packed
/// minutes. Minutes of other days are left out.
pub async fn import_day(
    tx: &mut Tx,
    series: SeriesId,
    day: i64,
    minutes: &[MinuteRecord],
    keep_minutes: bool,
) -> Result<()> {
    let mut whole = DayMinutes::new(day);
    for record in minutes {
        whole.add(record.clone());
    }
    let mut sum = MinuteRecord::new(Minute::of_day(day));
    whole.records().iter().for_each(|record| sum.merge(record));
    write!(tx, c => query("insert into count_day (series_id, day, good, bad, minutes, latency) values ($1, $2, $3, $4, $5, $6)")
        .bind(series.0).bind(day).bind(signed(sum.all.good)).bind(signed(sum.all.bad))
        .bind(signed(whole.records().len() as u64)).bind(sum.latency.to_bytes()).execute(c).await?.rows_affected());
    add_hours(tx, series, whole.records()).await?;
    if keep_minutes {
        let until = whole
            .records()
            .last()
            .map_or(Minute::of_day(day), |last| last.minute + 1);
        put_packed(tx, series, day, until, &whole.pack()).await?;
    }
    Ok(())
}

/// Adds these minutes to their hours.
pub(in crate::store) async fn add_hours(tx: &mut Tx, series: SeriesId, minutes: &[MinuteRecord]) -> Result<()> {
    let mut hours: BTreeMap<i64, Hour> = BTreeMap::new();
    for record in minutes {
        let hour = record.minute.0.div_euclid(MINUTES_PER_HOUR);
        let sum = hours.entry(hour).or_insert_with(|| Hour {
            hour,
            ..Hour::default()
        });
        sum.counts += record.all;
        sum.latency.merge(&record.latency);
    }
    let (Some(first), Some(last)) = (hours.keys().next(), hours.keys().next_back()) else {
        return Ok(());
    };
    let stored: Vec<(i64, Vec<u8>)> = write!(tx, c => query_as(
        "select hour, latency from count_hour where series_id = $1 and hour >= $2 and hour <= $3")
        .bind(series.0).bind(first).bind(last).fetch_all(c).await?);
    for (hour, latency) in stored {
        if let Some(sum) = hours.get_mut(&hour) {
            sum.latency.merge(&histogram(&latency)?);
        }
    }
    write!(tx, c => {
        let mut query = QueryBuilder::new("insert into count_hour (series_id, hour, good, bad, latency) ");
        query.push_values(hours.values(), |mut row, hour| {
            row.push_bind(series.0).push_bind(hour.hour).push_bind(signed(hour.counts.good))
                .push_bind(signed(hour.counts.bad)).push_bind(hour.latency.to_bytes());
        });
        query.push(
            "on conflict (series_id, hour) do update
             set good = count_hour.good + excluded.good, bad = count_hour.bad + excluded.bad, latency = excluded.latency");
        query.build().execute(c).await?.rows_affected()
    });
    Ok(())
}

/// Puts a packed day in place of the one that is stored.
pub(in crate::store) async fn put_packed(
    tx: &mut Tx,
    series: SeriesId,
    day: i64,
    until: Minute,
    packed: &PackedDay,
) -> Result<()> {
    write!(tx, c => query(
        "insert into count_packed (series_id, day, until, counts, latency) values ($1, $2, $3, $4, $5)
         on conflict (series_id, day) do update
         set until = excluded.until, counts = excluded.counts, latency = excluded.latency")
        .bind(series.0).bind(day).bind(until.0).bind(&packed.counts).bind(&packed.latency)
        .execute(c).await?.rows_affected());
    Ok(())
}
