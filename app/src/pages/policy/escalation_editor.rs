//! The next version of the escalation policy: typed, replayed over the history of all apps, then published.

use leptos::prelude::*;
use rampart_domain::escalation::EscalationPolicy;

use super::super::{PageTitle, query};
use crate::{
    model::{EscalationEditor, EscalationNumber},
    request::{actor, services},
    ui::{
        Crumbs, Notice, Time, Tone,
        form::{Checkbox, Form, Submit, TextField},
        page,
    },
};

/// The form of a new version.
#[component]
pub(in crate::pages) fn EscalationEditorPage() -> impl IntoView {
    let draft = query("draft");
    page(
        async move { services().escalation_policy_editor(&actor(), draft.as_deref()).await },
        show,
    )
}

fn show(editor: EscalationEditor) -> impl IntoView {
    let EscalationEditor {
        base,
        policy,
        starts,
        planned,
    } = editor;
    let starts = starts
        .map(|at| at.format("%Y-%m-%dT%H:%M").to_string())
        .unwrap_or_default();
    view! {
        <PageTitle text="Change the escalation rules"/>
        <Crumbs above=vec![("Escalation rules".to_owned(), "/policies/escalation".to_owned())]/>
        <div class="head">
            <h1>"Change the escalation rules"</h1>
        </div>
        <p class="sub">
            <span>{format!("Version {}, based on version {base}", base + 1)}</span>
            <span>"the rules change for every app"</span>
        </p>
        <div class="stack">
            {planned
                .map(|at| {
                    view! {
                        <Notice tone=Tone::Warn>
                            <p>
                                {format!("Version {base} is published and takes over on ")}<Time at/>". The fields show what it says."
                            </p>
                        </Notice>
                    }
                })}
            <Form
                id="escalation-policy"
                action="/policies/escalation/what-if"
                version=i64::try_from(base).unwrap_or_default()
                class="form card padded"
            >
                {SECTIONS.map(|about| section(about, &policy)).collect_view()}
                <section aria-labelledby="taking-over">
                    <h2 id="taking-over">"Taking over"</h2>
                    <TextField
                        name="starts"
                        label="Takes over at (UTC)"
                        kind="datetime-local"
                        value=starts
                        required=false
                        own=true
                        help="A time ahead, within a year. Left empty, the version takes over as soon as it is published."
                    />
                </section>
                <Submit label="Replay the history"/>
                <p class="fine">
                    "The history of every app is replayed under these numbers. You see who would stand elsewhere and which decisions differ; nothing is published before you have."
                </p>
            </Form>
        </div>
    }
}

const SECTIONS: [&str; 5] = ["Remediation", "Demotion", "Recovery", "Reinstatement", "Transition"];

fn section(about: &'static str, policy: &EscalationPolicy) -> impl IntoView + use<> {
    let numbers = EscalationNumber::ALL.into_iter().filter(|number| number.about == about);
    let fields = numbers.map(|number| {
        let value = policy.number(number.name).unwrap_or_default().to_string();
        view! { <TextField name=number.name label=number.label value help=number.help/> }
    });
    let automatic = (about == "Demotion").then(|| {
        view! {
            <Checkbox
                name=EscalationNumber::AUTOMATIC
                label="Demote without a person"
                checked=policy.demotion.automatic
                help="Otherwise a program manager confirms each proposed demotion, or declines it."
            />
        }
    });
    let id = about.to_lowercase();
    let heading = id.clone();
    view! {
        <section aria-labelledby=id>
            <h2 id=heading>{about}</h2>
            <div class="numbers explained">{fields.collect_view()}</div>
            {automatic}
        </section>
    }
}
