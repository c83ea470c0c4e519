//! Misses: times in which a series was below its objective (SPEC section 2).

use rampart_domain::{
    count::{Counts, Minute, MinuteRange},
    id::{AppId, MissId, SeriesId},
    policy::Ppm,
    sli::SeriesKey,
    slo::OpenMiss,
};
use sqlx::{FromRow, query, query_as};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
    dialect::{signed, unsigned},
};

/// A miss, open or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    pub id: MissId,
    pub series: SeriesId,
    pub app: AppId,
    pub key: SeriesKey,
    pub miss: OpenMiss,
    /// The objective that was missed, and the counts of the 28 days when it opened.
    pub slo: Ppm,
    pub opened_with: Counts,
    pub ended: Option<Minute>,
    /// Whether the ledger has taken away what opened it.
    pub excused: bool,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    series_id: Uuid,
    app_id: Uuid,
    opened_tick: i64,
    met_since: Option<i64>,
    ended_tick: Option<i64>,
    slo: i64,
    opened_good: i64,
    opened_bad: i64,
    excused: bool,
    product: String,
    sli: String,
    grp: String,
    target: String,
}

impl TryFrom<Row> for Miss {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |value: &str| Error::corrupt("miss", value);
        Ok(Self {
            id: MissId(row.id),
            series: SeriesId(row.series_id),
            app: AppId(row.app_id),
            key: SeriesKey {
                product: row.product.parse().map_err(|_| corrupt(&row.product))?,
                sli: row.sli.parse().map_err(|_| corrupt(&row.sli))?,
                group: row.grp.parse().map_err(|_| corrupt(&row.grp))?,
                target: row.target,
            },
            miss: OpenMiss {
                opened_at: Minute(row.opened_tick),
                met_since: row.met_since.map(Minute),
            },
            slo: Ppm(u32::try_from(row.slo).map_err(|_| corrupt(&row.slo.to_string()))?),
            opened_with: Counts::new(unsigned(row.opened_good), unsigned(row.opened_bad)),
            ended: row.ended_tick.map(Minute),
            excused: row.excused,
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Miss>> {
    rows.into_iter().map(Miss::try_from).collect()
}

/// Opens a miss; its key is the series' own.
pub async fn insert(tx: &mut Tx, miss: &Miss) -> Result<()> {
    write!(tx, c => query(
        "insert into miss (id, series_id, app_id, opened_tick, met_since, slo, opened_good, opened_bad)
         values ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(miss.id.0).bind(miss.series.0).bind(miss.app.0).bind(miss.miss.opened_at.0).bind(miss.miss.met_since.map(|m| m.0))
        .bind(i64::from(miss.slo.0)).bind(signed(miss.opened_with.good)).bind(signed(miss.opened_with.bad))
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Writes what an assessment changed; `ended` ends the miss.
pub async fn update(tx: &mut Tx, id: MissId, miss: &OpenMiss, ended: Option<Minute>) -> Result<()> {
    write!(tx, c => query("update miss set met_since = $2, ended_tick = $3 where id = $1 and ended_tick is null")
        .bind(id.0).bind(miss.met_since.map(|m| m.0)).bind(ended.map(|m| m.0)).execute(c).await?.rows_affected());
    Ok(())
}

/// Whether the ledger has taken away what opened a miss, ended or not.
pub async fn set_excused(tx: &mut Tx, id: MissId, excused: bool) -> Result<()> {
    write!(tx, c => query("update miss set excused = $2 where id = $1").bind(id.0).bind(excused).execute(c).await?.rows_affected());
    Ok(())
}

/// The misses of an app, or of all, that opened in these minutes; for the rules.
pub async fn opened_in(db: &Db, app: Option<AppId>, range: MinuteRange) -> Result<Vec<Miss>> {
    all(read!(db, pool => query_as(
        "select m.*, s.product, s.sli, s.grp, s.target from miss m join series s on s.id = m.series_id
         where ($1 is null or m.app_id = $1) and m.opened_tick >= $2 and m.opened_tick < $3 order by m.id")
        .bind(app.map(|a| a.0)).bind(range.start.0).bind(range.end.0).fetch_all(pool).await?))
}

/// Every open miss; for the evaluation.
pub async fn open(db: &Db) -> Result<Vec<Miss>> {
    all(read!(db, pool => query_as(
        "select m.*, s.product, s.sli, s.grp, s.target from miss m join series s on s.id = m.series_id
         where m.ended_tick is null order by m.id")
        .fetch_all(pool).await?))
}

/// The misses of an app that the reader may see, the latest first.
pub async fn of_app(db: &Db, scope: Scope, app: AppId, limit: i64) -> Result<Vec<Miss>> {
    all(read!(db, pool => query_as(
        "select m.*, s.product, s.sli, s.grp, s.target
         from miss m join series s on s.id = m.series_id join app a on a.id = m.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and m.app_id = $3
         order by m.opened_tick desc, m.id desc limit $4")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).bind(limit).fetch_all(pool).await?))
}

/// The open misses of an app that the reader may see, the first to open first.
pub async fn open_of_app(db: &Db, scope: Scope, app: AppId) -> Result<Vec<Miss>> {
    all(read!(db, pool => query_as(
        "select m.*, s.product, s.sli, s.grp, s.target
         from miss m join series s on s.id = m.series_id join app a on a.id = m.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and m.app_id = $3
           and m.ended_tick is null
         order by m.opened_tick, m.id")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?))
}

/// A miss of an app that the reader may see.
pub async fn find(db: &Db, scope: Scope, app: AppId, id: MissId) -> Result<Option<Miss>> {
    let row: Option<Row> = read!(db, pool => query_as(
        "select m.*, s.product, s.sli, s.grp, s.target
         from miss m join series s on s.id = m.series_id join app a on a.id = m.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and m.app_id = $3 and m.id = $4")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).bind(id.0).fetch_optional(pool).await?);
    row.map(Miss::try_from).transpose()
}
