use std::str::FromStr;

/// How an app is built (SPEC section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppKind {
    Connect,
    Forge,
    Other,
}

/// A text that names no kind of app.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Choose Connect, Forge or Other.")]
pub struct UnknownKind;

impl AppKind {
    pub const ALL: [Self; 3] = [Self::Connect, Self::Forge, Self::Other];

    /// The key that is stored and sent in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Forge => "forge",
            Self::Other => "other",
        }
    }

    /// The name shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Connect => "Connect",
            Self::Forge => "Forge",
            Self::Other => "Other",
        }
    }
}

impl FromStr for AppKind {
    type Err = UnknownKind;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or(UnknownKind)
    }
}
