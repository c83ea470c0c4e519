//! Fields one chooses in.

use leptos::prelude::*;

use super::{CurrentForm, field::FieldMessage};

/// One of a list, in one line.
#[component]
pub fn Select(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    /// (value, shown text).
    options: Vec<(String, String)>,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] help: Option<String>,
    /// Whether the label is for assistive technology only, because the table around it says it already.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView {
    let form = CurrentForm::get();
    let id = form.field_id(&name);
    let chosen = form.state.value(&name, &value);
    let error = form.state.error(&name);
    let described = [
        help.as_ref().map(|_| format!("{id}-help")),
        error.as_ref().map(|_| format!("{id}-error")),
    ];
    let described = described.into_iter().flatten().collect::<Vec<_>>().join(" ");
    view! {
        <div class=if error.is_some() { "field invalid" } else { "field" }>
            <label for=id.clone() class=quiet.then_some("visually-hidden")>{label}</label>
            {help.map(|text| view! { <p class="help" id=format!("{id}-help")>{text}</p> })}
            {error.clone().map(|message| view! { <FieldMessage id=format!("{id}-error") message/> })}
            <select
                id=id.clone()
                name=name
                aria-invalid=error.is_some().then_some("true")
                aria-describedby=(!described.is_empty()).then_some(described)
            >
                {options
                    .into_iter()
                    .map(|(value, text)| {
                        let selected = value == chosen;
                        view! { <option value=value selected=selected>{text}</option> }
                    })
                    .collect_view()}
            </select>
        </div>
    }
}

/// One of a few, or several of a few, all in sight.
#[component]
pub fn Choices(
    #[prop(into)] name: String,
    #[prop(into)] legend: String,
    /// (value, shown text, whether chosen at first).
    options: Vec<(String, String, bool)>,
    /// Whether several may be chosen.
    #[prop(optional)]
    several: bool,
    #[prop(optional, into)] help: Option<String>,
    /// Whether the legend is for assistive technology only, because the table around it says it already.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView {
    let form = CurrentForm::get();
    let id = form.field_id(&name);
    let error = form.state.error(&name);
    let described = [
        help.as_ref().map(|_| format!("{id}-help")),
        error.as_ref().map(|_| format!("{id}-error")),
    ];
    let described = described.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let kind = if several { "checkbox" } else { "radio" };
    view! {
        <fieldset
            class=if error.is_some() { "field choices invalid" } else { "field choices" }
            id=id.clone()
            tabindex="-1"
            aria-describedby=(!described.is_empty()).then_some(described)
        >
            <legend class=quiet.then_some("visually-hidden")>{legend}</legend>
            {help.map(|text| view! { <p class="help" id=format!("{id}-help")>{text}</p> })}
            {error.clone().map(|message| view! { <FieldMessage id=format!("{id}-error") message/> })}
            <div class="options">
                {options
                    .into_iter()
                    .map(|(value, text, initially)| {
                        let checked = form.state.is_chosen(&name, &value, initially);
                        view! {
                            <label>
                                <input type=kind name=name.clone() value=value checked=checked/>
                                <span>{text}</span>
                            </label>
                        }
                    })
                    .collect_view()}
            </div>
        </fieldset>
    }
}

/// A single yes, sent as "yes".
#[component]
pub fn Checkbox(
    #[prop(into)] name: String,
    label: &'static str,
    checked: bool,
    #[prop(optional, into)] help: Option<String>,
) -> impl IntoView {
    let form = CurrentForm::get();
    let id = form.field_id(&name);
    let error = form.state.error(&name);
    let described = [
        help.as_ref().map(|_| format!("{id}-help")),
        error.as_ref().map(|_| format!("{id}-error")),
    ];
    let described = described.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let checked = form.state.is_chosen(&name, "yes", checked);
    view! {
        <div class=if error.is_some() { "field invalid" } else { "field" }>
            {error.clone().map(|message| view! { <FieldMessage id=format!("{id}-error") message/> })}
            <label class="check" for=id.clone()>
                <input
                    id=id.clone()
                    type="checkbox"
                    name=name
                    value="yes"
                    checked=checked
                    aria-invalid=error.is_some().then_some("true")
                    aria-describedby=(!described.is_empty()).then_some(described)
                />
                <span>{label}</span>
            </label>
            {help.map(|text| view! { <p class="help indented" id=format!("{id}-help")>{text}</p> })}
        </div>
    }
}
