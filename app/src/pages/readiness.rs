//! The queue of readiness documents: what waits for a reviewer, what expired, and what is about to.

use leptos::prelude::*;
use rampart_domain::readiness::Group;

use super::{PageTitle, page_number, query};
use crate::{
    model::{ReadinessFilter, ReadinessQueue, ReadinessRow},
    request::{actor, services},
    ui::{
        Badge, Empty, GetField, Pager, Scroll, Time, TimeStyle, Tone,
        figure::{count, counted},
        link::{self, with_query},
        page,
    },
};

/// What waits for a reviewer comes first, and in each group what waits longest.
#[component]
pub(super) fn ReadinessQueuePage() -> impl IntoView {
    let filter = ReadinessFilter {
        group: query("waits").unwrap_or_default(),
        search: query("q").unwrap_or_default(),
        page: page_number(),
    };
    page(async move { services().readiness_queue(&actor(), filter).await }, show)
}

/// What a group is called.
fn label(group: Group) -> &'static str {
    match group {
        Group::Review => "To review",
        Group::Expired => "Expired",
        Group::Changes => "Changes requested",
        Group::Expiring => "Expires within 60 days",
    }
}

fn show(queue: ReadinessQueue) -> impl IntoView {
    let ReadinessQueue {
        rows,
        total,
        page,
        pages,
        filter: ReadinessFilter { group, search, .. },
        groups,
    } = queue;
    let is_narrowed = !(group.is_empty() && search.is_empty());
    let everything = groups.iter().map(|(_, number)| number).sum();
    let chips = std::iter::once(("", "All", everything))
        .chain(
            groups
                .iter()
                .map(|(group, number)| (group.as_str(), label(*group), *number)),
        )
        .map(|(key, name, number)| {
            let href = with_query("/readiness", &[("waits", key), ("q", &search)]);
            view! {
                <a class="chip" href=href aria-current=(key == group).then_some("true")>
                    {name}<span class="number">{count(number)}</span>
                </a>
            }
        })
        .collect_view();
    let (chosen, searched) = (group.clone(), search.clone());
    let href = move |page: u32| {
        let page = page.to_string();
        with_query("/readiness", &[("waits", &chosen), ("q", &searched), ("page", &page)])
    };
    view! {
        <PageTitle text="Readiness documents"/>
        <div class="head">
            <h1>"Readiness documents"</h1>
            <span class="total">{counted(total, "document", "documents")}</span>
        </div>
        <p class="sub"><span>"Those to review come first, the longest wait of each kind before the others."</span></p>
        <div class="stack tight">
            <nav class="chips" aria-label="What they wait for">{chips}</nav>
            <form class="filter" method="get" action="/readiness" role="search" aria-label="Narrow the queue down">
                {(!group.is_empty()).then(|| view! { <input type="hidden" name="waits" value=group.clone()/> })}
                <GetField name="q" label="App or partner" kind="search" value=search/>
                <button class="btn">"Show"</button>
            </form>
            <div class="card">
                {if rows.is_empty() {
                    view! {
                        <Empty title=if is_narrowed { "No document matches" } else { "No document waits" }>
                            {if is_narrowed {
                                view! { <p><a href="/readiness">"Show all documents"</a></p> }.into_any()
                            } else {
                                view! {
                                    <p>
                                        "A document stands here once an owner submits it, and again 60 days before its approval expires."
                                    </p>
                                }
                                .into_any()
                            }}
                        </Empty>
                    }
                    .into_any()
                } else {
                    view! { <Queue rows/> }.into_any()
                }}
            </div>
            <Pager page pages href=Box::new(href)/>
        </div>
    }
}

#[component]
fn Queue(rows: Vec<ReadinessRow>) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        let (tone, below) = match row.group {
            Group::Review => (Tone::Unknown, "/readiness/review"),
            Group::Changes => (Tone::Warn, "/readiness"),
            Group::Expired => (Tone::Bad, "/readiness"),
            Group::Expiring => (Tone::Warn, "/readiness"),
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row" class="wrap">
                    <a href=link::app(&row.app_key, below)>{row.app_name.clone()}</a>
                    <span class="key-line">{row.app_key.clone()}</span>
                </th>
                <td role="cell" class="wrap" data-label="Partner">
                    <a href=link::partner(&row.partner.id, "")>{row.partner.name.clone()}</a>
                </td>
                <td role="cell" class="wrap" data-label="State"><Badge tone word=word(row.group)/></td>
                <td role="cell" data-label="Since, or until">
                    {away(row.days)}<span class="key-line"><Time at=row.at style=TimeStyle::Date/></span>
                </td>
                <td role="cell" class="wrap" data-label="Next">{next(&row)}</td>
            </tr>
        }
    });
    view! {
        <Scroll label="Readiness documents">
            <table class="rows blocks queue" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"App"</th>
                        <th role="columnheader" scope="col">"Partner"</th>
                        <th role="columnheader" scope="col">"State"</th>
                        <th role="columnheader" scope="col">"Since, or until"</th>
                        <th role="columnheader" scope="col">"Next"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

fn word(group: Group) -> &'static str {
    match group {
        Group::Review => "Submitted",
        Group::Changes => "Changes requested",
        Group::Expired => "Expired",
        Group::Expiring => "Approved",
    }
}

/// "today", "12 days ago", "in 12 days".
fn away(days: i64) -> String {
    let number = counted(days.unsigned_abs(), "day", "days").replace(' ', "\u{a0}");
    match days {
        0 => "today".to_owned(),
        ..0 => format!("{number} ago"),
        _ => format!("in {number}"),
    }
}

/// What happens next, in one sentence.
fn next(row: &ReadinessRow) -> AnyView {
    if let Some(at) = row.withdrawal {
        return view! { "The designation is withdrawn on "<Time at style=TimeStyle::Date/>", unless it is approved before." }
            .into_any();
    }
    match (row.group, row.may_withdraw_from) {
        (Group::Review, _) => "A reviewer decides.".into_any(),
        (Group::Changes, _) => "The partner makes the changes, and submits again.".into_any(),
        (Group::Expiring, _) => "The partner goes through the answers, and submits again.".into_any(),
        (Group::Expired, Some(at)) => view! {
            "The partner submits again. From "<Time at style=TimeStyle::Date/>" on, a program manager may announce the withdrawal."
        }
        .into_any(),
        (Group::Expired, None) => "The partner submits again.".into_any(),
    }
}
