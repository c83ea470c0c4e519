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
    /// Whether an account with this mail address exists: then its password is asked for instead of a new one.
    pub has_account: bool,
}
