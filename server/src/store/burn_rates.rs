//! Burn-rate alerts: which apps have them, and the latest one of each series (SPEC section 2).

use std::collections::{HashMap, HashSet};

use rampart_domain::{
    alert::BurnRateAlert,
    count::Minute,
    id::{AppId, SeriesId},
};
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{read, write},
};

/// What the people of an app see of its burn-rate alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfApp {
    pub on: bool,
    /// The tick that started the last one.
    pub last: Option<Minute>,
    /// Whether one has started and not ended.
    pub is_open: bool,
}

/// The apps that have them turned on and are not archived; for the evaluation.
pub async fn watched(db: &Db) -> Result<HashSet<AppId>> {
    let apps: Vec<Uuid> = read!(db, pool => query_scalar("select id from app where burn_rate_alerts and archived_at is null")
        .fetch_all(pool).await?);
    Ok(apps.into_iter().map(AppId).collect())
}

/// The alerts that have started and not ended; for the evaluation.
pub async fn open(db: &Db) -> Result<HashMap<SeriesId, BurnRateAlert>> {
    let rows: Vec<(Uuid, i64, i64)> = read!(db, pool => query_as(
        "select series_id, started_tick, last_fast from burn_rate_alert where ended_tick is null")
        .fetch_all(pool).await?);
    let alerts = rows.into_iter().map(|(series, started, fast)| {
        let alert = BurnRateAlert {
            started_at: Minute(started),
            last_fast: Minute(fast),
        };
        (SeriesId(series), alert)
    });
    Ok(alerts.collect())
}

/// Puts an alert in place of the latest of its series; `ended` is the tick that ended it.
pub async fn put(tx: &mut Tx, series: SeriesId, alert: &BurnRateAlert, ended: Option<Minute>) -> Result<()> {
    write!(tx, c => query(
        "insert into burn_rate_alert (series_id, started_tick, last_fast, ended_tick) values ($1, $2, $3, $4)
         on conflict (series_id) do update
         set started_tick = excluded.started_tick, last_fast = excluded.last_fast, ended_tick = excluded.ended_tick")
        .bind(series.0).bind(alert.started_at.0).bind(alert.last_fast.0).bind(ended.map(|tick| tick.0))
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The burn-rate alerts of an app that the reader may see.
pub async fn of_app(db: &Db, scope: Scope, app: AppId) -> Result<OfApp> {
    let row: Option<(bool, Option<i64>, i64)> = read!(db, pool => query_as(
        "select a.burn_rate_alerts,
                (select max(b.started_tick) from burn_rate_alert b join series s on s.id = b.series_id where s.app_id = a.id),
                (select count(*) from burn_rate_alert b join series s on s.id = b.series_id
                 where s.app_id = a.id and b.ended_tick is null)
         from app a where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and a.id = $3")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_optional(pool).await?);
    Ok(row.map_or_else(OfApp::default, |(on, last, open)| OfApp {
        on,
        last: last.map(Minute),
        is_open: open > 0,
    }))
}
