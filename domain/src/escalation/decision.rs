use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use super::{Text, show_time};
use crate::sli::text_key;

text_key! {
    /// Where an app stands (`escalation.md`, "State of an app").
    pub enum State, "state" {
        /// Without the designation.
        None = "none",
        GoodStanding = "good_standing",
        Notified = "notified",
        Remediation = "remediation",
        DemotionProposed = "demotion_proposed",
        Demoted = "demoted",
    }
}

text_key! {
    /// What brought a decision about (`escalation.md`, "Rules, in order").
    pub enum Rule, "rule" {
        Designated = "designated",
        Withdrawn = "withdrawn",
        Confirmed = "confirmed",
        Declined = "declined",
        Reinstated = "reinstated",
        Recovered = "recovered",
        Deadline = "deadline",
        FurtherBreaches = "further_breaches",
        Automatic = "automatic",
        Notify = "notify",
        RepeatedBreaches = "repeated_breaches",
        SloMissed = "slo_missed",
        Clear = "clear",
        /// What is excused has changed, and with it what follows from the facts so far.
        Ledger = "ledger",
    }
}

impl State {
    /// What people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "without the designation",
            Self::GoodStanding => "in good standing",
            Self::Notified => "notified",
            Self::Remediation => "in remediation",
            Self::DemotionProposed => "proposed for demotion",
            Self::Demoted => "demoted",
        }
    }

    /// What it means for the app.
    pub const fn effect(self) -> &'static str {
        match self {
            Self::None => "The app does not carry the designation.",
            Self::GoodStanding => "The app carries the designation.",
            Self::Notified => "The app keeps the designation. This is a notification: nothing is taken away.",
            Self::Remediation => "The app keeps the designation while a remediation plan is carried out.",
            Self::DemotionProposed => "The app keeps the designation until a program manager has decided.",
            Self::Demoted => "The app has lost the designation, and the public record says so.",
        }
    }

    /// What is asked of the partner.
    pub const fn what_to_do(self) -> &'static str {
        match self {
            Self::None | Self::GoodStanding => "Nothing is asked of you.",
            Self::Notified => "Find out what failed and keep it from happening again.",
            Self::Remediation => "Agree on a plan with the platform and complete its actions before the deadline.",
            Self::DemotionProposed => "Tell the program manager what has been done and what speaks against a demotion.",
            Self::Demoted => "Repair what failed; after the wait a program manager may take the app back.",
        }
    }
}

/// One step of an app from a state to another. Its members are written in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    #[serde(serialize_with = "time")]
    pub at: DateTime<Utc>,
    pub app: Text,
    pub from: State,
    pub to: State,
    pub rule: Rule,
    /// The ids of the facts it rests on, in their order.
    pub because: Vec<Text>,
    /// The version of the policy in force.
    #[serde(skip)]
    pub policy_version: u64,
    /// A sentence for the partner: what was decided, and why.
    #[serde(skip)]
    pub explanation: String,
}

fn time<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&show_time(*at))
}
