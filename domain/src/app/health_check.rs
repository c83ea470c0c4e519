use std::{fmt, str::FromStr};

use url::Url;

/// How many base URLs an app may have (SPEC section 2.1).
pub const MAX_BASE_URLS: usize = 20;

/// A base URL under which an app serves its customers: scheme, host, port and an optional path, nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl(Url);

/// The path of the health check, relative to every base URL of the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthPath(String);

/// The full URL that is probed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheckUrl(Url);

/// Why a text is not usable as a URL or path. Each message says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("Enter a URL, for example https://app.example.com.")]
    Empty,
    #[error("\"{0}\" is not a URL. Enter it with its scheme, for example https://app.example.com.")]
    NotAUrl(String),
    #[error("Only http and https URLs can be probed; this one begins with \"{0}:\".")]
    Scheme(String),
    #[error("Leave out the user name and password: the health check must answer without signing in.")]
    UserInfo,
    #[error("A base URL ends before the question mark; put the query into the health-check path.")]
    Query,
    #[error("Leave out the part from \"#\" on: it is never sent to a server.")]
    Fragment,
    #[error("A URL has at most 500 characters.")]
    TooLong,
    #[error("A path begins with \"/\", for example /health.")]
    Path,
    #[error("A path has no spaces or control characters.")]
    PathCharacter,
}

const MAX_LENGTH: usize = 500;

impl BaseUrl {
    /// The normal form without a trailing slash; it is the target of the app's availability series.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The URL to probe: this base with the app's health-check path behind it.
    pub fn join(&self, path: &HealthPath) -> Result<HealthCheckUrl, UrlError> {
        let text = format!("{}{}", self.as_str(), path.as_str());
        Url::parse(&text)
            .map(HealthCheckUrl)
            .map_err(|_| UrlError::NotAUrl(text))
    }
}

impl FromStr for BaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(UrlError::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(UrlError::TooLong);
        }
        let url = Url::parse(text).map_err(|_| UrlError::NotAUrl(text.to_owned()))?;
        // "app.example.com:8080" parses as a URL of the scheme "app.example.com"; what was meant is a missing https://.
        if !matches!(url.scheme(), "http" | "https") {
            return Err(
                if url.scheme().contains('.') || url.cannot_be_a_base() && url.scheme() == "localhost" {
                    UrlError::NotAUrl(text.to_owned())
                } else {
                    UrlError::Scheme(url.scheme().to_owned())
                },
            );
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::UserInfo);
        }
        if url.query().is_some() {
            return Err(UrlError::Query);
        }
        if url.fragment().is_some() {
            return Err(UrlError::Fragment);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl HealthPath {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the path looks like a file that is served even when the app is down: it proves nothing (SPEC section 2.1).
    pub fn looks_static(&self) -> bool {
        self.0
            .split('?')
            .next()
            .is_some_and(|path| path.ends_with("atlassian-connect.json"))
    }
}

impl FromStr for HealthPath {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if !text.starts_with('/') {
            return Err(UrlError::Path);
        }
        if text.len() > MAX_LENGTH {
            return Err(UrlError::TooLong);
        }
        if text.contains('#') {
            return Err(UrlError::Fragment);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(UrlError::PathCharacter);
        }
        Ok(Self(text.to_owned()))
    }
}

impl HealthCheckUrl {
    pub fn into_url(self) -> Url {
        self.0
    }

    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_have_one_form() {
        for text in [
            "https://App.Example.com/",
            "https://app.example.com:443",
            " https://app.example.com ",
        ] {
            assert_eq!(text.parse::<BaseUrl>().unwrap().as_str(), "https://app.example.com");
        }
        assert_eq!(
            "http://a.example:8080/eu/".parse::<BaseUrl>().unwrap().as_str(),
            "http://a.example:8080/eu"
        );
    }

    #[test]
    fn the_path_is_relative_to_the_whole_base() {
        let base: BaseUrl = "https://a.example/eu/".parse().unwrap();
        let url = base.join(&"/health?deep=1".parse().unwrap()).unwrap();
        assert_eq!(url.as_url().as_str(), "https://a.example/eu/health?deep=1");
    }

    #[test]
    fn what_cannot_be_probed_is_named() {
        let error = |text: &str| text.parse::<BaseUrl>().unwrap_err();
        assert_eq!(error(""), UrlError::Empty);
        assert_eq!(error("app.example.com"), UrlError::NotAUrl("app.example.com".into()));
        assert_eq!(
            error("app.example.com:8080"),
            UrlError::NotAUrl("app.example.com:8080".into())
        );
        assert_eq!(error("ftp://a.example"), UrlError::Scheme("ftp".into()));
        assert_eq!(error("javascript:alert(1)"), UrlError::Scheme("javascript".into()));
        assert_eq!(error("https://me:secret@a.example"), UrlError::UserInfo);
        assert_eq!(error("https://a.example/?x"), UrlError::Query);
        assert_eq!(error("https://a.example/#x"), UrlError::Fragment);
        assert_eq!(
            error(&format!("https://a.example/{}", "x".repeat(500))),
            UrlError::TooLong
        );
    }

    #[test]
    fn paths_begin_with_a_slash() {
        assert_eq!("health".parse::<HealthPath>(), Err(UrlError::Path));
        assert_eq!("".parse::<HealthPath>(), Err(UrlError::Path));
        assert_eq!("/a b".parse::<HealthPath>(), Err(UrlError::PathCharacter));
        assert_eq!("/a#b".parse::<HealthPath>(), Err(UrlError::Fragment));
        assert!(
            "/static/atlassian-connect.json?v=2"
                .parse::<HealthPath>()
                .unwrap()
                .looks_static()
        );
        assert!(!"/health".parse::<HealthPath>().unwrap().looks_static());
    }
}
