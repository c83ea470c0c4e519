//! The rules in force, in plain words.

use leptos::prelude::*;
use rampart_domain::sli::Sli;

use super::{super::PageTitle, Changes, RulesTabs, Versions};
use crate::{
    model::{self, SliRules},
    request::{actor, services, viewer},
    ui::{Card, Notice, Scroll, Time, Tone, figure::counted, page},
};

/// The measurement policy, as everybody may read it.
#[component]
pub(in crate::pages) fn PolicyPage() -> impl IntoView {
    page(async move { services().measurement_policy(&actor()).await }, show)
}

fn show(policy: model::PolicyPage) -> impl IntoView {
    let platform = viewer().platform;
    let version = policy.version;
    let words = policy.rules.iter().map(in_words).collect_view();
    view! {
        <PageTitle text="Measurement rules"/>
        <div class="head">
            <h1>"Measurement rules"</h1>
            {policy
                .may_publish
                .then(|| view! { <div class="acts"><a class="btn" href="/policies/measurement/edit">"Change the rules"</a></div> })}
        </div>
        <p class="sub">
            <span>
                {format!("Version {version} holds ")}
                {match policy.since {
                    Some(at) => view! { "since "<Time at/> }.into_any(),
                    None => "since the beginning".into_any(),
                }}
            </span>
            <span>{format!("the same for every app in {} {}", platform.name, platform.designation)}</span>
        </p>
        <RulesTabs current="Measurement"/>
        <div class="stack">
            {policy
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
            <Card title="What holds now">
                <RuleTable rules=policy.rules/>
            </Card>
            <div class="pair">
                <Card title="In words">
                    <div class="body stack tight">
                        {words}
                    </div>
                </Card>
                <Card title="What the numbers mean">
                    <dl class="body meanings">
                        <dt>"Objective"</dt>
                        <dd>
                            "The share of events of the last 28 days that has to be good. What it leaves for bad ones is the error budget."
                        </dd>
                        <dt>"Alert below"</dt>
                        <dd>"A breach opens, and is mailed, when the rate over the alert window is below this share."</dd>
                        <dt>"Alert window"</dt>
                        <dd>"How far back the alert looks, every minute anew."</dd>
                        <dt>"Bad events for an alert"</dt>
                        <dd>"So many events of the window have to be bad: one failure among few events raises no alarm where this is more than 1."</dd>
                        <dt>"Settling"</dt>
                        <dd>"How long events on their way are waited for before their minute is looked at. What comes later is counted all the same."</dd>
                    </dl>
                </Card>
            </div>
            <Card title="Versions" aside=|| "the latest first">
                <Versions versions=policy.versions/>
            </Card>
            <p class="fine">
                "A version is never changed once it is published. Each evaluation uses the version that holds at its minute, so new rules change nothing that was decided before."
            </p>
        </div>
    }
}

#[component]
pub(in crate::pages) fn RuleTable(rules: Vec<SliRules>) -> impl IntoView {
    let rows = rules.into_iter().map(|SliRules { sli, policy }| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{sli.name()}</th>
                <td role="cell" class="num" data-label="Objective, 28 days">{spaced(policy.slo)}</td>
                <td role="cell" class="num" data-label="Alert below">{spaced(policy.alert.threshold)}</td>
                <td role="cell" class="num" data-label="Alert window">{length(policy.alert.window_minutes)}</td>
                <td role="cell" class="num" data-label="Bad events for an alert">{policy.alert.min_bad}</td>
                <td role="cell" class="num" data-label="Settling">{length(policy.settle_minutes)}</td>
            </tr>
        }
    });
    view! {
        <Scroll label="What holds now">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Indicator"</th>
                        <th role="columnheader" scope="col" class="num">"Objective, 28\u{a0}days"</th>
                        <th role="columnheader" scope="col" class="num">"Alert below"</th>
                        <th role="columnheader" scope="col" class="num">"Alert window"</th>
                        <th role="columnheader" scope="col" class="num">"Bad events for an alert"</th>
                        <th role="columnheader" scope="col" class="num">"Settling"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

fn in_words(rules: &SliRules) -> impl IntoView + use<> {
    let SliRules { sli, policy } = *rules;
    let events = match sli {
        Sli::Availability => "health checks",
        Sli::IframeLoad => "page loads",
        Sli::InstallationCallback => "installation callbacks",
        Sli::WebhookDelivery => "webhook deliveries",
        Sli::Synthetic => "synthetic tests",
    };
    let bad = match policy.alert.min_bad {
        1 => "at least 1 of them is bad".to_owned(),
        n => format!("at least {n} of them are bad"),
    };
    view! {
        <p>
            <strong>{sli.name()}</strong>
            {format!(
                ": {} of the {events} of 28 days have to be good. A breach opens when fewer than {} of those of the past {} are good and {bad}. \
                 Minutes are looked at {} after their end.",
                spaced(policy.slo),
                spaced(policy.alert.threshold),
                length(policy.alert.window_minutes),
                length(policy.settle_minutes),
            )}
        </p>
    }
}

/// "99.9 %", which does not break.
fn spaced(share: rampart_domain::policy::Ppm) -> String {
    share.to_string().replace(' ', "\u{202f}")
}

/// "15 min", "24 hours", "28 days".
fn length(minutes: u32) -> String {
    let minutes = u64::from(minutes);
    let text = match minutes {
        m if m > 1_440 && m.is_multiple_of(1_440) => counted(m / 1_440, "day", "days"),
        m if m >= 60 && m.is_multiple_of(60) => counted(m / 60, "hour", "hours"),
        m => format!("{m} min"),
    };
    text.replace(' ', "\u{a0}")
}
