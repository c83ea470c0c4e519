//! Which route a request takes, as a pattern such as `/apps/{key}`: for logs and figures, which must not hold the path
//! itself, since that may hold a one-time token.

use axum::extract::{MatchedPath, Request};

/// What a request is filed under that nothing here answers.
const UNMATCHED: &str = "unmatched";

/// The patterns of the pages, which the router does not know: it hands everything that is left over to the app.
#[derive(Clone, Debug)]
pub(super) struct Pages(Vec<String>);

impl Pages {
    pub(super) fn new(patterns: impl IntoIterator<Item = String>) -> Self {
        let mut patterns: Vec<String> = patterns.into_iter().collect();
        // "/apps/new" is meant rather than "/apps/{key}".
        patterns.sort_by_key(|pattern| pattern.matches('{').count());
        Self(patterns)
    }

    /// The pattern of the route that the request takes, out of a set that requests cannot widen.
    pub(super) fn route(&self, request: &Request) -> String {
        if let Some(matched) = request.extensions().get::<MatchedPath>() {
            return matched.as_str().to_owned();
        }
        let path = request.uri().path();
        let page = self.0.iter().find(|pattern| matches(pattern, path));
        page.map_or(UNMATCHED, String::as_str).to_owned()
    }
}

/// Whether the path can be logged: it was understood, and no part of it is a secret.
pub(super) fn is_loggable(route: &str) -> bool {
    route != UNMATCHED && !route.contains("{token}")
}

/// Whether a path is an instance of a pattern, in which `{name}` stands for one part.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(w), Some(g)) if w == g || (w.starts_with('{') && !g.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn a_page_is_named_by_its_pattern() {
        let pages = Pages::new(["/apps/{key}", "/apps/new", "/invitation/{token}"].map(str::to_owned));
        let route = |path: &str| pages.route(&Request::get(path).body(Body::empty()).unwrap());
        assert_eq!(route("/apps/new"), "/apps/new");
        assert_eq!(route("/apps/com.example?page=2"), "/apps/{key}");
        assert_eq!(route("/invitation/secret"), "/invitation/{token}");
        for other in ["/invitation/secret/", "/Invitation/secret", "/invitation", "/apps/x/y"] {
            assert_eq!(route(other), "unmatched", "{other}");
        }
    }

    #[test]
    fn a_path_that_may_hold_a_secret_is_not_logged() {
        assert!(is_loggable("/apps/{key}"));
        assert!(!is_loggable("/invitation/{token}") && !is_loggable(UNMATCHED));
    }
}
