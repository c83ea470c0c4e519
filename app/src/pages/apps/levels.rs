//! Apps by SLIs at a glance.

use leptos::prelude::*;

use super::{
    super::{PageTitle, page_number, query},
    list::AppsTabs,
};
use crate::{
    model::{LevelCell, LevelsOrder, LevelsPage as Model, LevelsQuery, LevelsRow},
    request::{actor, services},
    ui::{
        AppBadge, Badge, Empty, GetField, Pager, Scroll, Time, TimeStyle, Tone,
        figure::{Rate, counted, target},
        link, page,
    },
};

impl LevelsOrder {
    /// As it stands in an address.
    fn key(self) -> String {
        match self {
            Self::Name => String::new(),
            Self::State => "state".to_owned(),
            Self::Column(column) => column.to_string(),
        }
    }

    fn of(key: &str) -> Self {
        match key {
            "state" => Self::State,
            key => key.parse().map_or(Self::Name, Self::Column),
        }
    }
}

/// What each app makes of each SLI.
#[component]
pub(super) fn LevelsPage() -> impl IntoView {
    let asked = LevelsQuery {
        search: query("q").unwrap_or_default(),
        partner: query("partner"),
        order: LevelsOrder::of(&query("order").unwrap_or_default()),
        page: page_number(),
    };
    page(async move { services().levels(&actor(), asked).await }, show)
}

fn show(levels: Model) -> impl IntoView {
    let Model {
        partner,
        search,
        shows_partner,
        columns,
        rows,
        order,
        may_order,
        total,
        page,
        pages,
    } = levels;
    let id = partner.as_ref().map(|p| p.id.clone()).unwrap_or_default();
    let address = {
        let (id, search) = (id.clone(), search.clone());
        move |order: LevelsOrder, page: &str| {
            let order = order.key();
            link::with_query(
                "/apps/levels",
                &[("partner", &id), ("q", &search), ("order", &order), ("page", page)],
            )
        }
    };
    let page_address = {
        let address = address.clone();
        move |page: u32| address(order, &page.to_string())
    };
    let content = if rows.is_empty() {
        view! {
            <div class="card">
                <Empty title=if search.is_empty() { "There is no app yet" } else { "No app matches" }>
                    <p><a href="/apps">"Show all apps"</a></p>
                </Empty>
            </div>
        }
        .into_any()
    } else {
        view! {
            <div class="card">
                <Table rows columns shows_partner order=may_order.then_some(order) address=Box::new(move |order| address(order, ""))/>
            </div>
            {(!may_order)
                .then(|| view! { <p class="fine">"Narrowed to 300 apps or fewer, they can be ordered by their figures."</p> })}
            <Pager page pages href=Box::new(page_address)/>
        }
        .into_any()
    };
    view! {
        <PageTitle text="Service levels"/>
        <div class="head">
            <h1>{partner.as_ref().map_or_else(|| "Service levels".to_owned(), |p| format!("Service levels of {}", p.name))}</h1>
            <span class="total">{counted(total, "app", "apps")}</span>
        </div>
        <AppsTabs current="Service levels"/>
        <form class="filter" method="get" action="/apps/levels" role="search">
            {partner.is_some().then(|| view! { <input type="hidden" name="partner" value=id/> })}
            <input type="hidden" name="order" value=order.key()/>
            <GetField
                name="q"
                label=if shows_partner { "App or partner" } else { "Name or key" }
                kind="search"
                value=search
            />
            <button class="btn">"Show"</button>
            {partner.map(|_| view! { <a class="btn" href="/apps/levels">"Apps of all partners"</a> })}
        </form>
        {content}
    }
}

type Address = Box<dyn Fn(LevelsOrder) -> String + Send + Sync>;

/// On narrow screens each row becomes a block, so the roles are spelled out.
#[component]
fn Table(
    rows: Vec<LevelsRow>,
    columns: Vec<&'static str>,
    shows_partner: bool,
    /// `None` when the apps cannot be put in another order.
    order: Option<LevelsOrder>,
    address: Address,
) -> impl IntoView {
    let head = move |name: &'static str, by: LevelsOrder, how: &'static str| {
        let sort = order.is_some_and(|order| order == by).then_some("ascending");
        view! {
            <th role="columnheader" scope="col" aria-sort=sort>
                {if order.is_some() {
                    view! { <a href=address(by) title=how>{name}</a> }.into_any()
                } else {
                    name.into_any()
                }}
                {sort.map(|_| view! { <span aria-hidden="true">" ↓"</span> })}
            </th>
        }
    };
    let by_name = head("App", LevelsOrder::Name, "By name");
    let by_state = head("State", LevelsOrder::State, "The worst first");
    let heads = columns
        .iter()
        .zip(0..)
        .map(|(name, i)| head(name, LevelsOrder::Column(i), "The least error budget first"))
        .collect::<Vec<_>>();
    let names = columns;
    let rows = rows.into_iter().map(move |row| {
        let cells = row
            .cells
            .into_iter()
            .zip(&names)
            .map(|(cell, name)| view! { <Cell cell name=*name/> });
        view! {
            <tr role="row">
                <th role="rowheader" scope="row" class="wrap">
                    <a href=link::app(&row.key, "/metrics")>{row.name}</a>
                    <span class="key-line">{row.key.clone()}</span>
                    {shows_partner.then(|| view! { <span class="key-line">{row.partner}</span> })}
                </th>
                <td role="cell" data-label="State">
                    <AppBadge state=row.state/>
                </td>
                {cells.collect_view()}
            </tr>
        }
    });
    view! {
        <Scroll label="Service levels">
            <table class="rows blocks overview" role="table">
                <caption class="visually-hidden">
                    "Rates over 28 days without excused minutes, for each app and indicator those of its worst product or base URL"
                </caption>
                <thead role="rowgroup">
                    <tr role="row">
                        {by_name} {by_state} {heads}
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

#[component]
fn Cell(cell: Option<LevelCell>, name: &'static str) -> impl IntoView {
    let Some(cell) = cell else {
        return view! {
            <td role="cell" class="quiet" data-label=name>
                "–"<span class="visually-hidden">" not measured"</span>
            </td>
        }
        .into_any();
    };
    let (tone, word) = match cell.is_met {
        None => (Tone::Unknown, "no data".to_owned()),
        Some(true) => (Tone::Good, format!("meets {}", target(cell.slo))),
        Some(false) => (Tone::Bad, format!("below {}", target(cell.slo))),
    };
    view! {
        <td role="cell" data-label=name>
            {cell
                .month
                .map(|month| {
                    view! {
                        <a class="rate" href=cell.href>
                            <Rate value=Some(month)/>
                            <span class="visually-hidden">{format!(", {name}")}</span>
                        </a>
                    }
                })}
            <span class="key-line">
                <Badge tone word/>
            </span>
            {cell.of.map(|of| view! { <span class="key-line">{of}</span> })}
            {cell
                .breach_since
                .map(|at| {
                    view! {
                        <span class="key-line">
                            <Badge tone=Tone::Bad word="breach open"/>" since "<Time at style=TimeStyle::Short/>
                        </span>
                    }
                })}
        </td>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_survives_its_address() {
        for order in [LevelsOrder::Name, LevelsOrder::State, LevelsOrder::Column(3)] {
            assert_eq!(LevelsOrder::of(&order.key()), order);
        }
        assert_eq!(LevelsOrder::of("nonsense"), LevelsOrder::Name);
        assert_eq!(LevelsOrder::of("-1"), LevelsOrder::Name);
    }
}
