use chrono::{DateTime, Utc};

/// Where an app is installed, with what signs its requests (SPEC section 2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installations {
    pub rows: Vec<InstallationRow>,
    /// The products that a new one can have: (key, display name).
    pub products: Vec<(String, String)>,
    /// The groups that a new one can have: (key, display name).
    pub groups: Vec<(String, String)>,
    /// Whether the reader makes, changes and ends them.
    pub may_manage: bool,
    /// Whether the operator set a key under which secrets can be kept.
    pub can_keep_secrets: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationRow {
    pub id: String,
    /// "acme.atlassian.net".
    pub site: String,
    /// "Jira".
    pub product: String,
    /// "Production".
    pub group: String,
    /// Keys under `modules` of the app's descriptor.
    pub module_types: Vec<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    /// Since when its secret is valid.
    pub secret_since: Option<DateTime<Utc>>,
    /// Until when the one before stays valid, when it still is.
    pub old_secret_until: Option<DateTime<Utc>>,
    /// Since when it is no longer valid.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A shared secret that Rampart made; in context of the one page that shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// The installation it belongs to, in words.
    pub installation: String,
    pub secret: String,
}
