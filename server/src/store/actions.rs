//! Actions that were agreed on after something went wrong (SPEC section 4), with every step that was taken with them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use rampart_domain::{
    action::{ActionKind, ActionState, ParentKind, Priority, Step},
    id::{ActionId, PartnerId, UserId},
};
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
};

/// What an action belongs to.
pub type Parent = (ParentKind, Uuid);

/// An action as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub id: ActionId,
    pub parent: Parent,
    pub partner: PartnerId,
    pub terms: Terms,
    /// The name of the account that owns it, where one does.
    pub owner_account: Option<String>,
    pub state: ActionState,
    /// The day by the end of which it is due; `None` until a priority action is accepted.
    pub due: Option<NaiveDate>,
    /// Grows with each step, from 1.
    pub version: i64,
    /// The day of the last reminder, or of the acceptance.
    pub reminded: Option<NaiveDate>,
}

/// What is proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub title: String,
    /// Markdown.
    pub description: String,
    pub owner: Owner,
    pub kind: ActionKind,
    pub priority: Priority,
    /// The day that was chosen for an action without priority.
    pub chosen: Option<NaiveDate>,
    /// An address of http or https, or empty.
    pub tracker: String,
}

/// Who sees to an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Account(UserId),
    /// Somebody without an account.
    Named(String),
}

/// A step that was taken with an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub step: Step,
    pub by: UserId,
    pub by_name: String,
    pub at: DateTime<Utc>,
    /// The evidence, in Markdown, or the reason.
    pub text: String,
}

/// What somebody does with an action.
#[derive(Clone, Copy, Debug)]
pub struct NewEvent<'a> {
    pub step: Step,
    pub by: UserId,
    pub at: DateTime<Utc>,
    pub text: &'a str,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    parent_kind: String,
    parent_id: Uuid,
    partner_id: Uuid,
    title: String,
    description: String,
    owner_id: Option<Uuid>,
    owner_name: String,
    owner_account: Option<String>,
    kind: String,
    priority: String,
    chosen_on: Option<NaiveDate>,
    due_on: Option<NaiveDate>,
    tracker: String,
    state: String,
    version: i64,
    reminded_on: Option<NaiveDate>,
}

impl TryFrom<Row> for Item {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let parent = row.parent_kind.parse();
        let parent = parent.map_err(|_| Error::corrupt("parent of an action", &row.parent_kind))?;
        let kind = row
            .kind
            .parse()
            .map_err(|_| Error::corrupt("kind of action", &row.kind))?;
        let priority = row.priority.parse();
        Ok(Self {
            id: ActionId(row.id),
            parent: (parent, row.parent_id),
            partner: PartnerId(row.partner_id),
            terms: Terms {
                title: row.title,
                description: row.description,
                owner: match row.owner_id {
                    Some(id) => Owner::Account(UserId(id)),
                    None => Owner::Named(row.owner_name),
                },
                kind,
                priority: priority.map_err(|_| Error::corrupt("priority", &row.priority))?,
                chosen: row.chosen_on,
                tracker: row.tracker,
            },
            owner_account: row.owner_account,
            state: state(&row.state)?,
            due: row.due_on,
            version: row.version,
            reminded: row.reminded_on,
        })
    }
}

fn state(key: &str) -> Result<ActionState> {
    key.parse().map_err(|_| Error::corrupt("state of an action", key))
}

/// (account, name) as they are stored.
fn owner(terms: &Terms) -> (Option<Uuid>, &str) {
    match &terms.owner {
        Owner::Account(id) => (Some(id.0), ""),
        Owner::Named(name) => (None, name),
    }
}

/// Proposes an action for a parent of this partner.
pub async fn propose(
    tx: &mut Tx,
    id: ActionId,
    (kind, parent): Parent,
    partner: PartnerId,
    terms: &Terms,
    event: NewEvent<'_>,
) -> Result<()> {
    let (account, name) = owner(terms);
    write!(tx, c => query(
        "insert into action_item (id, parent_kind, parent_id, partner_id, title, description, owner_id, owner_name, kind,
                                  priority, chosen_on, due_on, tracker, state, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, 'proposed', 1)")
        .bind(id.0).bind(kind.as_str()).bind(parent).bind(partner.0).bind(&terms.title).bind(&terms.description)
        .bind(account).bind(name).bind(terms.kind.as_str()).bind(terms.priority.as_str()).bind(terms.chosen)
        .bind(&terms.tracker).execute(c).await?.rows_affected());
    note(tx, id, 1, event).await
}

/// Changes what is proposed, in place of version `version`; says whether that was the latest.
pub async fn edit(tx: &mut Tx, id: ActionId, version: i64, terms: &Terms, event: NewEvent<'_>) -> Result<bool> {
    let (account, name) = owner(terms);
    let rows = write!(tx, c => query(
        "update action_item
         set title = $3, description = $4, owner_id = $5, owner_name = $6, kind = $7, priority = $8, chosen_on = $9,
             due_on = $9, tracker = $10, version = version + 1
         where id = $1 and version = $2 and state = 'proposed'")
        .bind(id.0).bind(version).bind(&terms.title).bind(&terms.description).bind(account).bind(name)
        .bind(terms.kind.as_str()).bind(terms.priority.as_str()).bind(terms.chosen).bind(&terms.tracker)
        .execute(c).await?.rows_affected());
    if rows == 1 {
        note(tx, id, version + 1, event).await?;
    }
    Ok(rows == 1)
}

/// Brings an action of version `version` into another state; says whether that was the latest version.
pub async fn set_state(
    tx: &mut Tx,
    id: ActionId,
    version: i64,
    state: ActionState,
    event: NewEvent<'_>,
) -> Result<bool> {
    let rows = write!(tx, c => query("update action_item set state = $3, version = version + 1 where id = $1 and version = $2")
        .bind(id.0).bind(version).bind(state.as_str()).execute(c).await?.rows_affected());
    if rows == 1 {
        note(tx, id, version + 1, event).await?;
    }
    Ok(rows == 1)
}

/// Says by when an action is due, and that no reminder of a day up to `reminded` is wanted.
pub async fn set_due(tx: &mut Tx, id: ActionId, due: Option<NaiveDate>, reminded: NaiveDate) -> Result<()> {
    write!(tx, c => query("update action_item set due_on = $2, reminded_on = $3 where id = $1")
        .bind(id.0).bind(due).bind(reminded).execute(c).await?.rows_affected());
    Ok(())
}

async fn note(tx: &mut Tx, id: ActionId, version: i64, event: NewEvent<'_>) -> Result<()> {
    write!(tx, c => query(
        "insert into action_event (action_id, version, step, account_id, at, text) values ($1, $2, $3, $4, $5, $6)")
        .bind(id.0).bind(version).bind(event.step.as_str()).bind(event.by.0).bind(event.at).bind(event.text)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The states of the actions of a parent, for whoever changes one of them.
pub async fn states(tx: &mut Tx, (kind, parent): Parent) -> Result<Vec<ActionState>> {
    let states: Vec<String> = write!(tx, c => query_scalar(
        "select state from action_item where parent_kind = $1 and parent_id = $2 order by id")
        .bind(kind.as_str()).bind(parent).fetch_all(c).await?);
    states.iter().map(|key| state(key)).collect()
}

/// The actions of a parent that the reader may see, the first that was proposed first.
pub async fn of_parent(db: &Db, scope: Scope, (kind, parent): Parent) -> Result<Vec<Item>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select i.*, u.name as owner_account from action_item i left join account u on u.id = i.owner_id
         where ($1 or i.partner_id in (select partner_id from membership where account_id = $2))
           and i.parent_kind = $3 and i.parent_id = $4
         order by i.id")
        .bind(scope.everything()).bind(scope.account()).bind(kind.as_str()).bind(parent).fetch_all(pool).await?);
    rows.into_iter().map(Item::try_from).collect()
}

#[derive(FromRow)]
struct EventRow {
    action_id: Uuid,
    step: String,
    account_id: Uuid,
    by_name: String,
    at: DateTime<Utc>,
    text: String,
}

/// The steps that were taken with the actions of a parent, as far as the reader may see them, the first first.
pub async fn events(db: &Db, scope: Scope, (kind, parent): Parent) -> Result<HashMap<ActionId, Vec<Event>>> {
    let rows: Vec<EventRow> = read!(db, pool => query_as(
        "select e.action_id, e.step, e.account_id, u.name as by_name, e.at, e.text
         from action_event e join action_item i on i.id = e.action_id join account u on u.id = e.account_id
         where ($1 or i.partner_id in (select partner_id from membership where account_id = $2))
           and i.parent_kind = $3 and i.parent_id = $4
         order by e.action_id, e.version")
        .bind(scope.everything()).bind(scope.account()).bind(kind.as_str()).bind(parent).fetch_all(pool).await?);
    let mut events: HashMap<ActionId, Vec<Event>> = HashMap::new();
    for row in rows {
        let step = row
            .step
            .parse()
            .map_err(|_| Error::corrupt("step of an action", &row.step))?;
        events.entry(ActionId(row.action_id)).or_default().push(Event {
            step,
            by: UserId(row.account_id),
            by_name: row.by_name,
            at: row.at,
            text: row.text,
        });
    }
    Ok(events)
}

/// Accepted actions of every partner that are due up to this day, but not those of a closed plan or an archived app.
pub async fn due_until(db: &Db, day: NaiveDate) -> Result<Vec<Item>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select i.*, u.name as owner_account from action_item i left join account u on u.id = i.owner_id
         where i.state = 'accepted' and i.due_on <= $1
           and (i.parent_kind <> 'remediation_plan'
                or exists (select 1 from remediation_plan p join app a on a.id = p.app_id
                           where p.id = i.parent_id and p.closed_at is null and a.archived_at is null))
         order by i.due_on, i.id")
        .bind(day).fetch_all(pool).await?);
    rows.into_iter().map(Item::try_from).collect()
}

/// Notes that the reminder of this day is sent; says whether it was not before, and the action is still to be done.
pub async fn remind(tx: &mut Tx, id: ActionId, day: NaiveDate) -> Result<bool> {
    let rows = write!(tx, c => query(
        "update action_item set reminded_on = $2
         where id = $1 and state = 'accepted' and (reminded_on is null or reminded_on < $2)")
        .bind(id.0).bind(day).execute(c).await?.rows_affected());
    Ok(rows == 1)
}
