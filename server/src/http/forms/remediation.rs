use rampart_app::ui::link;
use rampart_domain::action::Step;

use crate::{
    http::form::{Done, Submission},
    service::{
        Error, Result,
        actions::{ActionForm, Parent},
    },
};

/// The plan that the form is about.
async fn plan(form: &Submission) -> Result<Parent> {
    let (key, plan) = (form.param("key"), form.param("plan"));
    form.web.service.plan_with_actions(form.actor()?, key, plan).await
}

/// An action on the page of its plan.
fn page(form: &Submission, action: &str) -> String {
    let plan = link::app(form.param("key"), &format!("/remediation/{}", form.param("plan")));
    format!("{plan}#action-{action}")
}

fn typed(form: &Submission) -> ActionForm<'_> {
    let posted = &form.posted;
    ActionForm {
        title: posted.text("title"),
        description: posted.text("description"),
        owner: posted.text("owner"),
        owner_name: posted.text("owner_name"),
        kind: posted.text("kind"),
        priority: posted.text("priority"),
        due: posted.text("due"),
        tracker: posted.text("tracker"),
    }
}

pub(super) async fn assign_contact(form: Submission) -> Result<Done> {
    let (key, plan, contact) = (form.param("key"), form.param("plan"), form.posted.text("contact"));
    let service = &form.web.service;
    service.assign_contact(form.actor()?, key, plan, contact).await?;
    let to = link::app(key, &format!("/remediation/{plan}"));
    Ok(Done::go(
        to,
        "The contact is assigned, and everybody concerned gets a mail.",
    ))
}

pub(super) async fn propose(form: Submission) -> Result<Done> {
    let plan = plan(&form).await?;
    let service = &form.web.service;
    let id = service.propose_action(form.actor()?, &plan, &typed(&form)).await?;
    let to = page(&form, &id.to_string());
    Ok(Done::go(
        to,
        "The action is proposed. An incident manager accepts or declines it.",
    ))
}

pub(super) async fn edit(form: Submission) -> Result<Done> {
    let plan = plan(&form).await?;
    let (action, version) = (form.param("action"), form.posted.version());
    let service = &form.web.service;
    service
        .edit_action(form.actor()?, &plan, action, version, &typed(&form))
        .await?;
    Ok(Done::go(page(&form, action), "The action is changed."))
}

pub(super) async fn step(form: Submission) -> Result<Done> {
    let step: Step = form.param("step").parse().map_err(|_| Error::NotFound)?;
    let said = said(step).ok_or(Error::NotFound)?;
    let plan = plan(&form).await?;
    let (action, version, text) = (form.param("action"), form.posted.version(), form.posted.text("text"));
    let service = &form.web.service;
    service
        .take_step(form.actor()?, &plan, action, version, step, text)
        .await?;
    Ok(Done::go(page(&form, action), said))
}

/// What the page says afterwards; nothing for what has a form of its own.
fn said(step: Step) -> Option<&'static str> {
    Some(match step {
        Step::Propose | Step::Edit => return None,
        Step::Accept => "The action is accepted.",
        Step::Decline => "The action is declined.",
        Step::Complete => "The action is done. An incident manager verifies it or sends it back.",
        Step::SendBack => "The action is sent back; it counts as accepted again.",
        Step::Verify => "The action is verified.",
        Step::Waive => "The action is waived.",
    })
}

pub(super) async fn comment(form: Submission) -> Result<Done> {
    let (key, plan, text) = (form.param("key"), form.param("plan"), form.posted.text("text"));
    let service = &form.web.service;
    let to = service.comment_on_plan(form.actor()?, key, plan, text).await?;
    Ok(Done::go(to, "Your comment is added."))
}

pub(super) async fn edit_comment(form: Submission) -> Result<Done> {
    let plan = (form.param("key"), form.param("plan"));
    let (comment, version, text) = (form.param("comment"), form.posted.version(), form.posted.text("text"));
    let service = &form.web.service;
    let to = service
        .edit_comment_on_plan(form.actor()?, plan, comment, version, text)
        .await?;
    Ok(Done::go(
        to,
        "Your comment is saved. What it said before stays readable.",
    ))
}
