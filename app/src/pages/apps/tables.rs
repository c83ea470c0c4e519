//! Tables that several pages of an app show.

use std::cmp::Reverse;

use leptos::prelude::*;

use crate::{
    model::{BreachRow, DayRow, MailRow, MinuteRow, MissRow, ProbeRow},
    request::viewer,
    ui::{
        Badge, MailBadge, Scroll, StandingBadge, Time, TimeStyle, Tone,
        figure::{Count, count, duration, millis, millis_or_dash, percent, percent_or_dash, target},
    },
};

/// One row per day, the latest first.
#[component]
pub(super) fn DayTable(days: Vec<DayRow>) -> impl IntoView {
    let has_latency = days.iter().any(|day| day.p50_ms.is_some() || day.p95_ms.is_some());
    let rows = days.into_iter().rev().map(move |day| {
        let date = day.date.format("%-d\u{a0}%b\u{a0}%Y").to_string();
        view! {
            <tr>
                <th scope="row">
                    {match day.href {
                        Some(href) => view! { <a href=href>{date}</a> }.into_any(),
                        None => date.into_any(),
                    }}
                </th>
                <td class="num">{percent_or_dash(day.percent)}</td>
                <td class="num"><Count value=day.good/></td>
                <td class="num"><Count value=day.bad/></td>
                <td class="num"><Count value=u64::from(day.excluded_minutes)/></td>
                <td class="num"><Count value=u64::from(day.silent_minutes)/></td>
                <td class="num"><Count value=u64::from(day.breaches)/></td>
                {has_latency
                    .then(|| {
                        view! {
                            <td class="num">{millis_or_dash(day.p50_ms.map(|ms| ms as f64))}</td>
                            <td class="num">{millis_or_dash(day.p95_ms.map(|ms| ms as f64))}</td>
                            <td class="num">{millis_or_dash(day.p99_ms.map(|ms| ms as f64))}</td>
                        }
                    })}
            </tr>
        }
    });
    view! {
        <Scroll label="Figures by day" tall=true>
            <table class="rows dense">
                <caption class="visually-hidden">"Figures by day, the latest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Day, UTC"</th>
                        <th scope="col" class="num">"Rate"</th>
                        <th scope="col" class="num">"Good"</th>
                        <th scope="col" class="num">"Bad"</th>
                        <th scope="col" class="num">"Excused min"</th>
                        <th scope="col" class="num">"Silent min"</th>
                        <th scope="col" class="num">"Breaches"</th>
                        {has_latency
                            .then(|| {
                                view! {
                                    <th scope="col" class="num">"p50"</th>
                                    <th scope="col" class="num">"p95"</th>
                                    <th scope="col" class="num">"p99"</th>
                                }
                            })}
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

/// Breaches, the latest first. On narrow screens each row becomes a block, so the roles are spelled out.
#[component]
pub(super) fn BreachTable(rows: Vec<BreachRow>, label: &'static str) -> impl IntoView {
    let now = viewer().now;
    let rows = rows.into_iter().map(move |row| {
        let lasted = (row.closed_at.unwrap_or(now) - row.opened_at).num_seconds();
        let lasted = if row.closed_at.is_some() {
            duration(lasted)
        } else {
            format!("open, {}", duration(lasted))
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row"><a href=row.href><Time at=row.opened_at style=TimeStyle::Cell/></a></th>
                <td role="cell" class="indicator">{row.indicator}{row.target.map(|url| view! { <span class="key-line">{url}</span> })}</td>
                <td role="cell" class="num" data-label="Lowest">{percent(row.lowest)}</td>
                <td role="cell" class="num" data-label="Bad">{row.bad.map(|(raw, adjusted)| view! { <Bad raw adjusted/> })}</td>
                <td role="cell" class="num" data-label="Lasted">{lasted}</td>
                <td role="cell">
                    <StandingBadge standing=row.standing/>
                    <span class="key-line">{if row.assessment.is_some() { "no emergency" } else { "not looked at" }}</span>
                </td>
            </tr>
        }
    });
    view! {
        <Scroll label>
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Since, UTC"</th>
                        <th role="columnheader" scope="col">"Indicator"</th>
                        <th role="columnheader" scope="col" class="num">"Lowest"</th>
                        <th role="columnheader" scope="col" class="num">"Bad"</th>
                        <th role="columnheader" scope="col" class="num">"Lasted"</th>
                        <th role="columnheader" scope="col">"Standing"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

/// Times in which a target was missed, the latest first.
#[component]
pub(super) fn MissTable(rows: Vec<MissRow>) -> impl IntoView {
    let now = viewer().now;
    let rows = rows.into_iter().map(move |row| {
        let lasted = duration((row.ended.unwrap_or(now) - row.since).num_seconds());
        view! {
            <tr role="row">
                <th role="rowheader" scope="row"><Time at=row.since style=TimeStyle::Cell/></th>
                <td role="cell" class="indicator">{row.indicator}{row.target.map(|url| view! { <span class="key-line">{url}</span> })}</td>
                <td role="cell" class="num" data-label="28 days, when it began">{percent(row.rate)}</td>
                <td role="cell" class="num" data-label="Target">{target(row.slo)}</td>
                <td role="cell" class="num" data-label="Lasted">{lasted}</td>
                <td role="cell">
                    {if row.excused {
                        view! { <Badge tone=Tone::Unknown word="excused"/> }
                    } else if row.ended.is_some() {
                        view! { <Badge tone=Tone::Good word="over"/> }
                    } else {
                        view! { <Badge tone=Tone::Bad word="still missed"/> }
                    }}
                </td>
            </tr>
        }
    });
    view! {
        <Scroll label="Missed targets">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Since, UTC"</th>
                        <th role="columnheader" scope="col">"Indicator"</th>
                        <th role="columnheader" scope="col" class="num">"28\u{a0}days, when it began"</th>
                        <th role="columnheader" scope="col" class="num">"Target"</th>
                        <th role="columnheader" scope="col" class="num">"Lasted"</th>
                        <th role="columnheader" scope="col">"State"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

/// Bad events, raw, and those that are not excluded when they are fewer.
#[component]
fn Bad(raw: u64, adjusted: u64) -> impl IntoView {
    view! {
        <Count value=raw/>
        {(adjusted != raw).then(|| view! { <span class="key-line">{format!("{} adjusted", count(adjusted))}</span> })}
    }
}

/// Minutes with their counts, the latest first.
#[component]
pub(super) fn MinuteTable(
    mut minutes: Vec<MinuteRow>,
    /// Whether the minutes may be of several days.
    #[prop(optional)]
    dated: bool,
) -> impl IntoView {
    minutes.sort_by_key(|minute| Reverse(minute.at));
    let has_excused = minutes.iter().any(|minute| minute.excluded.is_some());
    let style = if dated { TimeStyle::Cell } else { TimeStyle::ClockCell };
    let rows = minutes.into_iter().map(move |minute| {
        let class = minute.excluded.is_some().then_some("excused");
        view! {
            <tr class=class>
                <th scope="row"><Time at=minute.at style/></th>
                <td class="num"><Count value=minute.good/></td>
                <td class="num"><Count value=minute.bad/></td>
                {has_excused.then(|| view! { <td>{minute.excluded.map(|why| format!("excused: {why}"))}</td> })}
            </tr>
        }
    });
    view! {
        <Scroll label="Minutes" tall=true>
            <table class="rows dense">
                <thead>
                    <tr>
                        <th scope="col">"Minute, UTC"</th>
                        <th scope="col" class="num">"Good"</th>
                        <th scope="col" class="num">"Bad"</th>
                        {has_excused.then(|| view! { <th scope="col">"Left out"</th> })}
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

/// Probes in full detail, the latest first.
#[component]
pub(super) fn ProbeTable(mut probes: Vec<ProbeRow>, #[prop(optional)] dated: bool) -> impl IntoView {
    probes.sort_by_key(|probe| Reverse(probe.at));
    let rows = probes.into_iter().map(move |probe| {
        let (tone, reason) = match (probe.counted, probe.good) {
            (false, _) => {
                let reason = probe.reason.unwrap_or_default();
                (Tone::Unknown, Some(format!("Counted nowhere, the portal itself was short of time. {reason}")))
            }
            (true, true) => (Tone::Good, probe.reason),
            (true, false) => (Tone::Bad, probe.reason),
        };
        view! {
            <tr>
                <th scope="row">
                    {dated.then(|| view! { <Time at=probe.at style=TimeStyle::Date/>", " })} <Time at=probe.at style=TimeStyle::Second/>
                </th>
                <td>
                    <Badge tone word=probe.outcome/>
                    {reason.map(|reason| view! { <span class="key-line wrap">{reason}</span> })}
                </td>
                <td class="num">{millis_or_dash(probe.dns_ms)}</td>
                <td class="num">{millis_or_dash(probe.connect_ms)}</td>
                <td class="num">{millis_or_dash(probe.tls_ms)}</td>
                <td class="num">{millis_or_dash(probe.first_byte_ms)}</td>
                <td class="num">{millis(probe.total_ms)}</td>
                <td class="code">{probe.address}</td>
            </tr>
        }
    });
    view! {
        <Scroll label="Probes" tall=true>
            <table class="rows dense">
                <thead>
                    <tr>
                        <th scope="col">"Probe, UTC"</th>
                        <th scope="col">"Outcome"</th>
                        <th scope="col" class="num">"Name lookup"</th>
                        <th scope="col" class="num">"Connect"</th>
                        <th scope="col" class="num">"TLS"</th>
                        <th scope="col" class="num">"First byte"</th>
                        <th scope="col" class="num">"Total"</th>
                        <th scope="col">"Address"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

/// Mails and where they are on their way.
#[component]
pub(in super::super) fn MailTable(mails: Vec<MailRow>, label: &'static str) -> impl IntoView {
    let rows = mails.into_iter().map(|mail| {
        let subject = match mail.href {
            Some(href) => view! { <a href=href>{mail.subject}</a> }.into_any(),
            None => mail.subject.into_any(),
        };
        let when = match (mail.sent_at, mail.next_attempt_at) {
            (Some(at), _) => view! { <Time at style=TimeStyle::Cell/> }.into_any(),
            (None, Some(at)) => view! { "next try "<Time at style=TimeStyle::Relative/> }.into_any(),
            (None, None) => view! { <span class="quiet">"–"</span> }.into_any(),
        };
        view! {
            <tr>
                <th scope="row" class="wrap">{subject}<span class="key-line">"to "{mail.recipients}</span></th>
                <td>
                    <MailBadge state=mail.state/>
                    {mail.error.map(|error| view! { <span class="key-line wrap">{error}</span> })}
                </td>
                <td><Time at=mail.queued_at style=TimeStyle::Cell/></td>
                <td>{when}</td>
                <td class="num">{mail.attempts}</td>
            </tr>
        }
    });
    view! {
        <Scroll label>
            <table class="rows">
                <thead>
                    <tr>
                        <th scope="col">"Mail"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Queued, UTC"</th>
                        <th scope="col">"Sent, UTC"</th>
                        <th scope="col" class="num">"Attempts"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

/// How many mails [`MailList`] shows at once.
const FEW: usize = 5;

/// The latest mails in little room; the others are folded away.
#[component]
pub(super) fn MailList(mut mails: Vec<MailRow>, label: &'static str) -> impl IntoView {
    mails.sort_by_key(|mail| Reverse(mail.queued_at));
    let older = mails.split_off(mails.len().min(FEW));
    let number = older.len();
    view! {
        <ul class="mails" aria-label=label>{mails.into_iter().map(|mail| view! { <MailLine mail/> }).collect_view()}</ul>
        {(number > 0)
            .then(|| {
                view! {
                    <details class="more">
                        <summary>{format!("{number} older")}</summary>
                        <ul class="mails" aria-label=format!("{label}, older")>
                            {older.into_iter().map(|mail| view! { <MailLine mail/> }).collect_view()}
                        </ul>
                    </details>
                }
            })}
    }
}

#[component]
fn MailLine(mail: MailRow) -> impl IntoView {
    let subject = match mail.href {
        Some(href) => view! { <a href=href>{mail.subject.clone()}</a> }.into_any(),
        None => mail.subject.clone().into_any(),
    };
    view! {
        <li>
            <span class="subject" title=mail.subject>{subject}</span>
            <MailBadge state=mail.state/>
            <span class="key-line">
                <Time at=mail.sent_at.unwrap_or(mail.queued_at) style=TimeStyle::Short/>" to "{mail.recipients}
                {mail
                    .next_attempt_at
                    .filter(|_| mail.sent_at.is_none())
                    .map(|at| view! { ", next try "<Time at style=TimeStyle::Relative/> })}
                {mail.error.map(|error| format!(": {error}"))}
            </span>
        </li>
    }
}
