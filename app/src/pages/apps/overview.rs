//! The page of an app: where it stands, its service levels, its month.

use chrono::TimeDelta;
use leptos::prelude::*;

use super::{
    super::{PageTitle, param},
    budget::Left,
    head::Head,
    standing::Standing,
    tables::{BreachTable, DayTable},
};
use crate::{
    islands::Fresh,
    model::{AlertAddress, AppOverview, BaseUrlProbe, BurnRates, MissRow, SliRow, Todo},
    request::{actor, services},
    ui::{
        Badge, Card, Empty, Notice, Time, TimeStyle, Tone,
        chart::Chart,
        figure::{Rate, millis, percent, target},
        link, page,
    },
};

/// Everything about an app at a glance.
#[component]
pub(super) fn OverviewPage() -> impl IntoView {
    let key = param("key");
    page(async move { services().app_overview(&actor(), &key).await }, show)
}

fn show(overview: AppOverview) -> impl IntoView {
    let head = overview.head.clone();
    let key = head.key.clone();
    let AppOverview {
        slis,
        todo,
        health,
        chart,
        chart_title,
        days,
        breaches,
        misses,
        alert_address,
        burn_rates,
        ..
    } = overview.clone();
    let metrics = link::app(&key, "/metrics");
    let all = link::app(&key, "/breaches");
    let settings = link::app(&key, "/settings");
    let test = format!("{settings}#health-check");
    let total = head.breaches;
    view! {
        <PageTitle text=head.name.clone()/>
        <Head head tab="Overview"/>
        <div class="grid">
            <div class="stack">
                <Card title="Where this app stands" live="standing">
                    <div class="body">
                        <Standing overview/>
                        {misses.into_iter().map(missed).collect_view()}
                    </div>
                </Card>
                {(!slis.is_empty())
                    .then(|| {
                        view! {
                            <Card title="Service levels" live="levels" aside=|| "28 days, excused minutes left out">
                                <Levels slis/>
                            </Card>
                        }
                    })}
                {chart
                    .map(|chart| {
                        view! {
                            <Card title=chart_title aside=move || view! { <a href=metrics.clone()>"All metrics"</a> }>
                                <div class="body">
                                    <Chart chart/>
                                </div>
                                {(!days.is_empty())
                                    .then(|| {
                                        view! {
                                            <details class="more">
                                                <summary>"As a table"</summary>
                                                <DayTable days/>
                                            </details>
                                        }
                                    })}
                            </Card>
                        }
                    })}
                <Card
                    title="Latest breaches"
                    live="breaches"
                    aside=move || (total > 0).then(|| view! { <a href=all.clone()>{format!("All {total}")}</a> })
                >
                    {if breaches.is_empty() {
                        view! {
                            <Empty title="No breach so far">
                                <p>"A breach opens when a rate falls below its alert threshold, and is mailed within minutes."</p>
                            </Empty>
                        }
                        .into_any()
                    } else {
                        view! { <BreachTable rows=breaches label="Latest breaches"/> }.into_any()
                    }}
                </Card>
            </div>
            <aside class="stack" aria-label="What needs you, and how the app is checked">
                <Card title="What needs you" live="todo">
                    <Todos todo/>
                </Card>
                <Card title="Health check" live="health" aside=move || view! { <a href=test.clone()>"Test now"</a> }>
                    <Health health/>
                </Card>
                <Alerts address=alert_address burn_rates settings=format!("{settings}#alert-mails")/>
            </aside>
        </div>
        <Fresh/>
    }
}

/// That a target is missed, since when, and what ends it.
fn missed(miss: MissRow) -> impl IntoView {
    let of = miss.target.map(|url| format!(" of {url}")).unwrap_or_default();
    view! {
        <div class="missed">
            <Notice tone=Tone::Bad>
                <p>
                    {miss.indicator}{of}" has missed its target since "<strong><Time at=miss.since/></strong>
                    {format!(": it stood at {} over 28\u{a0}days, and {} is asked. ", percent(miss.rate), target(miss.slo))}
                    {match miss.met_since {
                        Some(at) => {
                            view! { "It is on target again since "<Time at/>"; that is over at "<Time at=at + TimeDelta::hours(24)/>" if it stays so." }
                                .into_any()
                        }
                        None => "That is over once the figure has been on target for 24\u{a0}hours.".into_any(),
                    }}
                </p>
            </Notice>
        </div>
    }
}

/// The table of service levels. On narrow screens each row becomes a block, so the roles are spelled out.
#[component]
fn Levels(slis: Vec<SliRow>) -> impl IntoView {
    view! {
        <table class="levels" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"Indicator"</th>
                    <th role="columnheader" scope="col">"15\u{a0}min"</th>
                    <th role="columnheader" scope="col">"24\u{a0}h"</th>
                    <th role="columnheader" scope="col">"28\u{a0}days"</th>
                    <th role="columnheader" scope="col">"Error budget left"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{slis.into_iter().map(|row| view! { <Level row/> }).collect_view()}</tbody>
        </table>
    }
}

#[component]
fn Level(row: SliRow) -> impl IntoView {
    let raw = row
        .month_raw
        .filter(|raw| row.month.is_none_or(|month| percent(month) != percent(*raw)));
    view! {
        <tr role="row">
            <th role="rowheader" scope="row" class="name">
                <a href=row.href>{row.name}</a>
                {row.target.map(|url| view! { <span class="code">{url}</span> })}
                <span>{format!("target {}", target(row.slo))}</span>
            </th>
            <td role="cell" data-label="15 min">
                <Rate value=row.quarter_hour/>
            </td>
            <td role="cell" data-label="24 h">
                <Rate value=row.day/>
            </td>
            <td role="cell" data-label="28 days">
                <Rate value=row.month/>
                {raw.map(|raw| view! { <span class="raw">{format!("{} with excused", percent(raw))}</span> })}
            </td>
            <td role="cell" class="budget">
                <Left budget=row.budget raw=row.budget_raw outlook=row.outlook href=row.budget_href/>
                {row
                    .breach_since
                    .map(|at| view! { <span class="raw">"breach open since "<Time at style=TimeStyle::Short/></span> })}
            </td>
        </tr>
    }
}

#[component]
fn Todos(todo: Vec<Todo>) -> impl IntoView {
    if todo.is_empty() {
        return view! { <p class="body quiet">"Nothing right now."</p> }.into_any();
    }
    let items = todo
        .into_iter()
        .map(|item| view! { <li><a href=item.href>{item.title}</a><small>{item.detail}</small></li> });
    view! { <ul class="todo">{items.collect_view()}</ul> }.into_any()
}

#[component]
fn Health(health: Vec<BaseUrlProbe>) -> impl IntoView {
    if health.is_empty() {
        return view! { <p class="body quiet">"No base URL is given yet."</p> }.into_any();
    }
    let probes = health.into_iter().map(|probe| {
        let tone = match probe.good {
            Some(true) => Tone::Good,
            Some(false) => Tone::Bad,
            None => Tone::Unknown,
        };
        // A long reason would not fit into a badge.
        let (badge, reason) = match probe.good {
            Some(true) => (probe.outcome, None),
            Some(false) => ("failed".to_owned(), Some(probe.outcome)),
            None => ("not probed yet".to_owned(), None),
        };
        view! {
            <dl class="body facts">
                <dt>"Answer"</dt>
                <dd>
                    <Badge tone word=badge/>
                </dd>
                {reason.map(|reason| view! { <dd class="reason">{reason}</dd> })}
                {probe.at.map(|at| view! { <dt>"Last"</dt><dd><Time at style=TimeStyle::Second/>" UTC"</dd> })}
                {probe.p95_ms.map(|ms| view! { <dt>"p95, 24\u{a0}h"</dt><dd>{millis(ms as f64)}</dd> })}
                <dt>"URL"</dt>
                <dd class="code">{probe.url}</dd>
            </dl>
        }
    });
    probes.collect_view().into_any()
}

#[component]
fn Alerts(address: AlertAddress, burn_rates: BurnRates, settings: String) -> impl IntoView {
    let (pending, failed, confirmed) = (address.pending, address.failed, address.confirmed.is_some());
    let recipients = address.recipients;
    view! {
        <Card title="Alert mails" live="alerts" aside=move || view! { <a href=settings.clone()>"Change"</a> }>
            <div class="body stack tight">
                {failed
                    .map(|(address, at)| {
                        view! {
                            <Notice tone=Tone::Bad>
                                <p>{address}" refused mail on "<Time at style=TimeStyle::Short/>"."</p>
                            </Notice>
                        }
                    })}
                {pending
                    .map(|address| view! { <Notice tone=Tone::Warn><p>{address}" is not confirmed yet: the drill mail holds the link."</p></Notice> })}
                {if recipients.is_empty() {
                    view! { <p>"Nobody gets the alerts of this app."</p> }.into_any()
                } else {
                    view! {
                        <p class="quiet">{if confirmed { "Alerts go to" } else { "Alerts go to the owners of the team" }}</p>
                        <ul class="plain-list">{recipients.into_iter().map(|r| view! { <li>{r}</li> }).collect_view()}</ul>
                    }
                    .into_any()
                }}
                {burn_rates
                    .on
                    .then(|| {
                        let last = burn_rates
                            .last
                            .map(|at| {
                                let state = if burn_rates.is_open { ", and it goes on" } else { "" };
                                view! { "; the last one began "<Time at style=TimeStyle::Short/>{state} }
                            });
                        let none = burn_rates.last.is_none().then_some("; none so far");
                        view! { <p class="quiet">"Burn-rate alerts are on"{last}{none}"."</p> }
                    })}
            </div>
        </Card>
    }
}
