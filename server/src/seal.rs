//! Secrets that must be read back, encrypted under a key outside the database (SPEC section 9): XChaCha20-Poly1305 with a random
//! nonce. A sealed secret is bound to the row it stands in, so that nobody who can write the database can put it elsewhere.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::random;

const NONCE: usize = 24;

/// The key of `secrets.key`.
#[derive(Clone)]
pub struct SealingKey {
    cipher: XChaCha20Poly1305,
    id: String,
}

/// A text that is no key; it is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 32 random bytes in base64, as `openssl rand -base64 32` prints them")]
pub struct WrongKey;

/// A secret that this key does not open, or that was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret cannot be opened with secrets.key: another key sealed it, or it was changed")]
pub struct Unopened;

impl SealingKey {
    /// Names the key without giving it away; stands beside whatever it sealed.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Encrypts `secret` for the row `row`.
    pub fn seal(&self, secret: &[u8], row: Uuid) -> Vec<u8> {
        let nonce = random::bytes::<NONCE>();
        let payload = Payload {
            msg: secret,
            aad: row.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a secret is far shorter than what the cipher takes");
        [&nonce[..], &sealed].concat()
    }

    /// # Errors
    /// When another key sealed it, it is of another row, or it was changed.
    pub fn open(&self, sealed: &[u8], row: Uuid) -> Result<Vec<u8>, Unopened> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(Unopened)?;
        let payload = Payload {
            msg: sealed,
            aad: row.as_bytes(),
        };
        self.cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| Unopened)
    }
}

impl FromStr for SealingKey {
    type Err = WrongKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = STANDARD.decode(text).map_err(|_| WrongKey)?;
        let key: [u8; 32] = bytes.try_into().map_err(|_| WrongKey)?;
        let hash = Sha256::new()
            .chain_update(b"rampart sealing key")
            .chain_update(key)
            .finalize();
        Ok(Self {
            cipher: XChaCha20Poly1305::new(&key.into()),
            id: hash[..8].iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(key {}, not shown)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealingKey {
        STANDARD.encode([byte; 32]).parse().unwrap()
    }

    #[test]
    fn what_was_sealed_is_opened_by_its_key_for_its_row_alone() {
        let (row, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = key(1).seal(b"a secret", row);
        assert_eq!(key(1).open(&sealed, row), Ok(b"a secret".to_vec()));
        assert_eq!(key(2).open(&sealed, row), Err(Unopened));
        assert_eq!(key(1).open(&sealed, other), Err(Unopened));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key(1).open(&changed, row), Err(Unopened), "byte {at}");
        }
        assert_eq!(key(1).open(&sealed[..20], row), Err(Unopened));
        assert!(!sealed.windows(8).any(|window| window == b"a secret"));
        assert_ne!(key(1).seal(b"a secret", row), sealed, "no two look alike");
    }

    #[test]
    fn a_key_is_thirty_two_bytes_and_never_shown() {
        for wrong in [
            "",
            "short",
            &STANDARD.encode([0; 31]),
            &STANDARD.encode([0; 33]),
            &"!".repeat(44),
        ] {
            assert_eq!(wrong.parse::<SealingKey>().unwrap_err(), WrongKey);
        }
        assert_ne!(key(1).id(), key(2).id());
        let shown = format!("{:?}", key(1));
        assert!(
            shown.contains(key(1).id()) && !shown.contains(&STANDARD.encode([1; 32])),
            "{shown}"
        );
    }
}
