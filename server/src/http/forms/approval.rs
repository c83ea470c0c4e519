use rampart_app::ui::link;

use crate::{
    http::form::{Done, Submission},
    service::{Result, approval::WaiverForm},
};

/// The page that all of these stand on, at one of its parts.
fn page(form: &Submission, part: &str) -> String {
    format!("{}{part}", link::app(form.param("key"), "/approval"))
}

/// An item on it.
fn item_of(form: &Submission) -> String {
    page(form, &format!("#item-{}", form.param("item")))
}

pub(super) async fn ask(form: Submission) -> Result<Done> {
    form.web
        .service
        .ask_for_approval(form.actor()?, form.param("key"))
        .await?;
    Ok(Done::go(
        page(&form, ""),
        "Approval is asked for. The page says who has to act next.",
    ))
}

pub(super) async fn confirm_series(form: Submission) -> Result<Done> {
    let (key, series) = (form.param("key"), form.param("series"));
    let service = &form.web.service;
    service.review_series(form.actor()?, key, series, false, "").await?;
    Ok(Done::go(page(&form, "#series"), "The series shows what you expect."))
}

pub(super) async fn flag_series(form: Submission) -> Result<Done> {
    let (key, series, note) = (form.param("key"), form.param("series"), form.posted.text("note"));
    let service = &form.web.service;
    service.review_series(form.actor()?, key, series, true, note).await?;
    Ok(Done::go(
        page(&form, "#series"),
        "The series is flagged. Staff answer here.",
    ))
}

pub(super) async fn answer_flag(form: Submission) -> Result<Done> {
    let (key, review, text) = (form.param("key"), form.param("review"), form.posted.text("text"));
    form.web.service.answer_flag(form.actor()?, key, review, text).await?;
    Ok(Done::go(
        page(&form, "#series"),
        "Your answer is there. The partner looks at the series again.",
    ))
}

pub(super) async fn add_instance(form: Submission) -> Result<Done> {
    let (product, site) = (form.posted.text("product"), form.posted.text("site"));
    let service = &form.web.service;
    service
        .add_rollout_instance(form.actor()?, form.param("key"), product, site)
        .await?;
    Ok(Done::go(
        page(&form, "#developer-first-rollout"),
        "The instance is named.",
    ))
}

pub(super) async fn remove_instance(form: Submission) -> Result<Done> {
    let (key, instance) = (form.param("key"), form.param("instance"));
    form.web
        .service
        .remove_rollout_instance(form.actor()?, key, instance)
        .await?;
    Ok(Done::go(
        page(&form, "#developer-first-rollout"),
        "The instance is removed.",
    ))
}

pub(super) async fn note_training(form: Submission) -> Result<Done> {
    let watched_by = form.posted.text("watched_by");
    form.web
        .service
        .note_training(form.actor()?, form.param("key"), watched_by)
        .await?;
    let said = match watched_by.trim() {
        "" => "It is noted that nobody has watched the training.",
        _ => "It is noted who has watched the training.",
    };
    Ok(Done::go(page(&form, "#training"), said))
}

pub(super) async fn ask_for_waiver(form: Submission) -> Result<Done> {
    let (key, item, why) = (form.param("key"), form.param("item"), form.posted.text("why"));
    form.web.service.ask_for_waiver(form.actor()?, key, item, why).await?;
    Ok(Done::go(
        item_of(&form),
        "The waiver is asked for. A program manager answers.",
    ))
}

pub(super) async fn waive(form: Submission) -> Result<Done> {
    let fields = WaiverForm {
        why: form.posted.text("why"),
        until: form.posted.text("until"),
    };
    let (key, item) = (form.param("key"), form.param("item"));
    form.web.service.waive_item(form.actor()?, key, item, &fields).await?;
    Ok(Done::go(
        item_of(&form),
        "The requirement is waived, and the owners are told.",
    ))
}

pub(super) async fn decline_waiver(form: Submission) -> Result<Done> {
    let (key, item, why) = (form.param("key"), form.param("item"), form.posted.text("why"));
    form.web.service.decline_waiver(form.actor()?, key, item, why).await?;
    Ok(Done::go(
        item_of(&form),
        "The request is declined, and the owners are told.",
    ))
}

pub(super) async fn take_waiver_back(form: Submission) -> Result<Done> {
    let (key, item, why) = (form.param("key"), form.param("item"), form.posted.text("why"));
    form.web.service.take_waiver_back(form.actor()?, key, item, why).await?;
    Ok(Done::go(
        item_of(&form),
        "The waiver is taken back, and the owners are told.",
    ))
}

pub(super) async fn approve(form: Submission) -> Result<Done> {
    decide(&form, true).await?;
    Ok(Done::go(
        page(&form, ""),
        "The app is approved and carries the designation. The owners are told.",
    ))
}

pub(super) async fn refuse(form: Submission) -> Result<Done> {
    decide(&form, false).await?;
    Ok(Done::go(
        page(&form, ""),
        "The app is not approved, and the owners are told.",
    ))
}

async fn decide(form: &Submission, approved: bool) -> Result<()> {
    let (key, why) = (form.param("key"), form.posted.text("why"));
    form.web
        .service
        .decide_on_approval(form.actor()?, key, approved, why)
        .await
}

pub(super) async fn comment(form: Submission) -> Result<Done> {
    let (key, text) = (form.param("key"), form.posted.text("text"));
    let to = form.web.service.comment_on_approval(form.actor()?, key, text).await?;
    Ok(Done::go(to, "Your comment is added."))
}

pub(super) async fn edit_comment(form: Submission) -> Result<Done> {
    let (key, comment) = (form.param("key"), form.param("comment"));
    let (version, text) = (form.posted.version(), form.posted.text("text"));
    let service = &form.web.service;
    let to = service
        .edit_comment_on_approval(form.actor()?, key, comment, version, text)
        .await?;
    Ok(Done::go(
        to,
        "Your comment is saved. What it said before stays readable.",
    ))
}
