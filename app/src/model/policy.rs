use chrono::{DateTime, Utc};
use rampart_domain::{policy::SliPolicy, sli::Sli};

/// How one SLI is assessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliRules {
    pub sli: Sli,
    pub policy: SliPolicy,
}

/// The measurement policy as everybody may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyPage {
    /// The version that holds now.
    pub version: u32,
    /// Since when; `None` for the standard, which has held since the beginning.
    pub since: Option<DateTime<Utc>>,
    pub rules: Vec<SliRules>,
    /// Those that will hold later, in order.
    pub planned: Vec<PolicyVersion>,
    /// Every version that was published, the latest first.
    pub versions: Vec<PolicyVersion>,
    pub may_publish: bool,
}

/// A published version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    pub version: u64,
    /// The first evaluation that uses it.
    pub starts: DateTime<Utc>,
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: String,
    /// Against the version before.
    pub changes: Vec<PolicyChange>,
    pub standing: VersionStanding,
}

/// Whether a version holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionStanding {
    Holds,
    Planned,
    Earlier,
    /// A newer version replaced it before it started.
    Replaced,
}

/// One number that differs between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyChange {
    /// What it is about: "App availability", "Remediation".
    pub about: &'static str,
    /// "objective".
    pub what: &'static str,
    pub before: String,
    pub after: String,
}

/// What the next version begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyEditor {
    /// The version that was published last, on which the next one is based.
    pub base: u32,
    pub rules: Vec<SliRules>,
    /// When the latest version starts, if that lies ahead.
    pub starts: Option<DateTime<Utc>>,
}

/// A version that is about to be published; in context when the editor answers "Review".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyReview {
    /// The fields of the form, as they were typed.
    pub values: Vec<(String, String)>,
    pub version: u32,
    /// `None`: within two minutes.
    pub starts: Option<DateTime<Utc>>,
    pub changes: Vec<PolicyChange>,
    /// Versions with their starts that will not come into force, because this one replaces them.
    pub replaces: Vec<(u32, DateTime<Utc>)>,
}

/// The fields of an SLI in the form of a new version.
#[derive(Clone, Copy, Debug)]
pub struct RuleFields {
    pub slo: &'static str,
    pub threshold: &'static str,
    pub window: &'static str,
    pub min_bad: &'static str,
    pub settle: &'static str,
}

impl RuleFields {
    /// The names of the fields of `sli`; `None` where there is no objective.
    pub const fn of(sli: Sli) -> Option<Self> {
        macro_rules! fields {
            ($sli:literal) => {
                Some(Self {
                    slo: concat!($sli, ".slo"),
                    threshold: concat!($sli, ".threshold"),
                    window: concat!($sli, ".window"),
                    min_bad: concat!($sli, ".min_bad"),
                    settle: concat!($sli, ".settle"),
                })
            };
        }
        match sli {
            Sli::Availability => fields!("availability"),
            Sli::IframeLoad => fields!("iframe_load"),
            Sli::InstallationCallback => fields!("installation_callback"),
            Sli::WebhookDelivery => fields!("webhook_delivery"),
            Sli::Synthetic => None,
        }
    }
}
