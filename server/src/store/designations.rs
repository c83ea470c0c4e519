//! The public record of the designation (SPEC section 7): what anybody may know of any app that ever carried it.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, query_as};

use super::{Db, Error, Result, db::read};

/// What the public record says of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Designation {
    pub app_key: String,
    pub app_name: String,
    pub status: Status,
    /// When this status began.
    pub since: DateTime<Utc>,
}

/// What the public learns of where an app stands: nothing of the ladder below good standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Designated,
    Demoted,
    Withdrawn,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Designated => "designated",
            Self::Demoted => "demoted",
            Self::Withdrawn => "withdrawn",
        }
    }
}

#[derive(FromRow)]
struct Row {
    key: String,
    name: String,
    status: String,
    since: i64,
}

/// The public record of an app, by its key in whatever case; nothing while it never carried the designation. It takes no scope:
/// it is everybody's to read.
pub async fn find(db: &Db, key: &str) -> Result<Option<Designation>> {
    let row: Option<Row> = read!(db, pool => query_as(
        "with steps as (
             select d.number, d.at, case d.to_state when 'demoted' then 'demoted' when 'none' then 'withdrawn' else 'designated' end as status
             from decision d join app a on a.id = d.app_id where a.key_key = $1),
         present as (select status from steps order by number desc limit 1)
         select a.key, a.name, p.status,
                (select min(s.at) from steps s
                 where s.number > coalesce((select max(o.number) from steps o where o.status <> p.status), -1)) as since
         from app a cross join present p where a.key_key = $1")
        .bind(key.to_lowercase()).fetch_optional(pool).await?);
    row.map(|row| {
        Ok(Designation {
            status: match row.status.as_str() {
                "designated" => Status::Designated,
                "demoted" => Status::Demoted,
                _ => Status::Withdrawn,
            },
            since: DateTime::from_timestamp(row.since, 0)
                .ok_or_else(|| Error::corrupt("time of a decision", row.since))?,
            app_key: row.key,
            app_name: row.name,
        })
    })
    .transpose()
}
