//! What pages show: the server's side of [`rampart_app::services::Services`].

mod account;
mod admin;
mod approval;
mod apps;
mod breaches;
mod budgets;
mod charts;
mod dashboard;
mod escalation;
mod escalation_policy;
mod ledger;
mod levels;
mod metrics;
mod overview;
mod people;
mod policy;
mod readiness;
mod readiness_question;
mod readiness_queue;
mod remediation;
mod rows;

use async_trait::async_trait;
use rampart_app::{
    model::{
        AccountPage, AlertConfirmationPage, AppLedger, AppList, AppOverview, AppSettings, ApprovalFilter, ApprovalPage,
        ApprovalQueue, AuditFilter, AuditPage, BoardFilter, BreachList, BreachPage, BudgetPage, EscalationBoard,
        EscalationEditor, EscalationPage, EscalationRulesPage, InvitationPage, LedgerEntryPage, LedgerFilter,
        LedgerPage, LevelsPage, LevelsQuery, MailPage, MailQueue, MetricsPage, MetricsQuery, NewAppPage, PartnerPage,
        PartnersPage, PeoplePage, PolicyEditor, PolicyPage, ReadinessFilter, ReadinessPage, ReadinessQuestionPage,
        ReadinessQueue, ReadinessReviewPage, ReceiptPage, RemediationPage, TokensPage, WaiverDraft, WaiverPage,
        WhatIfAppPage, WhatIfPage,
    },
    services::{AppQuery, Result, Services},
};
use rampart_domain::access::Actor;

use super::Service;

/// How many rows a page of a list has.
const PAGE: u32 = 50;

/// (offset, limit) of page `page`, counted from 1.
fn slice(page: u32) -> (i64, i64) {
    (i64::from(page.saturating_sub(1)) * i64::from(PAGE), i64::from(PAGE))
}

/// How many pages `total` rows fill; an empty list has one.
fn pages(total: i64) -> u32 {
    u32::try_from(total.max(1)).unwrap_or(u32::MAX).div_ceil(PAGE)
}

/// A count from the database.
fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

#[async_trait]
impl Services for Service {
    async fn apps(&self, actor: &Actor, query: AppQuery) -> Result<AppList> {
        Ok(self.app_list(actor, query).await?)
    }
    async fn levels(&self, actor: &Actor, query: LevelsQuery) -> Result<LevelsPage> {
        Ok(self.levels_page(actor, query).await?)
    }
    async fn new_app(&self, actor: &Actor) -> Result<NewAppPage> {
        Ok(self.new_app_page(actor).await?)
    }
    async fn app_overview(&self, actor: &Actor, key: &str) -> Result<AppOverview> {
        Ok(self.overview_page(actor, key).await?)
    }
    async fn app_metrics(&self, actor: &Actor, key: &str, query: MetricsQuery) -> Result<MetricsPage> {
        Ok(self.metrics_page(actor, key, query).await?)
    }
    async fn app_budget(&self, actor: &Actor, key: &str, series: Option<&str>, page: u32) -> Result<BudgetPage> {
        Ok(self.budget_page(actor, key, series, page).await?)
    }
    async fn app_breaches(&self, actor: &Actor, key: &str, page: u32) -> Result<BreachList> {
        Ok(self.breach_list(actor, key, page).await?)
    }
    async fn breach(&self, actor: &Actor, key: &str, incident_id: &str) -> Result<BreachPage> {
        Ok(self.breach_page(actor, key, incident_id).await?)
    }
    async fn app_ledger(&self, actor: &Actor, key: &str, entry: Option<String>, page: u32) -> Result<AppLedger> {
        Ok(self.app_ledger_page(actor, key, entry, page).await?)
    }
    async fn ledger(&self, actor: &Actor, filter: LedgerFilter) -> Result<LedgerPage> {
        Ok(self.ledger_page(actor, filter).await?)
    }
    async fn ledger_entry(&self, actor: &Actor, id: &str) -> Result<LedgerEntryPage> {
        Ok(self.ledger_entry_page(actor, id).await?)
    }
    async fn new_waiver(&self, actor: &Actor, draft: WaiverDraft) -> Result<WaiverPage> {
        Ok(self.waiver_page(actor, draft).await?)
    }
    async fn app_escalation(&self, actor: &Actor, key: &str) -> Result<EscalationPage> {
        Ok(self.escalation_page(actor, key).await?)
    }
    async fn receipt(&self, actor: &Actor, key: &str, id: &str) -> Result<ReceiptPage> {
        Ok(self.receipt_page(actor, key, id).await?)
    }
    async fn approval(&self, actor: &Actor, key: &str) -> Result<ApprovalPage> {
        Ok(self.approval_page(actor, key).await?)
    }
    async fn approvals(&self, actor: &Actor, filter: ApprovalFilter) -> Result<ApprovalQueue> {
        Ok(self.approval_queue(actor, filter).await?)
    }
    async fn remediation(&self, actor: &Actor, key: &str, plan: Option<String>) -> Result<RemediationPage> {
        Ok(self.remediation_page(actor, key, plan).await?)
    }
    async fn readiness(&self, actor: &Actor, key: &str) -> Result<ReadinessPage> {
        Ok(self.readiness_page(actor, key).await?)
    }

    async fn readiness_review(&self, actor: &Actor, key: &str) -> Result<ReadinessReviewPage> {
        Ok(self.readiness_review_page(actor, key).await?)
    }
    async fn readiness_question(&self, actor: &Actor, key: &str, question: &str) -> Result<ReadinessQuestionPage> {
        Ok(self.readiness_question_page(actor, key, question).await?)
    }
    async fn readiness_queue(&self, actor: &Actor, filter: ReadinessFilter) -> Result<ReadinessQueue> {
        Ok(Service::readiness_queue(self, actor, filter).await?)
    }

    async fn escalation_board(&self, actor: &Actor, filter: BoardFilter) -> Result<EscalationBoard> {
        Ok(self.board_page(actor, filter).await?)
    }
    async fn app_settings(&self, actor: &Actor, key: &str) -> Result<AppSettings> {
        Ok(self.settings_page(actor, key).await?)
    }
    async fn partners(&self, actor: &Actor) -> Result<PartnersPage> {
        Ok(self.partners_page(actor).await?)
    }
    async fn partner(&self, actor: &Actor, id: &str) -> Result<PartnerPage> {
        Ok(self.partner_page(actor, id).await?)
    }
    async fn people(&self, actor: &Actor) -> Result<PeoplePage> {
        Ok(self.people_page(actor).await?)
    }
    async fn platform_tokens(&self, actor: &Actor) -> Result<TokensPage> {
        Ok(self.platform_tokens_page(actor).await?)
    }
    async fn measurement_policy(&self, actor: &Actor) -> Result<PolicyPage> {
        Ok(self.measurement_policy_page(actor).await?)
    }
    async fn measurement_policy_editor(&self, actor: &Actor) -> Result<PolicyEditor> {
        Ok(self.policy_editor_page(actor).await?)
    }
    async fn escalation_policy(&self, actor: &Actor) -> Result<EscalationRulesPage> {
        Ok(self.escalation_policy_page(actor).await?)
    }
    async fn escalation_policy_editor(&self, actor: &Actor, draft: Option<&str>) -> Result<EscalationEditor> {
        Ok(self.escalation_editor_page(actor, draft).await?)
    }
    async fn what_if(&self, actor: &Actor, id: &str, page: u32) -> Result<WhatIfPage> {
        Ok(self.what_if_page(actor, id, page).await?)
    }
    async fn what_if_app(&self, actor: &Actor, id: &str, app: &str) -> Result<WhatIfAppPage> {
        Ok(self.what_if_app_page(actor, id, app).await?)
    }
    async fn audit(&self, actor: &Actor, filter: AuditFilter) -> Result<AuditPage> {
        Ok(self.audit_page(actor, filter).await?)
    }
    async fn mail_queue(&self, actor: &Actor, filter: &str, page: u32) -> Result<MailQueue> {
        Ok(self.mail_queue_page(actor, filter, page).await?)
    }
    async fn mail(&self, actor: &Actor, id: &str) -> Result<MailPage> {
        Ok(self.mail_page(actor, id).await?)
    }
    async fn account(&self, actor: &Actor) -> Result<AccountPage> {
        Ok(self.account_page(actor).await?)
    }
    async fn invitation(&self, token: &str) -> Result<InvitationPage> {
        Ok(self.invitation_page(token).await?)
    }
    async fn alert_confirmation(&self, token: &str) -> Result<AlertConfirmationPage> {
        Ok(self.alert_confirmation_page(token).await?)
    }
}
