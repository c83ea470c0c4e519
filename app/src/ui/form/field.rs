//! Fields one types into.

use leptos::prelude::*;

use super::CurrentForm;
use crate::ui::raw_text;

/// Label, help, error and the control between them.
struct Frame {
    id: String,
    label: String,
    required: bool,
    help: Option<String>,
    error: Option<String>,
    /// What somebody else saved meanwhile.
    stored: Option<String>,
}

impl Frame {
    fn described_by(&self) -> Option<String> {
        let mut ids = Vec::new();
        if self.help.is_some() {
            ids.push(format!("{}-help", self.id));
        }
        if self.error.is_some() {
            ids.push(format!("{}-error", self.id));
        }
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn around(self, control: AnyView) -> impl IntoView {
        let Self {
            id,
            label,
            required,
            help,
            error,
            stored,
        } = self;
        view! {
            <div class=if error.is_some() { "field invalid" } else { "field" }>
                <label for=id.clone()>{label}{(!required).then(|| view! { <span class="optional">" (optional)"</span> })}</label>
                {help.map(|text| view! { <p class="help" id=format!("{id}-help")>{text}</p> })}
                {error.clone().map(|message| view! { <FieldMessage id=format!("{id}-error") message/> })}
                {control}
                {stored
                    .map(|text| {
                        let text = if text.is_empty() { "nothing".to_owned() } else { text };
                        view! { <p class="stored">"Saved meanwhile by somebody else: "<q>{text}</q></p> }
                    })}
            </div>
        }
    }
}

/// What is wrong with one field.
#[component]
pub(super) fn FieldMessage(id: String, message: String) -> impl IntoView {
    view! {
        <p class="error" id=id>
            <svg aria-hidden="true">
                <use href="#shape-bad"></use>
            </svg>
            {message}
        </p>
    }
}

/// One line of text.
#[component]
pub fn TextField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: String,
    /// "text", "email", "url", …
    #[prop(default = "text")]
    kind: &'static str,
    #[prop(optional, into)] help: Option<String>,
    #[prop(default = true)] required: bool,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(optional)] maxlength: Option<u32>,
    /// Whether it holds a key, an address or a path rather than prose.
    #[prop(optional)]
    code: bool,
    /// Whether it belongs to this change alone, so that somebody else's is never beside it.
    #[prop(optional)]
    own: bool,
) -> impl IntoView {
    let form = CurrentForm::get();
    let typed = form.state.value(&name, &value);
    let error = form.state.error(&name);
    let frame = Frame {
        id: form.field_id(&name),
        label,
        required,
        help,
        error,
        stored: form.stored(&typed, &value).filter(|_| !own),
    };
    let control = view! {
        <input
            id=frame.id.clone()
            class=code.then_some("code")
            name=name
            type=kind
            value=typed
            required=required
            maxlength=maxlength
            autocomplete=autocomplete
            spellcheck=code.then_some("false")
            autocapitalize=code.then_some("none")
            aria-invalid=frame.error.is_some().then_some("true")
            aria-describedby=frame.described_by()
        />
    }
    .into_any();
    frame.around(control)
}

/// A password or another secret, which is never sent back to the browser.
#[component]
pub fn PasswordField(
    #[prop(into)] name: String,
    label: &'static str,
    /// "current-password" or "new-password".
    autocomplete: &'static str,
    #[prop(optional, into)] help: Option<String>,
    #[prop(default = true)] required: bool,
) -> impl IntoView {
    let form = CurrentForm::get();
    let error = form.state.error(&name);
    let frame = Frame {
        id: form.field_id(&name),
        label: label.to_owned(),
        required,
        help,
        error,
        stored: None,
    };
    let control = view! {
        <input
            id=frame.id.clone()
            name=name
            type="password"
            required=required
            autocomplete=autocomplete
            aria-invalid=frame.error.is_some().then_some("true")
            aria-describedby=frame.described_by()
        />
    }
    .into_any();
    frame.around(control)
}

/// Several lines of text.
#[component]
pub fn TextArea(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] help: Option<String>,
    #[prop(default = true)] required: bool,
    #[prop(default = 3)] rows: u32,
    /// Whether it holds addresses rather than prose.
    #[prop(optional)]
    code: bool,
    /// Whether it belongs to this change alone, so that somebody else's is never beside it.
    #[prop(optional)]
    own: bool,
) -> impl IntoView {
    let form = CurrentForm::get();
    let typed = form.state.value(&name, &value);
    let error = form.state.error(&name);
    let frame = Frame {
        id: form.field_id(&name),
        label,
        required,
        help,
        error,
        stored: form.stored(&typed, &value).filter(|_| !own),
    };
    // A parser drops the first line break of a text area, so one more keeps what was typed.
    let shown = format!(
        "{}{}",
        if typed.starts_with('\n') { "\n" } else { "" },
        raw_text(&typed)
    );
    let control = view! {
        <textarea
            id=frame.id.clone()
            class=code.then_some("code")
            name=name
            rows=rows
            required=required
            autocomplete="off"
            spellcheck=code.then_some("false")
            aria-invalid=frame.error.is_some().then_some("true")
            aria-describedby=frame.described_by()
        >
            {shown}
        </textarea>
    }
    .into_any();
    frame.around(control)
}
