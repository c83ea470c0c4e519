//! Conversations between partners and the platform. Comments and their versions are only added.

use chrono::{DateTime, Utc};
use rampart_domain::{
    id::{CommentId, PartnerId, ThreadId, UserId},
    thread::SubjectKind,
};
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{read, write},
};

/// A comment with everything it ever said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub id: CommentId,
    pub author: UserId,
    pub author_name: String,
    /// Whether the author wrote for the platform.
    pub by_staff: bool,
    /// From version 1 on; there is one at least.
    pub versions: Vec<Version>,
}

/// What a comment said from `at` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub number: i64,
    /// Markdown.
    pub text: String,
    pub at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    author_id: Uuid,
    author_name: String,
    by_staff: bool,
    version: i64,
    text: String,
    written_at: DateTime<Utc>,
}

/// The thread about a subject of this partner, which is `new` if there was none. Whoever opens or writes in it at the same
/// time waits until this transaction ends.
pub async fn open(
    tx: &mut Tx,
    new: ThreadId,
    (kind, subject): (SubjectKind, Uuid),
    partner: PartnerId,
    now: DateTime<Utc>,
) -> Result<ThreadId> {
    let id: Uuid = write!(tx, c => query_scalar(
        "insert into thread (id, subject_kind, subject_id, partner_id, created_at) values ($1, $2, $3, $4, $5)
         on conflict (subject_kind, subject_id) do update set subject_kind = excluded.subject_kind
         returning id")
        .bind(new.0).bind(kind.as_str()).bind(subject).bind(partner.0).bind(now).fetch_one(c).await?);
    Ok(ThreadId(id))
}

/// How many comments a thread has, for whoever adds one.
pub async fn count(tx: &mut Tx, thread: ThreadId) -> Result<i64> {
    Ok(
        write!(tx, c => query_scalar("select count(*) from comment where thread_id = $1").bind(thread.0).fetch_one(c).await?),
    )
}

/// Adds a comment.
pub async fn add(
    tx: &mut Tx,
    thread: ThreadId,
    id: CommentId,
    (author, by_staff): (UserId, bool),
    text: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    write!(tx, c => query(
        "insert into comment (id, thread_id, author_id, by_staff, written_at) values ($1, $2, $3, $4, $5)")
        .bind(id.0).bind(thread.0).bind(author.0).bind(by_staff).bind(now).execute(c).await?.rows_affected());
    write!(tx, c => query("insert into comment_version (comment_id, version, text, written_at) values ($1, 1, $2, $3)")
        .bind(id.0).bind(text).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Gives a comment another version after `version`; says whether that was the latest.
pub async fn edit(tx: &mut Tx, comment: CommentId, version: i64, text: &str, now: DateTime<Utc>) -> Result<bool> {
    let rows = write!(tx, c => query(
        "insert into comment_version (comment_id, version, text, written_at)
         select comment_id, version + 1, $3, $4 from comment_version where comment_id = $1 and version = $2
         on conflict (comment_id, version) do nothing")
        .bind(comment.0).bind(version).bind(text).bind(now).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// The comments on a subject that the reader may see, the first first.
pub async fn of_subject(db: &Db, scope: Scope, (kind, subject): (SubjectKind, Uuid)) -> Result<Vec<Comment>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select c.id, c.author_id, u.name as author_name, c.by_staff, v.version, v.text, v.written_at
         from thread t join comment c on c.thread_id = t.id join account u on u.id = c.author_id
              join comment_version v on v.comment_id = c.id
         where ($1 or t.partner_id in (select partner_id from membership where account_id = $2))
           and t.subject_kind = $3 and t.subject_id = $4
         order by c.written_at, c.id, v.version")
        .bind(scope.everything()).bind(scope.account()).bind(kind.as_str()).bind(subject).fetch_all(pool).await?);
    let mut comments: Vec<Comment> = Vec::new();
    for row in rows {
        let version = Version {
            number: row.version,
            text: row.text,
            at: row.written_at,
        };
        match comments.last_mut().filter(|last| last.id.0 == row.id) {
            Some(last) => last.versions.push(version),
            None => comments.push(Comment {
                id: CommentId(row.id),
                author: UserId(row.author_id),
                author_name: row.author_name,
                by_staff: row.by_staff,
                versions: vec![version],
            }),
        }
    }
    Ok(comments)
}
