//! The breach history of an app.

use leptos::prelude::*;

use super::{
    super::{PageTitle, page_number, param},
    head::Head,
    tables::{BreachTable, MissTable},
};
use crate::{
    model::BreachList,
    request::{actor, services},
    ui::{Card, Empty, Pager, figure::counted, link, page},
};

/// All breaches, the latest first.
#[component]
pub(super) fn BreachesPage() -> impl IntoView {
    let key = param("key");
    let number = page_number();
    page(
        async move { services().app_breaches(&actor(), &key, number).await },
        show,
    )
}

fn show(list: BreachList) -> impl IntoView {
    let BreachList {
        head,
        rows,
        misses,
        total,
        page,
        pages,
    } = list;
    let base = link::app(&head.key, "/breaches");
    let href = move |page: u32| link::with_query(&base, &[("page", &page.to_string())]);
    view! {
        <PageTitle text=format!("Breaches of {}", head.name)/>
        <Head head tab="Breaches"/>
        <div class="stack">
            <Card title="Breach history" aside=move || counted(total, "breach", "breaches")>
                {if rows.is_empty() {
                    view! {
                        <Empty title="No breach so far">
                            <p>
                                "A breach opens when a rate falls below its alert threshold, and is mailed within minutes. Every one stays here, blips and excused ones too."
                            </p>
                        </Empty>
                    }
                    .into_any()
                } else {
                    view! { <BreachTable rows label="Breach history"/> }.into_any()
                }}
            </Card>
            <Pager page pages href=Box::new(href)/>
            {(!misses.is_empty())
                .then(|| {
                    view! {
                        <Card title="Missed targets" aside=|| "the latest 50 at most">
                            <MissTable rows=misses/>
                        </Card>
                    }
                })}
            <p class="fine">
                "A breach counts once its bad events that are not excused reach 5\u{202f}% of the 28-day error budget, and at least 2. A blip stayed below that. A target is missed while the bad events of 28\u{a0}days are more than the whole budget; that is over once the figure has been on target for 24\u{a0}hours."
            </p>
        </div>
    }
}
