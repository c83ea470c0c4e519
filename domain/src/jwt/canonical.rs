use std::{borrow::Cow, collections::BTreeMap};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

/// The query parameter in which a token may stand; it signs the request and is no part of it.
const TOKEN: &str = "jwt";

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The request as it is signed: `METHOD&path&query`.
///
/// The path stays as it was sent, but for `&`, which is `%26`, and one slash at its end, which goes. The parameters of the query
/// are sorted by name, and the values of a repeated one as they are after decoding, not as they are encoded: that is
/// what clients do, whatever the documents say.
pub fn canonical_request(method: &str, path: &str, query: Option<&str>) -> String {
    format!(
        "{}&{}&{}",
        method.to_ascii_uppercase(),
        canonical_path(path),
        canonical_query(query.unwrap_or_default())
    )
}

/// The claim `qsh` that belongs to a canonical request: its SHA-256 in lower-case hexadecimal.
pub fn qsh(canonical_request: &str) -> String {
    let hash = Sha256::digest(canonical_request.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The token that stands in the query.
pub fn token_in(query: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == TOKEN)
        .map(|(_, value)| value.into_owned())
}

fn canonical_path(path: &str) -> String {
    let path = path.replace('&', "%26");
    let path = if path.starts_with('/') {
        path
    } else {
        format!("/{path}")
    };
    match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => shorter.to_owned(),
        _ => path,
    }
}

fn canonical_query(query: &str) -> String {
    let mut parameters: BTreeMap<Cow<str>, Vec<Cow<str>>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != TOKEN) {
        parameters.entry(name).or_default().push(value);
    }
    let parameters = parameters.into_iter().map(|(name, mut values)| {
        values.sort();
        let values: Vec<String> = values.iter().map(|value| encoded(value)).collect();
        format!("{}={}", encoded(&name), values.join(","))
    });
    parameters.collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn query(text: &str) -> String {
        canonical_request("get", "/", Some(text))
            .strip_prefix("GET&/&")
            .unwrap()
            .to_owned()
    }

    fn path(text: &str) -> String {
        let canonical = canonical_request("put", text, None);
        canonical
            .strip_prefix("PUT&")
            .unwrap()
            .strip_suffix('&')
            .unwrap()
            .to_owned()
    }

    #[test]
    fn the_path_stays_as_it_was_sent() {
        for kept in [
            "/",
            "/a/b",
            "/path-._~",
            "/path!$%26'()*+,;=",
            "/%2f%2F",
            "/a//b",
            "/a/../b",
        ] {
            assert_eq!(path(kept), kept);
        }
        assert_eq!(path(""), "/");
        assert_eq!(path("a"), "/a");
        assert_eq!(path("/a&b&c"), "/a%26b%26c");
        assert_eq!(path("/a/"), "/a");
        assert_eq!(path("/a//"), "/a/", "one slash goes, not all");
    }

    #[test]
    fn the_query_is_sorted_and_encoded_anew() {
        assert_eq!(canonical_request("Put", "/a", None), "PUT&/a&");
        assert_eq!(canonical_request("PUT", "/a", Some("")), "PUT&/a&");
        assert_eq!(query("b=2&a=1&A=3&a10=5&a1=4"), "A=3&a=1&a1=4&a10=5&b=2");
        assert_eq!(query("jwt=x&a=1&jwt=y"), "a=1");
        assert_eq!(query("a"), "a=");
        assert_eq!(query("&&a=1&"), "a=1");
        assert_eq!(query("a=x+y&b=x%20y&c=x%2By"), "a=x%20y&b=x%20y&c=x%2By");
        assert_eq!(query("a=!'()*-._~&b=%2f%C3%bc"), "a=%21%27%28%29%2A-._~&b=%2F%C3%BC");
        assert_eq!(query("a=1,2&a=0"), "a=0,1%2C2");
    }

    #[test]
    fn repeated_values_are_sorted_as_they_are_decoded() {
        // Encoded, "%3A1" would come before ".1".
        assert_eq!(query("ids=:1&ids=.1&ids=.2&ids=:2"), "ids=.1,.2,%3A1,%3A2");
    }

    #[test]
    fn the_hash_is_lower_case_hexadecimal() {
        // The example of the documentation of Connect.
        let canonical = canonical_request(
            "GET",
            "/path/to/service",
            Some("zee_last=param&repeated=parameter+1&first=param&repeated=parameter+2"),
        );
        assert_eq!(
            canonical,
            "GET&/path/to/service&first=param&repeated=parameter%201,parameter%202&zee_last=param"
        );
        assert_eq!(
            qsh("GET&/&"),
            "c88caad15a1c1a900b8ac08aa9686f4e8184539bea1deda36e2f649430df3239"
        );
    }

    #[test]
    fn the_token_is_found_in_the_query() {
        assert_eq!(token_in("a=1&jwt=a.b%2Ec"), Some("a.b.c".to_owned()));
        assert_eq!(token_in("a=jwt&JWT=x"), None);
    }

    /// As a client may write a text into a query: every byte encoded, or as few as possible with `+` for a space.
    fn written(text: &str, sparingly: bool) -> String {
        if sparingly {
            form_urlencoded::byte_serialize(text.as_bytes()).collect()
        } else {
            text.bytes().map(|byte| format!("%{byte:02x}")).collect()
        }
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[ab]{1,2}", "[ -~]{0,4}", "\\PC{0,3}"]
    }

    proptest! {
        #[test]
        fn neither_order_nor_encoding_changes_what_is_signed(
            pairs in prop::collection::vec((text(), text(), any::<bool>(), any::<u32>()), 0..8),
        ) {
            let write = |pairs: &[(String, String, bool, u32)], other: bool| {
                let pairs = pairs.iter().map(|(n, v, sparingly, _)| {
                    let sparingly = *sparingly != other;
                    format!("{}={}", written(n, sparingly), written(v, sparingly))
                });
                pairs.collect::<Vec<_>>().join("&")
            };
            let canonical = query(&write(&pairs, false));
            let mut shuffled = pairs.clone();
            shuffled.sort_by_key(|(.., order)| *order);
            prop_assert_eq!(&query(&write(&shuffled, true)), &canonical);

            // Only unreserved characters, and those that part what is encoded.
            prop_assert!(canonical.chars().all(|c| c.is_ascii_alphanumeric() || "-._~%=&,".contains(c)), "{}", canonical);
            prop_assert_eq!(canonical.matches('=').count(), {
                let mut names: Vec<&String> = pairs.iter().map(|(n, ..)| n).filter(|n| *n != TOKEN).collect();
                names.sort();
                names.dedup();
                names.len()
            });
        }

        #[test]
        fn no_value_can_pass_for_another_parameter(value in "\\PC{0,12}") {
            let canonical = query(&format!("a={}", written(&value, false)));
            let back = canonical.strip_prefix("a=").unwrap();
            prop_assert!(!back.contains(['&', '=', ',']));
            prop_assert_eq!(percent_encoding::percent_decode_str(back).decode_utf8().unwrap(), value);
        }

        #[test]
        fn a_path_cannot_pass_for_a_query(path in "(/[!-%'-~]{0,4}(&[a-z]=[a-z])?){1,3}") {
            let canonical = canonical_request("PUT", &path, None);
            prop_assert_eq!(canonical.matches('&').count(), 2, "{}", canonical);
            if !path.ends_with('/') {
                prop_assert_eq!(canonical_request("PUT", &format!("{path}/"), None), canonical);
            }
        }

        #[test]
        fn the_token_is_no_part_of_what_it_signs(rest in "[a-z]=[a-z]", token in "[a-zA-Z0-9._-]{0,20}") {
            prop_assert_eq!(query(&format!("jwt={token}&{rest}")), query(&rest));
        }
    }
}
