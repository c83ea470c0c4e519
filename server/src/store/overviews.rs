//! What pages and rules read of many series at once: one statement each, however many there are. The ids come from a read
//! that took a scope.

use std::collections::HashMap;

use rampart_domain::{
    count::{DayMinutes, Minute, MinuteCounts, MinuteRecord, PackedDay},
    id::SeriesId,
};
use sqlx::{FromRow, QueryBuilder, query_as};
use uuid::Uuid;

use super::{
    Db, Error, Result,
    counts::{self, CountsRow, Day, MinuteRow},
    db::read,
    dialect::unsigned,
};

/// How many series, or days of series, are asked for in one statement.
const AT_ONCE: usize = 10_000;

/// The days of some series from `first` to before `end` (days since 1970), those with an event, in order.
pub async fn days(db: &Db, series: &[SeriesId], first: i64, end: i64) -> Result<HashMap<SeriesId, Vec<Day>>> {
    let mut found: HashMap<SeriesId, Vec<Day>> = HashMap::new();
    for some in series.chunks(AT_ONCE) {
        let rows: Vec<(Uuid, i64, i64, i64, i64, Vec<u8>)> = read!(db, pool => {
            let mut query = QueryBuilder::new("with wanted (id) as (");
            query.push_values(some, |mut row, id| { row.push_bind(id.0); });
            query.push(") select series_id, day, good, bad, minutes, latency from wanted cross join count_day
                        where series_id = wanted.id and day >= ").push_bind(first).push(" and day < ").push_bind(end)
                .push(" order by series_id, day");
            query.build_query_as().fetch_all(pool).await?
        });
        for (id, day, good, bad, minutes, latency) in rows {
            found.entry(SeriesId(id)).or_default().push(Day {
                day,
                counts: counts::counts(good, bad),
                minutes: unsigned(minutes),
                latency: counts::histogram(&latency)?,
            });
        }
    }
    Ok(found)
}

/// The minutes of these days of these series (days since 1970), those with an event, in order.
pub async fn minutes_on(db: &Db, wanted: &[(SeriesId, i64)]) -> Result<HashMap<SeriesId, Vec<MinuteCounts>>> {
    let mut found = HashMap::new();
    for some in wanted.chunks(AT_ONCE) {
        // One statement, and `cross join`, for the same reasons as in `counts::minutes_within`.
        let rows: Vec<CountsRow> = read!(db, pool => {
            let mut query = QueryBuilder::new("with wanted (id, day) as (");
            query.push_values(some, |mut row, (id, day)| { row.push_bind(id.0).push_bind(*day); });
            query.push(
                ") select series_id, wanted.day as minute, 0 as good, 0 as bad, 0 as late_good, 0 as late_bad, counts as packed
                   from wanted cross join count_packed where series_id = wanted.id and count_packed.day = wanted.day
                 union all
                 select series_id, minute, good, bad, late_good, late_bad, null from wanted cross join count_minute
                 where series_id = wanted.id and minute >= wanted.day * 1440 and minute < wanted.day * 1440 + 1440");
            query.build_query_as().fetch_all(pool).await?
        });
        counts::gather(&mut found, rows, |_| true)?;
    }
    found.values_mut().for_each(counts::join_equal_minutes);
    Ok(found)
}

/// A series with its last day, the end of its packed minutes, and its last minute that is not packed.
type LastRow = (Uuid, Option<i64>, Option<i64>, Option<i64>);

/// The last minute of each series that has an event; of those that have one.
pub async fn last_minutes(db: &Db, series: &[SeriesId]) -> Result<HashMap<SeriesId, Minute>> {
    let mut last: HashMap<SeriesId, Minute> = HashMap::new();
    let mut in_packed: Vec<(SeriesId, i64)> = Vec::new();
    for some in series.chunks(AT_ONCE) {
        let rows: Vec<LastRow> = read!(db, pool => {
            let mut query = QueryBuilder::new("with wanted (id) as (");
            query.push_values(some, |mut row, id| { row.push_bind(id.0); });
            query.push(") select id, (select max(day) from count_day where series_id = wanted.id),
                                 (select max(until) from count_packed where series_id = wanted.id),
                                 (select max(minute) from count_minute where series_id = wanted.id) from wanted");
            query.build_query_as().fetch_all(pool).await?
        });
        for (id, day, packed_until, unpacked) in rows {
            match (day, unpacked) {
                (None, _) => {}
                (Some(_), Some(minute)) if Some(minute) >= packed_until => {
                    last.insert(SeriesId(id), Minute(minute));
                }
                // All that is not packed came late; the last minute is a packed one.
                (Some(day), _) => in_packed.push((SeriesId(id), day)),
            }
        }
    }
    let packed = minutes_on(db, &in_packed).await?;
    last.extend(
        packed
            .iter()
            .filter_map(|(id, minutes)| Some((*id, minutes.last()?.minute))),
    );
    Ok(last)
}

/// A minute that is not packed, or a packed day.
#[derive(FromRow)]
struct RecordRow {
    #[sqlx(flatten)]
    minute: MinuteRow,
    packed: Option<Vec<u8>>,
}

/// Everything that is kept of the minutes of one day of a series, in order.
pub async fn records(db: &Db, series: SeriesId, day: i64) -> Result<Vec<MinuteRecord>> {
    // One statement, so that nothing is packed between two.
    let rows: Vec<RecordRow> = read!(db, pool => query_as(
        "select 0 as minute, 0 as good, 0 as bad, 0 as late_good, 0 as late_bad, 0 as excluded_platform_fault,
                0 as excluded_site, 0 as excluded_scanner, latency, counts as packed
         from count_packed where series_id = $1 and day = $2
         union all
         select minute, good, bad, late_good, late_bad, excluded_platform_fault, excluded_site, excluded_scanner, latency, null
         from count_minute where series_id = $1 and minute >= $2 * 1440 and minute < $2 * 1440 + 1440")
        .bind(series.0).bind(day).fetch_all(pool).await?);
    let mut whole = DayMinutes::new(day);
    for RecordRow { minute, packed } in rows {
        match packed {
            Some(counts) => {
                let packed = PackedDay {
                    counts,
                    latency: minute.latency,
                };
                let unpacked = DayMinutes::unpack(day, &packed).map_err(|error| Error::corrupt("packed day", error))?;
                for record in unpacked.records() {
                    whole.add(record.clone());
                }
            }
            None => {
                whole.add(minute.try_into()?);
            }
        }
    }
    Ok(whole.records().to_vec())
}
