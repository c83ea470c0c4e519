//! Apps: the list, registering one, and the pages of one.

mod approval;
mod breach;
mod breaches;
mod budget;
mod dashboard;
mod escalation;
mod head;
mod installations;
mod ledger;
mod levels;
mod list;
mod metrics;
mod new;
mod overview;
mod readiness;
mod receipt;
mod remediation;
mod settings;
mod standing;
mod tables;

pub(super) use tables::MailTable;

use leptos::prelude::*;
use leptos_router::{MatchNestedRoutes, SsrMode, components::Route, path};

/// Addresses below `/apps`.
#[component(transparent)]
pub(super) fn AppRoutes() -> impl MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("/apps") view=list::AppsPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/new") view=new::NewAppPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/levels") view=levels::LevelsPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key") view=overview::OverviewPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/metrics") view=metrics::MetricsPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/metrics/budget") view=budget::BudgetPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/breaches") view=breaches::BreachesPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/breaches/:incident") view=breach::BreachPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/ledger") view=ledger::AppLedgerPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/escalation") view=escalation::EscalationPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/escalation/:receipt") view=receipt::ReceiptPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/approval") view=approval::ApprovalPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/readiness") view=readiness::ReadinessPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/readiness/questions/:question") view=readiness::ConversationPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/readiness/review") view=readiness::ReviewPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/remediation") view=remediation::RemediationPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/remediation/:plan") view=remediation::RemediationPage ssr=SsrMode::Async/>
        <Route path=path!("/apps/:key/settings") view=settings::SettingsPage ssr=SsrMode::Async/>
    }
    .into_inner()
}
