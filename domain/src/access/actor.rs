use std::{fmt, net::IpAddr, str::FromStr};

use uuid::Uuid;

use super::{Action, Grant, grant};
use crate::id::{PartnerId, UserId};

/// Every role of SPEC section 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    PartnerMember,
    PartnerOwner,
    Reviewer,
    IncidentManager,
    ProgramManager,
    Administrator,
}

impl Role {
    pub const ALL: [Self; 6] = [
        Self::PartnerMember,
        Self::PartnerOwner,
        Self::Reviewer,
        Self::IncidentManager,
        Self::ProgramManager,
        Self::Administrator,
    ];
}

/// A role within one partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartnerRole {
    Member,
    Owner,
}

/// A role on the platform's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StaffRole {
    Reviewer,
    IncidentManager,
    ProgramManager,
    Administrator,
}

/// A text that names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no role \"{0}\"")]
pub struct UnknownRole(pub String);

impl PartnerRole {
    pub const ALL: [Self; 2] = [Self::Member, Self::Owner];

    /// The key that is stored and sent in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Owner => "owner",
        }
    }

    /// The name shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Member => "Member",
            Self::Owner => "Owner",
        }
    }

    pub fn role(self) -> Role {
        match self {
            Self::Member => Role::PartnerMember,
            Self::Owner => Role::PartnerOwner,
        }
    }
}

impl FromStr for PartnerRole {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|r| r.as_str() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

impl StaffRole {
    pub const ALL: [Self; 4] = [
        Self::Reviewer,
        Self::IncidentManager,
        Self::ProgramManager,
        Self::Administrator,
    ];

    /// The key that is stored and sent in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::IncidentManager => "incident_manager",
            Self::ProgramManager => "program_manager",
            Self::Administrator => "administrator",
        }
    }

    /// The name shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Reviewer => "Reviewer",
            Self::IncidentManager => "Incident manager",
            Self::ProgramManager => "Program manager",
            Self::Administrator => "Administrator",
        }
    }

    pub fn role(self) -> Role {
        match self {
            Self::Reviewer => Role::Reviewer,
            Self::IncidentManager => Role::IncidentManager,
            Self::ProgramManager => Role::ProgramManager,
            Self::Administrator => Role::Administrator,
        }
    }
}

impl fmt::Display for StaffRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for StaffRole {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|r| r.as_str() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// What a person is within one partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    pub partner: PartnerId,
    pub role: PartnerRole,
}

/// A signed-in person with the roles they hold at this moment, and the address they came from.
#[derive(Clone, Debug)]
pub struct Actor {
    pub user: UserId,
    pub name: String,
    pub mail: String,
    pub memberships: Vec<Membership>,
    pub staff: Vec<StaffRole>,
    /// Where the request came from, for the audit log.
    pub address: Option<IpAddr>,
    /// The session the request belongs to.
    pub session: Option<Uuid>,
}

impl Actor {
    /// Whether the actor may do `action` to something that belongs to `partner`.
    pub fn may_in(&self, action: Action, partner: PartnerId) -> bool {
        self.may_everywhere(action)
            || self
                .memberships
                .iter()
                .any(|m| m.partner == partner && grant(m.role.role(), action) >= Grant::OwnPartner)
    }

    /// Whether the actor may do `action` for every partner.
    pub fn may_everywhere(&self, action: Action) -> bool {
        self.staff.iter().any(|r| grant(r.role(), action) == Grant::Everywhere)
    }

    /// Whether there is any partner for which the actor may do `action`; decides what the navigation offers.
    pub fn may_somewhere(&self, action: Action) -> bool {
        self.may_everywhere(action) || self.memberships.iter().any(|m| self.may_in(action, m.partner))
    }

    pub fn is_staff(&self) -> bool {
        !self.staff.is_empty()
    }
}
