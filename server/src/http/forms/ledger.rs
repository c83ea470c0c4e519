use rampart_app::ui::link::with_query;

use crate::{
    http::form::{Done, Submission},
    service::{Result, waivers::WaiverForm},
};

/// A waiver is shown first: what it does stands at an address that holds all of it. Sent from there, it is filed.
pub(super) async fn waiver(form: Submission) -> Result<Done> {
    let posted = &form.posted;
    let waiver = WaiverForm {
        app: posted.text("app"),
        all_apps: posted.is_ticked("all_apps"),
        sli: posted.text("sli"),
        product: posted.text("product"),
        target: posted.text("target"),
        from: posted.text("from"),
        to: posted.text("to"),
        why: posted.text("why"),
    };
    let service = &form.web.service;
    if posted.is_ticked("shown") {
        let id = service.file_waiver(form.actor()?, &waiver).await?;
        return Ok(Done::go(
            format!("/ledger/{id}"),
            "Filed. The figures and breaches it covers are changed already.",
        ));
    }
    service.check_waiver(form.actor()?, &waiver).await?;
    let shown = with_query(
        "/ledger/new",
        &[
            ("app", waiver.app),
            ("all_apps", if waiver.all_apps { "yes" } else { "" }),
            ("sli", waiver.sli),
            ("product", waiver.product),
            ("target", waiver.target),
            ("from", waiver.from),
            ("to", waiver.to),
            ("why", waiver.why),
        ],
    );
    Ok(Done::to(format!("{shown}#what-it-changes")))
}

pub(super) async fn revoke(form: Submission) -> Result<Done> {
    let id = form.param("id");
    form.web
        .service
        .revoke_entry(form.actor()?, id, form.posted.text("why"))
        .await?;
    Ok(Done::go(
        format!("/ledger/{id}"),
        "Revoked. The figures and breaches it covered are changed already.",
    ))
}
