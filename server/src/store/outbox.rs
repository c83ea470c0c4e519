//! The mail outbox: every mail is written in the transaction of what it tells, and sent afterwards, at least once
//! (SPEC section 2.3).

use chrono::{DateTime, Utc};
use rampart_domain::id::{AlertAddressId, AppId, EpisodeId, MailId, PartnerId};
use sqlx::{FromRow, query, query_as, types::Json};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{read, write},
};

/// A mail to send.
#[derive(Clone, Debug)]
pub struct NewMail {
    pub id: MailId,
    /// Stays the same over all attempts, so that a doubled mail is recognised.
    pub message_id: String,
    pub kind: &'static str,
    pub partner: Option<PartnerId>,
    pub app: Option<AppId>,
    pub episode: Option<EpisodeId>,
    /// The confirmed alert address it goes to; when that fails for good, the owners get the mail.
    pub alert_address: Option<AlertAddressId>,
    pub recipients: Vec<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// No attempt is made after this.
    pub give_up_at: DateTime<Utc>,
}

/// A mail as it is stored.
#[derive(Clone, Debug, FromRow)]
pub struct Mail {
    #[sqlx(try_from = "Uuid")]
    pub id: MailId,
    pub message_id: String,
    pub kind: String,
    pub partner_id: Option<Uuid>,
    pub app_id: Option<Uuid>,
    pub episode_id: Option<Uuid>,
    pub alert_address_id: Option<Uuid>,
    pub recipients: Json<Vec<String>>,
    pub subject: String,
    pub body_text: String,
    pub body_html: String,
    pub queued_at: DateTime<Utc>,
    pub next_attempt_at: DateTime<Utc>,
    pub give_up_at: DateTime<Utc>,
    pub attempts: i64,
    pub error: Option<String>,
    pub sent_at: Option<DateTime<Utc>>,
    pub failed_at: Option<DateTime<Utc>>,
}

/// Which mails a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    All,
    Waiting,
    Failed,
}

/// What the outbox holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Totals {
    pub all_mails: i64,
    pub queued: i64,
    pub retrying: i64,
    pub failed: i64,
}

/// What waits to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Waiting {
    pub mails: i64,
    /// When the oldest of them was queued.
    pub oldest: Option<DateTime<Utc>>,
}

pub async fn push(tx: &mut Tx, mail: &NewMail, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query(
        "insert into outbox (id, message_id, kind, partner_id, app_id, episode_id, alert_address_id, recipients, subject, body_text,
                             body_html, queued_at, next_attempt_at, give_up_at, locked_until, attempts)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $12, 0)")
        .bind(mail.id.0).bind(&mail.message_id).bind(mail.kind).bind(mail.partner.map(|p| p.0)).bind(mail.app.map(|a| a.0))
        .bind(mail.episode.map(|e| e.0)).bind(mail.alert_address.map(|a| a.0)).bind(Json(&mail.recipients)).bind(&mail.subject)
        .bind(&mail.text).bind(&mail.html).bind(now).bind(mail.give_up_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Takes the mail that waits longest, of one breach and recipient the earlier first, and locks it until `locked_until`, when another server may take it.
pub async fn claim(tx: &mut Tx, now: DateTime<Utc>, locked_until: DateTime<Utc>) -> Result<Option<Mail>> {
    write!(tx, c => Ok(query_as(
        "update outbox set locked_until = $2, attempts = attempts + 1
         where id = (select id from outbox
                     where sent_at is null and failed_at is null and next_attempt_at <= $1 and locked_until <= $1
                       and not exists (select 1 from outbox earlier
                                       where earlier.episode_id = outbox.episode_id and earlier.recipients = outbox.recipients
                                         and earlier.sent_at is null and earlier.failed_at is null
                                         and earlier.queued_at < outbox.queued_at)
                     order by next_attempt_at, id limit 1)
           and locked_until <= $1
         returning id, message_id, kind, partner_id, app_id, episode_id, alert_address_id, recipients, subject, body_text, body_html, queued_at,
                   next_attempt_at, give_up_at, attempts, error, sent_at, failed_at")
        .bind(now).bind(locked_until).fetch_optional(c).await?))
}

pub async fn sent(tx: &mut Tx, id: MailId, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query("update outbox set sent_at = $2, locked_until = $2, error = null where id = $1")
        .bind(id.0).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Notes a failed attempt; the next one follows at `next`.
pub async fn retry(tx: &mut Tx, id: MailId, error: &str, now: DateTime<Utc>, next: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query("update outbox set error = $2, next_attempt_at = $4, locked_until = $3 where id = $1")
        .bind(id.0).bind(error).bind(now).bind(next).execute(c).await?.rows_affected());
    Ok(())
}

/// Gives a mail up; says whether it was still waiting.
pub async fn fail(tx: &mut Tx, id: MailId, error: &str, now: DateTime<Utc>) -> Result<bool> {
    Ok(write!(tx, c => query(
        "update outbox set error = $2, failed_at = $3, locked_until = $3 where id = $1 and sent_at is null and failed_at is null")
        .bind(id.0).bind(error).bind(now).execute(c).await?.rows_affected())
        == 1)
}

/// Queues a failed or waiting mail again for an attempt at once; says whether there was such a mail.
pub async fn requeue(tx: &mut Tx, id: MailId, now: DateTime<Utc>, give_up_at: DateTime<Utc>) -> Result<bool> {
    Ok(write!(tx, c => query(
        "update outbox set failed_at = null, next_attempt_at = $2, give_up_at = $3 where id = $1 and sent_at is null")
        .bind(id.0).bind(now).bind(give_up_at).execute(c).await?.rows_affected())
        == 1)
}

/// One page of mails, the latest first.
pub async fn list(db: &Db, scope: Scope, shown: Shown, offset: i64, limit: i64) -> Result<Vec<Mail>> {
    read!(db, pool => Ok(query_as(
        "select id, message_id, kind, partner_id, app_id, episode_id, alert_address_id, recipients, subject, body_text, body_html, queued_at,
                next_attempt_at, give_up_at, attempts, error, sent_at, failed_at
         from outbox
         where ($1 or partner_id in (select partner_id from membership where account_id = $2))
           and ($3 = 0 or ($3 = 1 and sent_at is null and failed_at is null) or ($3 = 2 and failed_at is not null))
         order by queued_at desc, id desc limit $4 offset $5")
        .bind(scope.everything()).bind(scope.account()).bind(shown as i64).bind(limit).bind(offset).fetch_all(pool).await?))
}

pub async fn totals(db: &Db, scope: Scope) -> Result<Totals> {
    read!(db, pool => Ok(query_as(
        "select count(*) as all_mails,
                count(case when sent_at is null and failed_at is null and error is null then 1 end) as queued,
                count(case when sent_at is null and failed_at is null and error is not null then 1 end) as retrying,
                count(failed_at) as failed
         from outbox where ($1 or partner_id in (select partner_id from membership where account_id = $2))")
        .bind(scope.everything()).bind(scope.account()).fetch_one(pool).await?))
}

/// How much waits, whosever it is; `Scope` is not asked, since only whoever operates the server is told. It takes as long as
/// the queue is, not the outbox.
pub async fn waiting(db: &Db) -> Result<Waiting> {
    read!(db, pool => Ok(query_as(
        "select count(*) as mails, min(queued_at) as oldest from outbox where sent_at is null and failed_at is null")
        .fetch_one(pool).await?))
}

pub async fn find(db: &Db, scope: Scope, id: MailId) -> Result<Option<Mail>> {
    read!(db, pool => Ok(query_as(
        "select id, message_id, kind, partner_id, app_id, episode_id, alert_address_id, recipients, subject, body_text, body_html, queued_at,
                next_attempt_at, give_up_at, attempts, error, sent_at, failed_at
         from outbox
         where ($1 or partner_id in (select partner_id from membership where account_id = $2)) and id = $3")
        .bind(scope.everything()).bind(scope.account()).bind(id.0).fetch_optional(pool).await?))
}

/// The latest mails about an app.
pub async fn of_app(db: &Db, scope: Scope, app: AppId, limit: i64) -> Result<Vec<Mail>> {
    read!(db, pool => Ok(query_as(
        "select id, message_id, kind, partner_id, app_id, episode_id, alert_address_id, recipients, subject, body_text, body_html, queued_at,
                next_attempt_at, give_up_at, attempts, error, sent_at, failed_at
         from outbox
         where ($1 or partner_id in (select partner_id from membership where account_id = $2)) and app_id = $3
         order by queued_at desc, id desc limit $4")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).bind(limit).fetch_all(pool).await?))
}

/// The mails of one breach, in order.
pub async fn of_episode(db: &Db, scope: Scope, episode: EpisodeId) -> Result<Vec<Mail>> {
    read!(db, pool => Ok(query_as(
        "select id, message_id, kind, partner_id, app_id, episode_id, alert_address_id, recipients, subject, body_text, body_html, queued_at,
                next_attempt_at, give_up_at, attempts, error, sent_at, failed_at
         from outbox
         where ($1 or partner_id in (select partner_id from membership where account_id = $2)) and episode_id = $3
         order by queued_at, id")
        .bind(scope.everything()).bind(scope.account()).bind(episode.0).fetch_all(pool).await?))
}
