//! Remediation plans (SPEC section 6): one for each time an app comes into remediation, at most one of them open.

use chrono::{DateTime, Utc};
use rampart_domain::id::{AppId, PlanId, UserId};
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{read, write},
};

/// A plan, as far as it says something itself; its actions and its thread are kept with those of other subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub id: PlanId,
    pub app: AppId,
    pub opened_at: DateTime<Utc>,
    /// `None` while the app is in remediation or proposed for demotion.
    pub closed_at: Option<DateTime<Utc>>,
    pub contact: Option<Contact>,
}

/// Whom the partner asks at the platform; nobody once their account is disabled or their last role in the programme gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub account: UserId,
    pub name: String,
    pub mail: String,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    app_id: Uuid,
    opened_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    contact_id: Option<Uuid>,
    contact_name: Option<String>,
    contact_mail: Option<String>,
}

impl From<Row> for Plan {
    fn from(row: Row) -> Self {
        let contact = (row.contact_id).zip(row.contact_name.zip(row.contact_mail));
        Self {
            id: PlanId(row.id),
            app: AppId(row.app_id),
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            contact: contact.map(|(id, (name, mail))| Contact {
                account: UserId(id),
                name,
                mail,
            }),
        }
    }
}

/// Opens a plan. An app has at most one that is open.
pub async fn open(tx: &mut Tx, id: PlanId, app: AppId, at: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query("insert into remediation_plan (id, app_id, opened_at) values ($1, $2, $3)")
        .bind(id.0).bind(app.0).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Opens a plan again that was closed.
pub async fn reopen(tx: &mut Tx, id: PlanId) -> Result<()> {
    write!(tx, c => query("update remediation_plan set closed_at = null where id = $1")
        .bind(id.0).execute(c).await?.rows_affected());
    Ok(())
}

/// Closes a plan.
pub async fn close(tx: &mut Tx, id: PlanId, at: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query("update remediation_plan set closed_at = $2 where id = $1 and closed_at is null")
        .bind(id.0).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Says who the contact at the platform is; says whether the plan was open.
pub async fn set_contact(tx: &mut Tx, id: PlanId, contact: UserId) -> Result<bool> {
    let rows = write!(tx, c => query("update remediation_plan set contact_id = $2 where id = $1 and closed_at is null")
        .bind(id.0).bind(contact.0).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// The latest plan of an app, for whoever opens, closes or completes it.
pub async fn latest_for(tx: &mut Tx, app: AppId) -> Result<Option<Plan>> {
    let row: Option<Row> = write!(tx, c => query_as(
        "select p.*, u.name as contact_name, u.mail as contact_mail
         from remediation_plan p left join account u on u.id = p.contact_id and u.disabled_at is null
                  and exists (select 1 from staff_role r where r.account_id = u.id and r.role <> 'administrator')
         where p.app_id = $1 order by p.closed_at is not null, p.opened_at desc, p.id desc limit 1")
        .bind(app.0).fetch_optional(c).await?);
    Ok(row.map(Plan::from))
}

/// The plans of an app that the reader may see; the open one first, then the latest.
pub async fn of_app(db: &Db, scope: Scope, app: AppId) -> Result<Vec<Plan>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select p.*, u.name as contact_name, u.mail as contact_mail
         from remediation_plan p join app a on a.id = p.app_id left join account u on u.id = p.contact_id and u.disabled_at is null
                  and exists (select 1 from staff_role r where r.account_id = u.id and r.role <> 'administrator')
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and p.app_id = $3
         order by p.closed_at is not null, p.opened_at desc, p.id desc")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?);
    Ok(rows.into_iter().map(Plan::from).collect())
}

/// The app whose plan this is, as far as the reader may see it.
pub async fn app_of(db: &Db, scope: Scope, id: PlanId) -> Result<Option<AppId>> {
    let app: Option<Uuid> = read!(db, pool => query_scalar(
        "select p.app_id from remediation_plan p join app a on a.id = p.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and p.id = $3")
        .bind(scope.everything()).bind(scope.account()).bind(id.0).fetch_optional(pool).await?);
    Ok(app.map(AppId))
}
