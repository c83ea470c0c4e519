//! The receipt of a decision: what it rests on, and how to compute it again.

use leptos::prelude::*;

use super::{
    super::{PageTitle, param},
    head::Head,
};
use crate::{
    model::{self, FactRow},
    request::{actor, services},
    ui::{Card, Scroll, Time, TimeStyle, capitalized, figure::counted, link, page},
};

/// One decision of the escalation engine.
#[component]
pub(super) fn ReceiptPage() -> impl IntoView {
    let (key, receipt) = (param("key"), param("receipt"));
    page(async move { services().receipt(&actor(), &key, &receipt).await }, show)
}

fn show(page: model::ReceiptPage) -> impl IntoView {
    let model::ReceiptPage {
        head,
        decision,
        recorded_at,
        facts,
        inputs,
        until,
        policy_href,
        facts_href,
    } = page;
    let step = format!("{} → {}", capitalized(decision.from.label()), decision.to.label());
    let back = link::app(&head.key, "/escalation");
    let total = facts.len() as u64;
    let commands = format!(
        "cat policy.json facts.jsonl | sha256sum\nrampart replay --policy policy.json --facts facts.jsonl --until {until} --explain"
    );
    view! {
        <PageTitle text=format!("Receipt: {step}, {}", head.name)/>
        <Head head tab="Escalation"/>
        <div class="grid">
            <div class="stack">
                <Card title=step.clone() aside=move || view! { <a href=back.clone()>"All decisions"</a> }>
                    <div class="body">
                        <p class="sentence">{decision.explanation}</p>
                    </div>
                </Card>
                <Card title="What it rests on" aside=move || counted(total, "fact", "facts")>
                    {if facts.is_empty() {
                        view! { <p class="body quiet">"No single fact: the time that has passed, by the rule."</p> }.into_any()
                    } else {
                        view! { <FactTable facts/> }.into_any()
                    }}
                </Card>
                <Card title="Compute it again">
                    <div class="body stack tight">
                        <p>
                            "Download "<a href=policy_href download>"policy.json"</a>" and "<a href=facts_href download>"facts.jsonl"</a>
                            ". The first command prints the SHA-256 of this receipt, the second one every decision up to this one."
                        </p>
                        <pre class="mail-text code">{commands}</pre>
                    </div>
                </Card>
            </div>
            <aside class="stack" aria-label="Receipt">
                <Card title="Receipt">
                    <dl class="body facts">
                        <dt>"Decided for"</dt>
                        <dd><Time at=decision.at style=TimeStyle::Full/></dd>
                        <dt>"Recorded"</dt>
                        <dd><Time at=recorded_at/></dd>
                        <dt>"Rule"</dt>
                        <dd class="code">{decision.rule.as_str()}</dd>
                        <dt>"Policy version"</dt>
                        <dd>{decision.policy_version}</dd>
                        <dt>"SHA-256"</dt>
                        <dd class="code whole">{inputs}</dd>
                    </dl>
                </Card>
            </aside>
        </div>
    }
}

#[component]
fn FactTable(facts: Vec<FactRow>) -> impl IntoView {
    let rows = facts.into_iter().map(|fact| {
        let what = match fact.href {
            Some(href) => view! { <a href=href>{fact.what}</a> }.into_any(),
            None => fact.what.into_any(),
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row" class="wrap">{what}</th>
                <td role="cell" data-label="Known, UTC"><Time at=fact.at style=TimeStyle::Cell/></td>
                <td role="cell" class="code wrap" data-label="Id">{fact.id}</td>
            </tr>
        }
    });
    view! {
        <Scroll label="What it rests on">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Fact"</th>
                        <th role="columnheader" scope="col">"Known, UTC"</th>
                        <th role="columnheader" scope="col">"Id"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}
