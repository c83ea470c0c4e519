//! What is talked about at the questions of readiness documents (SPEC section 3): one conversation for each question of an app,
//! whose comments are in its thread.

use chrono::{DateTime, Utc};
use rampart_domain::{
    id::{AppId, ConversationId, UserId},
    thread::SubjectKind,
};
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{read, write},
};

/// A conversation in which something was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    pub id: ConversationId,
    pub question: String,
    pub comments: i64,
    pub last_at: DateTime<Utc>,
    /// Who resolved it, and when, unless something was said since.
    pub resolved: Option<(String, DateTime<Utc>)>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    question: String,
    comments: i64,
    last_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
    resolved_name: Option<String>,
}

/// The conversation at a question, which is `new` if there was none. Whoever changes it at the same time waits until this
/// transaction ends.
pub async fn open(tx: &mut Tx, new: ConversationId, app: AppId, question: &str) -> Result<ConversationId> {
    let id: Uuid = write!(tx, c => query_scalar(
        "insert into readiness_conversation (id, app_id, question) values ($1, $2, $3)
         on conflict (app_id, question) do update set question = excluded.question
         returning id")
        .bind(new.0).bind(app.0).bind(question).fetch_one(c).await?);
    Ok(ConversationId(id))
}

/// Resolves a conversation, or opens it again with `None`.
pub async fn set_resolved(tx: &mut Tx, id: ConversationId, by: Option<(UserId, DateTime<Utc>)>) -> Result<()> {
    let (who, at) = by.unzip();
    write!(tx, c => query("update readiness_conversation set resolved_by = $2, resolved_at = $3 where id = $1")
        .bind(id.0).bind(who.map(|who| who.0)).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// The conversations of an app that the reader may see, in which something was said.
pub async fn of_app(db: &Db, scope: Scope, app: AppId) -> Result<Vec<Conversation>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select v.id, v.question, count(*) as comments, max(c.written_at) as last_at, v.resolved_at, u.name as resolved_name
         from readiness_conversation v join app a on a.id = v.app_id
              join thread t on t.subject_kind = $4 and t.subject_id = v.id join comment c on c.thread_id = t.id
              left join account u on u.id = v.resolved_by
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and v.app_id = $3
         group by v.id, v.question, v.resolved_at, u.name order by v.question")
        .bind(scope.everything()).bind(scope.account()).bind(app.0)
        .bind(SubjectKind::ReadinessQuestion.as_str()).fetch_all(pool).await?);
    let conversations = rows.into_iter().map(|row| Conversation {
        id: ConversationId(row.id),
        resolved: row.resolved_name.zip(row.resolved_at.filter(|at| *at >= row.last_at)),
        question: row.question,
        comments: row.comments,
        last_at: row.last_at,
    });
    Ok(conversations.collect())
}
