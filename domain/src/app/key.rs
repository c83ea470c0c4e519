use std::{fmt, str::FromStr};

/// The key that names an app on the marketplace, `com.example.appkey`; it stands in URLs, mails and tokens and never
/// changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppKey(String);

/// Why a text is no app key. Each message says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppKeyError {
    #[error("Enter the app key, for example com.example.timesheets.")]
    Empty,
    #[error("An app key has at most {max} characters; this one has {has}.", max = AppKey::MAX_LENGTH)]
    TooLong { has: usize },
    #[error("An app key has letters, digits, dots, hyphens and underscores only; \"{0}\" is not one of them.")]
    Character(char),
    #[error("An app key begins and ends with a letter or a digit.")]
    Edge,
    #[error("\"{0}\" is used by Rampart itself. Choose another key.")]
    Reserved(String),
}

impl AppKey {
    pub const MAX_LENGTH: usize = 80;
    /// Words that stand in the place of a key in Rampart's own URLs.
    const RESERVED: [&'static str; 2] = ["new", "levels"];

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AppKey {
    type Err = AppKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AppKeyError::Empty);
        }
        if let Some(bad) = text
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || ".-_".contains(*c)))
        {
            return Err(AppKeyError::Character(bad));
        }
        if text.len() > Self::MAX_LENGTH {
            return Err(AppKeyError::TooLong { has: text.len() });
        }
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !text.ends_with(|c: char| c.is_ascii_alphanumeric())
        {
            return Err(AppKeyError::Edge);
        }
        if Self::RESERVED.iter().any(|r| r.eq_ignore_ascii_case(text)) {
            return Err(AppKeyError::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_trimmed_and_kept_as_written() {
        assert_eq!(
            "  com.Example.app-key_2 ".parse::<AppKey>().unwrap().as_str(),
            "com.Example.app-key_2"
        );
    }

    #[test]
    fn each_rule_has_its_own_message() {
        let error = |text: &str| text.parse::<AppKey>().unwrap_err();
        assert_eq!(error("  "), AppKeyError::Empty);
        assert_eq!(error("com/app"), AppKeyError::Character('/'));
        assert_eq!(error("com.é"), AppKeyError::Character('é'));
        assert_eq!(error(&"a".repeat(81)), AppKeyError::TooLong { has: 81 });
        assert_eq!(error(".app"), AppKeyError::Edge);
        assert_eq!(error("app."), AppKeyError::Edge);
        assert_eq!(error("New"), AppKeyError::Reserved("New".into()));
        assert_eq!(error("levels"), AppKeyError::Reserved("levels".into()));
    }
}
