//! The rules: the measurement policy, by which every app is measured, the escalation policy, and the editors of their next
//! versions.

mod editor;
mod escalation_editor;
mod escalation_rules;
mod rules;
mod what_if;

use leptos::prelude::*;

use crate::{
    model::{PolicyChange, PolicyVersion, VersionStanding},
    ui::{Badge, Scroll, Tabs, Time, TimeStyle, Tone},
};

pub(super) use editor::PolicyEditorPage;
pub(super) use escalation_editor::EscalationEditorPage;
pub(super) use escalation_rules::{EscalationPolicyPage, in_words};
pub(super) use rules::{PolicyPage, RuleTable};
pub(super) use what_if::{WhatIfAppPage, WhatIfPage};

/// Between the rules of both kinds.
#[component]
pub(super) fn RulesTabs(current: &'static str) -> impl IntoView {
    let tabs = vec![
        ("Requirements", "/requirements".to_owned(), None),
        ("Measurement", "/policies/measurement".to_owned(), None),
        ("Escalation", "/policies/escalation".to_owned(), None),
    ];
    view! { <Tabs label="Rules" tabs current/> }
}

/// What differs between two versions.
#[component]
fn Changes(changes: Vec<PolicyChange>) -> impl IntoView {
    let items = changes.into_iter().map(|change| {
        view! {
            <li>
                <span class="field-name">{format!("{}, {}: ", change.about, change.what)}</span>
                <del>{change.before}</del>" → "<ins>{change.after}</ins>
            </li>
        }
    });
    view! { <ul class="plain-list changes">{items.collect_view()}</ul> }
}

/// Every version that was published, the latest first, down to the standard.
#[component]
fn Versions(versions: Vec<PolicyVersion>) -> impl IntoView {
    let rows = versions.into_iter().map(|version| {
        let badge = match version.standing {
            VersionStanding::Holds => view! { <Badge tone=Tone::Good word="holds"/> },
            VersionStanding::Planned => view! { <Badge tone=Tone::Warn word="planned"/> },
            VersionStanding::Earlier => view! { <Badge tone=Tone::Unknown word="held before"/> },
            VersionStanding::Replaced => view! { <Badge tone=Tone::Unknown word="never held"/> },
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{format!("Version {}", version.version)}</th>
                <td role="cell" data-label="State">{badge}</td>
                <td role="cell" class="starts" data-label="From"><Time at=version.starts style=TimeStyle::Full/></td>
                <td role="cell" data-label="Published"><Time at=version.at style=TimeStyle::Date/>" by "{version.by}</td>
                <td role="cell" class="wrap" data-label="What changed, and why">
                    <Changes changes=version.changes/>
                    <p class="why">{version.reason}</p>
                </td>
            </tr>
        }
    });
    view! {
        <Scroll label="Versions">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Version"</th>
                        <th role="columnheader" scope="col">"State"</th>
                        <th role="columnheader" scope="col">"From"</th>
                        <th role="columnheader" scope="col">"Published"</th>
                        <th role="columnheader" scope="col">"What changed, and why"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {rows.collect_view()}
                    <tr role="row">
                        <th role="rowheader" scope="row">"Version 1"</th>
                        <td role="cell" class="wrap" colspan="4">"The programme's standard, from the beginning."</td>
                    </tr>
                </tbody>
            </table>
        </Scroll>
    }
}
