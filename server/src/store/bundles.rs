//! Series that flap, whose mails are bundled (SPEC section 2).

use std::collections::HashMap;

use rampart_domain::{alert::Bundle, count::Minute, id::SeriesId};
use sqlx::{FromRow, query, query_as};
use uuid::Uuid;

use super::{
    Db, Result, Tx,
    db::{read, write},
};

#[derive(FromRow)]
struct Row {
    series_id: Uuid,
    began_tick: i64,
    openings: i64,
    closed_minutes: i64,
    last_change: i64,
    last_mail: i64,
    told: bool,
}

/// Every bundle; for the evaluation.
pub async fn open(db: &Db) -> Result<HashMap<SeriesId, Bundle>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select series_id, began_tick, openings, closed_minutes, last_change, last_mail, told from bundle")
        .fetch_all(pool).await?);
    let bundles = rows.into_iter().map(|row| {
        let bundle = Bundle {
            began_at: Minute(row.began_tick),
            openings: u32::try_from(row.openings).unwrap_or(u32::MAX),
            closed_minutes: row.closed_minutes,
            last_change: Minute(row.last_change),
            last_mail: Minute(row.last_mail),
            told: row.told,
        };
        (SeriesId(row.series_id), bundle)
    });
    Ok(bundles.collect())
}

/// Begins the bundle of a series, or puts it in place of the one there is.
pub async fn put(tx: &mut Tx, series: SeriesId, bundle: &Bundle) -> Result<()> {
    write!(tx, c => query(
        "insert into bundle (series_id, began_tick, openings, closed_minutes, last_change, last_mail, told)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (series_id) do update
         set began_tick = excluded.began_tick, openings = excluded.openings, closed_minutes = excluded.closed_minutes,
             last_change = excluded.last_change, last_mail = excluded.last_mail, told = excluded.told")
        .bind(series.0).bind(bundle.began_at.0).bind(i64::from(bundle.openings)).bind(bundle.closed_minutes)
        .bind(bundle.last_change.0).bind(bundle.last_mail.0).bind(bundle.told).execute(c).await?.rows_affected());
    Ok(())
}

/// The mails of the series are bundled no longer.
pub async fn end(tx: &mut Tx, series: SeriesId) -> Result<()> {
    write!(tx, c => query("delete from bundle where series_id = $1").bind(series.0).execute(c).await?.rows_affected());
    Ok(())
}
