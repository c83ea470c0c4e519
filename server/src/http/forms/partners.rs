use crate::{
    http::form::{Done, Submission},
    service::Result,
};

fn page(form: &Submission) -> String {
    format!("/partners/{}", form.param("id"))
}

pub(super) async fn create(form: Submission) -> Result<Done> {
    let owner = form.posted.text("owner_mail");
    let id = form
        .web
        .service
        .create_partner(form.actor()?, form.posted.text("name"), owner)
        .await?;
    let flash = if owner.trim().is_empty() {
        "Created. Invite its first owner now."
    } else {
        "Created. The invitation is on its way."
    };
    Ok(Done::go(format!("/partners/{id}"), flash))
}

pub(super) async fn rename(form: Submission) -> Result<Done> {
    form.web
        .service
        .rename_partner(
            form.actor()?,
            form.param("id"),
            form.posted.version(),
            form.posted.text("name"),
        )
        .await?;
    Ok(Done::go(page(&form), "Saved."))
}

pub(super) async fn archive(form: Submission) -> Result<Done> {
    form.web
        .service
        .archive_partner(form.actor()?, form.param("id"))
        .await?;
    Ok(Done::go("/partners", "Archived."))
}

pub(super) async fn invite(form: Submission) -> Result<Done> {
    let mail = form.posted.text("mail").trim();
    form.web
        .service
        .invite_member(form.actor()?, form.param("id"), mail, form.posted.text("role"))
        .await?;
    Ok(Done::go(page(&form), format!("An invitation is on its way to {mail}.")))
}

pub(super) async fn withdraw(form: Submission) -> Result<Done> {
    form.web
        .service
        .withdraw_member_invitation(form.actor()?, form.param("id"), form.param("invitation"))
        .await?;
    Ok(Done::go(page(&form), "Withdrawn: the link no longer works."))
}

pub(super) async fn set_role(form: Submission) -> Result<Done> {
    form.web
        .service
        .set_member_role(
            form.actor()?,
            form.param("id"),
            form.param("user"),
            form.posted.text("role"),
        )
        .await?;
    Ok(Done::go(page(&form), "Role changed."))
}

pub(super) async fn remove_member(form: Submission) -> Result<Done> {
    form.web
        .service
        .remove_member(form.actor()?, form.param("id"), form.param("user"))
        .await?;
    Ok(Done::go(page(&form), "Removed."))
}
