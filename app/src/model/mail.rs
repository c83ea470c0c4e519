use chrono::{DateTime, Utc};

use super::PartnerRef;

/// Where a mail is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// Waits for its first attempt.
    Queued,
    /// At least one attempt failed; another follows.
    Retrying,
    Sent,
    /// Given up, or refused for good.
    Failed,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MailRow {
    pub id: String,
    pub subject: String,
    pub recipients: String,
    pub state: MailState,
    pub queued_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
    pub attempts: u32,
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What the mail server said last.
    pub error: Option<String>,
    /// Link to the mail's page, for those who may see it.
    pub href: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MailQueue {
    pub rows: Vec<MailRow>,
    pub total: u64,
    pub page: u32,
    pub pages: u32,
    /// Counts of (queued, retrying, sent in the last 24 h, failed).
    pub queued: u64,
    pub retrying: u64,
    pub failed: u64,
    /// "all", "waiting" or "failed".
    pub filter: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MailPage {
    pub row: MailRow,
    pub message_id: String,
    /// The readable text part.
    pub text: String,
    pub partner: Option<PartnerRef>,
    pub may_retry: bool,
}

/// What the link in a drill mail shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertConfirmationPage {
    pub token: String,
    pub address: String,
    pub app_name: String,
    pub partner_name: String,
}
