//! Every page, by what it is about. A page reads what it shows through [`crate::services::Services`] and renders it; it
//! computes nothing and changes nothing.
#![allow(unreachable_pub, reason = "the component macro writes public items")]

mod account;
mod approvals;
mod apps;
mod audit;
mod escalation;
mod ledger;
mod links;
mod mail;
mod partners;
mod people;
mod policy;
mod readiness;
mod requirements;
mod sign_in;
mod tokens;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    hooks::use_params_map,
    path,
};

use crate::ui::{Layout, NotFoundPage, raw_text};

/// All pages with what stands around them.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Layout>
                <Routes fallback=|| view! { <NotFoundPage/> }>
                    <Route path=path!("/sign-in") view=sign_in::SignInPage ssr=SsrMode::Async/>
                    <Route path=path!("/invitation/:token") view=links::InvitationPage ssr=SsrMode::Async/>
                    <Route path=path!("/alert-address/:token") view=links::AlertAddressPage ssr=SsrMode::Async/>
                    <apps::AppRoutes/>
                    <partners::PartnerRoutes/>
                    <Route path=path!("/people") view=people::PeoplePage ssr=SsrMode::Async/>
                    <Route path=path!("/tokens") view=tokens::PlatformTokensPage ssr=SsrMode::Async/>
                    <Route path=path!("/policies/measurement") view=policy::PolicyPage ssr=SsrMode::Async/>
                    <Route path=path!("/policies/measurement/edit") view=policy::PolicyEditorPage ssr=SsrMode::Async/>
                    <Route path=path!("/policies/escalation") view=policy::EscalationPolicyPage ssr=SsrMode::Async/>
                    <Route path=path!("/policies/escalation/edit") view=policy::EscalationEditorPage ssr=SsrMode::Async/>
                    <Route path=path!("/policies/escalation/what-if/:id") view=policy::WhatIfPage ssr=SsrMode::Async/>
                    <Route path=path!("/policies/escalation/what-if/:id/:app") view=policy::WhatIfAppPage ssr=SsrMode::Async/>
                    <Route path=path!("/requirements") view=requirements::RequirementsPage ssr=SsrMode::Async/>
                    <Route path=path!("/readiness") view=readiness::ReadinessQueuePage ssr=SsrMode::Async/>
                    <Route path=path!("/approvals") view=approvals::ApprovalsPage ssr=SsrMode::Async/>
                    <Route path=path!("/escalation") view=escalation::BoardPage ssr=SsrMode::Async/>
                    <Route path=path!("/ledger") view=ledger::LedgerPage ssr=SsrMode::Async/>
                    <Route path=path!("/ledger/new") view=ledger::NewWaiverPage ssr=SsrMode::Async/>
                    <Route path=path!("/ledger/:id") view=ledger::LedgerEntryPage ssr=SsrMode::Async/>
                    <Route path=path!("/audit") view=audit::AuditPage ssr=SsrMode::Async/>
                    <Route path=path!("/mail") view=mail::MailQueuePage ssr=SsrMode::Async/>
                    <Route path=path!("/mail/:id") view=mail::MailPage ssr=SsrMode::Async/>
                    <Route path=path!("/account") view=account::AccountPage ssr=SsrMode::Async/>
                </Routes>
            </Layout>
        </Router>
    }
}

/// The part of the address that the route calls `name`.
fn param(name: &str) -> String {
    use_params_map().read_untracked().get(name).unwrap_or_default()
}

/// The query parameter `name`.
fn query(name: &str) -> Option<String> {
    // The router's own map decodes twice, so that a "%26" that somebody searched for would end the value.
    let query = use_context::<http::request::Parts>()
        .and_then(|parts| parts.uri.query().map(str::to_owned))
        .unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .filter(|value| !value.is_empty())
}

/// The page of a list that was asked for, from 1.
fn page_number() -> u32 {
    query("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1)
}

/// What the browser shows as the name of the page.
#[component]
fn PageTitle(#[prop(into)] text: String) -> impl IntoView {
    view! { <Title text=raw_text(&format!("{text} · Rampart"))/> }
}
