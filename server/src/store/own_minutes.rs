//! In which minutes apps sent own events, which cover generic ones (SPEC section 2).

use std::collections::{BTreeMap, HashMap};

use rampart_domain::{
    count::{Minute, MinuteRange},
    id::SeriesId,
};
use sqlx::{QueryBuilder, query};
use uuid::Uuid;

use super::{
    Db, Result, Tx,
    db::{read, write},
};

/// The minutes with own events of one series, and for each the series that takes the replaced events.
pub type OwnMinutes = BTreeMap<Minute, SeriesId>;

/// Notes that apps sent own events in these minutes: the series, the minute, and where the generic events go that it replaces.
pub async fn note(tx: &mut Tx, minutes: &[(SeriesId, Minute, SeriesId)]) -> Result<()> {
    // Both databases limit how many values one statement can have.
    for some in minutes.chunks(1_000) {
        write!(tx, c => {
            let mut query = QueryBuilder::new("insert into own_minute (series_id, minute, replaced) ");
            query.push_values(some, |mut row, (series, minute, replaced)| {
                row.push_bind(series.0).push_bind(minute.0).push_bind(replaced.0);
            });
            query.push("on conflict (series_id, minute) do nothing");
            query.build().persistent(false).execute(c).await?.rows_affected()
        });
    }
    Ok(())
}

/// The minutes of each of these series within its range that have own events.
pub async fn within(tx: &mut Tx, ranges: &[(SeriesId, MinuteRange)]) -> Result<HashMap<SeriesId, OwnMinutes>> {
    let mut found: HashMap<SeriesId, OwnMinutes> = HashMap::new();
    // Both databases limit how many values one statement can have.
    for chunk in ranges.chunks(10_000) {
        let rows: Vec<(Uuid, i64, Uuid)> = write!(tx, c => {
            let mut query = QueryBuilder::new("with wanted (id, first, until) as (");
            query.push_values(chunk, |mut row, (series, range)| {
                row.push_bind(series.0).push_bind(range.start.0).push_bind(range.end.0);
            });
            query.push(") select own.series_id, own.minute, own.replaced from wanted join own_minute own
                        on own.series_id = wanted.id and own.minute >= wanted.first and own.minute < wanted.until");
            query.build_query_as().persistent(false).fetch_all(c).await?
        });
        for (id, minute, replaced) in rows {
            let minutes = found.entry(SeriesId(id)).or_default();
            minutes.insert(Minute(minute), SeriesId(replaced));
        }
    }
    Ok(found)
}

/// The minutes within `range` in which these series have own events, in order; of those that have any.
pub async fn of_series(db: &Db, series: &[SeriesId], range: MinuteRange) -> Result<HashMap<SeriesId, Vec<Minute>>> {
    let mut found: HashMap<SeriesId, Vec<Minute>> = HashMap::new();
    for chunk in series.chunks(10_000) {
        let rows: Vec<(Uuid, i64)> = read!(db, pool => {
            let mut query = QueryBuilder::new("with wanted (id) as (");
            query.push_values(chunk, |mut row, id| { row.push_bind(id.0); });
            query.push(") select series_id, minute from wanted cross join own_minute where series_id = wanted.id and minute >= ")
                .push_bind(range.start.0).push(" and minute < ").push_bind(range.end.0).push(" order by series_id, minute");
            query.build_query_as().fetch_all(pool).await?
        });
        for (id, minute) in rows {
            found.entry(SeriesId(id)).or_default().push(Minute(minute));
        }
    }
    Ok(found)
}

/// Forgets the minutes before this one.
pub async fn delete(tx: &mut Tx, before: Minute) -> Result<u64> {
    Ok(write!(tx, c => query("delete from own_minute where minute < $1")
        .bind(before.0).execute(c).await?.rows_affected()))
}
