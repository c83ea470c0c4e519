use chrono::{DateTime, Utc};

use super::TokenRow;

#[derive(Clone, Debug, PartialEq)]
pub struct PartnersPage {
    pub rows: Vec<PartnerRow>,
    pub may_create: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartnerRow {
    pub id: String,
    pub name: String,
    pub apps: u32,
    pub members: u32,
    pub archived_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartnerPage {
    pub id: String,
    pub name: String,
    pub version: i64,
    pub archived_at: Option<DateTime<Utc>>,
    pub members: Vec<MemberRow>,
    pub invitations: Vec<InvitationRow>,
    pub may_edit: bool,
    pub may_manage_members: bool,
    /// The tokens of the API, for those who may manage them.
    pub tokens: Option<Vec<TokenRow>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MemberRow {
    pub id: String,
    pub name: String,
    pub mail: String,
    /// "member" or "owner".
    pub role: String,
    pub is_self: bool,
    pub last_seen: Option<DateTime<Utc>>,
}

/// An invitation that was not used yet.
#[derive(Clone, Debug, PartialEq)]
pub struct InvitationRow {
    pub id: String,
    pub mail: String,
    /// Display names of the roles that come with it.
    pub roles: String,
    pub invited_by: String,
    pub expires_at: DateTime<Utc>,
    pub expired: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PeoplePage {
    pub staff: Vec<PersonRow>,
    pub invitations: Vec<InvitationRow>,
    /// (key, display name) of every staff role.
    pub roles: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PersonRow {
    pub id: String,
    pub name: String,
    pub mail: String,
    /// Keys of the staff roles the person holds.
    pub roles: Vec<String>,
    pub is_self: bool,
    pub disabled_at: Option<DateTime<Utc>>,
    pub last_seen: Option<DateTime<Utc>>,
}
