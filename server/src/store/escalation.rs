//! Where apps stand, and the decisions that brought them there (SPEC section 6). Decisions are only added.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rampart_domain::{
    escalation::{Decision, Rule, State, Text},
    id::{AppId, PartnerId},
};
use sqlx::{FromRow, QueryBuilder, query, query_as, query_scalar, types::Json};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
    dialect::{pattern, signed, unsigned},
};

/// Where an app stands after the last fact that was worked off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    pub baseline: DateTime<Utc>,
    pub entered: DateTime<Utc>,
    pub demoted: Option<DateTime<Utc>>,
    /// The end of a remediation.
    pub deadline: Option<DateTime<Utc>>,
    /// When it is in good standing again if nothing further happens.
    pub clears: Option<DateTime<Utc>>,
    pub paused: bool,
    /// When a rule may hold next by itself.
    pub due: Option<DateTime<Utc>>,
    /// The last fact that was worked off.
    pub facts_seq: i64,
    /// How many decisions there are.
    pub decisions: i64,
    /// Why the engine has stopped for this app.
    pub error: Option<String>,
}

/// A decision as it is kept, with what its receipt holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub id: String,
    /// 0 for the first of the app.
    pub number: i64,
    pub decision: Decision,
    /// SHA-256 of the policy and the facts that it follows from, in hex.
    pub inputs: String,
    pub recorded_at: DateTime<Utc>,
}

/// An app on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnBoard {
    pub app_key: String,
    pub app_name: String,
    pub partner: PartnerId,
    pub partner_name: String,
    pub standing: Standing,
    /// When it came into its state.
    pub since: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct StandingRow {
    state: String,
    baseline: i64,
    entered: i64,
    demoted: Option<i64>,
    deadline: Option<i64>,
    clears: Option<i64>,
    paused: bool,
    due: Option<i64>,
    facts_seq: i64,
    decisions: i64,
    error: Option<String>,
}

#[derive(FromRow)]
struct BoardRow {
    app_key: String,
    app_name: String,
    partner_id: Uuid,
    partner_name: String,
    since: Option<i64>,
    #[sqlx(flatten)]
    standing: StandingRow,
}

#[derive(FromRow)]
struct DecisionRow {
    id: String,
    number: i64,
    at: i64,
    app_key: String,
    from_state: String,
    to_state: String,
    rule: String,
    because: Json<Vec<Text>>,
    policy_version: i64,
    explanation: String,
    inputs: String,
    recorded_at: DateTime<Utc>,
}

fn time(seconds: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0).ok_or_else(|| Error::corrupt("time of escalation", seconds))
}

fn optional(seconds: Option<i64>) -> Result<Option<DateTime<Utc>>> {
    seconds.map(time).transpose()
}

fn state(key: &str) -> Result<State> {
    key.parse().map_err(|_| Error::corrupt("state", key))
}

impl TryFrom<StandingRow> for Standing {
    type Error = Error;

    fn try_from(row: StandingRow) -> Result<Self> {
        Ok(Self {
            state: state(&row.state)?,
            baseline: time(row.baseline)?,
            entered: time(row.entered)?,
            demoted: optional(row.demoted)?,
            deadline: optional(row.deadline)?,
            clears: optional(row.clears)?,
            paused: row.paused,
            due: optional(row.due)?,
            facts_seq: row.facts_seq,
            decisions: row.decisions,
            error: row.error,
        })
    }
}

impl TryFrom<DecisionRow> for Recorded {
    type Error = Error;

    fn try_from(row: DecisionRow) -> Result<Self> {
        let rule: Rule = row.rule.parse().map_err(|_| Error::corrupt("rule", &row.rule))?;
        Ok(Self {
            id: row.id,
            number: row.number,
            decision: Decision {
                at: time(row.at)?,
                app: row.app_key.into(),
                from: state(&row.from_state)?,
                to: state(&row.to_state)?,
                rule,
                because: row.because.0,
                policy_version: unsigned(row.policy_version),
                explanation: row.explanation,
            },
            inputs: row.inputs,
            recorded_at: row.recorded_at,
        })
    }
}

/// The apps for which there is something to decide: a fact that was not worked off, or a due time that has come. Apps
/// without any fact of their own wait for one.
pub async fn waiting(db: &Db, now: DateTime<Utc>) -> Result<Vec<AppId>> {
    let ids: Vec<Uuid> = read!(db, pool => query_scalar(
        "select a.id from app a left join standing s on s.app_id = a.id
         where s.due <= $1
            or exists (select 1 from fact f where f.app_id = a.id and f.seq > coalesce(s.facts_seq, 0)
                                              and not exists (select 1 from fact_set_aside b where b.fact = f.id))
            or (s.facts_seq < (select coalesce(max(f.seq), 0) from fact f
                               where f.app_id is null and not exists (select 1 from fact_set_aside b where b.fact = f.id)))
         order by a.id")
        .bind(now.timestamp()).fetch_all(pool).await?);
    Ok(ids.into_iter().map(AppId).collect())
}

/// When the next due time of any app comes.
pub async fn next_due(db: &Db) -> Result<Option<DateTime<Utc>>> {
    optional(read!(db, pool => query_scalar("select min(due) from standing").fetch_one(pool).await?))
}

/// Has every app looked at again for which the engine has stopped, by whichever server is first.
pub async fn wake_stopped(tx: &mut Tx, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query("update standing set due = $1 where error is not null")
        .bind(now.timestamp()).execute(c).await?.rows_affected());
    Ok(())
}

/// Where an app stands, for whoever decides on it.
pub async fn standing_for(tx: &mut Tx, app: AppId) -> Result<Option<Standing>> {
    let row: Option<StandingRow> =
        write!(tx, c => query_as("select * from standing where app_id = $1").bind(app.0).fetch_optional(c).await?);
    row.map(Standing::try_from).transpose()
}

/// Where an app stands, as far as the reader may see it.
pub async fn standing(db: &Db, scope: Scope, app: AppId) -> Result<Option<Standing>> {
    let row: Option<StandingRow> = read!(db, pool => query_as(
        "select s.* from standing s join app a on a.id = s.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and s.app_id = $3")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_optional(pool).await?);
    row.map(Standing::try_from).transpose()
}

/// In which state each of these apps is, as far as the reader may see them; of those that are on the ladder.
pub async fn states_of(db: &Db, scope: Scope, apps: &[AppId]) -> Result<HashMap<AppId, State>> {
    if apps.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, String)> = read!(db, pool => {
        let mut query = QueryBuilder::new(
            "select s.app_id, s.state from standing s join app a on a.id = s.app_id where s.app_id in (");
        let mut list = query.separated(", ");
        apps.iter().for_each(|app| { list.push_bind(app.0); });
        query.push(") and (").push_bind(scope.everything())
            .push(" or a.partner_id in (select partner_id from membership where account_id = ").push_bind(scope.account()).push("))");
        query.build_query_as().fetch_all(pool).await?
    });
    rows.into_iter()
        .map(|(id, key)| Ok((AppId(id), state(&key)?)))
        .collect()
}

/// Writes where an app stands.
pub async fn set_standing(tx: &mut Tx, app: AppId, standing: &Standing) -> Result<()> {
    let seconds = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp());
    write!(tx, c => query(
        "insert into standing (app_id, state, baseline, entered, demoted, deadline, clears, paused, due, facts_seq, decisions, error)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (app_id) do update
         set state = excluded.state, baseline = excluded.baseline, entered = excluded.entered, demoted = excluded.demoted,
             deadline = excluded.deadline, clears = excluded.clears, paused = excluded.paused, due = excluded.due,
             facts_seq = excluded.facts_seq, decisions = excluded.decisions, error = excluded.error")
        .bind(app.0).bind(standing.state.as_str()).bind(standing.baseline.timestamp()).bind(standing.entered.timestamp())
        .bind(seconds(standing.demoted)).bind(seconds(standing.deadline)).bind(seconds(standing.clears)).bind(standing.paused)
        .bind(seconds(standing.due)).bind(standing.facts_seq).bind(standing.decisions).bind(&standing.error)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Keeps a decision on an app.
pub async fn record(tx: &mut Tx, app: AppId, recorded: &Recorded) -> Result<()> {
    let decision = &recorded.decision;
    write!(tx, c => query(
        "insert into decision (id, app_id, number, at, from_state, to_state, rule, because, policy_version, explanation, inputs,
                               recorded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(&recorded.id).bind(app.0).bind(recorded.number).bind(decision.at.timestamp())
        .bind(decision.from.as_str()).bind(decision.to.as_str()).bind(decision.rule.as_str()).bind(Json(&decision.because))
        .bind(signed(decision.policy_version)).bind(&decision.explanation).bind(&recorded.inputs).bind(recorded.recorded_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The decisions on an app that the reader may see, the first first.
pub async fn decisions(db: &Db, scope: Scope, app: AppId) -> Result<Vec<Recorded>> {
    let rows: Vec<DecisionRow> = read!(db, pool => query_as(
        "select d.*, a.key as app_key from decision d join app a on a.id = d.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and d.app_id = $3
         order by d.number")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?);
    rows.into_iter().map(Recorded::try_from).collect()
}

/// The decisions on an app, for whoever adds to them.
pub async fn decisions_for(tx: &mut Tx, app: AppId) -> Result<Vec<Recorded>> {
    let rows: Vec<DecisionRow> = write!(tx, c => query_as(
        "select d.*, a.key as app_key from decision d join app a on a.id = d.app_id where d.app_id = $1 order by d.number")
        .bind(app.0).fetch_all(c).await?);
    rows.into_iter().map(Recorded::try_from).collect()
}

/// What the board is narrowed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoardFilter<'a> {
    pub state: Option<State>,
    /// Part of an app's or partner's name, or of an app's key.
    pub search: &'a str,
}

/// The apps that the reader may see and the filter lets through.
macro_rules! narrow {
    ($query:ident, $scope:ident, $filter:ident) => {
        $query
            .push(
                " from standing s join app a on a.id = s.app_id join partner p on p.id = a.partner_id
                  where a.archived_at is null and (",
            )
            .push_bind($scope.everything())
            .push(" or a.partner_id in (select partner_id from membership where account_id = ")
            .push_bind($scope.account())
            .push("))");
        if let Some(state) = $filter.state {
            $query.push(" and s.state = ").push_bind(state.as_str());
        }
        let search = pattern($filter.search);
        if !search.is_empty() {
            $query
                .push(r" and (a.name_key like ")
                .push_bind(search.clone())
                .push(r" escape '\' or a.key_key like ")
                .push_bind(search.clone())
                .push(r" escape '\' or p.name_key like ")
                .push_bind(search)
                .push(r" escape '\')");
        }
    };
}

/// How many apps are in each state.
pub async fn states(db: &Db, scope: Scope) -> Result<Vec<(State, i64)>> {
    let rows: Vec<(String, i64)> = read!(db, pool => query_as(
        "select s.state, count(*) from standing s join app a on a.id = s.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and a.archived_at is null
         group by s.state")
        .bind(scope.everything()).bind(scope.account()).fetch_all(pool).await?);
    rows.into_iter().map(|(key, count)| Ok((state(&key)?, count))).collect()
}

/// How many apps the board has.
pub async fn count_board(db: &Db, scope: Scope, filter: BoardFilter<'_>) -> Result<i64> {
    Ok(read!(db, pool => {
        let mut query = QueryBuilder::new("select count(*)");
        narrow!(query, scope, filter);
        query.build_query_scalar().fetch_one(pool).await?
    }))
}

/// One page of the apps in the programme: those for which the engine has stopped first, then those closest to demotion, then
/// by their deadline.
pub async fn board(db: &Db, scope: Scope, filter: BoardFilter<'_>, offset: i64, limit: i64) -> Result<Vec<OnBoard>> {
    let rows: Vec<BoardRow> = read!(db, pool => {
        let mut query = QueryBuilder::new(
            "select a.key as app_key, a.name as app_name, a.partner_id, p.name as partner_name,
                    (select max(d.at) from decision d where d.app_id = a.id) as since, s.*");
        narrow!(query, scope, filter);
        query.push(
            " order by case when s.error is null then 1 else 0 end,
                       case s.state when 'demotion_proposed' then 0 when 'remediation' then 1 when 'notified' then 2
                                    when 'demoted' then 3 when 'good_standing' then 4 else 5 end,
                       coalesce(s.deadline, s.clears, 9000000000000), a.name_key, a.id limit ")
            .push_bind(limit).push(" offset ").push_bind(offset);
        query.build_query_as().fetch_all(pool).await?
    });
    rows.into_iter()
        .map(|row| {
            Ok(OnBoard {
                app_key: row.app_key,
                app_name: row.app_name,
                partner: PartnerId(row.partner_id),
                partner_name: row.partner_name,
                since: optional(row.since)?,
                standing: row.standing.try_into()?,
            })
        })
        .collect()
}
