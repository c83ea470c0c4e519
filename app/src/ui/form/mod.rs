//! The one form, as it looks. Whatever was refused comes back as it was typed, with the reason beside the field and a
//! summary above that leads there.
//!
//! Forms are `novalidate`: the server's messages say more than the browser's, and there is one wording with scripts and
//! without. Required fields keep `required`, so that assistive technology announces them.

mod button;
mod choice;
mod field;

pub use button::{Confirm, PostButton, Submit};
pub use choice::{Checkbox, Choices, Select};
pub use field::{PasswordField, TextArea, TextField};

use leptos::{context::Provider, prelude::*};

use crate::form::FormState;

/// The form around a field.
#[derive(Clone)]
pub(crate) struct CurrentForm {
    pub(crate) id: String,
    pub(crate) state: FormState,
}

impl CurrentForm {
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// The id of the field `name`; ids are unique although several forms may have a field of that name.
    pub(crate) fn field_id(&self, name: &str) -> String {
        format!("{}-{name}", self.id)
    }

    /// Whether somebody else saved in between: the server then refuses the field `version`.
    pub(crate) fn is_conflict(&self) -> bool {
        self.state.error("version").is_some()
    }

    /// What is stored now, when a conflict put it beside what was typed.
    pub(crate) fn stored(&self, typed: &str, stored: &str) -> Option<String> {
        (self.is_conflict() && typed != stored).then(|| stored.to_owned())
    }
}

/// A form that posts to `action`.
#[component]
pub fn Form(
    #[prop(into)] id: String,
    #[prop(into)] action: String,
    /// The version of the thing that is edited, when two people might edit it at once.
    #[prop(optional, into)]
    version: Option<i64>,
    #[prop(default = "form")] class: &'static str,
    /// "off" where a browser that brings back what was typed would bring it back beside newer answers.
    #[prop(optional)]
    autocomplete: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let state = FormState::of(&id);
    let form = CurrentForm {
        id: id.clone(),
        state: state.clone(),
    };
    let version = version.map(|fresh| {
        // After a conflict was shown, sending again means "mine"; after any other refusal it must still be noticed.
        let value = if form.is_conflict() {
            fresh.to_string()
        } else {
            state.value("version", &fresh.to_string())
        };
        view! { <input type="hidden" name="version" value=value/> }
    });
    let summary = state.is_refused().then(|| view! { <Summary form=form.clone()/> });
    view! {
        <form id=id.clone() class=class method="post" action=action autocomplete=autocomplete novalidate>
            {summary}
            {version}
            <Provider value=form>{children()}</Provider>
        </form>
    }
}

/// What is wrong with a refused form, with links to the fields.
#[component]
fn Summary(form: CurrentForm) -> impl IntoView {
    let state = form.state.clone();
    let fields = state.errors.iter().filter(|e| e.field != "version").count();
    let title = match fields {
        0 => "This was not saved".to_owned(),
        1 => "This was not saved: one thing needs another look".to_owned(),
        n => format!("This was not saved: {n} things need another look"),
    };
    let conflict = state.error("version");
    let links = state
        .errors
        .iter()
        .filter(|e| e.field != "version")
        .map(|e| view! { <li><a href=format!("#{}", form.field_id(&e.field))>{e.message.clone()}</a></li> })
        .collect_view();
    view! {
        <div class="summary" role="alert" tabindex="-1" autofocus>
            <svg aria-hidden="true">
                <use href="#shape-bad"></use>
            </svg>
            <div>
                <p class="title">{title}</p>
                {state.message.map(|message| view! { <p>{message}</p> })}
                {conflict.map(|message| view! { <p>{message}</p> })}
                {(fields > 0).then(|| view! { <ul>{links}</ul> })}
                <p class="kept">"What you typed is still here."</p>
            </div>
        </div>
    }
}
