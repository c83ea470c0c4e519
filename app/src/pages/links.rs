//! Pages behind one-time links from mails. They need no sign-in, and opening them changes nothing.

use leptos::prelude::*;

use super::{PageTitle, param};
use crate::{
    model::{self, AlertConfirmationPage, InvitationAsks},
    request::{services, viewer},
    ui::{
        form::{Form, PasswordField, Submit, TextField},
        link::encode,
        page,
    },
};

/// Accepting an invitation: a new account, or a new role for one that exists.
#[component]
pub(super) fn InvitationPage() -> impl IntoView {
    let token = param("token");
    page(async move { services().invitation(&token).await }, invitation)
}

fn invitation(invitation: model::InvitationPage) -> impl IntoView {
    let model::InvitationPage {
        token,
        mail,
        name,
        roles,
        invited_by,
        asks,
    } = invitation;
    let action = format!("/invitation/{}", encode(&token));
    let platform = viewer().platform;
    let (title, lead, submit) = match asks {
        InvitationAsks::NewPassword => (
            "Choose a new password",
            "Your other sessions end with it.".to_owned(),
            "Save the new password",
        ),
        _ => (
            "You are invited",
            format!(
                "{invited_by} invites you to {} {} as:",
                platform.name, platform.designation
            ),
            "Accept the invitation",
        ),
    };
    let role = (asks != InvitationAsks::NewPassword).then(|| view! { <dt>"Role"</dt><dd>{roles}</dd> });
    view! {
        <PageTitle text=title/>
        <div class="narrow stack">
            <div>
                <h1>{title}</h1>
                <p class="lead">{lead}</p>
            </div>
            <dl class="card padded facts">
                {role}
                <dt>"Mail address"</dt>
                <dd>{mail.clone()}</dd>
            </dl>
            <div class="card padded">
                <Form id="accept-invitation" action>
                    // Password managers store the account under this name.
                    <input class="visually-hidden" type="email" autocomplete="username" value=mail readonly tabindex="-1" aria-hidden="true"/>
                    <InvitationFields name asks/>
                    <Submit label=submit/>
                </Form>
            </div>
        </div>
    }
}

#[component]
fn InvitationFields(name: String, asks: InvitationAsks) -> impl IntoView {
    if asks == InvitationAsks::Password {
        return view! {
            <p>"You have an account under this address. Enter its password, and the role is added to it."</p>
            <PasswordField name="password" label="Password" autocomplete="current-password"/>
        }
        .into_any();
    }
    let name = (asks == InvitationAsks::NewAccount).then(|| view! {
        <TextField name="name" label="Your name" value=name autocomplete="name" help="As the others on your team will see it."/>
    });
    view! {
        {name}
        <PasswordField
            name="password"
            label="Password"
            autocomplete="new-password"
            help="At least 12 characters. A few words that do not belong together are easy to remember and hard to guess."
        />
        <PasswordField name="password_again" label="The same password again" autocomplete="new-password"/>
    }
    .into_any()
}

/// Confirming that the alerts of an app reach an address.
#[component]
pub(super) fn AlertAddressPage() -> impl IntoView {
    let token = param("token");
    page(
        async move { services().alert_confirmation(&token).await },
        alert_address,
    )
}

fn alert_address(confirmation: AlertConfirmationPage) -> impl IntoView {
    let AlertConfirmationPage {
        token,
        address,
        app_name,
        partner_name,
    } = confirmation;
    let action = format!("/alert-address/{}", encode(&token));
    view! {
        <PageTitle text="Confirm an alert address"/>
        <div class="narrow stack">
            <div>
                <h1>"The drill mail arrived"</h1>
                <p class="lead">{format!("Confirm it, and alerts about {app_name} of {partner_name} go to this address from now on.")}</p>
            </div>
            <div class="card padded">
                <Form id="confirm-alert-address" action>
                    <dl class="facts">
                        <dt>"App"</dt>
                        <dd>{app_name.clone()}</dd>
                        <dt>"Alert address"</dt>
                        <dd>{address}</dd>
                    </dl>
                    <Submit label="Confirm this address"/>
                </Form>
            </div>
            <p class="fine">"If you did not expect this, close the page. Nothing changes then."</p>
        </div>
    }
}
