//! Identifiers, one type for each kind of thing, so that they cannot be mixed up.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A person with an account.
    UserId,
    /// A partner: the company whose people own apps.
    PartnerId,
    /// An app of a partner.
    AppId,
    /// A series: (app, product, SLI, group, target), SPEC section 2.
    SeriesId,
    /// An alert episode: one row of the breach history.
    EpisodeId,
    /// A time in which a series was below its objective.
    MissId,
    /// Counted episodes of an app that are one breach to the escalation engine.
    OccurrenceId,
    /// An item of the mail outbox.
    MailId,
    /// An invitation of a person by mail.
    InvitationId,
    /// A token of the API.
    TokenId,
    /// A request to send the alerts of an app to an address.
    AlertAddressId,
    /// An installation of an app at a product's site.
    InstallationId,
    /// A conversation about one subject.
    ThreadId,
    /// A comment in a thread.
    CommentId,
    /// What an app in remediation has to do.
    PlanId,
    /// Something that was agreed on after something went wrong.
    ActionId,
    /// The request of a partner that an app gets the designation.
    TicketId,
    /// A requirement that is not asked of an app for a time, or the request for that.
    ChecklistWaiverId,
    /// What a partner said of a series.
    ReviewId,
    /// A developer-first-rollout instance of a product.
    InstanceId,
    /// What is talked about at one question of a readiness document.
    ConversationId,
    /// An announced withdrawal of a designation.
    WithdrawalId,
}
