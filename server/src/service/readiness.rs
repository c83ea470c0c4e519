//! The readiness document of an app (SPEC section 3): its people answer, an owner submits, a reviewer who wrote nothing of it
//! decides.

use std::sync::LazyLock;

use rampart_app::form::FieldError;
use rampart_domain::{
    access::{Action, Actor, StaffRole},
    app::MailAddress,
    readiness::{
        Answer, Answers, Decision, Definition, Refusal, STANDARD, State, Typed, Verdict, expires_at, fingerprint,
    },
    thread::LONGEST_COMMENT,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    Checks, Error, Result, Service,
    access::require_in,
    approval::refuse_own_people,
    audit::{self, Change},
};
use crate::{
    mail::{self, ReadinessNews, ReadinessNotice},
    store::{
        Scope, Tx, accounts,
        apps::App,
        outbox,
        readiness::{self, Said, Submission},
    },
};

/// How many characters the reason of a decision has at most.
const LONGEST_REASON: usize = 4_000;

/// The questionnaire that new documents answer.
static LATEST: LazyLock<std::result::Result<Definition, String>> = LazyLock::new(|| {
    let definition: Definition = toml::from_str(STANDARD).map_err(|error| error.to_string())?;
    definition.check().map_err(|error| error.to_string())?;
    Ok(definition)
});

/// The questionnaire that new documents answer.
pub(super) fn latest() -> Result<&'static Definition> {
    LATEST
        .as_ref()
        .map_err(|error| Error::Internal(anyhow::anyhow!("the questionnaire cannot be used: {error}")))
}

/// This version of the questionnaire.
pub(super) fn questionnaire(version: i64) -> Result<&'static Definition> {
    let latest = latest()?;
    match latest.version == version {
        true => Ok(latest),
        false => Err(Error::Internal(anyhow::anyhow!(
            "no version {version} of the questionnaire"
        ))),
    }
}

/// What is signed: the JSON of a submission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Content {
    /// The key of the app.
    pub app: String,
    /// The version of the questionnaire.
    pub questionnaire: i64,
    /// From 1.
    pub submission: i64,
    /// To every question that was asked.
    pub answers: Answers,
}

/// An answer as it was typed.
#[derive(Clone, Debug)]
pub struct TypedAnswer {
    /// The key of the question.
    pub question: String,
    /// The version of the answer that it is based on, 0 where there was none.
    pub version: i64,
    pub typed: Typed,
}

/// What became of some answers.
#[derive(Clone, Debug, Default)]
pub struct SavedAnswers {
    /// The key of each question whose answer is saved, with its version.
    pub versions: Vec<(String, i64)>,
    /// What is wrong with the others: the key of the question, the field of [`Typed`] or `version`, and what to do.
    pub refused: Vec<(String, &'static str, String)>,
}

impl SavedAnswers {
    fn refuse(&mut self, answer: &TypedAnswer, field: &'static str, message: String) {
        self.refused.push((answer.question.clone(), field, message));
    }
}

/// What a reviewer says of an answer, as it was typed.
#[derive(Clone, Debug)]
pub struct TypedReview {
    /// The key of the question.
    pub question: String,
    /// The [`fingerprint_of`] of what it is based on.
    pub shown: String,
    pub verdict: String,
    /// Markdown.
    pub note: String,
}

/// What became of what a reviewer said.
#[derive(Clone, Debug)]
pub struct SavedReviews {
    pub saved: usize,
    /// What is wrong with the rest; a field is the key of a question with `-verdict` or `-note`.
    pub refused: Vec<FieldError>,
}

/// The [`fingerprint`] of what was said of an answer.
pub fn fingerprint_of(said: Option<&Said>) -> String {
    match said {
        Some(Said { verdict, note }) => fingerprint([verdict.as_str(), note]),
        None => fingerprint(["", ""]),
    }
}

impl TypedReview {
    /// What is said, or `None` with a note of what is wrong.
    fn check(&self, checks: &mut Checks) -> Option<Said> {
        let field = |name: &str| format!("{}-{name}", self.question);
        let verdict = self.verdict.parse();
        let verdict: Verdict = checks.take(
            &field("verdict"),
            verdict.map_err(|_| "Accept the answer, or request a change."),
        )?;
        let note = match verdict {
            Verdict::ChangeRequested => {
                checks.text(&field("note"), "what should change", &self.note, LONGEST_COMMENT)?
            }
            // A note beside an acceptance would be lost on the partner's page, where only changes stand.
            Verdict::Accepted if !self.note.trim().is_empty() => {
                checks.note(
                    &field("verdict"),
                    "A note asks for a change. Request the change, or leave the note empty.",
                );
                return None;
            }
            Verdict::Accepted => String::new(),
        };
        Some(Said { verdict, note })
    }
}

const REVIEWED_MEANWHILE: &str =
    "Somebody else reviewed this answer meanwhile. What they said stands above; saving again replaces it.";

const OVERTAKEN: &str =
    "Somebody else saved another answer meanwhile. It stands beside yours; nothing of either is lost.";

impl Content {
    pub(super) fn of(submission: &Submission) -> Result<Self> {
        serde_json::from_str(&submission.content)
            .map_err(|error| Error::Internal(anyhow::anyhow!("a submission cannot be read: {error}")))
    }
}

/// In hexadecimal.
fn sha256(content: &str) -> String {
    Sha256::digest(content).iter().map(|b| format!("{b:02x}")).collect()
}

/// The page of the document.
pub(super) fn page(app: &App) -> String {
    rampart_app::ui::link::app(&app.key, "/readiness")
}

/// Where it is reviewed.
pub(super) fn review_page(app: &App) -> String {
    rampart_app::ui::link::app(&app.key, "/readiness/review")
}

fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Own => Error::Forbidden(refusal.to_string()),
        _ => Error::Conflict(refusal.to_string()),
    }
}

impl Service {
    /// Saves some answers; nothing typed takes one back. Says which of them could not be saved, and why: each is for itself.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not; [`Error::Conflict`] while the reviewers read. Then none is saved.
    pub async fn save_answers(&self, actor: &Actor, key: &str, typed: &[TypedAnswer]) -> Result<SavedAnswers> {
        let app = self.app_for(actor, key, Action::AnswerReadiness).await?;
        let latest = latest()?;
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        let document = readiness::open(&mut tx, app.id, latest.version).await?;
        let definition = questionnaire(document.questionnaire)?;
        document.state.may_answer().map_err(refused)?;
        let mut saved = SavedAnswers::default();
        for typed in typed {
            let question = definition.question(&typed.question).ok_or(Error::NotFound)?;
            let answer = match Answer::parse(question, &typed.typed) {
                Ok(answer) => answer,
                Err(error) => {
                    saved.refuse(typed, error.field, error.message);
                    continue;
                }
            };
            let place = (question.key.as_str(), typed.version);
            match readiness::save(&mut tx, app.id, place, answer.as_ref(), actor.user, now).await? {
                true => saved.versions.push((typed.question.clone(), typed.version + 1)),
                false => match readiness::latest(&mut tx, app.id, &question.key).await? {
                    // It was saved already, and only the word of it was lost on the way.
                    Some((version, stored)) if stored == answer => {
                        saved.versions.push((typed.question.clone(), version));
                    }
                    _ => saved.refuse(typed, "version", OVERTAKEN.to_owned()),
                },
            }
        }
        let answers: Answers = readiness::current(&mut tx, app.id).await?.into_iter().collect();
        readiness::set_progress(&mut tx, app.id, definition.progress(&answers)).await?;
        tx.commit().await?;
        Ok(saved)
    }

    /// Submits the document for review.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not; [`Error::Conflict`] while something required is missing, and while the reviewers
    /// read.
    pub async fn submit_readiness(&self, actor: &Actor, key: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::SubmitReadiness).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let submissions = readiness::submissions(&self.store.portal, scope, app.id).await?;
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        let document = readiness::open(&mut tx, app.id, latest()?.version).await?;
        let definition = questionnaire(document.questionnaire)?;
        let answers: Answers = readiness::current(&mut tx, app.id).await?.into_iter().collect();
        let is_complete = definition.progress(&answers).is_complete();
        document.state.submitted(is_complete).map_err(refused)?;
        let content = Content {
            app: app.key.clone(),
            questionnaire: document.questionnaire,
            submission: document.submissions + 1,
            answers: definition.relevant(&answers),
        };
        let text = serde_json::to_string(&content).map_err(|error| Error::Internal(error.into()))?;
        let (number, sha256) = (content.submission, sha256(&text));
        readiness::submit(&mut tx, app.id, number, (&text, &sha256), actor.user, now).await?;
        // What was accepted and did not change needs no second look, but each sign-off is read anew.
        let before = submissions.last().filter(|_| document.state == State::ChangesRequested);
        if let Some(before) = before {
            let before = Content::of(before)?.answers;
            for (question, answer) in &content.answers {
                if before.get(question) == Some(answer) {
                    readiness::carry(&mut tx, app.id, number, question).await?;
                }
            }
        }
        for reviewer in accounts::staff_mails(&mut tx, StaffRole::Reviewer).await? {
            let news = ReadinessNews::Submitted {
                by: &actor.name,
                number,
            };
            self.tell_of_readiness(&mut tx, &app, news, &review_page(&app), &reviewer)
                .await?;
        }
        let after = json!({ "submission": number, "questionnaire": content.questionnaire, "sha256": sha256 });
        let change = changed(
            "readiness.submitted",
            &app,
            json!({ "state": document.state }),
            after,
            None,
        );
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(())
    }

    /// Says of answers of the submission `number` that they are accepted, or which change they need. Says which of it could not
    /// be saved, and why: each is for itself.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not and for who answered; [`Error::Conflict`] unless just this submission waits for a
    /// decision. Then none is saved.
    pub async fn review_answers(
        &self,
        actor: &Actor,
        key: &str,
        number: i64,
        reviews: &[TypedReview],
    ) -> Result<SavedReviews> {
        let review = self.reviewed(actor, key, number).await?;
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        self.still_waits(&mut tx, &review, actor).await?;
        let before = readiness::said(&mut tx, review.app.id, number).await?;
        let (mut checks, mut logged) = (Checks::default(), Vec::new());
        let mut saved = 0;
        for typed in reviews {
            let question = typed.question.as_str();
            if !review.content.answers.contains_key(question) {
                return Err(Error::NotFound);
            }
            let Some(said) = typed.check(&mut checks) else {
                continue;
            };
            let stands = before.get(question);
            // It was saved already, and only the word of it was lost on the way.
            if stands == Some(&said) {
                saved += 1;
                continue;
            }
            if fingerprint_of(stands) != typed.shown {
                checks.note(&format!("{question}-verdict"), REVIEWED_MEANWHILE);
                continue;
            }
            let place = (number, question);
            readiness::review(
                &mut tx,
                review.app.id,
                place,
                (said.verdict, &said.note),
                actor.user,
                now,
            )
            .await?;
            saved += 1;
            logged.push(json!({ "question": question, "verdict": said.verdict, "note": said.note }));
        }
        if !logged.is_empty() {
            let after = json!({ "submission": number, "answers": logged });
            let change = changed("readiness.answers_reviewed", &review.app, Value::Null, after, None);
            audit::by(&mut tx, actor, &self.clock, change).await?;
        }
        tx.commit().await?;
        Ok(SavedReviews {
            saved,
            refused: checks.into_fields(),
        })
    }

    /// Accepts every answer of the submission `number` of which nothing was said yet.
    ///
    /// # Errors
    /// As [`Self::review_answers`]; [`Error::Conflict`] where something was said of each.
    pub async fn accept_other_answers(&self, actor: &Actor, key: &str, number: i64) -> Result<()> {
        let review = self.reviewed(actor, key, number).await?;
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        self.still_waits(&mut tx, &review, actor).await?;
        let said = readiness::said(&mut tx, review.app.id, number).await?;
        let mut accepted = Vec::new();
        for question in review.content.answers.keys() {
            if !said.contains_key(question) {
                let place = (number, question.as_str());
                readiness::review(&mut tx, review.app.id, place, (Verdict::Accepted, ""), actor.user, now).await?;
                accepted.push(question);
            }
        }
        if accepted.is_empty() {
            return Err(Error::Conflict(
                "Something was said of every answer already.".to_owned(),
            ));
        }
        let after = json!({ "submission": number, "questions": accepted, "verdict": Verdict::Accepted });
        let change = changed("readiness.answers_accepted", &review.app, Value::Null, after, None);
        audit::by(&mut tx, actor, &self.clock, change).await?;
        Ok(tx.commit().await?)
    }

    /// Decides on the submission `number`.
    ///
    /// # Errors
    /// As [`Self::review_answers`]; [`Error::Conflict`] for a decision that what was said of the answers contradicts.
    pub async fn decide_readiness(
        &self,
        actor: &Actor,
        key: &str,
        number: i64,
        (decision, reason): (&str, &str),
    ) -> Result<()> {
        let review = self.reviewed(actor, key, number).await?;
        let app = &review.app;
        let mut checks = Checks::default();
        let decision: Option<Decision> = checks.take(
            "decision",
            decision
                .parse()
                .map_err(|_| "Approve the document, or request changes."),
        );
        let reason = checks.text("reason", "the reason", reason, LONGEST_REASON);
        let (Some(decision), Some(reason)) = (decision, reason) else {
            return Err(checks.error());
        };
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        let state = self.still_waits(&mut tx, &review, actor).await?;
        let said = readiness::said(&mut tx, app.id, number).await?;
        let questions = review.content.answers.keys();
        let verdicts: Vec<_> = questions.map(|key| said.get(key).map(|said| said.verdict)).collect();
        let next = state.decided(decision, review.is_own, &verdicts).map_err(refused)?;
        let expires = (decision == Decision::Approved).then(|| expires_at(now));
        let sha256 = sha256(&review.submission.content);
        let said = (reason.as_str(), sha256.as_str());
        readiness::decide(
            &mut tx,
            app.id,
            number,
            (decision, next),
            said,
            actor.user,
            (now, expires),
        )
        .await?;
        let news = match expires {
            Some(expires) => ReadinessNews::Approved {
                expires,
                reason: &reason,
            },
            None => ReadinessNews::ChangesRequested {
                answers: verdicts
                    .iter()
                    .filter(|v| **v == Some(Verdict::ChangeRequested))
                    .count(),
                reason: &reason,
            },
        };
        for owner in accounts::owner_mails(&mut tx, app.partner_id).await? {
            self.tell_of_readiness(&mut tx, app, news, &page(app), &owner).await?;
        }
        if decision == Decision::Approved {
            self.drop_withdrawal(&mut tx, app).await?;
        }
        let after = json!({ "state": next, "submission": number, "sha256": sha256, "expires": expires });
        let before = json!({ "state": state });
        let change = changed("readiness.decided", app, before, after, Some(&reason));
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(())
    }

    /// The submission `number` as the actor may review it.
    async fn reviewed(&self, actor: &Actor, key: &str, number: i64) -> Result<Reviewed> {
        let app = self.app_for(actor, key, Action::ReviewReadiness).await?;
        refuse_own_people(actor, &app)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let submissions = readiness::submissions(&self.store.portal, scope, app.id).await?;
        let submission = submissions.into_iter().find(|submission| submission.number == number);
        let submission = submission.ok_or(Error::NotFound)?;
        let authors = readiness::authors(&self.store.portal, scope, app.id).await?;
        Ok(Reviewed {
            is_own: submission.by == actor.user || authors.contains(&actor.user),
            content: Content::of(&submission)?,
            app,
            submission,
        })
    }

    /// Makes sure that just this submission waits for a decision, and that the actor wrote nothing of it.
    async fn still_waits(&self, tx: &mut Tx, review: &Reviewed, actor: &Actor) -> Result<State> {
        require_in(actor, Action::ReviewReadiness, review.app.partner_id)?;
        let document = readiness::open(tx, review.app.id, review.content.questionnaire).await?;
        document.state.may_review(review.is_own).map_err(refused)?;
        match document.submissions == review.submission.number {
            true => Ok(document.state),
            false => Err(Error::Conflict(
                "The document was submitted again meanwhile. Review the latest submission.".to_owned(),
            )),
        }
    }

    pub(super) async fn tell_of_readiness(
        &self,
        tx: &mut Tx,
        app: &App,
        news: ReadinessNews<'_>,
        page: &str,
        recipient: &MailAddress,
    ) -> Result<()> {
        let notice = ReadinessNotice {
            app,
            news,
            page,
            recipient: recipient.as_str(),
        };
        let notice = mail::readiness_notice(&self.stationery(), &notice);
        Ok(outbox::push(tx, &notice, self.clock.now()).await?)
    }
}

/// A submission with who may not decide on it.
struct Reviewed {
    app: App,
    submission: Submission,
    content: Content,
    /// Whether the actor had a hand in it.
    is_own: bool,
}

fn changed<'a>(action: &'static str, app: &'a App, before: Value, after: Value, why: Option<&'a str>) -> Change<'a> {
    Change {
        action,
        subject: ("readiness document", app.id.to_string(), &app.name),
        partner: Some(app.partner_id),
        before,
        after,
        why,
    }
}
