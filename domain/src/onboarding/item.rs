use crate::{app::AppKind, sli::text_key};

text_key! {
    /// An item of the checklist, in the order in which it is shown.
    pub enum Item, "item of the checklist" {
        /// A URL that says whether the app is up.
        HealthCheck = "health_check",
        /// Somebody reads the alert mails: the link of the drill mail was opened.
        AlertMail = "alert_mail",
        /// The partner has seen every series, and it shows what they expect.
        Slis = "slis",
        /// The answers about scalability, testing, restoration and incident management.
        Readiness = "readiness",
        /// An instance that gets changes of a product early, for each product.
        Rollout = "developer_first_rollout",
        /// An incident ticket opened and closed to try it out.
        Trial = "trial_ticket",
        /// Own events say whether a page of the app has really loaded.
        IframeEvents = "iframe_events",
        /// Automated tests of the partner's report what they found.
        Synthetics = "synthetic_tests",
        /// The operations contacts have watched the training.
        Training = "training",
    }
}

/// How much an item is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Without it, or a waiver, no app is approved.
    Required,
    Recommended,
    Optional,
}

impl Need {
    pub const fn label(self) -> &'static str {
        match self {
            Self::Required => "Required",
            Self::Recommended => "Recommended",
            Self::Optional => "Optional",
        }
    }
}

/// Who can act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The partner's people.
    Partner,
    /// Everybody of the platform who may see apps.
    Reviewers,
    ProgramManagers,
}

impl Party {
    pub const ALL: [Self; 3] = [Self::Partner, Self::Reviewers, Self::ProgramManagers];

    /// The key in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Reviewers => "reviewers",
            Self::ProgramManagers => "program_managers",
        }
    }

    /// The name shown to people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Partner => "Partner",
            Self::Reviewers => "Reviewers",
            Self::ProgramManagers => "Program managers",
        }
    }
}

impl Item {
    pub const fn label(self) -> &'static str {
        match self {
            Self::HealthCheck => "Health check",
            Self::AlertMail => "Alert mail",
            Self::Slis => "Service level indicators reviewed",
            Self::Readiness => "Readiness document",
            Self::Rollout => "Developer-first-rollout instances",
            Self::Trial => "Trial ticket",
            Self::IframeEvents => "Iframe events refined",
            Self::Synthetics => "Synthetic tests",
            Self::Training => "Training watched",
        }
    }

    /// What is asked, in one sentence.
    pub const fn asks(self) -> &'static str {
        match self {
            Self::HealthCheck => {
                "A URL that needs no sign-in answers 200 within 3 s while the app works, and never while it does not."
            }
            Self::AlertMail => "Alerts go to an address that somebody has confirmed from the drill mail.",
            Self::Slis => {
                "The partner looks at each series, and says that it shows what they expect or what is suspicious about it."
            }
            Self::Readiness => {
                "The partner describes how the app scales, is tested and restored, and how incidents are handled; the platform approves it."
            }
            Self::Rollout => {
                "There is a developer-first-rollout instance of each product, where its changes arrive before they reach customers."
            }
            Self::Trial => {
                "Two of the partner's team open an incident ticket marked as a trial, and walk it through until it is closed."
            }
            Self::IframeEvents => {
                "The app itself says when a page has loaded or failed, so that an error shown within a page is counted."
            }
            Self::Synthetics => {
                "Automated tests act as users on a developer-first-rollout instance, and report what they find."
            }
            Self::Training => "The operations contacts watch the training on incidents and reviews.",
        }
    }

    /// How many days it takes by the programme page; `None` where it gives no number.
    pub const fn effort(self) -> Option<(u32, u32)> {
        match self {
            Self::Readiness => Some((1, 3)),
            Self::Synthetics => Some((2, 5)),
            _ => None,
        }
    }

    /// How much it is asked for of an app of this kind.
    pub const fn need(self, kind: AppKind) -> Need {
        match self {
            Self::HealthCheck if !matches!(kind, AppKind::Connect) => Need::Recommended,
            Self::HealthCheck | Self::AlertMail | Self::Slis | Self::Readiness | Self::Rollout | Self::Trial => {
                Need::Required
            }
            Self::IframeEvents | Self::Synthetics => Need::Recommended,
            Self::Training => Need::Optional,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_stable() {
        let keys: Vec<_> = Item::ALL.iter().map(|item| item.as_str()).collect();
        let expected = [
            "health_check",
            "alert_mail",
            "slis",
            "readiness",
            "developer_first_rollout",
            "trial_ticket",
            "iframe_events",
            "synthetic_tests",
            "training",
        ];
        assert_eq!(keys, expected);
    }

    #[test]
    fn what_is_required_follows_the_programme_page() {
        let required = |kind| {
            let items = Item::ALL.iter().filter(move |item| item.need(kind) == Need::Required);
            items.count()
        };
        assert_eq!(required(AppKind::Connect), 6);
        assert_eq!(
            required(AppKind::Forge),
            5,
            "the health check is required of Connect apps"
        );
        assert_eq!(Item::Training.need(AppKind::Connect), Need::Optional);
        assert_eq!(Item::Readiness.effort(), Some((1, 3)));
        assert_eq!(Item::Synthetics.effort(), Some((2, 5)));
        assert_eq!(Item::HealthCheck.effort(), None, "the page gives no number");
    }
}
