use rampart_app::ui::link;
use rampart_domain::readiness::Typed;

use crate::{
    http::form::{Done, Posted, Submission},
    service::{Error, Result},
};

fn typed(posted: &Posted) -> Typed {
    let text = |name| posted.text(name).to_owned();
    Typed {
        value: text("value"),
        unit: text("unit"),
        days: posted.all("days").into_iter().map(str::to_owned).collect(),
        from: text("from"),
        to: text("to"),
        zone: text("zone"),
    }
}

/// The number of the submission that the form is about.
fn number(form: &Submission) -> Result<i64> {
    form.param("number").parse().map_err(|_| Error::NotFound)
}

fn review_page(form: &Submission, anchor: &str) -> String {
    link::app(form.param("key"), &format!("/readiness/review{anchor}"))
}

pub(super) async fn answer(form: Submission) -> Result<Done> {
    let (key, question, version) = (form.param("key"), form.param("question"), form.posted.version());
    let service = &form.web.service;
    service
        .save_answer(form.actor()?, key, question, version, &typed(&form.posted))
        .await?;
    let to = link::app(key, &format!("/readiness#q-{question}"));
    Ok(Done::go(to, "Your answer is saved."))
}

pub(super) async fn submit(form: Submission) -> Result<Done> {
    let key = form.param("key");
    form.web.service.submit_readiness(form.actor()?, key).await?;
    let to = link::app(key, "/readiness");
    Ok(Done::go(to, "The document is submitted, and the reviewers get a mail."))
}

pub(super) async fn review(form: Submission) -> Result<Done> {
    let (key, question, posted) = (form.param("key"), form.param("question"), &form.posted);
    let said = (posted.text("verdict"), posted.text("note"));
    let place = (number(&form)?, question);
    form.web.service.review_answer(form.actor()?, key, place, said).await?;
    Ok(Done::go(
        review_page(&form, &format!("#q-{question}")),
        "Your review of the answer is saved.",
    ))
}

pub(super) async fn accept_others(form: Submission) -> Result<Done> {
    let (key, number) = (form.param("key"), number(&form)?);
    form.web
        .service
        .accept_other_answers(form.actor()?, key, number)
        .await?;
    Ok(Done::go(review_page(&form, ""), "The other answers are accepted."))
}

pub(super) async fn decide(form: Submission) -> Result<Done> {
    let (key, number, posted) = (form.param("key"), number(&form)?, &form.posted);
    let said = (posted.text("decision"), posted.text("reason"));
    form.web
        .service
        .decide_readiness(form.actor()?, key, number, said)
        .await?;
    Ok(Done::go(
        review_page(&form, ""),
        "Your decision is recorded, and the owners of the partner get a mail.",
    ))
}
