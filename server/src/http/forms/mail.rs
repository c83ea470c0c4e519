use crate::{
    http::form::{Done, Submission},
    service::Result,
};

pub(super) async fn retry(form: Submission) -> Result<Done> {
    form.web.service.retry_mail(form.actor()?, form.param("id")).await?;
    Ok(Done::go(
        format!("/mail/{}", form.param("id")),
        "Queued. The next attempt is at once.",
    ))
}
