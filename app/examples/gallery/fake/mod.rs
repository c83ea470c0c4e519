//! Services that answer with made-up contents: a believable day at a small company.

pub(crate) mod approval;
pub(crate) mod apps;
pub(crate) mod escalation;
pub(crate) mod figures;
pub(crate) mod ledger;
pub(crate) mod people;
pub(crate) mod policy;
pub(crate) mod readiness;
pub(crate) mod remediation;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use rampart_app::{
    model::*,
    services::{AppError, AppQuery, Result, Services},
};
use rampart_domain::access::Actor;

/// The moment at which all of it is seen.
pub(crate) fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 14, 32, 0).unwrap()
}

/// So many minutes before [`now`].
pub(crate) fn ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

/// Answers everything; some keys and tokens stand for special cases.
pub(crate) struct Fake;

fn guard(key: &str) -> Result<()> {
    match key {
        "missing" => Err(AppError::NotFound),
        "forbidden" => Err(AppError::Forbidden(
            "Only reviewers start the measuring of an app.".to_owned(),
        )),
        "broken" => Err(AppError::Internal),
        _ => Ok(()),
    }
}

#[async_trait]
impl Services for Fake {
    async fn apps(&self, actor: &Actor, query: AppQuery) -> Result<AppList> {
        Ok(apps::list(actor, query))
    }

    async fn new_app(&self, actor: &Actor) -> Result<NewAppPage> {
        let partners = if actor.is_staff() {
            vec![people::kestrel(), people::other()]
        } else {
            vec![people::kestrel()]
        };
        Ok(NewAppPage {
            partners,
            products: apps::products(),
        })
    }

    async fn app_overview(&self, actor: &Actor, key: &str) -> Result<AppOverview> {
        guard(key).map(|()| apps::overview(actor, key))
    }

    async fn app_metrics(&self, actor: &Actor, key: &str, query: MetricsQuery) -> Result<MetricsPage> {
        guard(key).map(|()| figures::metrics(actor, key, &query))
    }

    async fn app_budget(&self, actor: &Actor, key: &str, _: Option<&str>, page: u32) -> Result<BudgetPage> {
        guard(key).map(|()| figures::budget_page(actor, key, page))
    }

    async fn levels(&self, actor: &Actor, query: LevelsQuery) -> Result<LevelsPage> {
        Ok(apps::levels(actor, query))
    }

    async fn app_breaches(&self, actor: &Actor, key: &str, page: u32) -> Result<BreachList> {
        let rows = if key == "good" { Vec::new() } else { apps::breaches(key) };
        Ok(BreachList {
            head: apps::head(actor, key),
            misses: if key == "good" { Vec::new() } else { apps::misses() },
            total: rows.len() as u64,
            rows,
            page,
            pages: 2,
        })
    }

    async fn breach(&self, actor: &Actor, key: &str, incident_id: &str) -> Result<BreachPage> {
        guard(key).map(|()| apps::breach(actor, key, incident_id))
    }

    async fn app_ledger(&self, actor: &Actor, key: &str, entry: Option<String>, page: u32) -> Result<AppLedger> {
        guard(key).map(|()| ledger::of_app(actor, key, entry, page))
    }

    async fn ledger(&self, actor: &Actor, filter: LedgerFilter) -> Result<LedgerPage> {
        Ok(ledger::all(actor, filter))
    }

    async fn ledger_entry(&self, _: &Actor, id: &str) -> Result<LedgerEntryPage> {
        guard(id).map(|()| ledger::entry(id))
    }

    async fn new_waiver(&self, _: &Actor, draft: WaiverDraft) -> Result<WaiverPage> {
        Ok(ledger::waiver(draft))
    }

    async fn app_escalation(&self, actor: &Actor, key: &str) -> Result<EscalationPage> {
        guard(key).map(|()| escalation::page(actor, key))
    }

    async fn receipt(&self, actor: &Actor, key: &str, id: &str) -> Result<ReceiptPage> {
        guard(id).map(|()| escalation::receipt(actor, key))
    }

    async fn approval(&self, actor: &Actor, key: &str) -> Result<ApprovalPage> {
        guard(key).map(|()| approval::page(actor, key))
    }

    async fn approvals(&self, _: &Actor, filter: ApprovalFilter) -> Result<ApprovalQueue> {
        Ok(approval::queue(filter))
    }

    async fn remediation(&self, actor: &Actor, key: &str, plan: Option<String>) -> Result<RemediationPage> {
        guard(plan.as_deref().unwrap_or(key)).map(|()| remediation::page(actor, key))
    }

    async fn readiness(&self, actor: &Actor, key: &str) -> Result<ReadinessPage> {
        guard(key).map(|()| readiness::page(actor, key))
    }

    async fn readiness_question(&self, actor: &Actor, key: &str, question: &str) -> Result<ReadinessQuestionPage> {
        guard(question).map(|()| readiness::question_page(actor, key, question))
    }

    async fn readiness_queue(&self, _: &Actor, filter: ReadinessFilter) -> Result<ReadinessQueue> {
        Ok(readiness::queue(filter))
    }

    async fn readiness_review(&self, actor: &Actor, key: &str) -> Result<ReadinessReviewPage> {
        guard(key).map(|()| readiness::review(actor, key))
    }

    async fn escalation_board(&self, actor: &Actor, filter: BoardFilter) -> Result<EscalationBoard> {
        Ok(escalation::board(actor, filter))
    }

    async fn app_settings(&self, actor: &Actor, key: &str) -> Result<AppSettings> {
        guard(key).map(|()| apps::settings(actor, key))
    }

    async fn partners(&self, _: &Actor) -> Result<PartnersPage> {
        Ok(people::partners())
    }

    async fn partner(&self, actor: &Actor, id: &str) -> Result<PartnerPage> {
        guard(id).map(|()| people::partner(actor))
    }

    async fn people(&self, _: &Actor) -> Result<PeoplePage> {
        Ok(people::staff())
    }

    async fn platform_tokens(&self, _: &Actor) -> Result<TokensPage> {
        Ok(TokensPage {
            tokens: people::tokens("ingest"),
        })
    }

    async fn measurement_policy(&self, actor: &Actor) -> Result<PolicyPage> {
        Ok(policy::page(actor))
    }

    async fn measurement_policy_editor(&self, _: &Actor) -> Result<PolicyEditor> {
        Ok(policy::editor())
    }

    async fn escalation_policy(&self, actor: &Actor) -> Result<EscalationRulesPage> {
        Ok(policy::escalation(actor))
    }

    async fn escalation_policy_editor(&self, _: &Actor, _: Option<&str>) -> Result<EscalationEditor> {
        Ok(policy::escalation_editor())
    }

    async fn what_if(&self, _: &Actor, id: &str, page: u32) -> Result<WhatIfPage> {
        guard(id).map(|()| policy::what_if(id, page))
    }

    async fn what_if_app(&self, _: &Actor, id: &str, app: &str) -> Result<WhatIfAppPage> {
        guard(app).map(|()| policy::what_if_app(id, app))
    }

    async fn audit(&self, _: &Actor, filter: AuditFilter) -> Result<AuditPage> {
        Ok(people::audit(filter))
    }

    async fn mail_queue(&self, _: &Actor, filter: &str, page: u32) -> Result<MailQueue> {
        let rows = people::mails();
        Ok(MailQueue {
            total: 1_204,
            rows,
            page,
            pages: 25,
            queued: 1,
            retrying: 1,
            failed: 1,
            filter: filter.to_owned(),
        })
    }

    async fn mail(&self, _: &Actor, _: &str) -> Result<MailPage> {
        Ok(people::mail())
    }

    async fn account(&self, actor: &Actor) -> Result<AccountPage> {
        Ok(people::account(actor))
    }

    async fn invitation(&self, token: &str) -> Result<InvitationPage> {
        guard(token)?;
        Ok(InvitationPage {
            token: token.to_owned(),
            mail: "robin@kestrel.example".to_owned(),
            name: String::new(),
            roles: "Member at Kestrel Labs".to_owned(),
            invited_by: "Sam Ferro".to_owned(),
            asks: match token {
                "known" => InvitationAsks::Password,
                "forgotten" => InvitationAsks::NewPassword,
                _ => InvitationAsks::NewAccount,
            },
        })
    }

    async fn alert_confirmation(&self, token: &str) -> Result<AlertConfirmationPage> {
        guard(token)?;
        Ok(AlertConfirmationPage {
            token: token.to_owned(),
            address: "oncall@kestrel.example".to_owned(),
            app_name: "Timesheets for Jira".to_owned(),
            partner_name: "Kestrel Labs".to_owned(),
        })
    }
}
