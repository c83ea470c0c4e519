use rampart_app::model::MadeToken;

use crate::{
    http::form::{Done, Submission},
    service::Result,
};

pub(super) async fn make_for_partner(form: Submission) -> Result<Done> {
    let (name, days) = (form.posted.text("name"), form.posted.text("days"));
    let value = form
        .web
        .service
        .make_partner_token(form.actor()?, form.param("id"), name, days)
        .await?;
    Ok(Done::Made(MadeToken { value }))
}

pub(super) async fn revoke_of_partner(form: Submission) -> Result<Done> {
    form.web
        .service
        .revoke_partner_token(form.actor()?, form.param("id"), form.param("api_token"))
        .await?;
    Ok(Done::go(
        format!("/partners/{}#api-tokens", form.param("id")),
        "Revoked: the token no longer opens anything.",
    ))
}

pub(super) async fn make_for_platform(form: Submission) -> Result<Done> {
    let (name, days) = (form.posted.text("name"), form.posted.text("days"));
    let value = form.web.service.make_platform_token(form.actor()?, name, days).await?;
    Ok(Done::Made(MadeToken { value }))
}

pub(super) async fn revoke_of_platform(form: Submission) -> Result<Done> {
    form.web
        .service
        .revoke_platform_token(form.actor()?, form.param("api_token"))
        .await?;
    Ok(Done::go("/tokens", "Revoked: the token no longer opens anything."))
}
