//! All series of an app at a glance.

use leptos::prelude::*;

use super::budget::Left;
use crate::{
    model::{SeriesCard, SeriesGroup, SourceInUse, Volumes},
    request::viewer,
    ui::{
        Badge, Card, Notice, Scroll, Time, TimeStyle, Tone,
        chart::Spark,
        figure::{Count, Rate, count, millis_or_dash, percent, target},
    },
};

/// A card for each group, production first.
#[component]
pub(super) fn Dashboard(groups: Vec<SeriesGroup>) -> impl IntoView {
    let groups = groups.into_iter().map(|group| {
        let aside = match group.name {
            "Production" => "28\u{a0}days, excused minutes left out",
            "Developer first rollout" => "never held to a target, never a breach",
            _ => "what was counted in the last 28\u{a0}days",
        };
        view! {
            <Card title=group.name aside=move || aside>
                <SeriesTable cards=group.cards label=group.name/>
            </Card>
        }
    });
    groups.collect_view()
}

/// One row for each series. On narrow screens each becomes a block, so the roles are spelled out.
#[component]
fn SeriesTable(cards: Vec<SeriesCard>, label: &'static str) -> impl IntoView {
    let has_budget = cards.iter().any(|card| card.budget.is_some());
    view! {
        <Scroll label=format!("Series: {label}")>
            <table class="rows blocks glance" role="table">
                <caption class="visually-hidden">{format!("Series at a glance: {label}. Figures of the last 28 days; times in UTC.")}</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Indicator"</th>
                        <th role="columnheader" scope="col">"28\u{a0}days"</th>
                        <th role="columnheader" scope="col">"By day"</th>
                        <th role="columnheader" scope="col" class="num">"Good"</th>
                        <th role="columnheader" scope="col" class="num">"Bad"</th>
                        <th role="columnheader" scope="col" class="num">"p50 · p95 · p99"</th>
                        {has_budget.then(|| view! { <th role="columnheader" scope="col">"Error budget"</th> })}
                        <th role="columnheader" scope="col">"Data up to"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{cards.into_iter().map(|card| view! { <Row card has_budget/> }).collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

#[component]
fn Row(card: SeriesCard, has_budget: bool) -> impl IntoView {
    let latency = [card.p50_ms, card.p95_ms, card.p99_ms].map(|ms| millis_or_dash(ms.map(|ms| ms as f64)));
    let latency = if card.p50_ms.is_some() {
        latency.join(" · ")
    } else {
        "–".to_owned()
    };
    view! {
        <tr role="row">
            <th role="rowheader" scope="row" class="wrap">
                <a href=card.href.clone()>{card.name.clone()}</a>
                {card.target.clone().map(|url| view! { <span class="key-line code">{url}</span> })}
                <span class="key-line">
                    {match card.slo {
                        Some(slo) => format!("target {}", target(slo)),
                        None => "no target".to_owned(),
                    }}
                </span>
                <Source source=card.source volumes=card.volumes/>
            </th>
            <td role="cell" data-label="28 days">
                <Month card=card.clone()/>
            </td>
            <td role="cell" data-label="By day" class="trend">
                <Spark days=card.trend slo=card.slo/>
            </td>
            <td role="cell" class="num" data-label="Good"><Count value=card.good/></td>
            <td role="cell" class="num" data-label="Bad"><Count value=card.bad/></td>
            <td role="cell" class="num wide" data-label="p50 · p95 · p99">{latency}</td>
            {has_budget
                .then(|| {
                    view! {
                        <td role="cell" class="wide" data-label="Error budget">
                            {card
                                .budget
                                .map(|(budget, raw, href)| view! { <Left budget raw outlook=card.outlook href/> })}
                            {card
                                .breach_since
                                .map(|at| view! { <span class="key-line">"breach open since "<Time at style=TimeStyle::Short/></span> })}
                        </td>
                    }
                })}
            <td role="cell" data-label="Data up to"><UpTo card_until=card.complete_until/></td>
        </tr>
    }
}

/// The adjusted rate, whether it is on target, and the rate as measured where that differs.
#[component]
pub(super) fn Month(card: SeriesCard) -> impl IntoView {
    let raw = card
        .month_raw
        .filter(|raw| card.month.is_none_or(|month| percent(month) != percent(*raw)));
    let state = card.slo.zip(card.month).map(|(slo, month)| {
        if month < slo {
            (Tone::Bad, "below target")
        } else {
            (Tone::Good, "on target")
        }
    });
    view! {
        <Rate value=card.month/>
        {state.map(|(tone, word)| view! { <span class="key-line"><Badge tone word/></span> })}
        {raw.map(|raw| view! { <span class="key-line">{format!("{} with excused", percent(raw))}</span> })}
    }
}

#[component]
fn UpTo(card_until: Option<chrono::DateTime<chrono::Utc>>) -> impl IntoView {
    match card_until {
        None => view! { <span class="quiet">"no data yet"</span> }.into_any(),
        Some(at) if at.date_naive() == viewer().now.date_naive() => {
            view! { <Time at style=TimeStyle::Clock/> }.into_any()
        }
        Some(at) => view! { <Time at style=TimeStyle::Short/> }.into_any(),
    }
}

/// Which iframe events count, and for reviewers whether the app's own are as many as they should be.
#[component]
pub(super) fn Source(source: Option<SourceInUse>, volumes: Option<Volumes>) -> impl IntoView {
    let source = source.map(|source| match source {
        SourceInUse::Own => "source: the app’s own events",
        SourceInUse::Generic => "source: generic events",
    });
    let differ = volumes.filter(|volumes| volumes.differ());
    view! {
        {source.map(|source| view! { <span class="key-line">{source}</span> })}
        {differ
            .map(|Volumes { own, generic }| {
                view! {
                    <span class="key-line">
                        <Badge tone=Tone::Warn word="own volume differs"/>
                        {format!(" {} own, {} generic in 24\u{a0}h", count(own), count(generic))}
                    </span>
                }
            })}
    }
}

/// Beside the figures of one series, in a sentence; the row of the dashboard has it in short.
#[component]
pub(super) fn SourceNotice(source: Option<SourceInUse>, volumes: Option<Volumes>) -> impl IntoView {
    let source = source?;
    let text = match source {
        SourceInUse::Own => "The app’s own events count: it sent one in the last 15\u{a0}minutes.",
        SourceInUse::Generic => "Generic events count: the app sent no event of its own in the last 15\u{a0}minutes.",
    };
    let volumes = volumes.map(|volumes| {
        let numbers = format!(
            "In the last 24\u{a0}h, while own events counted: {} own, {} generic.",
            count(volumes.own),
            count(volumes.generic)
        );
        if volumes.differ() {
            view! {
                <Notice tone=Tone::Warn>
                    <p>{numbers}" That is outside half to twice the generic volume; only staff see this."</p>
                </Notice>
            }
            .into_any()
        } else {
            view! { <p class="fine">{numbers}</p> }.into_any()
        }
    });
    Some(view! {
        <div class="stack tight">
            <p class="fine">{text}</p>
            {volumes}
        </div>
    })
}
