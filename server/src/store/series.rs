//! The series of apps: what is counted, evaluated and charted.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rampart_domain::{
    id::{AppId, PartnerId, SeriesId},
    sli::{SeriesKey, Sli},
};
use sqlx::{FromRow, QueryBuilder, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
};

/// Which events of what its key names a series counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Those that count.
    Counted,
    /// Generic ones in whose place the app's own ones count (SPEC section 2).
    Replaced,
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Self::Counted => "",
            Self::Replaced => "replaced",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Series {
    pub id: SeriesId,
    pub app: AppId,
    pub key: SeriesKey,
    pub created_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// A series that is being measured, with what its alerts and probes need to know of its app.
#[derive(Clone, Debug)]
pub struct Measured {
    pub series: Series,
    pub app_key: String,
    pub app_name: String,
    pub partner: PartnerId,
    pub partner_name: String,
    pub health_path: String,
    /// Whether it is being measured; its app is, and it has not ended.
    pub is_measured: bool,
    /// Whether its app is measured.
    pub app_is_measured: bool,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    app_id: Uuid,
    product: String,
    sli: String,
    grp: String,
    target: String,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct SourceRow {
    #[sqlx(flatten)]
    series: Row,
    source: String,
}

#[derive(FromRow)]
struct MeasuredRow {
    #[sqlx(flatten)]
    series: Row,
    app_key: String,
    app_name: String,
    partner_id: Uuid,
    partner_name: String,
    health_path: String,
    is_measured: bool,
    app_is_measured: bool,
}

impl TryFrom<Row> for Series {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |value: &str| Error::corrupt("series key", value);
        let key = SeriesKey {
            product: row.product.parse().map_err(|_| corrupt(&row.product))?,
            sli: row.sli.parse().map_err(|_| corrupt(&row.sli))?,
            group: row.grp.parse().map_err(|_| corrupt(&row.grp))?,
            target: row.target,
        };
        Ok(Self {
            id: SeriesId(row.id),
            app: AppId(row.app_id),
            key,
            created_at: row.created_at,
            ended_at: row.ended_at,
        })
    }
}

impl TryFrom<MeasuredRow> for Measured {
    type Error = Error;

    fn try_from(row: MeasuredRow) -> Result<Self> {
        Ok(Self {
            series: row.series.try_into()?,
            app_key: row.app_key,
            app_name: row.app_name,
            partner: PartnerId(row.partner_id),
            partner_name: row.partner_name,
            health_path: row.health_path,
            is_measured: row.is_measured,
            app_is_measured: row.app_is_measured,
        })
    }
}

/// Begins a series, or takes it up again where it had ended.
pub async fn begin(tx: &mut Tx, id: SeriesId, app: AppId, key: &SeriesKey, now: DateTime<Utc>) -> Result<()> {
    begin_from(tx, id, app, key, Source::Counted, now).await?;
    Ok(())
}

/// As [`begin`], for a series of this source. Says which series it is: `id`, or the one that there was.
pub async fn begin_from(
    tx: &mut Tx,
    id: SeriesId,
    app: AppId,
    key: &SeriesKey,
    source: Source,
    now: DateTime<Utc>,
) -> Result<SeriesId> {
    let id: Uuid = write!(tx, c => query_scalar(
        "insert into series (id, app_id, product, sli, grp, target, source, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (app_id, product, sli, grp, target, source) do update set ended_at = null returning id")
        .bind(id.0).bind(app.0).bind(key.product.as_str()).bind(key.sli.as_str()).bind(key.group.as_str()).bind(&key.target)
        .bind(source.as_str()).bind(now).fetch_one(c).await?);
    Ok(SeriesId(id))
}

pub async fn end(tx: &mut Tx, id: SeriesId, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query("update series set ended_at = $2 where id = $1 and ended_at is null")
        .bind(id.0).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// The series of an app that count, those that ended too, in a fixed order.
pub async fn of_app(tx: &mut Tx, app: AppId) -> Result<Vec<Series>> {
    let rows: Vec<Row> = write!(tx, c => query_as(
        "select id, app_id, product, sli, grp, target, created_at, ended_at from series
         where app_id = $1 and source = '' order by sli, product, target")
        .bind(app.0).fetch_all(c).await?);
    rows.into_iter().map(Series::try_from).collect()
}

/// The series of some apps that count and that the reader may see, those that ended too.
pub async fn of_apps(db: &Db, scope: Scope, apps: &[AppId]) -> Result<Vec<Series>> {
    if apps.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = read!(db, pool => {
        let mut query = QueryBuilder::new(
            "select s.id, s.app_id, s.product, s.sli, s.grp, s.target, s.created_at, s.ended_at
             from series s join app a on a.id = s.app_id where s.source = '' and (");
        query.push_bind(scope.everything())
            .push(" or a.partner_id in (select partner_id from membership where account_id = ").push_bind(scope.account())
            .push(")) and s.app_id in (");
        let mut list = query.separated(", ");
        apps.iter().for_each(|app| { list.push_bind(app.0); });
        query.push(") order by s.app_id, s.sli, s.product, s.target");
        query.build_query_as().fetch_all(pool).await?
    });
    rows.into_iter().map(Series::try_from).collect()
}

/// The series of replaced events beside each of these, where there is one. The ids come from a read that took a scope.
pub async fn replaced(db: &Db, counted: &[SeriesId]) -> Result<HashMap<SeriesId, SeriesId>> {
    if counted.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, Uuid)> = read!(db, pool => {
        let mut query = QueryBuilder::new(
            "select s.id, r.id from series s join series r on r.app_id = s.app_id and r.product = s.product and r.sli = s.sli
                 and r.grp = s.grp and r.target = s.target and r.source = 'replaced' where s.source = '' and s.id in (");
        let mut list = query.separated(", ");
        counted.iter().for_each(|id| { list.push_bind(id.0); });
        query.push(")");
        query.build_query_as().fetch_all(pool).await?
    });
    Ok(rows
        .into_iter()
        .map(|(id, replaced)| (SeriesId(id), SeriesId(replaced)))
        .collect())
}

/// Every series of some apps with its source; `Scope` is not asked, since only the counting of events calls it.
pub async fn sources(db: &Db, apps: &[AppId]) -> Result<Vec<(Series, Source)>> {
    let mut found = Vec::new();
    // Both databases limit how many values one statement can have.
    for chunk in apps.chunks(10_000) {
        let rows: Vec<SourceRow> = read!(db, pool => {
            let mut query = QueryBuilder::new(
                "select id, app_id, product, sli, grp, target, created_at, ended_at, source from series where app_id in (");
            let mut list = query.separated(", ");
            chunk.iter().for_each(|app| { list.push_bind(app.0); });
            query.push(")");
            query.build_query_as().fetch_all(pool).await?
        });
        for row in rows {
            let source = match row.source.as_str() {
                "" => Source::Counted,
                "replaced" => Source::Replaced,
                other => return Err(Error::corrupt("series source", other)),
            };
            found.push((row.series.try_into()?, source));
        }
    }
    Ok(found)
}

/// Every series that is being measured; `Scope` is not asked, since only the rules and the prober call it.
pub async fn measured(db: &Db) -> Result<Vec<Measured>> {
    let rows: Vec<MeasuredRow> = read!(db, pool => query_as(
        "select s.id, s.app_id, s.product, s.sli, s.grp, s.target, s.created_at, s.ended_at,
                a.key as app_key, a.name as app_name, a.partner_id, p.name as partner_name, a.health_path, true as is_measured,
                true as app_is_measured
         from series s join app a on a.id = s.app_id join partner p on p.id = a.partner_id
         where s.source = '' and s.ended_at is null and a.measuring_since is not null and a.archived_at is null
         order by s.id")
        .fetch_all(pool).await?);
    rows.into_iter().map(Measured::try_from).collect()
}

/// Every series there is, those that ended and those of replaced events too; for the jobs that keep their figures.
pub async fn ids(db: &Db) -> Result<Vec<SeriesId>> {
    let ids: Vec<Uuid> = read!(db, pool => query_scalar("select id from series order by id").fetch_all(pool).await?);
    Ok(ids.into_iter().map(SeriesId).collect())
}

/// How many series are asked for in one statement.
const AT_ONCE: usize = 10_000;

/// Series by their ids, whether they are measured or not, without those of replaced events; for the rules.
pub async fn by_ids(db: &Db, ids: &[SeriesId]) -> Result<Vec<Measured>> {
    found(db, ids, None).await
}

/// As [`by_ids`], those of these SLIs only, of which there is one at least.
pub async fn by_ids_of(db: &Db, ids: &[SeriesId], slis: &[Sli]) -> Result<Vec<Measured>> {
    found(db, ids, Some(slis)).await
}

async fn found(db: &Db, ids: &[SeriesId], slis: Option<&[Sli]>) -> Result<Vec<Measured>> {
    let mut found = Vec::new();
    for ids in ids.chunks(AT_ONCE) {
        let rows: Vec<MeasuredRow> = read!(db, pool => {
            let mut query = QueryBuilder::new(
                "select s.id, s.app_id, s.product, s.sli, s.grp, s.target, s.created_at, s.ended_at,
                        a.key as app_key, a.name as app_name, a.partner_id, p.name as partner_name, a.health_path,
                        s.ended_at is null and a.measuring_since is not null and a.archived_at is null as is_measured,
                        a.measuring_since is not null and a.archived_at is null as app_is_measured
                 from series s join app a on a.id = s.app_id join partner p on p.id = a.partner_id
                 where s.source = '' and s.id in (");
            let mut list = query.separated(", ");
            ids.iter().for_each(|id| { list.push_bind(id.0); });
            if let Some(slis) = slis {
                query.push(") and s.sli in (");
                let mut list = query.separated(", ");
                slis.iter().for_each(|sli| { list.push_bind(sli.as_str()); });
            }
            query.push(") order by s.id");
            query.build_query_as().persistent(false).fetch_all(pool).await?
        });
        for row in rows {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}
