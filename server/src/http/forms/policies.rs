use rampart_app::ui::link;

use crate::{
    http::form::{Done, Submission},
    service::{Result, policies::PolicyForm},
};

pub(super) async fn review(form: Submission) -> Result<Done> {
    let fields = PolicyForm {
        values: form.posted.fields(),
    };
    let review = form.web.service.review_policy(form.actor()?, &fields).await?;
    Ok(Done::Reviewed(review))
}

pub(super) async fn publish(form: Submission) -> Result<Done> {
    let fields = PolicyForm {
        values: form.posted.fields(),
    };
    let version = form.web.service.publish_policy(form.actor()?, &fields).await?;
    Ok(Done::go(
        "/policies/measurement",
        format!(
            "Published: version {} holds from {} on.",
            version.published.policy.version,
            version.published.starts.start().format("%-d %b %Y, %H:%M UTC")
        ),
    ))
}

/// Where the replay of a draft is shown.
fn what_if(id: &str) -> String {
    format!("/policies/escalation/what-if/{}", link::encode(id))
}

pub(super) async fn ask_what_if(form: Submission) -> Result<Done> {
    let fields = PolicyForm {
        values: form.posted.fields(),
    };
    let id = form.web.service.ask_what_if(form.actor()?, &fields).await?;
    Ok(Done::to(what_if(&id)))
}

pub(super) async fn ask_what_if_again(form: Submission) -> Result<Done> {
    let id = form
        .web
        .service
        .ask_what_if_again(form.actor()?, form.param("id"))
        .await?;
    Ok(Done::to(what_if(&id)))
}

pub(super) async fn cancel_what_if(form: Submission) -> Result<Done> {
    let id = form.param("id");
    form.web.service.cancel_what_if(form.actor()?, id).await?;
    Ok(Done::go(what_if(id), "The replay is cancelled. Nothing was published."))
}

pub(super) async fn publish_escalation(form: Submission) -> Result<Done> {
    let (id, why) = (form.param("id"), form.posted.text("reason"));
    let published = form
        .web
        .service
        .publish_escalation_policy(form.actor()?, id, why)
        .await?;
    Ok(Done::go(
        "/policies/escalation",
        format!(
            "Published: version {} holds from {} on.",
            published.policy.version,
            published.starts.format("%-d %b %Y, %H:%M UTC")
        ),
    ))
}
