//! Keeping the figures small: minutes are packed hours after they were counted, and what has been kept long enough is
//! deleted. Each function does a small piece of it, so that nobody who waits for the database waits long.

use rampart_domain::{
    count::{DayMinutes, Minute, MinuteRange, MinuteRecord, PackedDay},
    id::SeriesId,
};
use sqlx::{query, query_as, query_scalar};

use super::{
    Error, Result, Tx,
    counts::{MINUTES_PER_HOUR, MinuteRow, add_hours, put_packed},
    db::write,
};

/// Packs the minutes of one day of a series that lie before `before`: the first day that has some. Says how many there were;
/// none means that everything before `before` is packed.
pub async fn pack_day(tx: &mut Tx, series: SeriesId, before: Minute) -> Result<usize> {
    let first: Option<i64> = write!(tx, c => query_scalar("select min(minute) from count_minute where series_id = $1 and minute < $2")
        .bind(series.0).bind(before.0).fetch_one(c).await?);
    let Some(first) = first.map(Minute) else { return Ok(0) };
    let day = first.day();
    let end = MinuteRange::of_day(day).end.min(before);
    // Whoever adds to the day waits until it is packed.
    write!(tx, c => query("update count_day set good = good where series_id = $1 and day = $2")
        .bind(series.0).bind(day).execute(c).await?.rows_affected());

    let rows: Vec<MinuteRow> = write!(tx, c => query_as(
        "select minute, good, bad, late_good, late_bad, excluded_platform_fault, excluded_site, excluded_scanner, latency
         from count_minute where series_id = $1 and minute >= $2 and minute < $3 order by minute")
        .bind(series.0).bind(first.0).bind(end.0).fetch_all(c).await?);
    let minutes: Vec<MinuteRecord> = rows.into_iter().map(MinuteRecord::try_from).collect::<Result<_>>()?;

    let stored: Option<(i64, Vec<u8>, Vec<u8>)> = write!(tx, c => query_as(
        "select until, counts, latency from count_packed where series_id = $1 and day = $2")
        .bind(series.0).bind(day).fetch_optional(c).await?);
    let (until, mut whole) = match stored {
        None => (end, DayMinutes::new(day)),
        Some((until, counts, latency)) => {
            let unpacked = DayMinutes::unpack(day, &PackedDay { counts, latency });
            (
                end.max(Minute(until)),
                unpacked.map_err(|error| Error::corrupt("packed day", error))?,
            )
        }
    };
    minutes.iter().for_each(|record| {
        whole.add(record.clone());
    });
    put_packed(tx, series, day, until, &whole.pack()).await?;
    add_hours(tx, series, &minutes).await?;
    write!(tx, c => query("delete from count_minute where series_id = $1 and minute >= $2 and minute < $3")
        .bind(series.0).bind(first.0).bind(end.0).execute(c).await?.rows_affected());
    Ok(minutes.len())
}

/// Deletes the packed minutes of a series before a day (numbered since 1970).
pub async fn delete_minutes(tx: &mut Tx, series: SeriesId, before_day: i64) -> Result<u64> {
    Ok(
        write!(tx, c => query("delete from count_packed where series_id = $1 and day < $2")
        .bind(series.0).bind(before_day).execute(c).await?.rows_affected()),
    )
}

/// Deletes the hours of a series before a minute.
pub async fn delete_hours(tx: &mut Tx, series: SeriesId, before: Minute) -> Result<u64> {
    Ok(
        write!(tx, c => query("delete from count_hour where series_id = $1 and hour < $2")
        .bind(series.0).bind(before.0.div_euclid(MINUTES_PER_HOUR)).execute(c).await?.rows_affected()),
    )
}

/// Deletes at most `limit` probes of a series that were made in `range`: the good ones, or the others too.
pub async fn delete_probes(
    tx: &mut Tx,
    series: SeriesId,
    range: MinuteRange,
    bad_too: bool,
    limit: i64,
) -> Result<u64> {
    let micros = |minute: Minute| minute.0.saturating_mul(60_000_000);
    Ok(write!(tx, c => query(
        "delete from probe where series_id = $1 and at in (
             select at from probe where series_id = $1 and at >= $2 and at < $3 and (good or $4) order by at limit $5)")
        .bind(series.0).bind(micros(range.start)).bind(micros(range.end)).bind(bad_too).bind(limit)
        .execute(c).await?.rows_affected()))
}

/// Deletes rounds of probes before a minute: those in which no canary failed, or the others too.
pub async fn delete_rounds(tx: &mut Tx, before: Minute, failed_too: bool) -> Result<u64> {
    Ok(
        write!(tx, c => query("delete from probing_round where round < $1 and (canaries_failed = 0 or $2)")
        .bind(before.0.saturating_mul(6)).bind(failed_too).execute(c).await?.rows_affected()),
    )
}
