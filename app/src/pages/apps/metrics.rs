//! All series at a glance, and the figures of one: the month by day, a day by five minutes, an hour by minute.

use chrono::{DateTime, NaiveDate, Utc};
use leptos::prelude::*;

use super::{
    super::{PageTitle, param, query},
    budget::Left,
    dashboard::{Dashboard, Month, SourceNotice},
    head::Head,
    tables::{DayTable, MinuteTable, ProbeTable},
};
use crate::{
    model::{self, BucketRow, MetricsLevel, MetricsQuery, SeriesCard, SeriesChoice},
    request::{actor, services, viewer},
    ui::{
        Card, Empty, Scroll, Time, TimeStyle,
        chart::{Chart, LatencyChart},
        figure::{Count, count, counted, millis_or_dash, percent_or_dash, target},
        link, page,
    },
};

/// All series, or three levels of one.
#[component]
pub(super) fn MetricsPage() -> impl IntoView {
    let key = param("key");
    let asked = MetricsQuery {
        series: query("series"),
        until: query("until").and_then(|day| day.parse().ok()),
        day: query("day").and_then(|day| day.parse().ok()),
        hour: query("hour")
            .and_then(|hour| hour.parse().ok())
            .filter(|hour| *hour < 24),
    };
    page(async move { services().app_metrics(&actor(), &key, asked).await }, show)
}

fn show(metrics: model::MetricsPage) -> impl IntoView {
    let model::MetricsPage {
        head,
        series,
        card,
        chart,
        latency,
        level,
        groups,
    } = metrics;
    let base = link::app(&head.key, "/metrics");
    let has_picker = card.is_some();
    let selected = series
        .iter()
        .find(|s| s.selected)
        .map(|s| s.id.clone())
        .unwrap_or_default();
    let month = link::with_query(&base, &[("series", &selected)]);
    let content = match (card, level) {
        (Some(card), Some(level)) => {
            let chart = chart.map(|chart| {
                let title = chart.title.clone();
                view! {
                    <Card title>
                        <div class="body">
                            <Chart chart/>
                        </div>
                    </Card>
                }
            });
            let latency = latency.map(|chart| {
                let title = chart.title.clone();
                view! {
                    <Card title>
                        <div class="body">
                            <LatencyChart chart/>
                        </div>
                    </Card>
                }
            });
            let is_month = matches!(level, MetricsLevel::Month { until: None, .. });
            view! {
                <Steps level=level.clone() all=base.clone() month/>
                {is_month.then(|| view! { <Summary card/> })}
                {chart}
                {latency}
                <Level level/>
            }
            .into_any()
        }
        _ if groups.is_empty() => view! {
            <div class="card">
                <Empty title="There are no figures yet">
                    <p>"They appear a few minutes after measuring has begun."</p>
                </Empty>
            </div>
        }
        .into_any(),
        _ => view! { <Dashboard groups/> }.into_any(),
    };
    view! {
        <PageTitle text=format!("Metrics of {}", head.name)/>
        <Head head tab="Metrics"/>
        <div class="stack">
            {has_picker.then(|| view! { <SeriesPicker series base/> })}
            {content}
        </div>
    }
}

/// The 28 days of one series in a row, with what is left of its budget.
#[component]
fn Summary(card: SeriesCard) -> impl IntoView {
    let (source, volumes) = (card.source, card.volumes);
    let budget = card.budget.clone();
    let (good, bad) = (card.good, card.bad);
    let up_to = card.complete_until;
    let outlook = card.outlook;
    view! {
        <Card
            title="28\u{a0}days"
            aside=move || up_to.map(|at| view! { "data up to "<Time at style=TimeStyle::Short/> })
        >
            <dl class="body tiles">
                <div>
                    <dt>{card.slo.map_or_else(|| "Rate".to_owned(), |slo| format!("Rate, target {}", target(slo)))}</dt>
                    <dd>
                        <Month card=card.clone()/>
                    </dd>
                </div>
                <div>
                    <dt>"Good, bad"</dt>
                    <dd>
                        <span class="figure">{count(good)}</span>
                        <span class="key-line">{counted(bad, "bad event", "bad events")}</span>
                    </dd>
                </div>
                {budget
                    .map(|(budget, raw, href)| {
                        view! {
                            <div>
                                <dt>"Error budget"</dt>
                                <dd>
                                    <Left budget raw outlook href/>
                                </dd>
                            </div>
                        }
                    })}
            </dl>
            {source.map(|_| view! { <div class="body ruled"><SourceNotice source volumes/></div> })}
        </Card>
    }
}

/// Which series is shown; nothing to choose from when there is only one.
#[component]
fn SeriesPicker(series: Vec<SeriesChoice>, base: String) -> impl IntoView {
    (series.len() > 1).then(|| {
        let choices = series.into_iter().map(|choice| {
            let href = link::with_query(&base, &[("series", &choice.id)]);
            view! { <a class="chip" href=href aria-current=choice.selected.then_some("true")>{choice.name}</a> }
        });
        view! { <nav class="chips" aria-label="Series">{choices.collect_view()}</nav> }
    })
}

fn day_text(date: NaiveDate) -> String {
    date.format("%A, %-d\u{a0}%b\u{a0}%Y").to_string()
}

fn hour_text(from: DateTime<Utc>) -> String {
    from.format("%H:00 to %H:59\u{a0}UTC").to_string()
}

/// The way back up, and to the neighbours.
#[component]
fn Steps(level: MetricsLevel, all: String, month: String) -> impl IntoView {
    let (up, here, previous, next) = match level {
        MetricsLevel::Month {
            until, previous, next, ..
        } => (
            None,
            until.map(|day| format!("until {}", day_text(day))),
            previous,
            next,
        ),
        MetricsLevel::Day {
            date, previous, next, ..
        } => (None, Some(day_text(date)), previous, next),
        MetricsLevel::Hour {
            from,
            day_href,
            previous,
            next,
            ..
        } => (
            Some((day_text(from.date_naive()), day_href)),
            Some(hour_text(from)),
            previous,
            next,
        ),
    };
    view! {
        <nav class="steps" aria-label="Period">
            <ol>
                <li><a href=all>"All series"</a></li>
                {match here {
                    Some(here) => view! {
                        <li><a href=month>"28\u{a0}days"</a></li>
                        {up.map(|(text, href)| view! { <li><a href=href>{text}</a></li> })}
                        <li aria-current="true">{here}</li>
                    }
                    .into_any(),
                    None => view! { <li aria-current="true">"28\u{a0}days"</li> }.into_any(),
                }}
            </ol>
            <div class="acts">
                {previous.map(|href| view! { <a class="btn" rel="prev" href=href>"Earlier"</a> })}
                {next.map(|href| view! { <a class="btn" rel="next" href=href>"Later"</a> })}
            </div>
        </nav>
    }
}

#[component]
fn Level(level: MetricsLevel) -> impl IntoView {
    match level {
        MetricsLevel::Month { days, .. } => view! {
            <Card title="By day" aside=|| "open a day for its figures in detail">
                <DayTable days/>
            </Card>
        }
        .into_any(),
        MetricsLevel::Day {
            by_hour: true, buckets, ..
        } => view! {
            <Card title="By hour" aside=|| "minutes are kept 100\u{a0}days">
                <BucketTable buckets label="Figures by hour"/>
            </Card>
        }
        .into_any(),
        MetricsLevel::Day { buckets, .. } => view! {
            <Card title="By five minutes" aside=|| "open a row for its minutes">
                <BucketTable buckets label="Figures by five minutes"/>
            </Card>
        }
        .into_any(),
        MetricsLevel::Hour { minutes, probes, .. } => view! {
            <div class="halves">
                <Card title="By minute">
                    {if minutes.is_empty() {
                        view! { <p class="body quiet">"Nothing was counted in this hour."</p> }.into_any()
                    } else {
                        view! { <MinuteTable minutes/> }.into_any()
                    }}
                </Card>
                <Card title="Probes" aside=|| "good ones are kept 48\u{a0}h">
                    {if probes.is_empty() {
                        view! { <p class="body quiet">"No probe of this hour is kept."</p> }.into_any()
                    } else {
                        view! { <ProbeTable probes/> }.into_any()
                    }}
                </Card>
            </div>
        }
        .into_any(),
    }
}

/// A day by five minutes or by the hour, the latest first.
#[component]
fn BucketTable(buckets: Vec<BucketRow>, label: &'static str) -> impl IntoView {
    let now = viewer().now;
    // What lies before the first event says nothing, and neither does what is yet to come.
    let buckets: Vec<_> = buckets
        .into_iter()
        .skip_while(|row| row.good + row.bad == 0)
        .take_while(|row| row.from <= now)
        .collect();
    let has_excused = buckets.iter().any(|row| row.excluded.is_some());
    let has_latency = buckets.iter().any(|row| row.p50_ms.is_some());
    if buckets.is_empty() {
        return view! { <p class="body quiet">"Nothing was counted on this day."</p> }.into_any();
    }
    let rows = buckets.into_iter().rev().map(move |row| {
        let class = row.excluded.is_some().then_some("excused");
        view! {
            <tr class=class>
                <th scope="row">
                    {match row.href {
                        Some(href) => view! { <a href=href><Time at=row.from style=TimeStyle::ClockCell/></a> }.into_any(),
                        None => view! { <Time at=row.from style=TimeStyle::ClockCell/> }.into_any(),
                    }}
                </th>
                <td class="num">{percent_or_dash(row.percent)}</td>
                <td class="num"><Count value=row.good/></td>
                <td class="num"><Count value=row.bad/></td>
                {has_latency
                    .then(|| {
                        [row.p50_ms, row.p95_ms, row.p99_ms]
                            .map(|ms| view! { <td class="num">{millis_or_dash(ms.map(|ms| ms as f64))}</td> })
                            .collect_view()
                    })}
                {has_excused.then(|| view! { <td>{row.excluded.map(|why| format!("excused: {why}"))}</td> })}
            </tr>
        }
    });
    view! {
        <Scroll label tall=true>
            <table class="rows dense">
                <caption class="visually-hidden">{label}", the latest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"From, UTC"</th>
                        <th scope="col" class="num">"Rate"</th>
                        <th scope="col" class="num">"Good"</th>
                        <th scope="col" class="num">"Bad"</th>
                        {has_latency
                            .then(|| {
                                view! {
                                    <th scope="col" class="num">"p50"</th>
                                    <th scope="col" class="num">"p95"</th>
                                    <th scope="col" class="num">"p99"</th>
                                }
                            })}
                        {has_excused.then(|| view! { <th scope="col">"Left out"</th> })}
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
    .into_any()
}
