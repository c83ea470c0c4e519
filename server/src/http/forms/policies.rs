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
