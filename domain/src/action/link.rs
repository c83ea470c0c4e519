use std::{fmt, str::FromStr};

use url::Url;

/// Where somebody tracks an action: an address of http or https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackerLink(String);

/// Why a text is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("Enter a whole address, for example https://tracker.example.com/PROJ-1.")]
    Shape,
    #[error("An address begins with http:// or https://.")]
    Scheme,
    #[error("An address holds no user name or password.")]
    User,
    #[error("An address has at most 2,000 characters.")]
    TooLong,
}

impl TrackerLink {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TrackerLink {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url: Url = text.trim().parse().map_err(|_| LinkError::Shape)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(LinkError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(LinkError::User);
        }
        if url.as_str().len() > 2_000 {
            return Err(LinkError::TooLong);
        }
        Ok(Self(url.into()))
    }
}

impl fmt::Display for TrackerLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_links() {
        let link = |text: &str| text.parse::<TrackerLink>().map(|link| link.to_string());
        assert_eq!(
            link(" https://tracker.example.com/PROJ-1?a=b#c "),
            Ok("https://tracker.example.com/PROJ-1?a=b#c".to_owned())
        );
        assert_eq!(link("HTTP://x"), Ok("http://x/".to_owned()));
        assert_eq!(link("PROJ-1"), Err(LinkError::Shape));
        assert_eq!(link(""), Err(LinkError::Shape));
        for evil in [
            "javascript:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "ftp://x/y",
            "file:///x",
        ] {
            assert_eq!(link(evil), Err(LinkError::Scheme), "{evil}");
        }
        assert_eq!(link("https://a:b@x"), Err(LinkError::User));
        assert_eq!(
            link(&format!("https://x/{}", "y".repeat(2_000))),
            Err(LinkError::TooLong)
        );
    }
}
