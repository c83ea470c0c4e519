//! Addresses within the portal.

use std::fmt::Write as _;

/// A text as it may stand in a path segment or a query value.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `path` with those parameters that have a value.
pub fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        out.push(if out.contains('?') { '&' } else { '?' });
        let _ = write!(out, "{}={}", encode(name), encode(value));
    }
    out
}

/// The page of an app, or one below it: `app("com.example", "/settings")`.
pub fn app(key: &str, below: &str) -> String {
    format!("/apps/{}{below}", encode(key))
}

/// The page of a partner, or one below it.
pub fn partner(id: &str, below: &str) -> String {
    format!("/partners/{}{below}", encode(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_stay_one_value() {
        assert_eq!(
            with_query("/apps", &[("q", "a&b=c d\"/é"), ("page", "")]),
            "/apps?q=a%26b%3Dc%20d%22%2F%C3%A9"
        );
        assert_eq!(app("com.example.a-b", "/settings"), "/apps/com.example.a-b/settings");
    }
}
