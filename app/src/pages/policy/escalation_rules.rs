//! The escalation rules in force, in plain words.

use leptos::prelude::*;
use rampart_domain::escalation::EscalationPolicy;

use super::{super::PageTitle, Changes, RulesTabs, Versions};
use crate::{
    model::{EscalationNumber, EscalationRulesPage},
    request::{actor, services, viewer},
    ui::{Card, Notice, Scroll, Time, Tone, figure::counted, page},
};

/// The escalation policy, as everybody may read it.
#[component]
pub(in crate::pages) fn EscalationPolicyPage() -> impl IntoView {
    page(async move { services().escalation_policy(&actor()).await }, show)
}

fn show(rules: EscalationRulesPage) -> impl IntoView {
    let platform = viewer().platform;
    let version = rules.policy.version;
    let words = in_words(&rules.policy);
    view! {
        <PageTitle text="Escalation rules"/>
        <div class="head">
            <h1>"Escalation rules"</h1>
            {rules
                .may_publish
                .then(|| view! { <div class="acts"><a class="btn" href="/policies/escalation/edit">"Change the rules"</a></div> })}
        </div>
        <p class="sub">
            <span>
                {format!("Version {version} holds ")}
                {match rules.since {
                    Some(at) => view! { "since "<Time at/> }.into_any(),
                    None => "since the beginning".into_any(),
                }}
            </span>
            <span>{format!("the same for every app in {} {}", platform.name, platform.designation)}</span>
        </p>
        <RulesTabs current="Escalation"/>
        <div class="stack">
            {rules
                .transition_ends
                .map(|at| {
                    view! {
                        <Notice tone=Tone::Warn>
                            <p>
                                "Until "<Time at/>
                                " what this version tightens holds only where the rules before it hold as well. What it loosens holds already."
                            </p>
                        </Notice>
                    }
                })}
            {rules
                .planned
                .into_iter()
                .map(|next| {
                    view! {
                        <Notice tone=Tone::Warn>
                            <p>{format!("Version {} takes over on ", next.version)}<Time at=next.starts/>":"</p>
                            <Changes changes=next.changes/>
                        </Notice>
                    }
                })
                .collect_view()}
            <div class="pair">
                <Card title="In words">
                    <div class="body stack tight">{words}</div>
                </Card>
                <Card title="The numbers">
                    <Numbers policy=rules.policy/>
                </Card>
            </div>
            <Card title="Versions" aside=|| "the latest first">
                <Versions versions=rules.versions/>
            </Card>
            <p class="fine">
                "A version is never changed once it is published, and what was decided stays. Deadlines, appeals and freezes: while an app or everything is frozen, or an appeal is open, nothing is enforced and the deadline stands still."
            </p>
        </div>
    }
}

#[component]
fn Numbers(policy: EscalationPolicy) -> impl IntoView {
    let rows = EscalationNumber::ALL.into_iter().map(move |number| {
        let value = policy.number(number.name);
        view! {
            <tr role="row">
                <th role="rowheader" scope="row" class="wrap">{number.about}</th>
                <td role="cell" class="wrap" data-label="What">{number.label}</td>
                <td role="cell" class="num" data-label="Number">{value}</td>
            </tr>
        }
    });
    view! {
        <Scroll label="The numbers">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Step"</th>
                        <th role="columnheader" scope="col">"What"</th>
                        <th role="columnheader" scope="col" class="num">"Number"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

/// The ladder, a step a paragraph.
pub(in crate::pages) fn in_words(policy: &EscalationPolicy) -> impl IntoView + use<> {
    let days = |n: u64| counted(n, "day", "days");
    let breaches = |n: u64| counted(n, "breach", "breaches");
    let EscalationPolicy {
        remediation,
        demotion,
        recovery,
        reinstatement,
        ..
    } = policy;
    let decides = match demotion.automatic {
        true => "Nobody has to confirm it: the app is demoted at once.",
        false => "A program manager confirms it, or declines it and sets a new deadline.",
    };
    let steps = [
        (
            "Notified",
            format!(
                ": a breach counts, or a target is missed. After {} without anything open the app is in good standing again.",
                days(recovery.clear_quiet_days)
            ),
        ),
        (
            "In remediation",
            format!(
                ": {} counted within {}, or a target was missed for {}. A plan is agreed on and carried out. Once it is complete and {} have \
                 passed since the last breach ended, the app is in good standing again.",
                breaches(remediation.breaches),
                days(remediation.window_days),
                days(remediation.slo_missed_days),
                days(recovery.recover_quiet_days)
            ),
        ),
        (
            "Proposed for demotion",
            format!(
                ": the remediation took longer than {}, or {} counted after its first {}. {decides}",
                days(demotion.deadline_days),
                breaches(demotion.further_breaches),
                days(demotion.grace_days)
            ),
        ),
        (
            "Demoted",
            format!(
                ": the app has lost the designation. It can be taken back after {}.",
                days(reinstatement.cool_off_days)
            ),
        ),
    ];
    steps
        .map(|(step, words)| view! { <p><strong>{step}</strong>{words}</p> })
        .collect_view()
}
