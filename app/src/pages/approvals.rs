//! The queue: every open approval ticket, how far it is, and who acts next.

use leptos::prelude::*;

use super::{PageTitle, page_number, query};
use crate::{
    model::{ApprovalFilter, ApprovalQueue, ApprovalRow},
    request::{actor, services},
    ui::{
        Empty, GetField, Pager, Scroll, Time, TimeStyle,
        figure::{count, counted},
        link::{self, with_query},
        page,
    },
};

/// The open tickets, the oldest first.
#[component]
pub(super) fn ApprovalsPage() -> impl IntoView {
    let filter = ApprovalFilter {
        next: query("next").unwrap_or_default(),
        search: query("q").unwrap_or_default(),
        page: page_number(),
    };
    page(async move { services().approvals(&actor(), filter).await }, show)
}

fn show(queue: ApprovalQueue) -> impl IntoView {
    let ApprovalQueue {
        rows,
        total,
        page,
        pages,
        filter: ApprovalFilter { next, search, .. },
        waiting,
        everything,
    } = queue;
    let is_narrowed = !(next.is_empty() && search.is_empty());
    let chips = std::iter::once(("", "All", everything))
        .chain(
            waiting
                .iter()
                .map(|(party, number)| (party.as_str(), party.label(), *number)),
        )
        .map(|(key, name, number)| {
            let href = with_query("/approvals", &[("next", key), ("q", &search)]);
            view! {
                <a class="chip" href=href aria-current=(key == next).then_some("true")>
                    {name}<span class="number">{count(number)}</span>
                </a>
            }
        })
        .collect_view();
    let (chosen, searched) = (next.clone(), search.clone());
    let href = move |page: u32| {
        let page = page.to_string();
        with_query("/approvals", &[("next", &chosen), ("q", &searched), ("page", &page)])
    };
    view! {
        <PageTitle text="Approvals"/>
        <div class="head">
            <h1>"Approvals"</h1>
            <span class="total">{counted(total, "open ticket", "open tickets")}</span>
        </div>
        <p class="sub"><span>"The oldest first, by who acts next. One ticket may wait for several."</span></p>
        <div class="stack tight">
            <nav class="chips" aria-label="Who acts next">{chips}</nav>
            <form class="filter" method="get" action="/approvals" role="search" aria-label="Narrow the queue down">
                {(!next.is_empty()).then(|| view! { <input type="hidden" name="next" value=next.clone()/> })}
                <GetField name="q" label="App or partner" kind="search" value=search/>
                <button class="btn">"Show"</button>
            </form>
            <div class="card">
                {if rows.is_empty() {
                    view! {
                        <Empty title=if is_narrowed { "No ticket matches" } else { "No ticket is open" }>
                            {if is_narrowed {
                                view! { <p><a href="/approvals">"Show all tickets"</a></p> }.into_any()
                            } else {
                                view! { <p>"An owner of a partner asks for approval on the app's page “Approval”."</p> }.into_any()
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
fn Queue(rows: Vec<ApprovalRow>) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        let age = match row.age_days {
            0 => "today".to_owned(),
            days => counted(days.unsigned_abs(), "day", "days").replace(' ', "\u{a0}"),
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row" class="wrap">
                    <a href=link::app(&row.app_key, "/approval")>{row.app_name}</a>
                    <span class="key-line">{row.app_key.clone()}</span>
                </th>
                <td role="cell" class="wrap" data-label="Partner">
                    <a href=link::partner(&row.partner.id, "")>{row.partner.name}</a>
                </td>
                <td role="cell" data-label="Open for">
                    {age}<span class="key-line"><Time at=row.opened_at style=TimeStyle::Date/></span>
                </td>
                <td role="cell" data-label="Required items">{format!("{} of {}", count(row.done), count(row.required))}</td>
                <td role="cell" class="wrap" data-label="Next">{row.next}</td>
            </tr>
        }
    });
    view! {
        <Scroll label="Approvals">
            <table class="rows blocks queue" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"App"</th>
                        <th role="columnheader" scope="col">"Partner"</th>
                        <th role="columnheader" scope="col">"Open for"</th>
                        <th role="columnheader" scope="col">"Required items"</th>
                        <th role="columnheader" scope="col">"Next"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}
