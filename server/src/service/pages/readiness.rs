//! The readiness document of an app, its review, and what it asks of its readers.

use std::collections::HashMap;

use rampart_app::model::{
    AnnouncedWithdrawal, AnswerChange, DiffLine, DiffSign, ReadinessArea, ReadinessDecision, ReadinessNote,
    ReadinessPage, ReadinessQuestion, ReadinessReviewPage, ReadinessStanding, ReviewedAnswer, ReviewedArea,
    ReviewedSubmission, ShownAnswer, Talk, Todo, Withdrawing,
};
use rampart_domain::{
    access::{Action, Actor},
    escalation::State as Ladder,
    readiness::{Answer, Answers, Decision, Definition, Progress, Question, State, Typed, Verdict},
};
use similar::{ChangeTag, TextDiff};

use super::super::{
    Result, Service,
    approval::refuse_own_people,
    readiness::{Content, fingerprint_of, latest, page, questionnaire, review_page},
    withdrawals::obstacle,
};
use crate::{
    markdown,
    store::{
        Scope,
        apps::App,
        escalation,
        readiness::{self, Document, Review, Saved, Standing, Submission},
        withdrawals,
    },
};

impl Service {
    pub(super) async fn readiness_page(&self, actor: &Actor, key: &str) -> Result<ReadinessPage> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let db = &self.store.portal;
        let standing = match readiness::standing(db, scope, app.id).await? {
            Some(standing) => standing,
            None => unwritten(latest()?),
        };
        let document = standing.document;
        let definition = questionnaire(document.questionnaire)?;
        let saved = readiness::answers(db, scope, app.id).await?;
        let submissions = readiness::submissions(db, scope, app.id).await?;
        let last = submissions.last();
        // What reviewers say is read by the partner once they have decided.
        let reviews = match last.filter(|last| last.decided.is_some()) {
            Some(last) => readiness::reviews(db, scope, app.id, last.number).await?,
            None => Vec::new(),
        };
        let submitted = match last {
            Some(last) => Content::of(last)?.answers,
            None => Answers::new(),
        };
        let answers: Answers = saved
            .iter()
            .filter_map(|saved| Some((saved.question.clone(), saved.answer.clone()?)))
            .collect();
        let asked = definition.asked(&answers);
        let talks = self.talks(scope, app.id).await?;
        let written = Written {
            talks: &talks,
            saved: &saved,
            reviews: &reviews,
            submitted: &submitted,
        };
        let areas = definition.areas.iter().map(|area| ReadinessArea {
            title: area.title.clone(),
            why: area.why.clone(),
            questions: area
                .questions
                .iter()
                .map(|question| {
                    let is_asked = asked.iter().any(|asked| asked.key == question.key);
                    written.question(question, is_asked)
                })
                .collect(),
        });
        let is_open = app.archived_at.is_none() && document.state.may_answer().is_ok();
        let missing = definition.missing(&answers).into_iter();
        let announced = withdrawals::of_apps(db, scope, &[app.id]).await?.pop();
        Ok(ReadinessPage {
            areas: areas.collect(),
            missing: missing
                .map(|question| (question.key.clone(), question.text.clone()))
                .collect(),
            base: page(&app),
            decided: last.and_then(decided).filter(|_| document.state != State::Submitted),
            may_answer: is_open && actor.may_in(Action::AnswerReadiness, app.partner_id),
            may_submit: is_open && actor.may_in(Action::SubmitReadiness, app.partner_id),
            may_review: last.is_some() && actor.may_in(Action::ReviewReadiness, app.partner_id),
            withdrawing: self.withdrawing(actor, &app, &standing, announced.is_some()).await?,
            withdrawal: announced.map(|open| AnnouncedWithdrawal {
                by: open.announced_by,
                at: open.announced_at,
                effective: open.effective_at,
                why: open.why,
            }),
            standing: self.shown_standing(&standing),
            head: self.head(actor, &app).await?.head,
        })
    }

    /// What the reader may do about the designation once the document has expired.
    async fn withdrawing(&self, actor: &Actor, app: &App, standing: &Standing, announced: bool) -> Result<Withdrawing> {
        let now = self.clock.now();
        let expired = standing.approval.is_some_and(|approval| !approval.holds(now));
        let decides = actor.may_in(Action::DecideEscalation, app.partner_id) && refuse_own_people(actor, app).is_ok();
        if app.archived_at.is_some() || !decides || !(expired || announced) {
            return Ok(Withdrawing::Nothing);
        }
        if announced {
            return Ok(Withdrawing::CallOff);
        }
        let scope = Scope::of(actor, Action::ViewApp);
        let ladder = escalation::standing(&self.store.portal, scope, app.id).await?;
        Ok(match ladder.map_or(Ladder::None, |standing| standing.state) {
            Ladder::None => Withdrawing::Nothing,
            ladder => obstacle(Some(standing), ladder, now).map_or(Withdrawing::Announce, Withdrawing::NotNow),
        })
    }

    fn shown_standing(&self, standing: &Standing) -> ReadinessStanding {
        let Progress { answered, required } = standing.document.progress;
        let now = self.clock.now();
        ReadinessStanding {
            state: standing.document.state,
            answered: answered as u64,
            required: required as u64,
            submitted_at: standing.submitted_at,
            approved: standing.approval.map(|approval| (approval.at, approval.expires_at)),
            expired: standing.approval.is_some_and(|approval| !approval.holds(now)),
        }
    }

    pub(super) async fn readiness_review_page(&self, actor: &Actor, key: &str) -> Result<ReadinessReviewPage> {
        let app = self.app(actor, key).await?;
        super::super::access::require_in(actor, Action::ReviewReadiness, app.partner_id)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let db = &self.store.portal;
        let submissions = readiness::submissions(db, scope, app.id).await?;
        let submission = match submissions.split_last() {
            Some((last, before)) => {
                let reviews = readiness::reviews(db, scope, app.id, last.number).await?;
                let authors = readiness::authors(db, scope, app.id).await?;
                let own = last.by == actor.user || authors.contains(&actor.user);
                Some(reviewed(
                    last,
                    before,
                    &reviews,
                    &self.talks(scope, app.id).await?,
                    own,
                )?)
            }
            None => None,
        };
        Ok(ReadinessReviewPage {
            base: page(&app),
            submission,
            head: self.head(actor, &app).await?.head,
        })
    }

    /// What the document asks of the reader.
    pub(super) async fn readiness_asks(&self, actor: &Actor, app: &App) -> Result<Vec<Todo>> {
        if app.archived_at.is_some() {
            return Ok(Vec::new());
        }
        let scope = Scope::of(actor, Action::ViewApp);
        let Some(standing) = readiness::standing(&self.store.portal, scope, app.id).await? else {
            return Ok(Vec::new());
        };
        let Document { state, progress, .. } = standing.document;
        let ask = |title: &str, detail: String, href: String| Todo {
            title: title.to_owned(),
            detail,
            href,
        };
        let mut asks = Vec::new();
        if state == State::Submitted && actor.may_in(Action::ReviewReadiness, app.partner_id) {
            let authors = readiness::authors(&self.store.portal, scope, app.id).await?;
            if !authors.contains(&actor.user) {
                let detail = "The partner submitted it and waits for a decision.".to_owned();
                asks.push(ask("Review the readiness document", detail, review_page(app)));
            }
        }
        if actor.may_in(Action::AnswerReadiness, app.partner_id) {
            let is_expired = standing
                .approval
                .is_some_and(|approval| !approval.holds(self.clock.now()));
            match state {
                State::ChangesRequested => {
                    let detail = "A reviewer asks for changes; they stand beside the answers.".to_owned();
                    asks.push(ask("Change the readiness document", detail, page(app)));
                }
                State::Approved if is_expired => {
                    let announced = withdrawals::of_apps(&self.store.portal, scope, &[app.id]).await?.pop();
                    let detail = match announced {
                        Some(open) => format!(
                            "Its approval expired. The designation is withdrawn on {} unless the document is approved before.",
                            open.effective_at.format("%-d %B %Y")
                        ),
                        None => "Its approval expired. Go through the answers and submit them again.".to_owned(),
                    };
                    asks.push(ask("Renew the readiness document", detail, page(app)));
                }
                State::Draft if progress.is_complete() => {
                    let detail = "Every required question is answered. An owner submits it.".to_owned();
                    asks.push(ask("Submit the readiness document", detail, page(app)));
                }
                State::Draft => {
                    let Progress { answered, required } = progress;
                    let detail = format!("{answered} of {required} required questions are answered.");
                    asks.push(ask("Complete the readiness document", detail, page(app)));
                }
                State::Submitted | State::Approved => {}
            }
        }
        Ok(asks)
    }
}

/// A document that nobody wrote in yet.
fn unwritten(definition: &Definition) -> Standing {
    Standing {
        document: Document {
            questionnaire: definition.version,
            state: State::Draft,
            progress: definition.progress(&Answers::new()),
            submissions: 0,
        },
        submitted_at: None,
        decided_at: None,
        approval: None,
    }
}

/// What is written, and what was said of it.
struct Written<'a> {
    /// What is talked about, by the keys of the questions.
    talks: &'a HashMap<String, Talk>,
    saved: &'a [Saved],
    reviews: &'a [Review],
    /// The answers that were reviewed.
    submitted: &'a Answers,
}

impl Written<'_> {
    fn question(&self, question: &Question, asked: bool) -> ReadinessQuestion {
        let saved = self.saved.iter().find(|saved| saved.question == question.key);
        let answer = saved.and_then(|saved| saved.answer.as_ref());
        // Once the answer is another one, the change is made, and the next review says whether it will do.
        let is_unchanged = self.submitted.get(&question.key) == answer;
        let asked_for =
            |review: &&Review| review.question == question.key && review.said.verdict == Verdict::ChangeRequested;
        let request = self.reviews.iter().find(asked_for).filter(|_| is_unchanged);
        ReadinessQuestion {
            talk: self.talks.get(&question.key).cloned().unwrap_or_default(),
            asked,
            key: question.key.clone(),
            text: question.text.clone(),
            help: question.help.clone(),
            required: question.required,
            kind: question.kind.clone(),
            version: saved.map_or(0, |saved| saved.version),
            typed: answer.map_or_else(Typed::default, Answer::typed),
            shown: shown(answer, question),
            saved: saved.map(|saved| (saved.by_name.clone(), saved.at)),
            request: request.map(|review| ReadinessNote {
                html: markdown::render(&review.said.note),
                by: review.by_name.clone(),
                at: review.at,
            }),
        }
    }
}

pub(super) fn shown(answer: Option<&Answer>, question: &Question) -> ShownAnswer {
    match answer {
        None => ShownAnswer::Nothing,
        Some(Answer::Text { text }) => ShownAnswer::Prose(markdown::render(text)),
        Some(Answer::Link { link }) => ShownAnswer::Link(link.clone()),
        Some(other) => ShownAnswer::Words(other.in_words(question)),
    }
}

fn decided(submission: &Submission) -> Option<ReadinessDecision> {
    let decided = submission.decided.as_ref()?;
    Some(ReadinessDecision {
        decision: decided.decision,
        reason: decided.reason.clone(),
        by: decided.by_name.clone(),
        at: decided.at,
        sha256: decided.sha256.clone(),
    })
}

/// A submission with what was said of it and what changed in it.
fn reviewed(
    last: &Submission,
    before: &[Submission],
    reviews: &[Review],
    talks: &HashMap<String, Talk>,
    own: bool,
) -> Result<ReviewedSubmission> {
    let content = Content::of(last)?;
    let definition = questionnaire(content.questionnaire)?;
    let is_signed = |submission: &&Submission| {
        let decided = submission.decided.as_ref();
        decided.is_some_and(|decided| decided.decision == Decision::Approved)
    };
    let previous = before.last();
    // Said once where the previous submission is the one that was signed.
    let signed = before
        .iter()
        .rfind(is_signed)
        .filter(|signed| Some(signed.number) != previous.map(|p| p.number));
    let previous = previous.map(Content::of).transpose()?;
    let signed = signed.map(Content::of).transpose()?;
    let answer = |question: &Question| -> Option<ReviewedAnswer> {
        let answer = content.answers.get(&question.key)?;
        let review = reviews.iter().find(|review| review.question == question.key);
        let since = |earlier: &Content| changed(earlier.answers.get(&question.key), answer, question);
        Some(ReviewedAnswer {
            talk: talks.get(&question.key).cloned().unwrap_or_default(),
            key: question.key.clone(),
            text: question.text.clone(),
            shown: shown(Some(answer), question),
            since_previous: previous.as_ref().map(since),
            since_signed: signed.as_ref().map(since),
            verdict: review.map(|review| review.said.verdict),
            said: review.map(|review| (review.by_name.clone(), review.at)),
            note: review.map(|review| review.said.note.clone()).unwrap_or_default(),
            fingerprint: fingerprint_of(review.map(|review| &review.said)),
            note_html: review
                .map(|review| markdown::render(&review.said.note))
                .unwrap_or_default(),
        })
    };
    let areas: Vec<ReviewedArea> = definition
        .areas
        .iter()
        .map(|area| ReviewedArea {
            title: area.title.clone(),
            why: area.why.clone(),
            answers: area.questions.iter().filter_map(answer).collect(),
        })
        .collect();
    let all = || areas.iter().flat_map(|area| &area.answers);
    Ok(ReviewedSubmission {
        number: last.number,
        by: last.by_name.clone(),
        at: last.at,
        sha256: last.sha256.clone(),
        answers: all().count() as u64,
        accepted: all().filter(|answer| answer.verdict == Some(Verdict::Accepted)).count() as u64,
        unread: all().filter(|answer| answer.verdict.is_none()).count() as u64,
        open_talks: all()
            .filter(|answer| answer.talk.comments > 0 && !answer.talk.resolved)
            .count() as u64,
        decided: decided(last),
        own,
        areas,
    })
}

/// What became of an answer, line by line.
fn changed(before: Option<&Answer>, now: &Answer, question: &Question) -> AnswerChange {
    let Some(before) = before else {
        return AnswerChange::New;
    };
    if before == now {
        return AnswerChange::Same;
    }
    let (before, now) = (before.in_words(question), now.in_words(question));
    let diff = TextDiff::from_lines(&before, &now);
    let lines = diff.iter_all_changes().map(|change| DiffLine {
        sign: match change.tag() {
            ChangeTag::Equal => DiffSign::Same,
            ChangeTag::Insert => DiffSign::Added,
            ChangeTag::Delete => DiffSign::Removed,
        },
        text: change.value().trim_end_matches('\n').to_owned(),
    });
    AnswerChange::Lines(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Answer {
        Answer::Text { text: text.to_owned() }
    }

    #[test]
    fn what_changed_is_shown_line_by_line() {
        let definition = latest().expect("it can be used");
        let question = definition.question("data_recovery").expect("it is asked");
        let line = |sign, text: &str| DiffLine {
            sign,
            text: text.to_owned(),
        };
        let expected = vec![
            line(DiffSign::Same, "Stop writes"),
            line(DiffSign::Removed, "Restore"),
            line(DiffSign::Added, "Restore the latest backup"),
            line(DiffSign::Same, "Check"),
        ];
        let (before, now) = (
            words("Stop writes\nRestore\nCheck"),
            words("Stop writes\nRestore the latest backup\nCheck"),
        );
        assert_eq!(changed(Some(&before), &now, question), AnswerChange::Lines(expected));
        assert_eq!(changed(Some(&now), &now, question), AnswerChange::Same);
        assert_eq!(changed(None, &now, question), AnswerChange::New);
    }
}
