use crate::{
    http::form::{Done, Submission},
    service::Result,
};

const PAGE: &str = "/people";

pub(super) async fn invite(form: Submission) -> Result<Done> {
    let mail = form.posted.text("mail").trim();
    form.web
        .service
        .invite_staff(form.actor()?, mail, form.posted.text("name"), &form.posted.all("roles"))
        .await?;
    Ok(Done::go(PAGE, format!("An invitation is on its way to {mail}.")))
}

pub(super) async fn withdraw(form: Submission) -> Result<Done> {
    form.web
        .service
        .withdraw_staff_invitation(form.actor()?, form.param("invitation"))
        .await?;
    Ok(Done::go(PAGE, "Withdrawn: the link no longer works."))
}

pub(super) async fn set_roles(form: Submission) -> Result<Done> {
    form.web
        .service
        .set_staff_roles(form.actor()?, form.param("user"), &form.posted.all("roles"))
        .await?;
    Ok(Done::go(PAGE, "Roles changed."))
}

pub(super) async fn disable(form: Submission) -> Result<Done> {
    form.web
        .service
        .disable_account(form.actor()?, form.param("user"))
        .await?;
    Ok(Done::go(PAGE, "Disabled. Their sessions have ended."))
}

pub(super) async fn enable(form: Submission) -> Result<Done> {
    form.web
        .service
        .enable_account(form.actor()?, form.param("user"))
        .await?;
    Ok(Done::go(PAGE, "Enabled."))
}
