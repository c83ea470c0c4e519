//! What partners said of their breaches (SPEC section 2).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rampart_domain::{
    alert::Verdict,
    id::{AppId, EpisodeId, UserId},
};
use sqlx::{FromRow, QueryBuilder, query, query_scalar};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
};

/// What was said of a breach last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    pub verdict: Verdict,
    pub note: String,
    /// Raises with every change, from 1.
    pub version: i64,
    pub by: String,
    pub at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    episode_id: Uuid,
    verdict: String,
    note: String,
    version: i64,
    assessed_by: String,
    assessed_at: DateTime<Utc>,
}

/// Says something of a breach, in place of version `version`, 0 for the first; says whether that was the latest.
pub async fn put(
    tx: &mut Tx,
    episode: EpisodeId,
    version: i64,
    verdict: Verdict,
    note: &str,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let rows = match version {
        0 => write!(tx, c => query(
            "insert into assessment (episode_id, verdict, note, version, assessed_by, assessed_at) values ($1, $2, $3, 1, $4, $5)
             on conflict (episode_id) do nothing")
            .bind(episode.0).bind(verdict.as_str()).bind(note).bind(by.0).bind(now).execute(c).await?.rows_affected()),
        version => write!(tx, c => query(
            "update assessment set verdict = $2, note = $3, version = version + 1, assessed_by = $4, assessed_at = $5
             where episode_id = $1 and version = $6")
            .bind(episode.0).bind(verdict.as_str()).bind(note).bind(by.0).bind(now).bind(version)
            .execute(c).await?.rows_affected()),
    };
    Ok(rows == 1)
}

/// What was said of these breaches, as far as the reader may see them.
pub async fn of_episodes(db: &Db, scope: Scope, episodes: &[EpisodeId]) -> Result<HashMap<EpisodeId, Assessment>> {
    if episodes.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Row> = read!(db, pool => {
        let mut query = QueryBuilder::new(
            "select x.episode_id, x.verdict, x.note, x.version, u.name as assessed_by, x.assessed_at
             from assessment x join account u on u.id = x.assessed_by join episode e on e.id = x.episode_id
                  join app a on a.id = e.app_id
             where (");
        query.push_bind(scope.everything())
            .push(" or a.partner_id in (select partner_id from membership where account_id = ").push_bind(scope.account())
            .push(")) and x.episode_id in (");
        let mut list = query.separated(", ");
        episodes.iter().for_each(|id| { list.push_bind(id.0); });
        query.push(")");
        query.build_query_as().fetch_all(pool).await?
    });
    rows.into_iter()
        .map(|row| {
            let verdict = row
                .verdict
                .parse()
                .map_err(|_| Error::corrupt("verdict", &row.verdict))?;
            let assessment = Assessment {
                verdict,
                note: row.note,
                version: row.version,
                by: row.assessed_by,
                at: row.assessed_at,
            };
            Ok((EpisodeId(row.episode_id), assessment))
        })
        .collect()
}

/// How many breaches of an app count and were not looked at.
pub async fn not_looked_at(db: &Db, scope: Scope, app: AppId) -> Result<i64> {
    read!(db, pool => Ok(query_scalar(
        "select count(*) from episode e join app a on a.id = e.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and e.app_id = $3
           and e.counted_tick is not null and not e.excused
           and not exists (select 1 from assessment x where x.episode_id = e.id and x.verdict <> 'not_looked_at')")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_one(pool).await?))
}
