//! Buttons that send.

use leptos::prelude::*;

use super::Form;
use crate::form::FormState;

/// Sends the form it stands in.
#[component]
pub fn Submit(
    label: &'static str,
    /// Another look than that of the main button: "" for a plain one, "danger" for one that destroys.
    #[prop(default = "primary")]
    look: &'static str,
) -> impl IntoView {
    view! { <div class="submit"><button class=format!("btn {look}")>{label}</button></div> }
}

/// A form that is nothing but its button.
#[component]
pub fn PostButton(
    #[prop(into)] id: String,
    #[prop(into)] action: String,
    label: &'static str,
    #[prop(default = "")] look: &'static str,
    /// What the button does to what, when the label alone would be the same in every row.
    #[prop(optional, into)]
    title: Option<String>,
) -> impl IntoView {
    view! {
        <Form id action class="button-form">
            <button class=format!("btn {look}") aria-label=title>{label}</button>
        </Form>
    }
}

/// Something that cannot easily be undone: the first click explains, the second does it.
#[component]
pub fn Confirm(
    #[prop(into)] id: String,
    #[prop(into)] action: String,
    /// What the closed disclosure says.
    label: &'static str,
    /// What it does to what, when the label alone would be the same in every row.
    #[prop(optional, into)]
    title: Option<String>,
    /// What the button within says.
    confirm: &'static str,
    /// What will happen.
    #[prop(into)]
    explanation: String,
    /// The look of the button within.
    #[prop(default = "danger")]
    look: &'static str,
    /// Fields that it takes.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let open = FormState::of(&id).is_refused();
    view! {
        <details class="confirm" open=open>
            <summary class="btn" aria-label=title>{label}</summary>
            <div class="question">
                <p>{explanation}</p>
                <Form id action>
                    {children.map(|children| children())}
                    <Submit label=confirm look=look/>
                </Form>
            </div>
        </details>
    }
}
