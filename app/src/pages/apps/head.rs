//! What stands at the head of every page of an app.

use leptos::prelude::*;

use crate::{
    model::AppHead,
    request::{actor, viewer},
    ui::{
        AppBadge, Crumbs, OffStandingBadge, Tabs, Time, TimeStyle,
        form::{Confirm, PostButton, TextField},
        link,
    },
};

/// Breadcrumb, name, state, what may be done, and the tabs.
#[component]
pub(super) fn Head(head: AppHead, tab: &'static str) -> impl IntoView {
    let shows_partner = actor().is_staff();
    let products = if head.products.is_empty() {
        None
    } else {
        Some(head.products.join(", "))
    };
    let tabs = vec![
        ("Overview", link::app(&head.key, ""), None),
        ("Metrics", link::app(&head.key, "/metrics"), None),
        ("Breaches", link::app(&head.key, "/breaches"), Some(head.breaches)),
        ("Escalation", link::app(&head.key, "/escalation"), None),
        ("Readiness", link::app(&head.key, "/readiness"), None),
        ("Excluded", link::app(&head.key, "/ledger"), None),
        ("Approval", link::app(&head.key, "/approval"), None),
        ("Settings", link::app(&head.key, "/settings"), None),
    ];
    view! {
        <Crumbs above=vec![("Apps".to_owned(), "/apps".to_owned())]/>
        <div class="head">
            <h1>{head.name.clone()}</h1>
            <span data-live="state">
                <AppBadge state=head.state/>
            </span>
            {(tab != "Escalation").then(|| view! { <OffStandingBadge app=head.key.clone() state=head.escalation/> })}
            {(tab == "Overview").then(|| view! { <Measuring head=head.clone()/> })}
        </div>
        <p class="sub">
            <span class="code">{head.key.clone()}</span>
            <span>{head.kind}</span>
            {products.map(|names| view! { <span>{names}</span> })}
            {shows_partner.then(|| view! { <span><a href=link::partner(&head.partner.id, "")>{head.partner.name}</a></span> })}
            <span data-live="complete">
                {match head.complete_until {
                    Some(at) => {
                        // Today only the hour matters.
                        let style = if at.date_naive() == viewer().now.date_naive() { TimeStyle::Clock } else { TimeStyle::Short };
                        view! { "data up to "<Time at style/> }.into_any()
                    }
                    None => "no data yet".into_any(),
                }}
            </span>
        </p>
        <Tabs label="App" tabs current=tab/>
    }
}

/// Starting and stopping the measuring, for staff.
#[component]
pub(super) fn Measuring(head: AppHead) -> impl IntoView {
    (head.may.measure && head.archived_at.is_none()).then(|| {
        let button = if head.measuring_since.is_some() {
            view! {
                <Confirm
                    id="stop-measuring"
                    action=link::app(&head.key, "/measuring/stop")
                    label="Stop measuring"
                    confirm="Stop measuring"
                    explanation="No more probes are sent and no alert can open. Everything measured so far is kept. The partner sees your reason in the audit log."
                >
                    <TextField name="why" label="Reason"/>
                </Confirm>
            }
            .into_any()
        } else {
            view! {
                <PostButton
                    id="start-measuring"
                    action=link::app(&head.key, "/measuring/start")
                    label="Start measuring"
                    look="primary"
                />
            }
            .into_any()
        };
        view! { <div class="acts">{button}</div> }
    })
}
