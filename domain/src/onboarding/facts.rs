use chrono::{DateTime, NaiveDate, Utc};

use super::Item;
use crate::{app::AppKind, sli::Product};

/// Everything the checklist of an app follows from.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    pub kind: AppKind,
    pub products: Vec<Product>,
    /// Whether staff have started the measuring.
    pub measured: bool,
    /// The health check of each base URL.
    pub health: Vec<HealthCheck>,
    /// Whether the partner says that the health check does not answer 200 while the app is down.
    pub fails_when_down: bool,
    pub alert_address: AlertAddress,
    /// Each series with an objective.
    pub series: Vec<SeriesFact>,
    pub readiness: Readiness,
    /// The products for which there is a developer-first-rollout instance.
    pub rollout: Vec<Product>,
    /// When a trial ticket was walked to closed; `None` while none was.
    pub trial_closed: Option<DateTime<Utc>>,
    /// Whether the app sends own events about its pages; `None` where no page was ever loaded.
    pub own_events: Option<bool>,
    /// When the last synthetic result came.
    pub last_synthetic: Option<DateTime<Utc>>,
    /// Whether the partner says that the operations contacts have watched the training.
    pub trained: bool,
    /// What is waived, and the last day of it.
    pub waived: Vec<(Item, NaiveDate)>,
    /// For what a waiver is asked that nobody has answered.
    pub asked: Vec<Item>,
}

/// The probes of one base URL within the last 24 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// Without the scheme, for reading.
    pub url: String,
    pub good: u64,
    pub total: u64,
}

/// Where the alerts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertAddress {
    /// No address was entered.
    Missing,
    /// The drill mail was sent, and its link not opened yet.
    Pending,
    Confirmed,
    /// The confirmed address refuses mail.
    Failed,
}

/// A series, as far as the partner has looked at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesFact {
    pub name: String,
    /// Whether anything was counted in it.
    pub has_data: bool,
    pub review: ReviewState,
}

/// What the partner said of a series last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewState {
    Unseen,
    /// It shows what they expect.
    Expected,
    /// Something is suspicious or missing, and nobody has answered.
    Flagged,
    /// Staff have answered; the partner looks again.
    Answered,
}

/// Where the readiness document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    Missing,
    /// It is being written.
    Draft,
    Submitted,
    /// The platform asks for changes.
    ChangesRequested,
    /// Until this day.
    Approved(NaiveDate),
    Expired,
}
