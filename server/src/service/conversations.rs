//! Conversations at the questions of a readiness document (SPEC section 3): the partner's people and the reviewers ask and answer
//! beside an answer, and resolve what is settled.

use rampart_app::ui::link;
use rampart_domain::{
    access::{Action, Actor},
    id::ConversationId,
    thread::SubjectKind,
};
use serde_json::json;

use super::{
    Error, Result, Service,
    access::require_in,
    audit::{self, Change},
    readiness::{latest, questionnaire},
    threads::{Subject, anchor},
};
use crate::{
    random,
    store::{Scope, apps::App, conversations, readiness},
};

/// The page of a question.
pub(super) fn question_page(app: &App, question: &str) -> String {
    link::app(&app.key, &format!("/readiness/questions/{}", link::encode(question)))
}

/// As the audit log names it.
pub(super) fn conversation_name(app: &App, question: &str) -> String {
    format!("Question {question} of {}", app.name)
}

/// The conversation as that about which people talk.
pub(super) fn conversation<'a>(app: &App, id: ConversationId, name: &'a str) -> Subject<'a> {
    Subject {
        kind: SubjectKind::ReadinessQuestion,
        id: id.0,
        partner: app.partner_id,
        name,
    }
}

impl Service {
    /// Adds a comment at a question, which opens its conversation again. Returns where it stands.
    ///
    /// # Errors
    /// As [`Self::comment`]; [`Error::NotFound`] for a question that is not in the document.
    pub async fn comment_on_answer(&self, actor: &Actor, key: &str, question: &str, text: &str) -> Result<String> {
        let app = self.app_for(actor, key, Action::Discuss).await?;
        let id = self.conversation_at(actor, &app, question).await?;
        let name = conversation_name(&app, question);
        let comment = self.comment(actor, &conversation(&app, id, &name), text).await?;
        Ok(anchor(&question_page(&app, question), comment))
    }

    /// Writes a comment at a question anew. Returns where it stands.
    ///
    /// # Errors
    /// As [`Self::edit_comment`]; [`Error::NotFound`] for a question that is not in the document.
    pub async fn edit_comment_on_answer(
        &self,
        actor: &Actor,
        key: &str,
        (question, comment): (&str, &str),
        version: i64,
        text: &str,
    ) -> Result<String> {
        let app = self.app_for(actor, key, Action::Discuss).await?;
        let id = self.conversation_at(actor, &app, question).await?;
        let name = conversation_name(&app, question);
        let subject = conversation(&app, id, &name);
        let comment = self.edit_comment(actor, &subject, comment, version, text).await?;
        Ok(anchor(&question_page(&app, question), comment))
    }

    /// Resolves the conversation at a question, or opens it again.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may only read; [`Error::NotFound`] for a question that is not in the document;
    /// [`Error::Conflict`] where nothing was said, and where it is so already.
    pub async fn resolve_conversation(&self, actor: &Actor, key: &str, question: &str, resolved: bool) -> Result<()> {
        let app = self.app_for(actor, key, Action::Discuss).await?;
        self.conversation_at(actor, &app, question).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        let id = conversations::open(&mut tx, ConversationId(random::id(now)), app.id, question).await?;
        let all = conversations::of_app(&self.store.portal, scope, app.id).await?;
        let obstacle = match all.iter().find(|one| one.id == id) {
            None => Some("Nothing was said here yet."),
            Some(one) if one.resolved.is_some() && resolved => Some("Somebody resolved this meanwhile."),
            Some(one) if one.resolved.is_none() && !resolved => Some("This is open already."),
            Some(_) => None,
        };
        if let Some(obstacle) = obstacle {
            return Err(Error::Conflict(obstacle.to_owned()));
        }
        conversations::set_resolved(&mut tx, id, resolved.then_some((actor.user, now))).await?;
        let name = conversation_name(&app, question);
        let change = Change {
            action: match resolved {
                true => "conversation.resolved",
                false => "conversation.reopened",
            },
            subject: ("conversation", id.to_string(), &name),
            partner: Some(app.partner_id),
            before: json!({ "resolved": !resolved }),
            after: json!({ "resolved": resolved }),
            why: None,
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        Ok(tx.commit().await?)
    }

    /// The conversation at a question of the app's document, begun where there was none.
    async fn conversation_at(&self, actor: &Actor, app: &App, question: &str) -> Result<ConversationId> {
        require_in(actor, Action::Discuss, app.partner_id)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let standing = readiness::standing(&self.store.portal, scope, app.id).await?;
        let definition = match standing {
            Some(standing) => questionnaire(standing.document.questionnaire)?,
            None => latest()?,
        };
        definition.question(question).ok_or(Error::NotFound)?;
        let mut tx = self.store.portal.begin().await?;
        let new = ConversationId(random::id(self.clock.now()));
        let id = conversations::open(&mut tx, new, app.id, question).await?;
        tx.commit().await?;
        Ok(id)
    }
}
