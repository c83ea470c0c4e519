use chrono::{DateTime, Utc};

/// What was said about a subject, the first first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// Where its forms post: `{base}/comment` and `{base}/comments/{id}/edit`.
    pub base: String,
    pub comments: Vec<Comment>,
    pub may_write: bool,
    /// Whether no further comment fits.
    pub is_full: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub id: String,
    pub author: String,
    /// Whether the author wrote for the platform.
    pub by_staff: bool,
    pub at: DateTime<Utc>,
    /// When it was written anew last.
    pub edited: Option<DateTime<Utc>>,
    /// What it says, as safe HTML: made from Markdown by the server, which lets only harmless elements through.
    pub html: String,
    pub version: i64,
    /// Its Markdown, for its author to change.
    pub source: Option<String>,
    /// What it said before, the latest first.
    pub earlier: Vec<EarlierVersion>,
}

/// What a comment said from `at` on, until it was written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierVersion {
    pub at: DateTime<Utc>,
    /// Safe HTML.
    pub html: String,
}
