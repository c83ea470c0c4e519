//! The audit log and the outbox.

use std::collections::HashMap;

use chrono::{Days, NaiveDate, NaiveTime};
use rampart_app::model::{AuditFilter, AuditPage, AuditRow, MailPage, MailQueue, PartnerRef};
use rampart_domain::{
    access::{Action, Actor},
    id::PartnerId,
};
use serde_json::Value;

use super::{
    super::{Error, Result, Service},
    count, pages, rows, slice,
};
use crate::store::{Scope, audit, outbox, outbox::Shown, partners};

const AUDIT_PAGE: i64 = 100;
/// How many rows an export of the audit log has at most; narrow the filter for the rest.
const AUDIT_EXPORT: i64 = 50_000;

impl Service {
    pub(super) async fn audit_page(&self, actor: &Actor, filter: AuditFilter) -> Result<AuditPage> {
        let mut rows = self.audit_rows(actor, &filter, AUDIT_PAGE + 1).await?;
        let more = rows.len() > usize::try_from(AUDIT_PAGE).unwrap_or(usize::MAX);
        rows.truncate(usize::try_from(AUDIT_PAGE).unwrap_or(usize::MAX));
        let chain = match actor.may_everywhere(Action::ViewAudit) {
            true => Some(self.audit_chain().await?),
            false => None,
        };
        Ok(AuditPage {
            actions: audit::actions(&self.store.portal, Scope::of(actor, Action::ViewAudit)).await?,
            next: rows.last().map(|r| r.seq).filter(|_| more),
            rows,
            filter,
            chain,
        })
    }

    /// Whether the chain of the whole log is whole, and how many rows it has. Rows that were found whole since the server
    /// started are not read again.
    async fn audit_chain(&self) -> Result<std::result::Result<u64, String>> {
        let mut known = self.audit_verified.lock().await;
        Ok(audit::verify(&self.store.portal, known.clone()).await?.map(|verified| {
            *known = verified;
            known.rows
        }))
    }

    /// Every row that passes the filter, for the CSV.
    pub async fn audit_export(&self, actor: &Actor, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        self.audit_rows(actor, filter, AUDIT_EXPORT).await
    }

    async fn audit_rows(&self, actor: &Actor, filter: &AuditFilter, limit: i64) -> Result<Vec<AuditRow>> {
        if !actor.may_somewhere(Action::ViewAudit) {
            return Err(Error::Forbidden(
                "Program managers, administrators and owners of a partner may read the audit log.".to_owned(),
            ));
        }
        let start = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
        let narrowed = audit::Filter {
            who: filter.who.clone(),
            action: filter.action.clone(),
            subject: filter.subject.clone(),
            from: filter.from.map(start),
            // The last day is meant to be included.
            to: filter
                .to
                .and_then(|date| date.checked_add_days(Days::new(1)))
                .map(start),
            before: filter.before,
        };
        let scope = Scope::of(actor, Action::ViewAudit);
        let rows = audit::list(&self.store.portal, scope, &narrowed, limit).await?;
        let names = partners::list(&self.store.portal, Scope::of(actor, Action::ViewPartner)).await?;
        let names: HashMap<PartnerId, String> = names.into_iter().map(|p| (p.id, p.name)).collect();
        Ok(rows.into_iter().map(|row| audit_row(row, &names)).collect())
    }

    pub(super) async fn mail_queue_page(&self, actor: &Actor, filter: &str, page: u32) -> Result<MailQueue> {
        super::super::access::require(actor, Action::ManageMail)?;
        let scope = Scope::of(actor, Action::ManageMail);
        let totals = outbox::totals(&self.store.portal, scope).await?;
        let (shown, filter, total) = match filter {
            "waiting" => (Shown::Waiting, "waiting", totals.queued + totals.retrying),
            "failed" => (Shown::Failed, "failed", totals.failed),
            _ => (Shown::All, "all", totals.all_mails),
        };
        let page = page.clamp(1, pages(total));
        let (offset, limit) = slice(page);
        let mails = outbox::list(&self.store.portal, scope, shown, offset, limit).await?;
        Ok(MailQueue {
            rows: mails.iter().map(|m| rows::mail(m, true)).collect(),
            total: count(total),
            page,
            pages: pages(total),
            queued: count(totals.queued),
            retrying: count(totals.retrying),
            failed: count(totals.failed),
            filter: filter.to_owned(),
        })
    }

    /// A mail: administrators see every one, a partner's people those about their apps.
    pub(super) async fn mail_page(&self, actor: &Actor, id: &str) -> Result<MailPage> {
        let id = id.parse().map_err(|_| Error::NotFound)?;
        let may_retry = actor.may_everywhere(Action::ManageMail);
        let scope = Scope::of(actor, if may_retry { Action::ManageMail } else { Action::ViewApp });
        let mail = outbox::find(&self.store.portal, scope, id)
            .await?
            .ok_or(Error::NotFound)?;
        // An invitation's or a drill's text holds a link that is meant for its reader alone.
        let is_secret = matches!(mail.kind.as_str(), "invitation" | "drill");
        let partner = match mail.partner_id {
            Some(id) => partners::find(&self.store.portal, scope, PartnerId(id)).await?,
            None => None,
        };
        Ok(MailPage {
            may_retry: may_retry && mail.sent_at.is_none(),
            message_id: mail.message_id.clone(),
            text: if is_secret {
                "The text holds a one-time link and is shown to nobody but its reader.".to_owned()
            } else {
                mail.body_text.clone()
            },
            partner: partner.map(|p| PartnerRef {
                id: p.id.to_string(),
                name: p.name,
            }),
            row: rows::mail(&mail, false),
        })
    }
}

fn audit_row(row: audit::Row, names: &HashMap<PartnerId, String>) -> AuditRow {
    AuditRow {
        seq: row.seq,
        at: row.at,
        who: row.actor,
        changes: changes(&row.before, &row.after),
        action: row.action,
        subject: row.subject,
        partner: row.partner_id.and_then(|id| names.get(&PartnerId(id)).cloned()),
        why: row.why,
        address: row.address,
    }
}

/// What changed, field by field: (name, before, after).
fn changes(before: &str, after: &str) -> Vec<(String, String, String)> {
    let mut fields: Vec<(String, String, String)> = Vec::new();
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (before, after) = (flat("", &parsed(before)), flat("", &parsed(after)));
    for (name, value) in &before {
        let now = after
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.clone())
            .unwrap_or_default();
        if *value != now {
            fields.push((name.clone(), value.clone(), now));
        }
    }
    for (name, value) in after {
        if !value.is_empty() && !before.iter().any(|(n, _)| *n == name) {
            fields.push((name, String::new(), value));
        }
    }
    fields
}

fn flat(prefix: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| {
                flat(
                    &if prefix.is_empty() {
                        key.clone()
                    } else {
                        format!("{prefix}, {key}")
                    },
                    value,
                )
            })
            .collect(),
        Value::Null => Vec::new(),
        Value::String(text) => vec![(prefix.to_owned(), text.clone())],
        Value::Bool(yes) => vec![(prefix.to_owned(), if *yes { "yes" } else { "no" }.to_owned())],
        Value::Array(items) => {
            let items = items
                .iter()
                .map(|i| i.as_str().map_or_else(|| i.to_string(), str::to_owned));
            vec![(prefix.to_owned(), items.collect::<Vec<_>>().join(", "))]
        }
        Value::Number(number) => vec![(prefix.to_owned(), number.to_string())],
    }
}
