//! The readiness documents of apps (SPEC section 3): one for each app. Submissions and decisions are only added.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rampart_domain::{
    id::{AppId, UserId},
    readiness::{Answer, Decision, Progress, State, Verdict},
};
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{of_apps, read, write},
};

/// A document, apart from its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    /// The version of the questionnaire that is answered.
    pub questionnaire: i64,
    pub state: State,
    /// Of what is answered now.
    pub progress: Progress,
    /// How many submissions there are; the latest has this number.
    pub submissions: i64,
}

/// Where the document of an app stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub document: Document,
    /// When it was last submitted.
    pub submitted_at: Option<DateTime<Utc>>,
    /// When the last submission was decided on.
    pub decided_at: Option<DateTime<Utc>>,
    /// The last approval, which holds until it expires, whatever was submitted afterwards.
    pub approval: Option<Approval>,
}

/// A sign-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The number of the submission.
    pub submission: i64,
    pub at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

impl Approval {
    pub fn holds(&self, now: DateTime<Utc>) -> bool {
        now < self.expires_at
    }
}

/// What is answered to a question now.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    pub question: String,
    /// Grows with each save, from 1.
    pub version: i64,
    /// `None` once it was taken back.
    pub answer: Option<Answer>,
    pub by: UserId,
    pub by_name: String,
    pub at: DateTime<Utc>,
}

/// What was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// From 1.
    pub number: i64,
    /// JSON, exactly as it was signed.
    pub content: String,
    /// Of the content, in hexadecimal.
    pub sha256: String,
    pub by: UserId,
    pub by_name: String,
    pub at: DateTime<Utc>,
    pub decided: Option<Decided>,
}

/// What was decided on a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    pub decision: Decision,
    pub reason: String,
    /// Of what was decided on, in hexadecimal.
    pub sha256: String,
    pub by_name: String,
    pub at: DateTime<Utc>,
    /// Of an approval.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a reviewer said of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub question: String,
    pub said: Said,
    pub by_name: String,
    pub at: DateTime<Utc>,
}

#[derive(FromRow)]
struct DocumentRow {
    questionnaire: i64,
    state: String,
    answered: i64,
    required: i64,
    submissions: i64,
}

impl TryFrom<DocumentRow> for Document {
    type Error = Error;

    fn try_from(row: DocumentRow) -> Result<Self> {
        let count = |n: i64| usize::try_from(n).map_err(|_| Error::corrupt("number of answers", n));
        let state = row.state.parse();
        Ok(Self {
            questionnaire: row.questionnaire,
            state: state.map_err(|_| Error::corrupt("state of a readiness document", &row.state))?,
            progress: Progress {
                answered: count(row.answered)?,
                required: count(row.required)?,
            },
            submissions: row.submissions,
        })
    }
}

fn answer(json: &str) -> Result<Answer> {
    serde_json::from_str(json).map_err(|error| Error::corrupt("answer", error))
}

/// The document of an app, which answers this version of the questionnaire if there was none. Whoever changes it at the same
/// time waits until this transaction ends.
pub async fn open(tx: &mut Tx, app: AppId, questionnaire: i64) -> Result<Document> {
    let row: DocumentRow = write!(tx, c => query_as(
        "insert into readiness_document (app_id, questionnaire, state, answered, required, submissions)
         values ($1, $2, 'draft', 0, 0, 0)
         on conflict (app_id) do update set state = readiness_document.state
         returning questionnaire, state, answered, required, submissions")
        .bind(app.0).bind(questionnaire).fetch_one(c).await?);
    row.try_into()
}

/// Saves an answer in place of version `version`, or the first with 0; says whether that was the latest.
pub async fn save(
    tx: &mut Tx,
    app: AppId,
    (question, version): (&str, i64),
    answer: Option<&Answer>,
    by: UserId,
    at: DateTime<Utc>,
) -> Result<bool> {
    let json = answer.map(serde_json::to_string).transpose();
    let json = json.map_err(|error| Error::corrupt("answer", error))?;
    let rows = match version {
        0 => write!(tx, c => query(
            "insert into readiness_answer (app_id, question, version, answer, account_id, saved_at)
             values ($1, $2, 1, $3, $4, $5) on conflict (app_id, question) do nothing")
            .bind(app.0).bind(question).bind(json).bind(by.0).bind(at).execute(c).await?.rows_affected()),
        _ => write!(tx, c => query(
            "update readiness_answer set version = version + 1, answer = $4, account_id = $5, saved_at = $6
             where app_id = $1 and question = $2 and version = $3")
            .bind(app.0).bind(question).bind(version).bind(json).bind(by.0).bind(at)
            .execute(c).await?.rows_affected()),
    };
    if rows == 1 {
        write!(tx, c => query(
            "insert into readiness_author (app_id, account_id) values ($1, $2) on conflict do nothing")
            .bind(app.0).bind(by.0).execute(c).await?.rows_affected());
    }
    Ok(rows == 1)
}

/// The version and the answer to a question now; the answer is `None` once it was taken back.
pub async fn latest(tx: &mut Tx, app: AppId, question: &str) -> Result<Option<(i64, Option<Answer>)>> {
    let row: Option<(i64, Option<String>)> = write!(tx, c => query_as(
        "select version, answer from readiness_answer where app_id = $1 and question = $2")
        .bind(app.0).bind(question).fetch_optional(c).await?);
    row.map(|(version, json)| Ok((version, json.as_deref().map(answer).transpose()?)))
        .transpose()
}

/// What is answered, for whoever changes the document.
pub async fn current(tx: &mut Tx, app: AppId) -> Result<Vec<(String, Answer)>> {
    let rows: Vec<(String, String)> = write!(tx, c => query_as(
        "select question, answer from readiness_answer where app_id = $1 and answer is not null order by question")
        .bind(app.0).fetch_all(c).await?);
    rows.into_iter()
        .map(|(question, json)| Ok((question, answer(&json)?)))
        .collect()
}

/// Notes how far a document is, so that lists need not read its answers.
pub async fn set_progress(tx: &mut Tx, app: AppId, progress: Progress) -> Result<()> {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    write!(tx, c => query("update readiness_document set answered = $2, required = $3 where app_id = $1")
        .bind(app.0).bind(count(progress.answered)).bind(count(progress.required)).execute(c).await?.rows_affected());
    Ok(())
}

/// Adds a submission with this number, after which the reviewers read.
pub async fn submit(
    tx: &mut Tx,
    app: AppId,
    number: i64,
    (content, sha256): (&str, &str),
    by: UserId,
    at: DateTime<Utc>,
) -> Result<()> {
    write!(tx, c => query(
        "insert into readiness_submission (app_id, number, content, sha256, account_id, submitted_at)
         values ($1, $2, $3, $4, $5, $6)")
        .bind(app.0).bind(number).bind(content).bind(sha256).bind(by.0).bind(at).execute(c).await?.rows_affected());
    write!(tx, c => query("update readiness_document set state = 'submitted', submissions = $2 where app_id = $1")
        .bind(app.0).bind(number).execute(c).await?.rows_affected());
    Ok(())
}

/// Takes an acceptance over from the submission before, for an answer that did not change.
pub async fn carry(tx: &mut Tx, app: AppId, to: i64, question: &str) -> Result<()> {
    write!(tx, c => query(
        "insert into readiness_review (app_id, submission, question, verdict, note, account_id, reviewed_at)
         select app_id, $2, question, verdict, note, account_id, reviewed_at from readiness_review
         where app_id = $1 and submission = $2 - 1 and question = $3 and verdict = 'accepted'")
        .bind(app.0).bind(to).bind(question).execute(c).await?.rows_affected());
    Ok(())
}

/// Says something of an answer, in place of what was said before.
pub async fn review(
    tx: &mut Tx,
    app: AppId,
    (submission, question): (i64, &str),
    (verdict, note): (Verdict, &str),
    by: UserId,
    at: DateTime<Utc>,
) -> Result<()> {
    write!(tx, c => query(
        "insert into readiness_review (app_id, submission, question, verdict, note, account_id, reviewed_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (app_id, submission, question) do update
         set verdict = excluded.verdict, note = excluded.note, account_id = excluded.account_id,
             reviewed_at = excluded.reviewed_at")
        .bind(app.0).bind(submission).bind(question).bind(verdict.as_str()).bind(note).bind(by.0).bind(at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// What was said of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub verdict: Verdict,
    /// Markdown; empty for what is accepted.
    pub note: String,
}

/// What was said of the answers of a submission, by the keys of their questions.
pub async fn said(tx: &mut Tx, app: AppId, submission: i64) -> Result<BTreeMap<String, Said>> {
    let rows: Vec<(String, String, String)> = write!(tx, c => query_as(
        "select question, verdict, note from readiness_review where app_id = $1 and submission = $2 order by question")
        .bind(app.0).bind(submission).fetch_all(c).await?);
    rows.into_iter()
        .map(|(question, key, note)| {
            let verdict = verdict(&key)?;
            Ok((question, Said { verdict, note }))
        })
        .collect()
}

fn verdict(key: &str) -> Result<Verdict> {
    key.parse().map_err(|_| Error::corrupt("verdict on an answer", key))
}

/// Decides on a submission and brings the document into the state that follows.
pub async fn decide(
    tx: &mut Tx,
    app: AppId,
    submission: i64,
    (decision, state): (Decision, State),
    (reason, sha256): (&str, &str),
    by: UserId,
    (at, expires_at): (DateTime<Utc>, Option<DateTime<Utc>>),
) -> Result<()> {
    write!(tx, c => query(
        "insert into readiness_decision (app_id, submission, decision, reason, sha256, account_id, decided_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(app.0).bind(submission).bind(decision.as_str()).bind(reason).bind(sha256).bind(by.0).bind(at)
        .bind(expires_at).execute(c).await?.rows_affected());
    write!(tx, c => query("update readiness_document set state = $2 where app_id = $1")
        .bind(app.0).bind(state.as_str()).execute(c).await?.rows_affected());
    Ok(())
}

/// An approval of which a notice may be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiring {
    pub app: AppId,
    /// The number of the submission.
    pub submission: i64,
    pub expires_at: DateTime<Utc>,
    /// The notice that was sent last, in days before it expires.
    pub noticed: Option<i64>,
}

#[derive(FromRow)]
struct ExpiringRow {
    app_id: Uuid,
    submission: i64,
    expires_at: DateTime<Utc>,
    noticed: Option<i64>,
}

/// The last approval of each app, of every partner, that expires until then, but not where its expiry was told, where the next
/// document is with the reviewers, and of archived apps.
pub async fn expiring(db: &Db, until: DateTime<Utc>) -> Result<Vec<Expiring>> {
    let rows: Vec<ExpiringRow> = read!(db, pool => query_as(
        "select y.app_id, y.submission, y.expires_at,
                (select min(days) from readiness_notice where app_id = y.app_id and submission = y.submission) as noticed
         from readiness_decision y join readiness_document d on d.app_id = y.app_id join app a on a.id = y.app_id
         where y.expires_at is not null and y.expires_at <= $1 and d.state <> 'submitted' and a.archived_at is null
           and y.submission =
               (select max(submission) from readiness_decision where app_id = y.app_id and decision = 'approved')
           and not exists (select 1 from readiness_notice
                           where app_id = y.app_id and submission = y.submission and days = 0)
         order by y.expires_at, y.app_id")
        .bind(until).fetch_all(pool).await?);
    let rows = rows.into_iter().map(|row| Expiring {
        app: AppId(row.app_id),
        submission: row.submission,
        expires_at: row.expires_at,
        noticed: row.noticed,
    });
    Ok(rows.collect())
}

/// Notes that a notice is sent; says whether it was not before.
pub async fn notice(tx: &mut Tx, of: &Expiring, days: i64, at: DateTime<Utc>) -> Result<bool> {
    let rows = write!(tx, c => query(
        "insert into readiness_notice (app_id, submission, days, sent_at) values ($1, $2, $3, $4)
         on conflict (app_id, submission, days) do nothing")
        .bind(of.app.0).bind(of.submission).bind(days).bind(at).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

#[derive(FromRow)]
struct StandingRow {
    app_id: Uuid,
    #[sqlx(flatten)]
    document: DocumentRow,
    submitted_at: Option<DateTime<Utc>>,
    decided_at: Option<DateTime<Utc>>,
    approved: Option<i64>,
    approved_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
}

/// Where the document of an app stands; `None` before anybody wrote in it, and for who may not see the app.
pub async fn standing(db: &Db, scope: Scope, app: AppId) -> Result<Option<Standing>> {
    let found = standings(db, scope, &[app]).await?;
    Ok(found.into_iter().next().map(|(_, standing)| standing))
}

/// Where the documents of some apps that the reader may see stand; none where nobody wrote in it.
pub async fn standings(db: &Db, scope: Scope, apps: &[AppId]) -> Result<Vec<(AppId, Standing)>> {
    if apps.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<StandingRow> = of_apps!(
        db,
        scope,
        apps,
        "select d.app_id, d.questionnaire, d.state, d.answered, d.required, d.submissions, s.submitted_at, l.decided_at,
                y.submission as approved, y.decided_at as approved_at, y.expires_at
         from readiness_document d join app a on a.id = d.app_id
              left join readiness_submission s on s.app_id = d.app_id and s.number = d.submissions
              left join readiness_decision l on l.app_id = d.app_id and l.submission = d.submissions
              left join readiness_decision y on y.app_id = d.app_id and y.submission =
                  (select max(submission) from readiness_decision where app_id = d.app_id and decision = 'approved')",
        "d.app_id",
        "order by d.app_id"
    );
    let standings = rows.into_iter().map(|row| {
        let approval = row.approved.zip(row.approved_at.zip(row.expires_at));
        let standing = Standing {
            document: row.document.try_into()?,
            submitted_at: row.submitted_at,
            decided_at: row.decided_at,
            approval: approval.map(|(submission, (at, expires_at))| Approval {
                submission,
                at,
                expires_at,
            }),
        };
        Ok((AppId(row.app_id), standing))
    });
    standings.collect()
}

/// The apps that the reader may see, not archived, whose document is with the reviewers or the partner for changes, or whose last
/// approval expires until then.
pub async fn pending(db: &Db, scope: Scope, until: DateTime<Utc>) -> Result<Vec<AppId>> {
    let ids: Vec<Uuid> = read!(db, pool => query_scalar(
        "select d.app_id from readiness_document d join app a on a.id = d.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and a.archived_at is null
           and (d.state in ('submitted', 'changes_requested')
                or exists (select 1 from readiness_decision y where y.app_id = d.app_id and y.expires_at <= $3
                           and y.submission = (select max(submission) from readiness_decision
                                               where app_id = d.app_id and decision = 'approved')))
         order by d.app_id")
        .bind(scope.everything()).bind(scope.account()).bind(until).fetch_all(pool).await?);
    Ok(ids.into_iter().map(AppId).collect())
}

#[derive(FromRow)]
struct SavedRow {
    question: String,
    version: i64,
    answer: Option<String>,
    account_id: Uuid,
    by_name: String,
    saved_at: DateTime<Utc>,
}

/// What is answered to each question, also what was taken back.
pub async fn answers(db: &Db, scope: Scope, app: AppId) -> Result<Vec<Saved>> {
    let rows: Vec<SavedRow> = read!(db, pool => query_as(
        "select r.question, r.version, r.answer, r.account_id, u.name as by_name, r.saved_at
         from readiness_answer r join app a on a.id = r.app_id join account u on u.id = r.account_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and r.app_id = $3
         order by r.question")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?);
    rows.into_iter()
        .map(|row| {
            Ok(Saved {
                question: row.question,
                version: row.version,
                answer: row.answer.as_deref().map(answer).transpose()?,
                by: UserId(row.account_id),
                by_name: row.by_name,
                at: row.saved_at,
            })
        })
        .collect()
}

/// Everybody who ever answered a question of the document.
pub async fn authors(db: &Db, scope: Scope, app: AppId) -> Result<Vec<UserId>> {
    let ids: Vec<Uuid> = read!(db, pool => query_scalar(
        "select r.account_id from readiness_author r join app a on a.id = r.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and r.app_id = $3
         order by r.account_id")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?);
    Ok(ids.into_iter().map(UserId).collect())
}

#[derive(FromRow)]
struct SubmissionRow {
    number: i64,
    content: String,
    sha256: String,
    account_id: Uuid,
    by_name: String,
    submitted_at: DateTime<Utc>,
    decision: Option<String>,
    reason: Option<String>,
    decided_sha256: Option<String>,
    decided_by: Option<String>,
    decided_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
}

impl TryFrom<SubmissionRow> for Submission {
    type Error = Error;

    fn try_from(row: SubmissionRow) -> Result<Self> {
        let decided = match (
            row.decision,
            row.reason,
            row.decided_sha256,
            row.decided_by,
            row.decided_at,
        ) {
            (Some(decision), Some(reason), Some(sha256), Some(by_name), Some(at)) => Some(Decided {
                decision: decision
                    .parse()
                    .map_err(|_| Error::corrupt("decision on a readiness document", &decision))?,
                reason,
                sha256,
                by_name,
                at,
                expires_at: row.expires_at,
            }),
            _ => None,
        };
        Ok(Self {
            number: row.number,
            content: row.content,
            sha256: row.sha256,
            by: UserId(row.account_id),
            by_name: row.by_name,
            at: row.submitted_at,
            decided,
        })
    }
}

/// Everything that was submitted for an app, the first first.
pub async fn submissions(db: &Db, scope: Scope, app: AppId) -> Result<Vec<Submission>> {
    let rows: Vec<SubmissionRow> = read!(db, pool => query_as(
        "select s.number, s.content, s.sha256, s.account_id, u.name as by_name, s.submitted_at,
                d.decision, d.reason, d.sha256 as decided_sha256, w.name as decided_by, d.decided_at, d.expires_at
         from readiness_submission s join app a on a.id = s.app_id join account u on u.id = s.account_id
              left join readiness_decision d on d.app_id = s.app_id and d.submission = s.number
              left join account w on w.id = d.account_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and s.app_id = $3
         order by s.number")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?);
    rows.into_iter().map(Submission::try_from).collect()
}

#[derive(FromRow)]
struct ReviewRow {
    question: String,
    verdict: String,
    note: String,
    by_name: String,
    reviewed_at: DateTime<Utc>,
}

/// What was said of the answers of a submission.
pub async fn reviews(db: &Db, scope: Scope, app: AppId, submission: i64) -> Result<Vec<Review>> {
    let rows: Vec<ReviewRow> = read!(db, pool => query_as(
        "select r.question, r.verdict, r.note, u.name as by_name, r.reviewed_at
         from readiness_review r join app a on a.id = r.app_id join account u on u.id = r.account_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2))
           and r.app_id = $3 and r.submission = $4
         order by r.question")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).bind(submission).fetch_all(pool).await?);
    rows.into_iter()
        .map(|row| {
            Ok(Review {
                said: Said {
                    verdict: verdict(&row.verdict)?,
                    note: row.note,
                },
                question: row.question,
                by_name: row.by_name,
                at: row.reviewed_at,
            })
        })
        .collect()
}
