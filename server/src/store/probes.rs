//! Probes in full detail.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rampart_domain::{count::MinuteRange, id::SeriesId};
use sqlx::{FromRow, QueryBuilder, query, query_as};
use uuid::Uuid;

use super::{
    Db, Result, Tx,
    db::{read, write},
    dialect::wanted,
};

/// One probe. Durations are microseconds.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Probe {
    #[sqlx(try_from = "Uuid")]
    pub series_id: SeriesId,
    /// Microseconds since 1970.
    pub at: i64,
    pub good: bool,
    /// Whether it is a measurement; one that failed on the portal's own side is counted nowhere.
    pub counted: bool,
    pub status: Option<i64>,
    pub class: Option<String>,
    pub reason: Option<String>,
    pub address: Option<String>,
    pub dns: Option<i64>,
    pub connect: Option<i64>,
    pub tls: Option<i64>,
    pub first_byte: Option<i64>,
    pub total: i64,
}

impl Probe {
    pub fn time(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.at).unwrap_or_default()
    }
}

/// Stores a probe; says whether it is new, so that nothing is counted twice.
pub async fn insert(tx: &mut Tx, probe: &Probe) -> Result<bool> {
    Ok(write!(tx, c => query(
        "insert into probe (series_id, at, good, counted, status, class, reason, address, dns, connect, tls, first_byte, total)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (series_id, at) do nothing")
        .bind(probe.series_id.0).bind(probe.at).bind(probe.good).bind(probe.counted).bind(probe.status).bind(&probe.class).bind(&probe.reason)
        .bind(&probe.address).bind(probe.dns).bind(probe.connect).bind(probe.tls).bind(probe.first_byte).bind(probe.total)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Stores many probes that are known to be new.
pub async fn insert_all(tx: &mut Tx, probes: &[Probe]) -> Result<()> {
    // Both databases limit how many values one statement can have.
    for chunk in probes.chunks(1_000) {
        write!(tx, c => {
            let mut query = QueryBuilder::new(
                "insert into probe (series_id, at, good, counted, status, class, reason, address, dns, connect, tls, first_byte, total) ");
            query.push_values(chunk, |mut row, probe| {
                row.push_bind(probe.series_id.0).push_bind(probe.at).push_bind(probe.good).push_bind(probe.counted)
                    .push_bind(probe.status).push_bind(&probe.class).push_bind(&probe.reason).push_bind(&probe.address)
                    .push_bind(probe.dns).push_bind(probe.connect).push_bind(probe.tls).push_bind(probe.first_byte)
                    .push_bind(probe.total);
            });
            query.build().execute(c).await?.rows_affected()
        });
    }
    Ok(())
}

/// The last probe of each series.
pub async fn last(db: &Db, series: &[SeriesId]) -> Result<HashMap<SeriesId, Probe>> {
    if series.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Probe> = read!(db, pool => {
        let mut query = wanted(series);
        query.push("select p.* from wanted join probe p on p.series_id = wanted.id
             and p.at = (select max(at) from probe where series_id = wanted.id)");
        query.build_query_as().fetch_all(pool).await?
    });
    Ok(rows.into_iter().map(|p| (p.series_id, p)).collect())
}

/// The probes of a series within `range`, the latest first; only the failed ones when `only_bad`.
pub async fn within(db: &Db, series: SeriesId, range: MinuteRange, only_bad: bool, limit: i64) -> Result<Vec<Probe>> {
    let micros = |minute: rampart_domain::count::Minute| minute.0.saturating_mul(60_000_000);
    read!(db, pool => Ok(query_as(
        "select series_id, at, good, counted, status, class, reason, address, dns, connect, tls, first_byte, total from probe
         where series_id = $1 and at >= $2 and at < $3 and (not $4 or not good) order by at desc limit $5")
        .bind(series.0).bind(micros(range.start)).bind(micros(range.end)).bind(only_bad).bind(limit).fetch_all(pool).await?))
}

/// (good, all) of the probes of each series from `since` on that were counted. The ids come from a read that took a scope.
pub async fn tallies(
    db: &Db,
    series: &[SeriesId],
    since: rampart_domain::count::Minute,
) -> Result<HashMap<SeriesId, (i64, i64)>> {
    if series.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, i64, i64)> = read!(db, pool => {
        let mut query = wanted(series);
        query.push("select wanted.id, count(case when p.good then 1 end), count(*)
                    from wanted join probe p on p.series_id = wanted.id where p.counted and p.at >= ")
            .push_bind(since.0.saturating_mul(60_000_000)).push(" group by wanted.id");
        query.build_query_as().fetch_all(pool).await?
    });
    Ok(rows
        .into_iter()
        .map(|(id, good, all)| (SeriesId(id), (good, all)))
        .collect())
}
