//! The measurement policy: the rules by which every app is measured, and the editor of the next version.

mod editor;
mod rules;

use leptos::prelude::*;

use crate::model::PolicyChange;

pub(super) use editor::PolicyEditorPage;
pub(super) use rules::PolicyPage;

/// What differs between two versions.
#[component]
fn Changes(changes: Vec<PolicyChange>) -> impl IntoView {
    let items = changes.into_iter().map(|change| {
        view! {
            <li>
                <span class="field-name">{format!("{}, {}: ", change.indicator, change.what)}</span>
                <del>{change.before}</del>" → "<ins>{change.after}</ins>
            </li>
        }
    });
    view! { <ul class="plain-list changes">{items.collect_view()}</ul> }
}
