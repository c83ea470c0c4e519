//! Alert episodes: the breach history (SPEC section 2).

use rampart_domain::{
    alert::{Assessment, Closing, OpenEpisode},
    count::{Counts, Minute, MinuteRange},
    id::{AppId, EpisodeId, OccurrenceId, SeriesId},
    sli::SeriesKey,
};
use sqlx::{FromRow, QueryBuilder, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
    dialect::{signed, unsigned},
};

/// An episode, open or closed.
#[derive(Clone, Debug)]
pub struct Episode {
    pub id: EpisodeId,
    pub series: SeriesId,
    pub app: AppId,
    pub incident_id: String,
    pub episode: OpenEpisode,
    pub closed: Option<(Minute, Closing)>,
    pub key: SeriesKey,
    /// Whether the ledger excuses it (SPEC section 5).
    pub excused: bool,
    /// Its events, raw and adjusted, as they were when it was assessed last; `None` until it counts or closes.
    pub assessed: Option<Assessed>,
    /// What it counts as together with others, since it counts.
    pub occurrence: Option<OccurrenceId>,
}

/// The events of an episode's minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assessed {
    /// As measured.
    pub raw: Counts,
    /// Without the excluded minutes.
    pub adjusted: Counts,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    series_id: Uuid,
    app_id: Uuid,
    incident_id: String,
    opened_tick: i64,
    window_start: i64,
    last_held: i64,
    last_defined: i64,
    last_mail: i64,
    lowest_good: i64,
    lowest_bad: i64,
    latest_good: i64,
    latest_bad: i64,
    counted_tick: Option<i64>,
    closed_tick: Option<i64>,
    closing: Option<String>,
    product: String,
    sli: String,
    grp: String,
    target: String,
    excused: bool,
    raw_good: Option<i64>,
    raw_bad: Option<i64>,
    adjusted_good: Option<i64>,
    adjusted_bad: Option<i64>,
    occurrence_id: Option<Uuid>,
}

impl TryFrom<Row> for Episode {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |value: &str| Error::corrupt("episode", value);
        let closed = match (row.closed_tick, &row.closing) {
            (Some(tick), Some(closing)) => Some((Minute(tick), closing.parse().map_err(|_| corrupt(closing))?)),
            _ => None,
        };
        let counts = |good: Option<i64>, bad: Option<i64>| Some(Counts::new(unsigned(good?), unsigned(bad?)));
        let assessed = counts(row.raw_good, row.raw_bad)
            .zip(counts(row.adjusted_good, row.adjusted_bad))
            .map(|(raw, adjusted)| Assessed { raw, adjusted });
        Ok(Self {
            id: EpisodeId(row.id),
            series: SeriesId(row.series_id),
            app: AppId(row.app_id),
            incident_id: row.incident_id,
            episode: OpenEpisode {
                opened_at: Minute(row.opened_tick),
                window_start: Minute(row.window_start),
                last_held: Minute(row.last_held),
                last_defined: Minute(row.last_defined),
                last_mail: Minute(row.last_mail),
                last_value: Counts::new(unsigned(row.latest_good), unsigned(row.latest_bad)),
                worst_value: Counts::new(unsigned(row.lowest_good), unsigned(row.lowest_bad)),
                counted_at: row.counted_tick.map(Minute),
            },
            closed,
            key: SeriesKey {
                product: row.product.parse().map_err(|_| corrupt(&row.product))?,
                sli: row.sli.parse().map_err(|_| corrupt(&row.sli))?,
                group: row.grp.parse().map_err(|_| corrupt(&row.grp))?,
                target: row.target,
            },
            excused: row.excused,
            assessed,
            occurrence: row.occurrence_id.map(OccurrenceId),
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Episode>> {
    rows.into_iter().map(Episode::try_from).collect()
}

pub async fn insert(
    tx: &mut Tx,
    id: EpisodeId,
    series: SeriesId,
    app: AppId,
    incident_id: &str,
    episode: &OpenEpisode,
) -> Result<()> {
    write!(tx, c => query(
        "insert into episode (id, series_id, app_id, incident_id, opened_tick, window_start, last_held, last_defined, last_mail,
                              lowest_good, lowest_bad, latest_good, latest_bad, counted_tick)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)")
        .bind(id.0).bind(series.0).bind(app.0).bind(incident_id).bind(episode.opened_at.0).bind(episode.window_start.0)
        .bind(episode.last_held.0).bind(episode.last_defined.0).bind(episode.last_mail.0)
        .bind(signed(episode.worst_value.good)).bind(signed(episode.worst_value.bad))
        .bind(signed(episode.last_value.good)).bind(signed(episode.last_value.bad)).bind(episode.counted_at.map(|m| m.0))
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Writes what an evaluation changed; `closed` closes the episode.
pub async fn update(
    tx: &mut Tx,
    id: EpisodeId,
    episode: &OpenEpisode,
    closed: Option<(Minute, Closing)>,
) -> Result<()> {
    write!(tx, c => query(
        "update episode set last_held = $2, last_defined = $3, last_mail = $4, lowest_good = $5, lowest_bad = $6, latest_good = $7,
                            latest_bad = $8, counted_tick = $9, closed_tick = $10, closing = $11
         where id = $1 and closed_tick is null")
        .bind(id.0).bind(episode.last_held.0).bind(episode.last_defined.0).bind(episode.last_mail.0)
        .bind(signed(episode.worst_value.good)).bind(signed(episode.worst_value.bad))
        .bind(signed(episode.last_value.good)).bind(signed(episode.last_value.bad)).bind(episode.counted_at.map(|m| m.0))
        .bind(closed.map(|(tick, _)| tick.0)).bind(closed.map(|(_, closing)| closing.as_str()))
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Writes what the ledger leaves of an episode, open or closed.
pub async fn assess(tx: &mut Tx, id: EpisodeId, assessment: &Assessment) -> Result<()> {
    write!(tx, c => query(
        "update episode set excused = $2, raw_good = $3, raw_bad = $4, adjusted_good = $5, adjusted_bad = $6 where id = $1")
        .bind(id.0).bind(assessment.excused)
        .bind(signed(assessment.raw.good)).bind(signed(assessment.raw.bad))
        .bind(signed(assessment.adjusted.good)).bind(signed(assessment.adjusted.bad))
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The episodes that an entry in the ledger over `range` may touch, of one app or of all: those with a minute in it, and those
/// that began to count within `after` minutes of its end. For the rules.
pub async fn near(db: &Db, app: Option<AppId>, range: MinuteRange, after: i64) -> Result<Vec<Episode>> {
    all(read!(db, pool => query_as(
        "select e.*, s.product, s.sli, s.grp, s.target from episode e join series s on s.id = e.series_id
         where ($1 is null or e.app_id = $1) and (e.closed_tick is null or e.closed_tick > $2)
           and (e.window_start < $3 or e.counted_tick < $3 + $4)
         order by e.opened_tick, e.id")
        .bind(app.map(|a| a.0)).bind(range.start.0).bind(range.end.0).bind(after).fetch_all(pool).await?))
}

/// The episodes of an occurrence, in the order in which they opened.
pub async fn of_occurrence(db: &Db, scope: Scope, occurrence: OccurrenceId) -> Result<Vec<Episode>> {
    all(read!(db, pool => query_as(
        "select e.*, s.product, s.sli, s.grp, s.target
         from episode e join series s on s.id = e.series_id join app a on a.id = e.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and e.occurrence_id = $3
         order by e.opened_tick, e.id")
        .bind(scope.everything()).bind(scope.account()).bind(occurrence.0).fetch_all(pool).await?))
}

/// Every open episode; for the evaluation.
pub async fn open(db: &Db) -> Result<Vec<Episode>> {
    all(read!(db, pool => query_as(
        "select e.*, s.product, s.sli, s.grp, s.target from episode e join series s on s.id = e.series_id
         where e.closed_tick is null order by e.id")
        .fetch_all(pool).await?))
}

/// The open episodes of some apps that the reader may see.
pub async fn open_of_apps(db: &Db, scope: Scope, apps: &[AppId]) -> Result<Vec<Episode>> {
    if apps.is_empty() {
        return Ok(Vec::new());
    }
    all(read!(db, pool => {
        let mut query = QueryBuilder::new(
            "select e.*, s.product, s.sli, s.grp, s.target
             from episode e join series s on s.id = e.series_id join app a on a.id = e.app_id
             where e.closed_tick is null and (");
        query.push_bind(scope.everything())
            .push(" or a.partner_id in (select partner_id from membership where account_id = ").push_bind(scope.account())
            .push(")) and e.app_id in (");
        let mut list = query.separated(", ");
        apps.iter().for_each(|app| { list.push_bind(app.0); });
        query.push(") order by e.opened_tick, e.id");
        query.build_query_as().fetch_all(pool).await?
    }))
}

/// One page of an app's breach history, the latest first.
pub async fn of_app(db: &Db, scope: Scope, app: AppId, offset: i64, limit: i64) -> Result<Vec<Episode>> {
    all(read!(db, pool => query_as(
        "select e.*, s.product, s.sli, s.grp, s.target
         from episode e join series s on s.id = e.series_id join app a on a.id = e.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and e.app_id = $3
         order by e.opened_tick desc, e.id desc limit $4 offset $5")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).bind(limit).bind(offset).fetch_all(pool).await?))
}

/// The episodes of a series that touch the minutes from `from` on.
pub async fn of_series_since(db: &Db, scope: Scope, series: SeriesId, from: Minute) -> Result<Vec<Episode>> {
    all(read!(db, pool => query_as(
        "select e.*, s.product, s.sli, s.grp, s.target
         from episode e join series s on s.id = e.series_id join app a on a.id = e.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2))
           and e.series_id = $3 and (e.closed_tick is null or e.closed_tick >= $4)
         order by e.opened_tick, e.id")
        .bind(scope.everything()).bind(scope.account()).bind(series.0).bind(from.0).fetch_all(pool).await?))
}

/// How many episodes of a series opened at `since` or later; for the evaluation.
pub async fn opened_since(db: &Db, series: SeriesId, since: Minute) -> Result<u64> {
    let opened: i64 = read!(db, pool => query_scalar("select count(*) from episode where series_id = $1 and opened_tick >= $2")
        .bind(series.0).bind(since.0).fetch_one(pool).await?);
    Ok(unsigned(opened))
}

pub async fn count_of_app(db: &Db, scope: Scope, app: AppId) -> Result<i64> {
    read!(db, pool => Ok(query_scalar(
        "select count(*) from episode e join app a on a.id = e.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and e.app_id = $3")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_one(pool).await?))
}

pub async fn by_incident_id(db: &Db, scope: Scope, app: AppId, incident_id: &str) -> Result<Option<Episode>> {
    let row: Option<Row> = read!(db, pool => query_as(
        "select e.*, s.product, s.sli, s.grp, s.target
         from episode e join series s on s.id = e.series_id join app a on a.id = e.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2))
           and e.app_id = $3 and e.incident_id = $4")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).bind(incident_id).fetch_optional(pool).await?);
    row.map(Episode::try_from).transpose()
}
