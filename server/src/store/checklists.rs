//! What people enter for the checklist of an app (SPEC section 3): waivers and the requests for them, what the partner says of
//! each series, developer-first-rollout instances, and who has watched the training.

use chrono::{DateTime, NaiveDate, Utc};
use rampart_domain::{
    id::{AppId, ChecklistWaiverId, InstanceId, ReviewId, SeriesId, UserId},
    onboarding::Item,
    sli::Product,
};
use sqlx::{FromRow, query, query_as};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{of_apps, write},
};

/// A waiver, or the request for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    pub id: ChecklistWaiverId,
    pub app: AppId,
    pub item: Item,
    /// Who asked for it, and why; `None` where nobody did.
    pub asked: Option<Said>,
    /// Who granted it, and why; `None` while it is only asked for.
    pub granted: Option<Said>,
    /// Its last day.
    pub until: Option<NaiveDate>,
    /// Who declined the request or took the waiver back, and why.
    pub ended: Option<Said>,
}

/// Something that somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub by: UserId,
    pub name: String,
    pub at: DateTime<Utc>,
    pub text: String,
}

/// What somebody says now.
#[derive(Clone, Copy, Debug)]
pub struct Saying<'a> {
    pub by: UserId,
    pub at: DateTime<Utc>,
    pub text: &'a str,
}

/// What the partner said of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub id: ReviewId,
    pub app: AppId,
    pub series: SeriesId,
    /// Whether data are suspicious or missing.
    pub flagged: bool,
    /// With a note, which may be empty unless something is flagged.
    pub said: Said,
    pub answer: Option<Said>,
}

/// A developer-first-rollout instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    pub id: InstanceId,
    pub app: AppId,
    pub product: Product,
    /// Its host name.
    pub site: String,
    pub added_by: String,
    pub added_at: DateTime<Utc>,
}

/// Who has watched the training.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Training {
    pub app: AppId,
    pub watched_by: String,
    pub said_by: String,
    pub said_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct WaiverRow {
    id: Uuid,
    app_id: Uuid,
    item: String,
    asked_by: Option<Uuid>,
    asked_name: Option<String>,
    asked_at: Option<DateTime<Utc>>,
    asked_why: Option<String>,
    granted_by: Option<Uuid>,
    granted_name: Option<String>,
    granted_at: Option<DateTime<Utc>>,
    until: Option<NaiveDate>,
    why: Option<String>,
    ended_by: Option<Uuid>,
    ended_name: Option<String>,
    ended_at: Option<DateTime<Utc>>,
    ended_why: Option<String>,
}

fn said(by: Option<Uuid>, name: Option<String>, at: Option<DateTime<Utc>>, text: Option<String>) -> Option<Said> {
    Some(Said {
        by: UserId(by?),
        name: name?,
        at: at?,
        text: text?,
    })
}

impl TryFrom<WaiverRow> for Waiver {
    type Error = Error;

    fn try_from(row: WaiverRow) -> Result<Self> {
        Ok(Self {
            id: ChecklistWaiverId(row.id),
            app: AppId(row.app_id),
            item: row
                .item
                .parse()
                .map_err(|_| Error::corrupt("item of a checklist", &row.item))?,
            asked: said(row.asked_by, row.asked_name, row.asked_at, row.asked_why),
            granted: said(row.granted_by, row.granted_name, row.granted_at, row.why),
            until: row.until,
            ended: said(row.ended_by, row.ended_name, row.ended_at, row.ended_why),
        })
    }
}

#[derive(FromRow)]
struct ReviewRow {
    id: Uuid,
    app_id: Uuid,
    series_id: Uuid,
    flagged: bool,
    note: String,
    said_by: Uuid,
    said_name: String,
    said_at: DateTime<Utc>,
    answer: Option<String>,
    answered_by: Option<Uuid>,
    answered_name: Option<String>,
    answered_at: Option<DateTime<Utc>>,
}

impl From<ReviewRow> for Review {
    fn from(row: ReviewRow) -> Self {
        Self {
            id: ReviewId(row.id),
            app: AppId(row.app_id),
            series: SeriesId(row.series_id),
            flagged: row.flagged,
            said: Said {
                by: UserId(row.said_by),
                name: row.said_name,
                at: row.said_at,
                text: row.note,
            },
            answer: said(row.answered_by, row.answered_name, row.answered_at, row.answer),
        }
    }
}

#[derive(FromRow)]
struct InstanceRow {
    id: Uuid,
    app_id: Uuid,
    product: String,
    site: String,
    added_name: String,
    added_at: DateTime<Utc>,
}

impl TryFrom<InstanceRow> for Instance {
    type Error = Error;

    fn try_from(row: InstanceRow) -> Result<Self> {
        Ok(Self {
            id: InstanceId(row.id),
            app: AppId(row.app_id),
            product: row
                .product
                .parse()
                .map_err(|_| Error::corrupt("product", &row.product))?,
            site: row.site,
            added_by: row.added_name,
            added_at: row.added_at,
        })
    }
}

#[derive(FromRow)]
struct TrainingRow {
    app_id: Uuid,
    watched_by: String,
    said_name: String,
    said_at: DateTime<Utc>,
}

/// Asks for a waiver, unless there is one or a request already; says whether it did.
pub async fn ask(tx: &mut Tx, id: ChecklistWaiverId, app: AppId, item: Item, asked: Saying<'_>) -> Result<bool> {
    let rows = write!(tx, c => query(
        "insert into checklist_waiver (id, app_id, item, asked_by, asked_at, asked_why) values ($1, $2, $3, $4, $5, $6)
         on conflict (app_id, item) where ended_at is null do nothing")
        .bind(id.0).bind(app.0).bind(item.as_str()).bind(asked.by.0).bind(asked.at).bind(asked.text)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Grants the request of this item, or waives it without one; says whether it did. It does not while another waiver is there
/// that was not ended.
pub async fn waive(
    tx: &mut Tx,
    id: ChecklistWaiverId,
    app: AppId,
    item: Item,
    until: NaiveDate,
    granted: Saying<'_>,
) -> Result<bool> {
    let rows = write!(tx, c => query(
        "insert into checklist_waiver (id, app_id, item, until, granted_by, granted_at, why) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (app_id, item) where ended_at is null do update
         set until = excluded.until, granted_by = excluded.granted_by, granted_at = excluded.granted_at, why = excluded.why
         where checklist_waiver.granted_at is null")
        .bind(id.0).bind(app.0).bind(item.as_str()).bind(until).bind(granted.by.0).bind(granted.at).bind(granted.text)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Declines a request or takes a waiver back; says whether it was still there.
pub async fn end(tx: &mut Tx, id: ChecklistWaiverId, ended: Saying<'_>) -> Result<bool> {
    let rows = write!(tx, c => query(
        "update checklist_waiver set ended_by = $2, ended_at = $3, ended_why = $4 where id = $1 and ended_at is null")
        .bind(id.0).bind(ended.by.0).bind(ended.at).bind(ended.text).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// The waiver or request of an item that was not ended, for whoever changes it.
pub async fn current(tx: &mut Tx, app: AppId, item: Item) -> Result<Option<Waiver>> {
    let row: Option<WaiverRow> = write!(tx, c => query_as(
        "select w.*, q.name as asked_name, g.name as granted_name, null as ended_name
         from checklist_waiver w left join account q on q.id = w.asked_by left join account g on g.id = w.granted_by
         where w.app_id = $1 and w.item = $2 and w.ended_at is null")
        .bind(app.0).bind(item.as_str()).fetch_optional(c).await?);
    row.map(Waiver::try_from).transpose()
}

/// Who asked for waivers of an app since `since`, whatever became of that.
pub async fn askers(tx: &mut Tx, app: AppId, since: DateTime<Utc>) -> Result<Vec<UserId>> {
    let rows: Vec<(Uuid,)> = write!(tx, c => query_as(
        "select distinct asked_by from checklist_waiver
         where app_id = $1 and asked_at >= $2 order by asked_by")
        .bind(app.0).bind(since).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(id,)| UserId(id)).collect())
}

/// The waivers and requests of some apps that the reader may see, the oldest first.
pub async fn waivers(db: &Db, scope: Scope, apps: &[AppId]) -> Result<Vec<Waiver>> {
    if apps.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<WaiverRow> = of_apps!(
        db,
        scope,
        apps,
        "select w.*, q.name as asked_name, g.name as granted_name, e.name as ended_name
         from checklist_waiver w join app a on a.id = w.app_id left join account q on q.id = w.asked_by
              left join account g on g.id = w.granted_by left join account e on e.id = w.ended_by",
        "w.app_id",
        "order by coalesce(w.asked_at, w.granted_at), w.id"
    );
    rows.into_iter().map(Waiver::try_from).collect()
}

/// Keeps what the partner says of a series.
pub async fn review(
    tx: &mut Tx,
    id: ReviewId,
    (app, series): (AppId, SeriesId),
    flagged: bool,
    said: Saying<'_>,
) -> Result<()> {
    write!(tx, c => query(
        "insert into series_review (id, app_id, series_id, flagged, note, said_by, said_at) values ($1, $2, $3, $4, $5, $6, $7)")
        .bind(id.0).bind(app.0).bind(series.0).bind(flagged).bind(said.text).bind(said.by.0).bind(said.at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Answers what was flagged in a series; says whether it waited for an answer.
pub async fn answer(tx: &mut Tx, id: ReviewId, answer: Saying<'_>) -> Result<bool> {
    let rows = write!(tx, c => query(
        "update series_review set answer = $2, answered_by = $3, answered_at = $4
         where id = $1 and flagged and answered_at is null")
        .bind(id.0).bind(answer.text).bind(answer.by.0).bind(answer.at).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// What was said of the series of some apps that the reader may see, the oldest first.
pub async fn reviews(db: &Db, scope: Scope, apps: &[AppId]) -> Result<Vec<Review>> {
    if apps.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ReviewRow> = of_apps!(
        db,
        scope,
        apps,
        "select r.*, s.name as said_name, n.name as answered_name
         from series_review r join app a on a.id = r.app_id join account s on s.id = r.said_by
              left join account n on n.id = r.answered_by",
        "r.app_id",
        "order by r.said_at, r.id"
    );
    Ok(rows.into_iter().map(Review::from).collect())
}

/// Adds a developer-first-rollout instance, unless it is there; says whether it did.
pub async fn add_instance(
    tx: &mut Tx,
    id: InstanceId,
    app: AppId,
    (product, site): (Product, &str),
    by: UserId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let rows = write!(tx, c => query(
        "insert into rollout_instance (id, app_id, product, site, added_by, added_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (app_id, product, site) where removed_at is null do nothing")
        .bind(id.0).bind(app.0).bind(product.as_str()).bind(site).bind(by.0).bind(now).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Removes an instance of an app; says whether it was there.
pub async fn remove_instance(tx: &mut Tx, app: AppId, id: InstanceId, now: DateTime<Utc>) -> Result<bool> {
    let rows = write!(tx, c => query(
        "update rollout_instance set removed_at = $3 where id = $1 and app_id = $2 and removed_at is null")
        .bind(id.0).bind(app.0).bind(now).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// The instances of some apps that the reader may see.
pub async fn instances(db: &Db, scope: Scope, apps: &[AppId]) -> Result<Vec<Instance>> {
    if apps.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<InstanceRow> = of_apps!(
        db,
        scope,
        apps,
        "select i.*, n.name as added_name
         from rollout_instance i join app a on a.id = i.app_id join account n on n.id = i.added_by",
        "i.removed_at is null and i.app_id",
        "order by i.product, i.site, i.id"
    );
    rows.into_iter().map(Instance::try_from).collect()
}

/// Keeps who has watched the training; nobody when `said` is empty.
pub async fn set_training(tx: &mut Tx, app: AppId, said: Saying<'_>) -> Result<()> {
    if said.text.is_empty() {
        write!(tx, c => query("delete from training where app_id = $1").bind(app.0).execute(c).await?.rows_affected());
    } else {
        write!(tx, c => query(
            "insert into training (app_id, watched_by, said_by, said_at) values ($1, $2, $3, $4)
             on conflict (app_id) do update
             set watched_by = excluded.watched_by, said_by = excluded.said_by, said_at = excluded.said_at")
            .bind(app.0).bind(said.text).bind(said.by.0).bind(said.at).execute(c).await?.rows_affected());
    }
    Ok(())
}

/// Who has watched the training, of some apps that the reader may see.
pub async fn trainings(db: &Db, scope: Scope, apps: &[AppId]) -> Result<Vec<Training>> {
    if apps.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<TrainingRow> = of_apps!(
        db,
        scope,
        apps,
        "select t.*, n.name as said_name from training t join app a on a.id = t.app_id join account n on n.id = t.said_by",
        "t.app_id",
        "order by t.app_id"
    );
    let training = |row: TrainingRow| Training {
        app: AppId(row.app_id),
        watched_by: row.watched_by,
        said_by: row.said_name,
        said_at: row.said_at,
    };
    Ok(rows.into_iter().map(training).collect())
}
