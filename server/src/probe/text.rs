//! Text that came from outside, made fit for headers and sentences.

use http::HeaderValue;

/// At most `max` characters of `text`; what is not printable ASCII becomes `?`, so that nothing can hide or reorder
/// the sentence around it.
pub(super) fn printable(text: impl AsRef<[u8]>, max: usize) -> String {
    let text = String::from_utf8_lossy(text.as_ref());
    let mut shown: String = text
        .chars()
        .take(max)
        .map(|c| if matches!(c, ' '..='~') { c } else { '?' })
        .collect();
    if text.chars().nth(max).is_some() {
        shown.push_str("...");
    }
    shown
}

/// `text` as a header, without what a header cannot carry.
pub(super) fn header_value(text: &str) -> HeaderValue {
    let text: String = text.chars().filter(|c| matches!(c, ' '..='~')).collect();
    HeaderValue::from_str(text.trim()).unwrap_or(HeaderValue::from_static("Rampart"))
}
