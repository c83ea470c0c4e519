use rampart_app::model::NewSecret;

use crate::{
    http::form::{Done, Submission},
    service::{
        Result,
        installations::{NewInstallation, Rotation},
    },
};

/// A secret that was made is shown; one that was given is known.
fn done(form: &Submission, made: Option<NewSecret>, flash: &str) -> Done {
    match made {
        Some(secret) => Done::MadeSecret(secret),
        None => Done::go(place(form), flash),
    }
}

fn place(form: &Submission) -> String {
    format!("/apps/{}/settings#installations", form.param("key"))
}

pub(super) async fn create(form: Submission) -> Result<Done> {
    let posted = &form.posted;
    let new = NewInstallation {
        product: posted.text("product"),
        site: posted.text("site"),
        group: posted.text("group"),
        module_types: posted.text("module_types"),
        secret: posted.text("secret"),
    };
    let service = &form.web.service;
    let made = service
        .create_installation(form.actor()?, form.param("key"), &new)
        .await?;
    Ok(done(
        &form,
        made,
        "Added. Requests signed with its secret are accepted.",
    ))
}

pub(super) async fn rotate(form: Submission) -> Result<Done> {
    let posted = &form.posted;
    let rotation = Rotation {
        secret: posted.text("secret"),
        overlap_hours: posted.text("overlap_hours"),
    };
    let service = &form.web.service;
    let (key, id) = (form.param("key"), form.param("installation"));
    let made = service
        .rotate_secret(form.actor()?, key, id, posted.version(), &rotation)
        .await?;
    Ok(done(&form, made, "The secret was replaced."))
}

pub(super) async fn change_module_types(form: Submission) -> Result<Done> {
    let posted = &form.posted;
    let service = &form.web.service;
    let (key, id) = (form.param("key"), form.param("installation"));
    service
        .change_module_types(form.actor()?, key, id, posted.version(), posted.text("module_types"))
        .await?;
    Ok(Done::go(place(&form), "Saved."))
}

pub(super) async fn end(form: Submission) -> Result<Done> {
    let service = &form.web.service;
    service
        .end_installation(form.actor()?, form.param("key"), form.param("installation"))
        .await?;
    Ok(Done::go(
        place(&form),
        "Ended. Requests signed with its secret are refused.",
    ))
}
