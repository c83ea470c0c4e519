use rampart_app::{model::ActKind, ui::link};

use crate::{
    http::form::{Done, Submission},
    service::{Error, Result, escalation::Verdict},
};

/// What a person decides about an app.
pub(super) async fn decide(form: Submission) -> Result<Done> {
    let kind = ActKind::ALL.into_iter().find(|kind| kind.key() == form.param("act"));
    let kind = kind.ok_or(Error::NotFound)?;
    // What is no number of days is refused as none would be.
    let days = form.posted.text("extend_days").trim().parse().unwrap_or_default();
    let (key, why) = (form.param("key"), form.posted.text("why"));
    let service = &form.web.service;
    match kind {
        ActKind::OpenAppeal => {
            let about = form.posted.all("about");
            service.open_appeal(form.actor()?, key, &about, why).await?;
        }
        ActKind::CloseAppeal => return close_appeal(&form).await,
        kind => {
            service
                .decide_on_what_was_shown(form.actor()?, key, Verdict::of(kind, days), why, shown(&form))
                .await?;
        }
    }
    Ok(Done::go(link::app(key, "/escalation"), said(kind)))
}

/// The verdict on an appeal, which has to be chosen.
async fn close_appeal(form: &Submission) -> Result<Done> {
    let (key, why) = (form.param("key"), form.posted.text("why"));
    let granted = match form.posted.text("verdict") {
        "granted" => Some(true),
        "refused" => Some(false),
        _ => None,
    };
    let service = &form.web.service;
    service
        .close_appeal(form.actor()?, key, granted, why, shown(form))
        .await?;
    let said = match granted {
        Some(true) => "The appeal is granted, and the owners are told.",
        _ => "The appeal is refused, and the owners are told.",
    };
    Ok(Done::go(link::app(key, "/escalation"), said))
}

/// What the person saw, where the page names it.
fn shown(form: &Submission) -> Option<&str> {
    Some(form.posted.text("decides_on")).filter(|shown| !shown.is_empty())
}

/// What the page says afterwards.
fn said(kind: ActKind) -> &'static str {
    match kind {
        ActKind::Designate => "The app carries the designation.",
        ActKind::Withdraw => "The designation is withdrawn.",
        ActKind::ConfirmDemotion => "The demotion is confirmed.",
        ActKind::DeclineDemotion => "The demotion is declined; the remediation has a new deadline.",
        ActKind::Reinstate => "The app is taken back.",
        ActKind::OpenAppeal => "The appeal is open. The deadline stands still until it is decided.",
        ActKind::CloseAppeal => "The appeal is closed.",
        ActKind::Freeze => "The app is frozen.",
        ActKind::Thaw => "The app is thawed.",
    }
}

/// The fact at which the engine has stopped is left out.
pub(super) async fn set_aside(form: Submission) -> Result<Done> {
    let key = form.param("key");
    let (fact, why) = (form.posted.text("fact"), form.posted.text("why"));
    let service = &form.web.service;
    service.set_fact_aside(form.actor()?, key, fact, why).await?;
    Ok(Done::go(
        link::app(key, "/escalation"),
        "The fact is set aside, and the engine goes on.",
    ))
}

pub(super) async fn freeze_all(form: Submission) -> Result<Done> {
    switch(&form, true).await?;
    Ok(Done::go("/escalation", "Every app is frozen."))
}

pub(super) async fn thaw_all(form: Submission) -> Result<Done> {
    switch(&form, false).await?;
    Ok(Done::go(
        "/escalation",
        "Thawed: every app that is not frozen by itself goes on.",
    ))
}

pub(super) async fn keep_freeze(form: Submission) -> Result<Done> {
    let why = form.posted.text("why");
    form.web.service.keep_freeze(form.actor()?, why).await?;
    Ok(Done::go(
        "/escalation",
        "The freeze is kept. Every app stays frozen until it is thawed.",
    ))
}

async fn switch(form: &Submission, frozen: bool) -> Result<()> {
    let why = form.posted.text("why");
    form.web.service.freeze_all(form.actor()?, frozen, why).await
}
