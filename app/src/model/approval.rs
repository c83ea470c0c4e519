use chrono::{DateTime, NaiveDate, Utc};
use rampart_domain::onboarding::{Item, Need, Party, ReviewState, State};

use super::{AppHead, PartnerRef, Thread};

/// The approval of an app: its checklist, its ticket, and what was said (SPEC section 3).
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovalPage {
    pub head: AppHead,
    /// The open ticket, else the latest; `None` before approval was asked for.
    pub ticket: Option<TicketView>,
    /// The tickets before, the latest first.
    pub earlier: Vec<TicketView>,
    /// Who has to act next, in one sentence; `None` while no ticket is open.
    pub next: Option<String>,
    /// How many of the required items are done or waived.
    pub done: u64,
    pub required: u64,
    pub items: Vec<ChecklistItem>,
    pub series: Vec<SeriesToReview>,
    pub instances: Vec<InstanceView>,
    /// (key, name) of each product of the app.
    pub products: Vec<(String, String)>,
    pub training: Option<TrainingView>,
    pub may: ApprovalPermissions,
    /// Why this reader cannot decide, though they may decide on others.
    pub obstacle: Option<String>,
    /// Why approval cannot be asked for.
    pub cannot_ask: Option<&'static str>,
    pub thread: Option<Thread>,
    pub today: NaiveDate,
}

/// What the reader may do; the forms of the page follow from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApprovalPermissions {
    /// Ask for approval.
    pub ask: bool,
    /// Do the partner's items.
    pub work: bool,
    /// Answer what was flagged.
    pub answer: bool,
    /// Ask for a waiver.
    pub request: bool,
    /// Waive, approve and refuse.
    pub decide: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView {
    pub opened_at: DateTime<Utc>,
    pub opened_by: String,
    pub verdict: Option<TicketVerdict>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketVerdict {
    pub approved: bool,
    pub why: String,
    pub by: String,
    pub at: DateTime<Utc>,
}

/// An item of the checklist as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChecklistItem {
    pub item: Item,
    pub need: Need,
    pub state: State,
    /// Why, in one sentence.
    pub reason: String,
    /// Where it is done; `None` where it is done nowhere in this portal.
    pub href: Option<String>,
    /// The waiver or request that was not ended.
    pub waiver: Option<WaiverView>,
    /// What was declined, taken back or has run out, the latest first.
    pub past: Vec<WaiverView>,
}

/// A waiver of an item, or the request for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverView {
    pub asked: Option<Saying>,
    pub granted: Option<Saying>,
    /// Its last day.
    pub until: Option<NaiveDate>,
    pub ended: Option<Saying>,
    /// Whether the reader asked for it.
    pub is_own: bool,
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    pub by: String,
    pub at: DateTime<Utc>,
    pub text: String,
}

/// A series, and what the partner said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesToReview {
    pub id: String,
    pub name: String,
    /// Its metrics.
    pub href: String,
    pub has_data: bool,
    pub state: ReviewState,
    /// The last thing that was said, with its id and the answer.
    pub said: Option<(String, Saying)>,
    pub answer: Option<Saying>,
    /// Whether the reader flagged it.
    pub is_own: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceView {
    pub id: String,
    pub product: String,
    pub site: String,
    pub added_by: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainingView {
    pub watched_by: String,
    pub said_by: String,
    pub at: DateTime<Utc>,
}

/// What the queue is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApprovalFilter {
    /// The key of who acts next; everybody when empty.
    pub next: String,
    /// Part of the name or key of the app, or of the partner's name.
    pub search: String,
    /// From 1.
    pub page: u32,
}

/// Every open ticket, for staff.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovalQueue {
    pub rows: Vec<ApprovalRow>,
    /// How many there are with this filter; `rows` is one page of them.
    pub total: u64,
    pub page: u32,
    pub pages: u32,
    pub filter: ApprovalFilter,
    /// How many wait for whom; one ticket may wait for several.
    pub waiting: Vec<(Party, u64)>,
    pub everything: u64,
}

/// An open ticket.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovalRow {
    pub app_key: String,
    pub app_name: String,
    pub partner: PartnerRef,
    pub opened_at: DateTime<Utc>,
    /// Whole days since then.
    pub age_days: i64,
    pub done: u64,
    pub required: u64,
    /// Who acts next, in one sentence.
    pub next: String,
}
