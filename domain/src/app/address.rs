use std::{fmt, str::FromStr};

/// A mail address as a person types it: one address, no display name. Whether mail arrives is proved by mail (the
/// invitation, the drill), so this only refuses what certainly is a slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAddress(String);

/// Why a text is no mail address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailAddressError {
    #[error("Enter a mail address, for example on-call@example.com.")]
    Empty,
    #[error("A mail address has one @ with a name before it and a domain after it, for example on-call@example.com.")]
    Shape,
    #[error("A mail address has no spaces, commas or angle brackets. Enter one address only.")]
    Character,
    #[error("A mail address has at most 254 characters.")]
    TooLong,
}

impl MailAddress {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MailAddress {
    type Err = MailAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(MailAddressError::Empty);
        }
        if text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "<>,;\"()[]\\".contains(c))
        {
            return Err(MailAddressError::Character);
        }
        if text.len() > 254 {
            return Err(MailAddressError::TooLong);
        }
        let Some((name, domain)) = text.split_once('@') else {
            return Err(MailAddressError::Shape);
        };
        let label = |l: &str| !l.is_empty() && !l.starts_with('-') && !l.ends_with('-');
        if name.is_empty() || name.len() > 64 || domain.contains('@') || !domain.split('.').all(label) {
            return Err(MailAddressError::Shape);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_pass() {
        for text in [
            "a@b",
            "on-call+eu@alerts.example.com",
            " ops@example.org ",
            "grüße@exämple.de",
        ] {
            assert_eq!(text.parse::<MailAddress>().unwrap().as_str(), text.trim());
        }
    }

    #[test]
    fn slips_are_refused() {
        let error = |text: &str| text.parse::<MailAddress>().unwrap_err();
        assert_eq!(error(""), MailAddressError::Empty);
        assert_eq!(error("ops"), MailAddressError::Shape);
        assert_eq!(error("@example.com"), MailAddressError::Shape);
        assert_eq!(error("a@b@c"), MailAddressError::Shape);
        assert_eq!(error("a@b..c"), MailAddressError::Shape);
        assert_eq!(error("Ops <ops@example.com>"), MailAddressError::Character);
        assert_eq!(error("a@b.c\nBcc: d@e.f"), MailAddressError::Character);
        assert_eq!(error(&format!("a@{}.com", "b".repeat(260))), MailAddressError::TooLong);
    }
}
