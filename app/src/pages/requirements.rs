//! What the programme asks of an app, from the rules in force, with the words that it uses.

use leptos::prelude::*;
use rampart_domain::{
    app::AppKind,
    onboarding::{Item, Need},
};

use super::{PageTitle, policy};
use crate::{
    model::{EscalationRulesPage, PolicyPage},
    request::{actor, services, viewer},
    ui::{Card, Scroll, page},
};

/// Everything that is asked, on one page that can be printed.
#[component]
pub(super) fn RequirementsPage() -> impl IntoView {
    page(
        async move {
            let (services, actor) = (services(), actor());
            let measurement = services.measurement_policy(&actor).await?;
            Ok((measurement, services.escalation_policy(&actor).await?))
        },
        show,
    )
}

/// The parts of the page, each with its anchor.
const PARTS: [(&str, &str); 4] = [
    ("what-is-required", "What is required"),
    ("service-levels", "Service levels"),
    ("what-breaches-lead-to", "What breaches lead to"),
    ("glossary", "Glossary"),
];

fn show((measurement, escalation): (PolicyPage, EscalationRulesPage)) -> impl IntoView {
    let platform = viewer().platform;
    let versions = format!(
        "measurement rules version {}, escalation rules version {}",
        measurement.version, escalation.policy.version
    );
    let parts = PARTS.map(|(id, name)| view! { <a class="chip" href=format!("#{id}")>{name}</a> });
    let words = policy::in_words(&escalation.policy);
    view! {
        <PageTitle text="Requirements"/>
        <div class="head"><h1>"Requirements"</h1></div>
        <p class="sub">
            <span>{format!("What {} {} asks of an app", platform.name, platform.designation)}</span>
            <span>{versions}</span>
        </p>
        <policy::RulesTabs current="Requirements"/>
        <div class="stack">
            <nav class="chips" aria-label="On this page">{parts.collect_view()}</nav>
            <Card title="What is required">
                <Items/>
                <p class="body ruled fine">
                    "An app is approved once everything required is done, or waived by a program manager with a reason and for a time. The efforts are estimates of the programme; where it gives none, there is none here."
                </p>
            </Card>
            <Card title="Service levels" aside=|| view! { <a href="/policies/measurement">"The rules and their versions"</a> }>
                <policy::RuleTable rules=measurement.rules/>
                <p class="body ruled fine">
                    "An objective looks back on 28 days. Minutes that are excluded count neither as good nor as bad."
                </p>
            </Card>
            <Card
                title="What breaches lead to"
                aside=|| view! { <a href="/policies/escalation">"The rules and their versions"</a> }
            >
                <div class="body stack tight">{words}</div>
            </Card>
            <Card title="Glossary">
                <Glossary/>
            </Card>
        </div>
    }
}

#[component]
fn Items() -> impl IntoView {
    let rows = Item::ALL.iter().map(|item| {
        let need = match (item.need(AppKind::Connect), item.need(AppKind::Forge)) {
            (Need::Required, Need::Recommended) => "Required of Connect apps",
            (need, _) => need.label(),
        };
        let effort = match item.effort() {
            Some((least, most)) => format!("{least} to {most}\u{a0}days"),
            None => "–".to_owned(),
        };
        view! {
            <tr role="row" id=format!("item-{item}")>
                <th role="rowheader" scope="row" class="wrap">{item.label()}</th>
                <td role="cell" class="wrap" data-label="How much">{need}</td>
                <td role="cell" data-label="Effort">{effort}</td>
                <td role="cell" class="wrap" data-label="What">{item.asks()}</td>
            </tr>
        }
    });
    view! {
        <Scroll label="What is required">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Requirement"</th>
                        <th role="columnheader" scope="col">"How much"</th>
                        <th role="columnheader" scope="col">"Effort"</th>
                        <th role="columnheader" scope="col">"What"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

/// (anchor, word, meaning), in the order of the alphabet.
const GLOSSARY: [(&str, &str, &str); 19] = [
    (
        "blip",
        "Blip",
        "An episode too small to count: it is mailed and kept, and moves nothing.",
    ),
    (
        "breach",
        "Breach",
        "A series is below the rate at which the alert opens. The partner gets a mail when it begins and when it ends.",
    ),
    (
        "burn-rate",
        "Burn rate",
        "How fast the error budget is being used: at a rate of 1 it lasts exactly 28 days, at 14 two days.",
    ),
    (
        "demotion",
        "Demotion",
        "The app loses the designation. It is proposed by the rules and decided by a program manager, unless the rules say that nobody has to confirm it.",
    ),
    (
        "developer-first-rollout",
        "Developer first rollout",
        "A group of instances that get changes of a product before customers do. Figures from there are charted, and never assessed.",
    ),
    (
        "episode",
        "Episode",
        "One row of the breach history: from the minute in which the alert opens to the one in which it closes.",
    ),
    (
        "error-budget",
        "Error budget",
        "What an objective leaves for bad events: of 99.9 % over 28 days, one event in a thousand.",
    ),
    (
        "excluded-minute",
        "Excluded minute",
        "A minute that counts neither as good nor as bad, for a reason that stands in the exclusion ledger.",
    ),
    (
        "flapping",
        "Flapping",
        "A series opens and closes its alert again and again. Its mails are bundled into one; its episodes count as ever.",
    ),
    (
        "miss",
        "Miss",
        "A series stays below its objective over 28 days. It is kept apart from breaches, which look back a shorter time.",
    ),
    (
        "mttd",
        "MTTD",
        "Mean time to detect: from the beginning of a failure to the moment at which somebody knows of it.",
    ),
    (
        "mttr",
        "MTTR",
        "Mean time to recover: from the beginning of a failure to its end.",
    ),
    (
        "occurrence",
        "Occurrence",
        "Counted episodes of one app that overlap or follow each other within 6 hours. The escalation rules count occurrences, so one failure is not counted once for each series.",
    ),
    (
        "pir",
        "PIR",
        "Post-incident review: what happened, why, and which actions keep it from happening again.",
    ),
    (
        "remediation",
        "Remediation",
        "A time in which the partner carries out a plan, because breaches repeated or a target was missed for long.",
    ),
    (
        "sli",
        "SLI",
        "Service level indicator: a measurement of what users rely on, such as availability or response. Each event is good or bad.",
    ),
    (
        "slo",
        "SLO",
        "Service level objective: the share of good events that an SLI has to reach over 28 days.",
    ),
    (
        "synthetic-test",
        "Synthetic test",
        "An automated test that acts as a user, runs regularly and reports what it found. It is charted, and has no objective.",
    ),
    (
        "waiver",
        "Waiver",
        "A decision of a program manager, with a reason: that a requirement is not asked of an app for a time, or that minutes are excluded.",
    ),
];

#[component]
fn Glossary() -> impl IntoView {
    let words = GLOSSARY.map(|(id, word, meaning)| {
        view! {
            <dt id=id><a class="anchor" href=format!("#{id}")>{word}</a></dt>
            <dd>{meaning}</dd>
        }
    });
    view! { <dl class="body meanings glossary">{words.collect_view()}</dl> }
}
