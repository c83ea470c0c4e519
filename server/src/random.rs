//! The only place that makes randomness: ids, tokens and salts.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// A secret that is handed out once and stored only as its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    pub fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes::<32>()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> Vec<u8> {
        hash_token(&self.0)
    }
}

impl Default for Token {
    fn default() -> Self {
        Self::new()
    }
}

/// What is stored of a token that came in.
pub fn hash_token(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// A new id, sortable by time.
pub fn id(now: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &bytes()).into_uuid()
}

/// The public id of a breach: 11 characters, base64url (SPEC section 2).
pub fn incident_id() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<8>())
}

/// Random bytes from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give; nothing may go on without it.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incident_ids_have_eleven_url_safe_characters() {
        for _ in 0..100 {
            let id = incident_id();
            assert_eq!(id.len(), 11);
            assert!(
                id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'),
                "{id}"
            );
        }
    }

    #[test]
    fn ids_sort_by_time() {
        let (first, second) = (
            DateTime::UNIX_EPOCH,
            DateTime::UNIX_EPOCH + chrono::TimeDelta::milliseconds(1),
        );
        assert!(id(first) < id(second));
    }
}
