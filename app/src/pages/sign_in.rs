//! The way in.

use leptos::prelude::*;

use super::{PageTitle, query};
use crate::{
    form::{CARRIED_ACTION, CARRIED_FIELD, CarriedForm, FormState},
    request::viewer,
    ui::{
        Notice, Tone,
        form::{Form, PasswordField, Submit, TextField},
    },
};

/// Mail address and password. A form that was sent after the session had ended is carried along.
#[component]
pub(super) fn SignInPage() -> impl IntoView {
    let platform = viewer().platform;
    let carried = use_context::<CarriedForm>();
    let next = FormState::of("sign-in").value("next", &query("next").unwrap_or_default());
    let note = carried.is_some();
    view! {
        <PageTitle text="Sign in"/>
        <div class="narrow stack">
            <div>
                <h1>"Sign in"</h1>
                <p class="lead">{format!("Service levels of {} apps, for {} and its partners.", platform.designation, platform.name)}</p>
            </div>
            {note
                .then(|| {
                    view! {
                        <Notice tone=Tone::Unknown>
                            <p>"Your session had ended. What you typed is kept and will be sent once you sign in."</p>
                        </Notice>
                    }
                })}
            <div class="card padded">
                <Form id="sign-in" action="/sign-in">
                    <input type="hidden" name="next" value=next/>
                    {carried.map(|form| view! { <Carried form/> })}
                    <TextField name="mail" label="Mail address" kind="email" autocomplete="username"/>
                    <PasswordField name="password" label="Password" autocomplete="current-password"/>
                    <Submit label="Sign in"/>
                </Form>
            </div>
            <p class="fine">
                "Accounts are by invitation. If you forgot your password, ask an administrator for a new link."
            </p>
        </div>
    }
}

#[component]
fn Carried(form: CarriedForm) -> impl IntoView {
    let fields = form.values.into_iter().map(|(name, value)| {
        view! { <input type="hidden" name=format!("{CARRIED_FIELD}{name}") value=value/> }
    });
    view! {
        <input type="hidden" name=CARRIED_ACTION value=form.action/>
        {fields.collect_view()}
    }
}
