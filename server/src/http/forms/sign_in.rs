//! Forms that need no sign-in.

use crate::{
    http::form::{Done, Submission},
    service::{Result, invitations::Acceptance},
};

pub(super) async fn sign_in(mut form: Submission) -> Result<Done> {
    let account = form
        .web
        .service
        .sign_in(
            form.posted.text("mail"),
            form.posted.text("password"),
            form.visitor.address,
        )
        .await?;
    let web = form.web.clone();
    form.visitor.sign_in(&web, account).await?;
    Ok(match form.posted.carried() {
        Some(carried) => Done::Resume(carried, Box::new(form.visitor)),
        None => Done::to(own_path(form.posted.text("next"))),
    })
}

pub(super) async fn accept_invitation(mut form: Submission) -> Result<Done> {
    let acceptance = Acceptance {
        name: form.posted.text("name"),
        password: form.posted.text("password"),
        password_again: form.posted.text("password_again"),
    };
    let account = form
        .web
        .service
        .accept_invitation(form.param("token"), acceptance, form.visitor.address)
        .await?;
    let web = form.web.clone();
    form.visitor.sign_in(&web, account).await?;
    Ok(Done::go("/", "Welcome. You are signed in."))
}

pub(super) async fn confirm_alert_address(form: Submission) -> Result<Done> {
    let app = form
        .web
        .service
        .confirm_alert_address(form.param("token"), form.visitor.address)
        .await?;
    let to = if form.visitor.actor.is_some() {
        "/apps"
    } else {
        "/sign-in"
    };
    Ok(Done::go(
        to,
        format!("Confirmed: alerts about {app} come to this address from now on."),
    ))
}

/// Where to go after the sign-in: only to a page of our own.
fn own_path(next: &str) -> String {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\n', '\r', '\t']);
    if ours { next.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_our_own_pages_only() {
        assert_eq!(own_path("/apps/x?page=2"), "/apps/x?page=2");
        for foreign in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
        ] {
            assert_eq!(own_path(foreign), "/", "{foreign}");
        }
    }
}
