use chrono::{DateTime, NaiveDate, Utc};
use rampart_domain::escalation::State;

use super::{BreachRow, Chart, DayRow, Installations, MailRow, MissRow, PartnerRef};

/// How an app is doing right now, the worst of its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AppState {
    /// Measured, no breach open, every 28-day figure at or above its target.
    Good,
    /// Nobody has started measuring yet, or it was stopped.
    NotMeasured,
    /// Measured, but no counted event yet or none in the last 15 minutes.
    Unknown,
    /// No breach open, but a 28-day figure is below its target.
    BelowTarget,
    /// A breach is open.
    Breach,
    Archived,
}

/// What the signed-in person may do with the app; decides which buttons are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppPermissions {
    pub edit: bool,
    pub archive: bool,
    pub measure: bool,
}

/// What stands at the head of every page of an app.
#[derive(Clone, Debug, PartialEq)]
pub struct AppHead {
    pub key: String,
    pub name: String,
    /// "Connect", "Forge" or "Other".
    pub kind: String,
    /// Display names, for example "Jira".
    pub products: Vec<String>,
    pub partner: PartnerRef,
    pub state: AppState,
    /// Where it stands on the ladder; `None` while it is not on it.
    pub escalation: Option<State>,
    pub measuring_since: Option<DateTime<Utc>>,
    pub archived_at: Option<DateTime<Utc>>,
    /// Up to when figures are complete; `None` before the first figure.
    pub complete_until: Option<DateTime<Utc>>,
    pub open_breaches: u32,
    /// How many breaches the app ever had.
    pub breaches: u32,
    pub may: AppPermissions,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AppList {
    pub rows: Vec<AppRow>,
    /// How many apps there are with this filter; `rows` is one page of them.
    pub total: u64,
    pub page: u32,
    pub pages: u32,
    /// What was searched for.
    pub search: String,
    /// Whether the reader is staff and sees the apps of several partners.
    pub shows_partner: bool,
    pub may_register: bool,
    pub archived: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AppRow {
    pub key: String,
    pub name: String,
    pub partner: String,
    pub state: AppState,
    /// Where it stands on the ladder; `None` while it is not on it.
    pub escalation: Option<State>,
    /// Worst 28-day availability of the app's base URLs, percent.
    pub availability: Option<f64>,
    /// Error budget left of that series, in events (for availability: minutes); negative when overspent.
    pub budget_left: Option<f64>,
    pub budget_share: Option<f64>,
    pub open_breaches: u32,
    pub measuring_since: Option<DateTime<Utc>>,
}

/// The error budget of one series over 28 days (SPEC section 2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    pub counted: u64,
    pub bad: u64,
    /// (1 − SLO) × counted events.
    pub allowed: f64,
    /// Signed.
    pub left: f64,
    /// 1.0 is untouched, 0.0 spent, negative overspent; `None` while nothing is counted.
    pub share: Option<f64>,
    /// Whether one event stands for one minute (availability).
    pub in_minutes: bool,
}

/// What becomes of an error budget (SPEC section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// The date on which it is overspent if every day to come is like those of the last week; `None` when that can go on
    /// for ever, when nothing is counted, and when it is overspent already.
    pub exhausted_on: Option<NaiveDate>,
    /// While it is overspent, the date on which the target is met again if nothing else goes wrong.
    pub met_again_on: Option<NaiveDate>,
}

/// One series in the table of service levels. All figures are adjusted, in percent.
#[derive(Clone, Debug, PartialEq)]
pub struct SliRow {
    /// "App availability".
    pub name: String,
    /// The base URL, when the app has several.
    pub target: Option<String>,
    pub slo: f64,
    pub quarter_hour: Option<f64>,
    pub day: Option<f64>,
    pub month: Option<f64>,
    /// 28 days without leaving excused minutes out; differs from `month` only when something is excused.
    pub month_raw: Option<f64>,
    pub budget: Budget,
    /// The budget without leaving excused minutes out.
    pub budget_raw: Budget,
    pub outlook: Outlook,
    pub breach_since: Option<DateTime<Utc>>,
    /// Link to the series' metrics.
    pub href: String,
    /// Link to where the budget went.
    pub budget_href: String,
}

/// Something the reader is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Todo {
    pub title: String,
    /// Why, and by when.
    pub detail: String,
    pub href: String,
}

/// The last probe of one base URL.
#[derive(Clone, Debug, PartialEq)]
pub struct BaseUrlProbe {
    /// Without the scheme, for reading.
    pub url: String,
    pub at: Option<DateTime<Utc>>,
    pub good: Option<bool>,
    /// "200 in 84 ms", or the exact reason of the failure.
    pub outcome: String,
    /// 95th percentile of the last 24 h, milliseconds.
    pub p95_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AppOverview {
    pub head: AppHead,
    pub slis: Vec<SliRow>,
    pub todo: Vec<Todo>,
    pub health: Vec<BaseUrlProbe>,
    /// The worst availability series over 28 days.
    pub chart: Option<Chart>,
    pub chart_title: String,
    pub days: Vec<DayRow>,
    /// The latest ones.
    pub breaches: Vec<BreachRow>,
    /// The targets that are being missed.
    pub misses: Vec<MissRow>,
    pub alert_address: AlertAddress,
    pub burn_rates: BurnRates,
    /// The date on which every 28-day figure is at its target again if nothing else goes wrong; `None` when they are.
    pub clears_on: Option<NaiveDate>,
}

/// Where the alert mails of an app go (SPEC section 2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertAddress {
    /// The confirmed address in use; `None`: the partner's owners get the alerts.
    pub confirmed: Option<String>,
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Asked for by a drill mail, not confirmed yet.
    pub pending: Option<String>,
    pub drill_sent_at: Option<DateTime<Utc>>,
    /// The address whose mail server refused for good, and when; alerts go to the owners since.
    pub failed: Option<(String, DateTime<Utc>)>,
    /// Who gets the alerts right now.
    pub recipients: Vec<String>,
}

/// The burn-rate alerts of an app (SPEC section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BurnRates {
    pub on: bool,
    /// When the last one started.
    pub last: Option<DateTime<Utc>>,
    /// Whether one has started and not ended.
    pub is_open: bool,
}

/// One base URL tested on the spot.
#[derive(Clone, Debug, PartialEq)]
pub struct TestResult {
    pub url: String,
    pub good: bool,
    /// "200", or nothing when there was no answer.
    pub status: Option<u16>,
    /// The exact reason, or what was answered.
    pub reason: String,
    /// Phase and milliseconds, in order: name lookup, connect, TLS, first byte, total.
    pub timings: Vec<(String, f64)>,
    /// Hints that the URL may prove nothing (a static or cached resource).
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AppSettings {
    pub head: AppHead,
    /// Raises with every change; a form carries the version it was based on.
    pub version: i64,
    /// Key of the kind: "connect", "forge" or "other".
    pub kind: String,
    /// (key, display name, whether the app has it).
    pub products: Vec<(String, String, bool)>,
    pub support_contact: String,
    pub operations_contacts: String,
    pub health_path: String,
    pub base_urls: Vec<String>,
    pub fails_when_down: bool,
    /// Host names of the sites whose events are counted as excluded.
    pub excluded_sites: Vec<String>,
    pub alert_address: AlertAddress,
    pub burn_rates: BurnRates,
    pub installations: Installations,
    pub mails: Vec<MailRow>,
}

/// What "Test now" found; in context when the settings page answers that form.
#[derive(Clone, Debug, PartialEq)]
pub struct TestResults(pub Vec<TestResult>);

#[derive(Clone, Debug, PartialEq)]
pub struct NewAppPage {
    /// The partners for which the reader may register an app.
    pub partners: Vec<PartnerRef>,
    /// (key, display name).
    pub products: Vec<(String, String)>,
}
