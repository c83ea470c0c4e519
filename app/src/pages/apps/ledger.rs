//! What is excluded of an app, and why.

use leptos::prelude::*;

use super::{
    super::{PageTitle, ledger::LedgerTable, page_number, param, query},
    head::Head,
};
use crate::{
    model::AppLedger,
    request::{actor, services},
    ui::{Card, Empty, Pager, figure::counted, link, page},
};

/// The entries about the app and those about all apps, the latest first.
#[component]
pub(super) fn AppLedgerPage() -> impl IntoView {
    let (key, entry, number) = (param("key"), query("entry"), page_number());
    page(
        async move { services().app_ledger(&actor(), &key, entry, number).await },
        show,
    )
}

fn show(ledger: AppLedger) -> impl IntoView {
    let AppLedger {
        head,
        rows,
        total,
        page,
        pages,
        narrowed,
    } = ledger;
    let base = link::app(&head.key, "/ledger");
    let all = base.clone();
    let href = move |page: u32| link::with_query(&base, &[("page", &page.to_string())]);
    view! {
        <PageTitle text=format!("Excluded from {}", head.name)/>
        <Head head tab="Excluded"/>
        <div class="stack">
            <Card title="Excluded intervals" aside=move || counted(total, "entry", "entries")>
                {if rows.is_empty() {
                    view! {
                        <Empty title="Nothing is excluded">
                            <p>
                                "Minutes are left out of the figures when the portal itself was cut off, when the platform was at fault, and when a program manager waives them. Each such interval stands here, with its reason."
                            </p>
                        </Empty>
                    }
                    .into_any()
                } else {
                    view! { <LedgerTable rows shows_app=false/> }.into_any()
                }}
            </Card>
            <Pager page pages href=Box::new(href)/>
            {narrowed.then(|| view! { <p><a href=all>"Show all entries"</a></p> })}
            <p class="fine">
                "Excluded minutes count neither as good nor as bad. Measuring goes on inside them. A revoked entry excludes nothing."
            </p>
        </div>
    }
}
