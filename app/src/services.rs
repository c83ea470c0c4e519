//! The one trait through which pages reach the server.
//!
//! Every method authorises the actor and reads through their scope; what the actor may not know of is
//! [`AppError::NotFound`], exactly as if it did not exist (SPEC section 1).

use async_trait::async_trait;
use rampart_domain::access::Actor;

use crate::model::{
    AccountPage, AlertConfirmationPage, AppLedger, AppList, AppOverview, AppSettings, ApprovalFilter, ApprovalPage,
    ApprovalQueue, AuditFilter, AuditPage, BoardFilter, BreachList, BreachPage, BudgetPage, EscalationBoard,
    EscalationEditor, EscalationPage, EscalationRulesPage, InvitationPage, LedgerEntryPage, LedgerFilter, LedgerPage,
    LevelsPage, LevelsQuery, MailPage, MailQueue, MetricsPage, MetricsQuery, NewAppPage, PartnerPage, PartnersPage,
    PeoplePage, PolicyEditor, PolicyPage, ReadinessFilter, ReadinessPage, ReadinessQuestionPage, ReadinessQueue,
    ReadinessReviewPage, ReceiptPage, RemediationPage, TokensPage, WaiverDraft, WaiverPage, WhatIfAppPage, WhatIfPage,
};

/// Why a page cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppError {
    /// It does not exist, or the reader may not know that it does.
    #[error("not found")]
    NotFound,
    /// The reader knows the thing but may not do this with it.
    #[error("{0}")]
    Forbidden(String),
    /// Something failed on our side; the log has the details under the request's id.
    #[error("something went wrong")]
    Internal,
}

pub type Result<T> = std::result::Result<T, AppError>;

/// What the list of apps is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppQuery {
    /// Part of the name or key.
    pub search: String,
    pub archived: bool,
    /// From 1.
    pub page: u32,
}

#[async_trait]
pub trait Services: Send + Sync {
    async fn apps(&self, actor: &Actor, query: AppQuery) -> Result<AppList>;
    /// Apps by SLIs at a glance.
    async fn levels(&self, actor: &Actor, query: LevelsQuery) -> Result<LevelsPage>;
    async fn new_app(&self, actor: &Actor) -> Result<NewAppPage>;
    async fn app_overview(&self, actor: &Actor, key: &str) -> Result<AppOverview>;
    async fn app_metrics(&self, actor: &Actor, key: &str, query: MetricsQuery) -> Result<MetricsPage>;
    /// Where the error budget of a series went; of the app's first one when none is named.
    async fn app_budget(&self, actor: &Actor, key: &str, series: Option<&str>, page: u32) -> Result<BudgetPage>;
    async fn app_breaches(&self, actor: &Actor, key: &str, page: u32) -> Result<BreachList>;
    async fn breach(&self, actor: &Actor, key: &str, incident_id: &str) -> Result<BreachPage>;
    /// What is excluded of an app: its own entries and those of all apps, or only one of them.
    async fn app_ledger(&self, actor: &Actor, key: &str, entry: Option<String>, page: u32) -> Result<AppLedger>;
    /// Every entry, for staff.
    async fn ledger(&self, actor: &Actor, filter: LedgerFilter) -> Result<LedgerPage>;
    async fn ledger_entry(&self, actor: &Actor, id: &str) -> Result<LedgerEntryPage>;
    /// The form of a waiver, with what it does once it is complete.
    async fn new_waiver(&self, actor: &Actor, draft: WaiverDraft) -> Result<WaiverPage>;
    /// Where the app stands on the ladder, and how it came there.
    async fn app_escalation(&self, actor: &Actor, key: &str) -> Result<EscalationPage>;
    /// What a decision on the app rests on.
    async fn receipt(&self, actor: &Actor, key: &str, id: &str) -> Result<ReceiptPage>;
    /// The checklist of the app, its approval ticket, and what was said.
    async fn approval(&self, actor: &Actor, key: &str) -> Result<ApprovalPage>;
    /// Every open ticket, for staff.
    async fn approvals(&self, actor: &Actor, filter: ApprovalFilter) -> Result<ApprovalQueue>;
    /// A remediation plan of the app: the one that is named, else the one that is open or was last.
    async fn remediation(&self, actor: &Actor, key: &str, plan: Option<String>) -> Result<RemediationPage>;
    /// The readiness document of the app, as far as it is written.
    async fn readiness(&self, actor: &Actor, key: &str) -> Result<ReadinessPage>;
    /// The last submission of it, for whoever reviews it.
    async fn readiness_review(&self, actor: &Actor, key: &str) -> Result<ReadinessReviewPage>;
    /// What is talked about at one question of it.
    async fn readiness_question(&self, actor: &Actor, key: &str, question: &str) -> Result<ReadinessQuestionPage>;
    /// The documents that wait for somebody, for staff.
    async fn readiness_queue(&self, actor: &Actor, filter: ReadinessFilter) -> Result<ReadinessQueue>;
    /// Every app in the programme, for staff.
    async fn escalation_board(&self, actor: &Actor, filter: BoardFilter) -> Result<EscalationBoard>;
    async fn app_settings(&self, actor: &Actor, key: &str) -> Result<AppSettings>;
    async fn partners(&self, actor: &Actor) -> Result<PartnersPage>;
    async fn partner(&self, actor: &Actor, id: &str) -> Result<PartnerPage>;
    async fn people(&self, actor: &Actor) -> Result<PeoplePage>;
    /// The platform's own tokens of the API.
    async fn platform_tokens(&self, actor: &Actor) -> Result<TokensPage>;
    /// The rules by which everything is measured; everybody may read them.
    async fn measurement_policy(&self, actor: &Actor) -> Result<PolicyPage>;
    /// What the next version of the measurement policy begins with.
    async fn measurement_policy_editor(&self, actor: &Actor) -> Result<PolicyEditor>;
    /// The rules by which apps are escalated; everybody may read them.
    async fn escalation_policy(&self, actor: &Actor) -> Result<EscalationRulesPage>;
    /// What the next version of the escalation policy begins with: the latest one, or the draft of a replay.
    async fn escalation_policy_editor(&self, actor: &Actor, draft: Option<&str>) -> Result<EscalationEditor>;
    /// The history of all apps, replayed under a draft.
    async fn what_if(&self, actor: &Actor, id: &str, page: u32) -> Result<WhatIfPage>;
    /// One app of it, decision by decision.
    async fn what_if_app(&self, actor: &Actor, id: &str, app: &str) -> Result<WhatIfAppPage>;
    async fn audit(&self, actor: &Actor, filter: AuditFilter) -> Result<AuditPage>;
    async fn mail_queue(&self, actor: &Actor, filter: &str, page: u32) -> Result<MailQueue>;
    async fn mail(&self, actor: &Actor, id: &str) -> Result<MailPage>;
    async fn account(&self, actor: &Actor) -> Result<AccountPage>;
    /// The invitation behind a one-time link, which needs no sign-in.
    async fn invitation(&self, token: &str) -> Result<InvitationPage>;
    /// The alert address behind the link of a drill mail, which needs no sign-in.
    async fn alert_confirmation(&self, token: &str) -> Result<AlertConfirmationPage>;
}
