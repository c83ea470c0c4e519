//! What is talked about at one question of a readiness document (SPEC section 3).

use std::collections::HashMap;

use rampart_app::model::{ReadinessQuestionPage, Talk, Thread};
use rampart_domain::{
    access::{Action, Actor},
    id::AppId,
};

use super::{
    super::{
        Error, Result, Service,
        conversations::{conversation, conversation_name, question_page},
        readiness::{latest, page, questionnaire},
    },
    count,
    readiness::shown,
};
use crate::store::{Scope, conversations, readiness};

impl Service {
    pub(super) async fn readiness_question_page(
        &self,
        actor: &Actor,
        key: &str,
        question: &str,
    ) -> Result<ReadinessQuestionPage> {
        let app = self.app(actor, key).await?;
        let (db, scope) = (&self.store.portal, Scope::of(actor, Action::ViewApp));
        let definition = match readiness::standing(db, scope, app.id).await? {
            Some(standing) => questionnaire(standing.document.questionnaire)?,
            None => latest()?,
        };
        let question = definition.question(question).ok_or(Error::NotFound)?;
        let saved = readiness::answers(db, scope, app.id).await?;
        let saved = saved.into_iter().find(|saved| saved.question == question.key);
        let all = conversations::of_app(db, scope, app.id).await?;
        let own = all.into_iter().find(|one| one.question == question.key);
        let (name, base) = (
            conversation_name(&app, &question.key),
            question_page(&app, &question.key),
        );
        let thread = match &own {
            Some(own) => self.thread(actor, &conversation(&app, own.id, &name), &base).await?,
            None => Thread {
                base,
                may_write: actor.may_in(Action::Discuss, app.partner_id),
                ..Thread::default()
            },
        };
        let thread = Thread {
            may_write: thread.may_write && app.archived_at.is_none(),
            ..thread
        };
        Ok(ReadinessQuestionPage {
            base: page(&app),
            key: question.key.clone(),
            text: question.text.clone(),
            help: question.help.clone(),
            shown: shown(saved.as_ref().and_then(|saved| saved.answer.as_ref()), question),
            saved: saved.map(|saved| (saved.by_name, saved.at)),
            thread,
            resolved: own.and_then(|own| own.resolved),
            may_review: actor.may_in(Action::ReviewReadiness, app.partner_id),
            head: self.head(actor, &app).await?.head,
        })
    }

    /// How much was said at the questions of an app, by their keys.
    pub(super) async fn talks(&self, scope: Scope, app: AppId) -> Result<HashMap<String, Talk>> {
        let all = conversations::of_app(&self.store.portal, scope, app).await?;
        let talks = all.into_iter().map(|one| {
            let talk = Talk {
                comments: count(one.comments),
                resolved: one.resolved.is_some(),
            };
            (one.question, talk)
        });
        Ok(talks.collect())
    }
}
