use rampart_app::model::TestResults;

use crate::{
    http::form::{Done, Posted, Submission},
    service::{
        Result,
        apps::{DetailsForm, HealthCheckForm, NewApp},
    },
};

fn details(posted: &Posted) -> DetailsForm<'_> {
    DetailsForm {
        name: posted.text("name"),
        kind: posted.text("kind"),
        products: posted.all("products"),
        support_contact: posted.text("support_contact"),
        operations_contacts: posted.text("operations_contacts"),
    }
}

fn health_check(posted: &Posted) -> HealthCheckForm<'_> {
    HealthCheckForm {
        path: posted.text("health_path"),
        base_urls: posted.text("base_urls"),
        fails_when_down: posted.is_ticked("fails_when_down"),
    }
}

fn settings(form: &Submission) -> String {
    format!("/apps/{}/settings", form.param("key"))
}

pub(super) async fn register(form: Submission) -> Result<Done> {
    let posted = &form.posted;
    let app = NewApp {
        partner: posted.text("partner"),
        key: posted.text("key"),
        details: details(posted),
        health: health_check(posted),
        alert_address: posted.text("alert_address"),
    };
    let key = form.web.service.register_app(form.actor()?, &app).await?;
    Ok(Done::go(
        format!("/apps/{key}"),
        "Registered. Measuring begins when the platform's staff start it.",
    ))
}

pub(super) async fn change_details(form: Submission) -> Result<Done> {
    let version = form.posted.version();
    form.web
        .service
        .change_details(form.actor()?, form.param("key"), version, &details(&form.posted))
        .await?;
    Ok(Done::go(settings(&form), "Saved."))
}

pub(super) async fn change_health_check(form: Submission) -> Result<Done> {
    let version = form.posted.version();
    form.web
        .service
        .change_health_check(form.actor()?, form.param("key"), version, &health_check(&form.posted))
        .await?;
    Ok(Done::go(
        format!("{}#health-check", settings(&form)),
        "Saved. Test the health check now, to be sure.",
    ))
}

pub(super) async fn change_excluded_sites(form: Submission) -> Result<Done> {
    let version = form.posted.version();
    form.web
        .service
        .change_excluded_sites(
            form.actor()?,
            form.param("key"),
            version,
            form.posted.text("excluded_sites"),
        )
        .await?;
    Ok(Done::go(
        format!("{}#excluded-sites", settings(&form)),
        "Saved. It holds for events that come from now on.",
    ))
}

pub(super) async fn switch_burn_rate_alerts(form: Submission) -> Result<Done> {
    let (version, on) = (form.posted.version(), form.posted.is_ticked("burn_rate_alerts"));
    form.web
        .service
        .switch_burn_rate_alerts(form.actor()?, form.param("key"), version, on)
        .await?;
    Ok(Done::go(
        format!("{}#burn-rate-alerts", settings(&form)),
        match on {
            true => "Burn-rate alerts are on, from now on.",
            false => "Burn-rate alerts are off.",
        },
    ))
}

pub(super) async fn test_health_check(form: Submission) -> Result<Done> {
    let results = form
        .web
        .service
        .test_health_check(form.actor()?, form.param("key"))
        .await?;
    Ok(Done::Tested(TestResults(results)))
}

pub(super) async fn request_alert_address(form: Submission) -> Result<Done> {
    let address = form
        .web
        .service
        .request_alert_address(form.actor()?, form.param("key"), form.posted.text("address"))
        .await?;
    Ok(Done::go(
        format!("{}#alert-mails", settings(&form)),
        format!("A drill mail is on its way to {address}. Its link confirms the address."),
    ))
}

pub(super) async fn resend_drill(form: Submission) -> Result<Done> {
    let address = form.web.service.resend_drill(form.actor()?, form.param("key")).await?;
    Ok(Done::go(
        format!("{}#alert-mails", settings(&form)),
        format!("Another drill mail is on its way to {address}; the earlier link no longer works."),
    ))
}

pub(super) async fn start_measuring(form: Submission) -> Result<Done> {
    form.web
        .service
        .start_measuring(form.actor()?, form.param("key"))
        .await?;
    Ok(Done::go(
        format!("/apps/{}", form.param("key")),
        "Measuring has started. The first figures are there within two minutes.",
    ))
}

pub(super) async fn stop_measuring(form: Submission) -> Result<Done> {
    form.web
        .service
        .stop_measuring(form.actor()?, form.param("key"), form.posted.text("why"))
        .await?;
    Ok(Done::go(
        format!("/apps/{}", form.param("key")),
        "Measuring has stopped. The history stays.",
    ))
}

pub(super) async fn archive(form: Submission) -> Result<Done> {
    form.web.service.archive_app(form.actor()?, form.param("key")).await?;
    Ok(Done::go(
        "/apps",
        "Archived. You find the app under \"Archived\" and can take it back there.",
    ))
}

pub(super) async fn restore(form: Submission) -> Result<Done> {
    form.web.service.restore_app(form.actor()?, form.param("key")).await?;
    Ok(Done::go(
        settings(&form),
        "The app is back. Measuring has to be started again by the platform's staff.",
    ))
}
