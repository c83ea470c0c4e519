use std::collections::{BTreeMap, HashMap, HashSet};

use rampart_app::{
    form::FieldError,
    ui::{figure::counted, link},
};
use rampart_domain::readiness::{Typed, fingerprint};

use crate::{
    http::form::{Done, Posted, Submission},
    service::{
        Error, Invalid, Result,
        readiness::{SavedAnswers, TypedAnswer, TypedReview, fingerprint_of},
    },
};

/// The answers that somebody changed: the form says of each what it showed. The names of the fields of an answer begin with the
/// key of its question.
fn changed(posted: &Posted) -> Vec<TypedAnswer> {
    let mut answers: BTreeMap<&str, (Typed, HashMap<&str, &str>)> = BTreeMap::new();
    for (name, value) in posted.fields() {
        let Some((question, field)) = name.rsplit_once('-') else {
            continue;
        };
        let (typed, about) = answers.entry(question).or_default();
        match field {
            "value" => typed.value.clone_from(value),
            "unit" => typed.unit.clone_from(value),
            "days" => typed.days.push(value.clone()),
            "from" => typed.from.clone_from(value),
            "to" => typed.to.clone_from(value),
            "zone" => typed.zone.clone_from(value),
            _ => drop(about.insert(field, value)),
        }
    }
    // The button beside what somebody else saved replaces just that.
    let over = posted.text("over");
    let answers = answers.into_iter().filter_map(|(question, (typed, about))| {
        let version = about
            .get(if question == over { "theirs" } else { "version" })
            .or(about.get("version"))?;
        let is_changed = about.get("shown").is_none_or(|shown| *shown != typed.fingerprint());
        is_changed.then(|| TypedAnswer {
            question: question.to_owned(),
            version: version.parse().unwrap_or_default(),
            typed,
        })
    });
    answers.collect()
}

/// The fields of these questions.
fn fields_of<'a>(posted: &Posted, questions: impl Iterator<Item = &'a String>) -> Posted {
    let questions: HashSet<&str> = questions.map(String::as_str).collect();
    posted.only(|name| {
        name.rsplit_once('-')
            .is_some_and(|(question, _)| questions.contains(question))
    })
}

/// Saves what was changed. What cannot be saved comes back as it was typed, and nothing else: the rest is saved.
async fn save(form: &Submission) -> Result<std::result::Result<SavedAnswers, Done>> {
    let (key, posted, answers) = (form.param("key"), &form.posted, changed(&form.posted));
    let saved = form.web.service.save_answers(form.actor()?, key, &answers).await;
    Ok(match saved {
        Ok(saved) if saved.refused.is_empty() => Ok(saved),
        Ok(saved) => {
            let questions = saved.refused.iter().map(|(question, ..)| question);
            Err(Done::Refused(not_saved(&saved), fields_of(posted, questions)))
        }
        Err(error) => {
            let questions = answers.iter().map(|answer| &answer.question);
            Err(Done::Refused(error, fields_of(posted, questions)))
        }
    })
}

fn not_saved(saved: &SavedAnswers) -> Error {
    let errors = saved.refused.iter().map(|(question, field, message)| FieldError {
        field: format!("{question}-{field}"),
        message: message.clone(),
    });
    let others = saved.versions.len() as u64;
    Error::Invalid(Invalid {
        fields: errors.collect(),
        message: (others > 0).then(|| format!("{} saved.", counted(others, "other answer is", "other answers are"))),
    })
}

/// The number of the submission that the form is about.
fn number(form: &Submission) -> Result<i64> {
    form.param("number").parse().map_err(|_| Error::NotFound)
}

fn review_page(form: &Submission) -> String {
    link::app(form.param("key"), "/readiness/review")
}

pub(super) async fn answer(form: Submission) -> Result<Done> {
    let saved = match save(&form).await? {
        Ok(saved) => saved,
        Err(refused) => return Ok(refused),
    };
    let anchor = saved.versions.first().map(|(question, _)| format!("#q-{question}"));
    let to = link::app(form.param("key"), &format!("/readiness{}", anchor.unwrap_or_default()));
    let said = match saved.versions.len() {
        0 => "Nothing was changed.".to_owned(),
        1 => "Your answer is saved.".to_owned(),
        n => format!("Your {n} answers are saved."),
    };
    Ok(Done::saved(to, said, saved.versions))
}

/// Saves what was changed, then submits.
pub(super) async fn submit(form: Submission) -> Result<Done> {
    if let Err(refused) = save(&form).await? {
        return Ok(refused);
    }
    let key = form.param("key");
    match form.web.service.submit_readiness(form.actor()?, key).await {
        Ok(()) => Ok(Done::go(
            link::app(key, "/readiness"),
            "The document is submitted, and the reviewers get a mail.",
        )),
        // What was typed is saved by now.
        Err(error) => Ok(Done::Refused(error, Posted::default())),
    }
}

/// What a reviewer changed of what they said: the form says of each answer what it showed.
fn reviews(posted: &Posted) -> Vec<TypedReview> {
    let mut fields: BTreeMap<&str, HashMap<&str, &str>> = BTreeMap::new();
    for (name, value) in posted.fields() {
        if let Some((question, field)) = name.rsplit_once('-') {
            fields.entry(question).or_default().insert(field, value);
        }
    }
    let nothing = fingerprint_of(None);
    let reviews = fields.into_iter().filter_map(|(question, fields)| {
        let field = |name| fields.get(name).copied().unwrap_or_default();
        let (verdict, note) = (field("verdict"), field("note"));
        let shown = fields.get("shown").copied().unwrap_or(&nothing);
        (fingerprint([verdict, note]) != shown).then(|| TypedReview {
            question: question.to_owned(),
            shown: shown.to_owned(),
            verdict: verdict.to_owned(),
            note: note.to_owned(),
        })
    });
    reviews.collect()
}

/// Saves what was said of answers and returns how many they are. What cannot be saved comes back as it was typed, with the
/// decision; the rest is saved.
async fn save_reviews(form: &Submission) -> Result<std::result::Result<usize, Done>> {
    let (key, posted, number) = (form.param("key"), &form.posted, number(form)?);
    let typed = reviews(posted);
    if typed.is_empty() {
        return Ok(Ok(0));
    }
    let saved = form
        .web
        .service
        .review_answers(form.actor()?, key, number, &typed)
        .await;
    let (error, kept): (_, Vec<String>) = match saved {
        Ok(saved) if saved.refused.is_empty() => return Ok(Ok(saved.saved)),
        Ok(saved) => {
            let questions = saved.refused.iter().filter_map(|error| error.field.rsplit_once('-'));
            let kept = questions.map(|(question, _)| question.to_owned()).collect();
            let message = (saved.saved > 0).then(|| {
                format!(
                    "{} saved.",
                    counted(saved.saved as u64, "other review is", "other reviews are")
                )
            });
            let fields = saved.refused;
            (Error::Invalid(Invalid { fields, message }), kept)
        }
        Err(error) => (error, typed.into_iter().map(|typed| typed.question).collect()),
    };
    let is_kept = |name: &str| match name.rsplit_once('-') {
        Some((question, _)) => kept.iter().any(|kept| kept == question),
        None => is_of_decision(name),
    };
    Ok(Err(Done::Refused(error, posted.only(is_kept))))
}

fn is_of_decision(field: &str) -> bool {
    matches!(field, "decision" | "reason")
}

pub(super) async fn review(form: Submission) -> Result<Done> {
    let saved = match save_reviews(&form).await? {
        Ok(saved) => saved,
        Err(refused) => return Ok(refused),
    };
    let said = match saved {
        0 => "Nothing was changed.".to_owned(),
        n => format!("{} saved.", counted(n as u64, "review is", "reviews are")),
    };
    Ok(Done::go(review_page(&form), said))
}

/// Saves what was said, then accepts the answers of which nothing is said.
pub(super) async fn accept_others(form: Submission) -> Result<Done> {
    if let Err(refused) = save_reviews(&form).await? {
        return Ok(refused);
    }
    let (key, number) = (form.param("key"), number(&form)?);
    let accepted = form.web.service.accept_other_answers(form.actor()?, key, number).await;
    Ok(match accepted {
        Ok(()) => Done::go(review_page(&form), "The other answers are accepted."),
        Err(error) => Done::Refused(error, form.posted.only(is_of_decision)),
    })
}

/// Saves what was said, then decides.
pub(super) async fn decide(form: Submission) -> Result<Done> {
    if let Err(refused) = save_reviews(&form).await? {
        return Ok(refused);
    }
    let (key, number, posted) = (form.param("key"), number(&form)?, &form.posted);
    let said = (posted.text("decision"), posted.text("reason"));
    let decided = form
        .web
        .service
        .decide_readiness(form.actor()?, key, number, said)
        .await;
    Ok(match decided {
        Ok(()) => Done::go(
            review_page(&form),
            "Your decision is recorded, and the owners of the partner get a mail.",
        ),
        // What was said of the answers is saved by now.
        Err(error) => Done::Refused(error, posted.only(is_of_decision)),
    })
}

pub(super) async fn announce_withdrawal(form: Submission) -> Result<Done> {
    let (key, why) = (form.param("key"), form.posted.text("why"));
    form.web.service.announce_withdrawal(form.actor()?, key, why).await?;
    Ok(Done::go(
        link::app(key, "/readiness"),
        "The withdrawal is announced, and the owners of the partner get a mail.",
    ))
}

pub(super) async fn call_withdrawal_off(form: Submission) -> Result<Done> {
    let (key, why) = (form.param("key"), form.posted.text("why"));
    form.web.service.call_withdrawal_off(form.actor()?, key, why).await?;
    Ok(Done::go(
        link::app(key, "/readiness"),
        "The withdrawal is called off, and the owners of the partner get a mail.",
    ))
}

pub(super) async fn comment(form: Submission) -> Result<Done> {
    let (key, question, text) = (form.param("key"), form.param("question"), form.posted.text("text"));
    let service = &form.web.service;
    let to = service.comment_on_answer(form.actor()?, key, question, text).await?;
    Ok(Done::go(to, "Your comment is added."))
}

pub(super) async fn edit_comment(form: Submission) -> Result<Done> {
    let place = (form.param("question"), form.param("comment"));
    let (version, text) = (form.posted.version(), form.posted.text("text"));
    let service = &form.web.service;
    let to = service
        .edit_comment_on_answer(form.actor()?, form.param("key"), place, version, text)
        .await?;
    Ok(Done::go(
        to,
        "Your comment is saved. What it said before stays readable.",
    ))
}

pub(super) async fn resolve(form: Submission) -> Result<Done> {
    set_resolved(&form, true, "Resolved. A further comment opens it again.").await
}

pub(super) async fn reopen(form: Submission) -> Result<Done> {
    set_resolved(&form, false, "It is open again.").await
}

async fn set_resolved(form: &Submission, resolved: bool, said: &'static str) -> Result<Done> {
    let (key, question) = (form.param("key"), form.param("question"));
    let service = &form.web.service;
    service
        .resolve_conversation(form.actor()?, key, question, resolved)
        .await?;
    let page = link::app(key, &format!("/readiness/questions/{}", link::encode(question)));
    Ok(Done::go(page, said))
}
