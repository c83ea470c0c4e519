use chrono::{DateTime, Utc};

#[derive(Clone, Debug, PartialEq)]
pub struct AccountPage {
    pub name: String,
    pub mail: String,
    /// "Owner at Kestrel Labs", "Reviewer".
    pub roles: Vec<String>,
    pub sessions: Vec<SessionRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SessionRow {
    pub id: String,
    pub address: Option<String>,
    /// The browser as it names itself, shortened.
    pub agent: String,
    pub created_at: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
    pub is_current: bool,
}

/// What the link in an invitation mail shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationPage {
    pub token: String,
    pub mail: String,
    pub name: String,
    /// "Owner at Kestrel Labs".
    pub roles: String,
    pub invited_by: String,
    pub asks: InvitationAsks,
}

/// What the holder of an invitation is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationAsks {
    /// A name and a password: there is no account with this mail address yet.
    NewAccount,
    /// The password of the account that gets the role.
    Password,
    /// A new password, in place of a forgotten one.
    NewPassword,
}
