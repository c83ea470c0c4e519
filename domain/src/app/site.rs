use std::{fmt, str::FromStr};

/// The most sites that one app can exclude.
pub const MAX_EXCLUDED_SITES: usize = 200;

/// A customer's site: its host name in lower case, without what may stand around it in an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site(String);

/// A text that names no site.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no site. Enter its host name, for example example.atlassian.net.")]
pub struct NotASite(String);

impl Site {
    /// The host name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Site {
    type Err = NotASite;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        let host = trimmed
            .strip_prefix("https://")
            .or_else(|| trimmed.strip_prefix("http://"))
            .unwrap_or(trimmed);
        let host = host.trim_end_matches('/').to_ascii_lowercase();
        let is_part = |part: &str| {
            (1..=63).contains(&part.len())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        match host.len() <= 253 && host.split('.').all(is_part) {
            true => Ok(Self(host)),
            // A refusal quotes no more than a line.
            false => Err(NotASite(trimmed.chars().take(80).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_its_host_name() {
        for text in [
            "example.atlassian.net",
            " Example.Atlassian.net/ ",
            "https://EXAMPLE.atlassian.net/",
        ] {
            assert_eq!(text.parse::<Site>().unwrap().as_str(), "example.atlassian.net");
        }
        for wrong in [
            "",
            "a b",
            "example..net",
            "https://example.net/path",
            "exämple.net",
            &"a".repeat(64),
        ] {
            assert!(wrong.parse::<Site>().is_err(), "{wrong}");
        }
    }
}
