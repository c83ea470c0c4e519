//! All apps the reader may see.

use leptos::prelude::*;

use super::super::{PageTitle, page_number, query};
use crate::{
    model::{AppList, AppRow},
    request::{actor, services},
    services::AppQuery,
    ui::{
        AppBadge, Empty, GetField, OffStandingBadge, Pager, Scroll, Tabs, Time, TimeStyle,
        figure::{amount, counted, percent_or_dash},
        link, page,
    },
};

/// The list, narrowed down by a search.
#[component]
pub(super) fn AppsPage() -> impl IntoView {
    let asked = AppQuery {
        search: query("q").unwrap_or_default(),
        archived: query("archived").is_some(),
        page: page_number(),
    };
    page(async move { services().apps(&actor(), asked).await }, show)
}

fn show(list: AppList) -> impl IntoView {
    let AppList {
        rows,
        total,
        page,
        pages,
        search,
        shows_partner,
        may_register,
        archived,
    } = list;
    let searched = search.clone();
    let href = move |page: u32| {
        let archived = if archived { "yes" } else { "" };
        link::with_query(
            "/apps",
            &[("q", &searched), ("archived", archived), ("page", &page.to_string())],
        )
    };
    let content = if rows.is_empty() {
        view! { <Nothing search=search.clone() archived may_register/> }.into_any()
    } else {
        view! {
            <div class="card">
                <Table rows shows_partner/>
            </div>
            <Pager page pages href=Box::new(href)/>
        }
        .into_any()
    };
    view! {
        <PageTitle text="Apps"/>
        <div class="head">
            <h1>"Apps"</h1>
            <span class="total">{counted(total, "app", "apps")}</span>
            {may_register.then(|| view! { <div class="acts"><a class="btn primary" href="/apps/new">"Register an app"</a></div> })}
        </div>
        <AppsTabs current="List"/>
        <form class="filter" method="get" action="/apps" role="search">
            <GetField name="q" label="Name or key" kind="search" value=search/>
            <label class="check">
                <input type="checkbox" name="archived" value="yes" checked=archived/>
                <span>"Archived apps"</span>
            </label>
            <button class="btn">"Show"</button>
        </form>
        {content}
    }
}

/// The two ways of looking at apps.
#[component]
pub(super) fn AppsTabs(current: &'static str) -> impl IntoView {
    let tabs = vec![
        ("List", "/apps".to_owned(), None),
        ("Service levels", "/apps/levels".to_owned(), None),
    ];
    view! { <Tabs label="Apps" tabs current/> }
}

#[component]
fn Table(rows: Vec<AppRow>, shows_partner: bool) -> impl IntoView {
    view! {
        <Scroll label="Apps">
            <table class="rows blocks">
                <thead>
                    <tr>
                        <th scope="col">"App"</th>
                        {shows_partner.then(|| view! { <th scope="col">"Partner"</th> })}
                        <th scope="col">"State"</th>
                        <th scope="col" class="num">"Availability, 28 days"</th>
                        <th scope="col" class="num">"Budget left"</th>
                        <th scope="col" class="num">"Open breaches"</th>
                        <th scope="col">"Measured since"</th>
                    </tr>
                </thead>
                <tbody>{rows.into_iter().map(|row| view! { <Row row shows_partner/> }).collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

#[component]
fn Row(row: AppRow, shows_partner: bool) -> impl IntoView {
    let allowed = row
        .budget_left
        .zip(row.budget_share)
        .filter(|(_, share)| *share > 0.0)
        .map(|(left, share)| left / share);
    let budget = match row.budget_left {
        None => view! { <span class="quiet">"–"</span> }.into_any(),
        Some(left) if left < 0.0 => {
            view! { <span class="over">{format!("{}\u{202f}min over", amount(left))}</span> }.into_any()
        }
        Some(_) if allowed.is_some_and(|allowed| allowed < 1.0) => {
            view! { <span class="quiet">"less than 1\u{202f}min"</span> }.into_any()
        }
        Some(left) => format!("{}\u{202f}min", amount(left)).into_any(),
    };
    let open = match row.open_breaches {
        0 => view! { <span class="quiet">"0"</span> }.into_any(),
        n => view! { <strong>{n}</strong> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row" class="wrap">
                <a href=link::app(&row.key, "")>{row.name}</a>
                <span class="key-line">{row.key.clone()}</span>
            </th>
            {shows_partner.then(|| view! { <td class="named" data-label="Partner">{row.partner}</td> })}
            <td data-label="State">
                <AppBadge state=row.state/>
                <div>
                    <OffStandingBadge app=row.key.clone() state=row.escalation/>
                </div>
            </td>
            <td class="num" data-label="28 days">{percent_or_dash(row.availability)}</td>
            <td class="num" data-label="Budget left">{budget}</td>
            <td class="num" data-label="Open breaches">{open}</td>
            <td data-label="Measured since">
                {match row.measuring_since {
                    Some(at) => view! { <Time at style=TimeStyle::Date/> }.into_any(),
                    None => view! { <span class="quiet">"not yet"</span> }.into_any(),
                }}
            </td>
        </tr>
    }
}

#[component]
fn Nothing(search: String, archived: bool, may_register: bool) -> impl IntoView {
    let what = if archived { "archived app" } else { "app" };
    if !search.is_empty() {
        return view! {
            <Empty title=format!("No {what} matches “{search}”")>
                <p>"The search looks at names and keys. "<a href="/apps">"Show all apps"</a></p>
            </Empty>
        }
        .into_any();
    }
    if archived {
        return view! {
            <Empty title="No app is archived">
                <p>"An archived app is no longer measured; its history is kept. "<a href="/apps">"Show the others"</a></p>
            </Empty>
        }
        .into_any();
    }
    view! {
        <Empty title="There is no app yet">
            {if may_register {
                view! {
                    <p>"Register the first one: its key, a health-check address and where alerts should go. It takes about five minutes."</p>
                    <p><a class="btn primary" href="/apps/new">"Register an app"</a></p>
                }
                .into_any()
            } else {
                view! { <p>"The owner of a team registers its apps. They appear here as soon as that is done."</p> }.into_any()
            }}
        </Empty>
    }
    .into_any()
}
