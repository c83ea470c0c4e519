use chrono::{DateTime, Utc};

/// The platform's own tokens of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct TokensPage {
    pub tokens: Vec<TokenRow>,
}

/// A token of the API that was not revoked.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenRow {
    pub id: String,
    pub name: String,
    /// What it opens: "ingest", "synthetic:write".
    pub scope: String,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub expired: bool,
    /// To the hour.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A token that was made with this request; its value is shown this once.
#[derive(Clone, PartialEq, Eq)]
pub struct MadeToken {
    pub value: String,
}
