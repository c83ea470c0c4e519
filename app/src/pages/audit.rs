//! The audit log.

use chrono::NaiveDate;
use leptos::prelude::*;

use super::{PageTitle, query};
use crate::{
    model::{self, AuditFilter, AuditRow},
    request::{actor, services},
    ui::{Empty, GetField, Notice, Scroll, Time, TimeStyle, Tone, figure::count, link::with_query, page},
};

/// Every decision and change, the latest first.
#[component]
pub(super) fn AuditPage() -> impl IntoView {
    let date = |name: &str| query(name).and_then(|date| date.parse().ok());
    let filter = AuditFilter {
        who: query("who").unwrap_or_default(),
        action: query("action").unwrap_or_default(),
        subject: query("subject").unwrap_or_default(),
        from: date("from"),
        to: date("to"),
        before: query("before").and_then(|before| before.parse().ok()),
    };
    page(async move { services().audit(&actor(), filter).await }, show)
}

/// The address of the same rows, as a page or as a file.
fn address(path: &str, filter: &AuditFilter, before: Option<i64>) -> String {
    let date = |date: Option<NaiveDate>| date.map(|d| d.to_string()).unwrap_or_default();
    let before = before.map(|b| b.to_string()).unwrap_or_default();
    let (from, to) = (date(filter.from), date(filter.to));
    with_query(
        path,
        &[
            ("who", filter.who.as_str()),
            ("action", filter.action.as_str()),
            ("subject", filter.subject.as_str()),
            ("from", from.as_str()),
            ("to", to.as_str()),
            ("before", before.as_str()),
        ],
    )
}

fn show(audit: model::AuditPage) -> impl IntoView {
    let model::AuditPage {
        filter,
        rows,
        actions,
        next,
        chain,
    } = audit;
    let csv = address("/audit.csv", &filter, None);
    let first = filter.before.map(|_| address("/audit", &filter, None));
    let older = next.map(|before| address("/audit", &filter, Some(before)));
    let narrowed = filter != AuditFilter::default();
    let chain = chain.map(|chain| match chain {
        Ok(rows) => view! { <p class="sub"><span>{format!("The chain of all {} rows is whole.", count(rows))}</span></p> }.into_any(),
        Err(what) => view! {
            <Notice tone=Tone::Bad>
                <p><strong>"The chain of rows is broken. "</strong>{what}</p>
                <p>"Somebody changed the log outside the portal, or its storage is damaged. Keep a backup and tell whoever runs the database."</p>
            </Notice>
        }
        .into_any(),
    });
    view! {
        <PageTitle text="Audit log"/>
        <div class="head">
            <h1>"Audit log"</h1>
            <div class="acts">
                <a class="btn" href=csv download>"Download as CSV"</a>
            </div>
        </div>
        {chain}
        <Filter filter actions/>
        <div class="card">
            {if rows.is_empty() {
                view! {
                    <Empty title="No entry matches">
                        {if narrowed {
                            view! { <p><a href="/audit">"Show all entries"</a></p> }.into_any()
                        } else {
                            view! { <p>"Every decision and change is listed here from now on."</p> }.into_any()
                        }}
                    </Empty>
                }
                .into_any()
            } else {
                view! { <Table rows/> }.into_any()
            }}
        </div>
        {(first.is_some() || older.is_some())
            .then(|| {
                view! {
                    <nav class="pager" aria-label="Pages">
                        {first.map(|href| view! { <a class="btn" href=href>"Latest"</a> })}
                        {older.map(|href| view! { <a class="btn" rel="next" href=href>"Older"</a> })}
                    </nav>
                }
            })}
    }
}

#[component]
fn Filter(filter: AuditFilter, actions: Vec<String>) -> impl IntoView {
    let date = |date: Option<NaiveDate>| date.map(|d| d.to_string()).unwrap_or_default();
    let chosen = filter.action.clone();
    let options = actions.into_iter().map(|action| {
        let selected = action == chosen;
        view! { <option value=action.clone() selected=selected>{action.clone()}</option> }
    });
    view! {
        <form class="filter" method="get" action="/audit" role="search" aria-label="Narrow the log down">
            <GetField name="who" label="Who" value=filter.who/>
            <div class="field">
                <label for="filter-action">"Action"</label>
                <select id="filter-action" name="action">
                    <option value="">"all"</option>
                    {options.collect_view()}
                </select>
            </div>
            <GetField name="subject" label="What" value=filter.subject/>
            <GetField name="from" label="From" kind="date" value=date(filter.from)/>
            <GetField name="to" label="To" kind="date" value=date(filter.to)/>
            <button class="btn">"Show"</button>
        </form>
    }
}

/// On narrow screens each row becomes a block, so the roles are spelled out.
#[component]
fn Table(rows: Vec<AuditRow>) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        let quiet = row.changes.is_empty();
        let changes = row.changes.into_iter().map(|(field, before, after)| {
            let old = (!before.is_empty()).then(|| view! { <del>{before}</del>" " });
            view! { <li><span class="field-name">{field}</span>" "{old}<ins>{after}</ins></li> }
        });
        view! {
            <tr role="row" id=format!("row-{}", row.seq)>
                <th role="rowheader" scope="row"><Time at=row.at style=TimeStyle::Cell/><span class="key-line">{format!("#{}", row.seq)}</span></th>
                <td role="cell">{row.who}{row.address.map(|address| view! { <span class="key-line">{address}</span> })}</td>
                <td role="cell" class="code">{row.action}</td>
                <td role="cell" class="wrap">{row.subject}{row.partner.map(|name| view! { <span class="key-line">{name}</span> })}</td>
                <td role="cell" class="wrap">
                    {(!quiet).then(|| view! { <ul class="changes">{changes.collect_view()}</ul> })}
                    {row.why.map(|why| view! { <p class="why">"Reason: "{why}</p> })}
                </td>
            </tr>
        }
    });
    view! {
        <Scroll label="Audit log">
            <table class="rows dense blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"When, UTC"</th>
                        <th role="columnheader" scope="col">"Who"</th>
                        <th role="columnheader" scope="col">"Action"</th>
                        <th role="columnheader" scope="col">"What"</th>
                        <th role="columnheader" scope="col">"Change"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}
