use crate::{
    http::form::{Done, Submission},
    service::Result,
};

fn page(form: &Submission) -> String {
    format!(
        "/apps/{}/breaches/{}#assessment",
        form.param("key"),
        form.param("incident")
    )
}

pub(super) async fn assess(form: Submission) -> Result<Done> {
    let (key, incident) = (form.param("key"), form.param("incident"));
    form.web
        .service
        .assess_breach(
            form.actor()?,
            key,
            incident,
            form.posted.version(),
            form.posted.text("note"),
        )
        .await?;
    Ok(Done::go(page(&form), "Saved: no emergency."))
}

pub(super) async fn withdraw(form: Submission) -> Result<Done> {
    let (key, incident) = (form.param("key"), form.param("incident"));
    form.web
        .service
        .withdraw_assessment(form.actor()?, key, incident, form.posted.version())
        .await?;
    Ok(Done::go(
        page(&form),
        "Taken back: the breach is among those to look at again.",
    ))
}
