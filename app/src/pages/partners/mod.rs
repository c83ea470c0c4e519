//! Partners and their people.

mod list;
mod partner;

use leptos::prelude::*;
use leptos_router::{MatchNestedRoutes, SsrMode, components::Route, path};

/// Addresses below `/partners`.
#[component(transparent)]
pub(super) fn PartnerRoutes() -> impl MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("/partners") view=list::PartnersPage ssr=SsrMode::Async/>
        <Route path=path!("/partners/new") view=list::NewPartnerPage ssr=SsrMode::Async/>
        <Route path=path!("/partners/:id") view=partner::PartnerPage ssr=SsrMode::Async/>
    }
    .into_inner()
}
