use crate::{
    http::form::{Done, Submission},
    service::Result,
};

pub(super) async fn sign_out(form: Submission) -> Result<Done> {
    form.visitor.session.flush().await.map_err(anyhow::Error::from)?;
    Ok(Done::to("/sign-in"))
}

pub(super) async fn change_password(form: Submission) -> Result<Done> {
    let (current, password, again) = (
        form.posted.text("current"),
        form.posted.text("password"),
        form.posted.text("password_again"),
    );
    let actor = form.actor()?.clone();
    form.web
        .service
        .change_password(&actor, current, password, again)
        .await?;
    let (mut visitor, web) = (form.visitor.clone(), form.web.clone());
    // All sessions have ended; this browser gets a new one.
    visitor.sign_in(&web, actor.user).await?;
    Ok(Done::go("/account", "Password changed. Every other session has ended."))
}

pub(super) async fn sign_out_everywhere(form: Submission) -> Result<Done> {
    form.web.service.sign_out_everywhere(form.actor()?).await?;
    form.visitor.session.flush().await.map_err(anyhow::Error::from)?;
    Ok(Done::to("/sign-in"))
}

pub(super) async fn revoke_session(form: Submission) -> Result<Done> {
    form.web
        .service
        .revoke_session(form.actor()?, form.param("session"))
        .await?;
    Ok(Done::go("/account", "That session has ended."))
}
