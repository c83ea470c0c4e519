//! Comments on what a partner and the platform talk about. Each subject has one thread; the page of the subject shows it, and
//! has the forms that write in it.

use rampart_app::{
    model::{Comment, EarlierVersion, Thread},
    ui::link,
};
use rampart_domain::{
    access::{Action, Actor},
    id::{CommentId, PartnerId, ThreadId},
    thread::{LONGEST_COMMENT, MOST_COMMENTS, MOST_VERSIONS, SubjectKind},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Checks, Error, Result, Service,
    access::require_in,
    audit::{self, Change},
};
use crate::{
    markdown, random,
    store::{
        Scope,
        threads::{self, Version},
    },
};

/// What a thread is about. Whoever makes one has seen to it that the actor may know of the subject.
pub struct Subject<'a> {
    pub kind: SubjectKind,
    pub id: Uuid,
    pub partner: PartnerId,
    /// As the audit log names it: "Remediation plan of Timesheets".
    pub name: &'a str,
}

impl Subject<'_> {
    fn key(&self) -> (SubjectKind, Uuid) {
        (self.kind, self.id)
    }
}

impl Service {
    /// The thread about a subject, as the actor sees it. Its forms post below `base`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn thread(&self, actor: &Actor, subject: &Subject<'_>, base: &str) -> Result<Thread> {
        let scope = Scope::of(actor, Action::ViewApp);
        let may_write = actor.may_in(Action::Discuss, subject.partner);
        let comments = threads::of_subject(&self.store.portal, scope, subject.key()).await?;
        Ok(Thread {
            base: base.to_owned(),
            may_write,
            is_full: comments.len() >= MOST_COMMENTS,
            comments: comments
                .into_iter()
                .filter_map(|comment| shown(comment, actor, may_write))
                .collect(),
        })
    }

    /// Adds a comment in Markdown. Returns its id.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may only read; [`Error::Invalid`] for a text that is empty or too long;
    /// [`Error::Conflict`] when the thread is full.
    pub async fn comment(&self, actor: &Actor, subject: &Subject<'_>, text: &str) -> Result<CommentId> {
        require_in(actor, Action::Discuss, subject.partner)?;
        let text = checked(text)?;
        let now = self.clock.now();
        let id = CommentId(random::id(now));
        let mut tx = self.store.portal.begin().await?;
        let new = ThreadId(random::id(now));
        let thread = threads::open(&mut tx, new, subject.key(), subject.partner, now).await?;
        if threads::count(&mut tx, thread).await? >= MOST_COMMENTS as i64 {
            return Err(Error::Conflict(format!(
                "This thread has {MOST_COMMENTS} comments, and no more fit. Add what is new to your last one."
            )));
        }
        let is_member = actor.memberships.iter().any(|m| m.partner == subject.partner);
        threads::add(&mut tx, thread, id, (actor.user, !is_member), &text, now).await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            happened(
                "comment.added",
                subject,
                id,
                Value::Null,
                json!({ "on": subject.kind, "version": 1 }),
            ),
        )
        .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Writes the actor's own comment anew; what it said before is kept and shown. `version` is the one it was based on.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a comment of another subject; [`Error::Forbidden`] for somebody else's; [`Error::Stale`]
    /// when it was changed meanwhile; as [`Self::comment`].
    pub async fn edit_comment(
        &self,
        actor: &Actor,
        subject: &Subject<'_>,
        comment: &str,
        version: i64,
        text: &str,
    ) -> Result<CommentId> {
        require_in(actor, Action::Discuss, subject.partner)?;
        let id: CommentId = comment.parse().map_err(|_| Error::NotFound)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let comments = threads::of_subject(&self.store.portal, scope, subject.key()).await?;
        let comment = comments.into_iter().find(|c| c.id == id).ok_or(Error::NotFound)?;
        if comment.author != actor.user {
            return Err(Error::Forbidden(
                "Only its author may change a comment. Answer it instead.".to_owned(),
            ));
        }
        let text = checked(text)?;
        if version >= MOST_VERSIONS {
            return Err(Error::Conflict(format!(
                "This comment was written {MOST_VERSIONS} times. Add another one instead."
            )));
        }
        if comment.versions.last().is_some_and(|latest| latest.text == text) {
            return Ok(id);
        }
        let mut tx = self.store.portal.begin().await?;
        if !threads::edit(&mut tx, id, version, &text, self.clock.now()).await? {
            return Err(Error::Stale(
                "This comment was changed meanwhile, perhaps in another window of yours. What is saved stands beside what you typed; send again to replace it."
                    .to_owned(),
            ));
        }
        let (before, after) = (json!({ "version": version }), json!({ "version": version + 1 }));
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            happened("comment.edited", subject, id, before, after),
        )
        .await?;
        tx.commit().await?;
        Ok(id)
    }
}

/// A text that can be a comment.
fn checked(text: &str) -> Result<String> {
    let mut checks = Checks::default();
    let text = checks.text("text", "what you want to say", text, LONGEST_COMMENT);
    text.ok_or_else(|| checks.error())
}

/// That something was written, not what: the thread itself keeps that.
fn happened<'a>(
    action: &'static str,
    subject: &Subject<'a>,
    comment: CommentId,
    before: Value,
    after: Value,
) -> Change<'a> {
    Change {
        action,
        subject: ("comment", comment.to_string(), subject.name),
        partner: Some(subject.partner),
        before,
        after,
        why: None,
    }
}

fn shown(comment: threads::Comment, actor: &Actor, may_write: bool) -> Option<Comment> {
    let is_own = comment.author == actor.user;
    let mut versions = comment.versions.into_iter().rev();
    let latest = versions.next()?;
    let earlier: Vec<Version> = versions.collect();
    let first = earlier.last().unwrap_or(&latest);
    Some(Comment {
        id: comment.id.to_string(),
        author: comment.author_name,
        by_staff: comment.by_staff,
        at: first.at,
        edited: (latest.number > 1).then_some(latest.at),
        html: markdown::render(&latest.text),
        version: latest.number,
        source: (is_own && may_write).then(|| latest.text.clone()),
        earlier: earlier
            .iter()
            .map(|version| EarlierVersion {
                at: version.at,
                html: markdown::render(&version.text),
            })
            .collect(),
    })
}

/// Where a comment stands on the page of its subject.
pub fn anchor(page: &str, comment: CommentId) -> String {
    format!("{page}#comment-{}", link::encode(&comment.to_string()))
}
