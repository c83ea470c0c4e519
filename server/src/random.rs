//! The only place that makes randomness: ids, tokens and salts.

use std::cell::RefCell;

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

/// Random bytes from the operating system; within [`foretold`] those of its seed.
///
/// # Panics
/// When the operating system has no randomness to give; nothing may go on without it.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn bytes<const N: usize>() -> [u8; N] {
    FORETOLD
        .try_with(|seeded| seeded.borrow_mut().bytes())
        .unwrap_or_else(|_| {
            let mut bytes = [0; N];
            getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
            bytes
        })
}

tokio::task_local! {
    static FORETOLD: RefCell<Seeded>;
}

/// Does `work` with ids, tokens and salts that follow from `seed` alone. For demonstration data and nothing else: whoever
/// knows the seed knows every secret made within. It reaches what runs in the same task, not what that spawns.
pub async fn foretold<F: Future>(seed: u64, work: F) -> F::Output {
    FORETOLD.scope(RefCell::new(Seeded::new(seed)), work).await
}

/// Numbers that follow from a seed, the same on every machine and for ever: SplitMix64 (Steele, Lea and Flood, "Fast
/// splittable pseudorandom number generators", 2014). Each can be had without those before it, so that what happens in a
/// minute can be told from the minute. Not for secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeded {
    seed: u64,
    drawn: u64,
}

impl Seeded {
    const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// Numbers of their own for what is called `name`.
    pub fn named(self, name: &str) -> Self {
        Self::new(name.bytes().fold(self.seed, |seed, byte| {
            mixed(seed.wrapping_add(Self::GAMMA) ^ u64::from(byte))
        }))
    }

    /// The number at this place.
    pub const fn at(self, place: u64) -> u64 {
        mixed(self.seed.wrapping_add(Self::GAMMA.wrapping_mul(place.wrapping_add(1))))
    }

    /// The number at this place, as one of 0 up to, not including, `bound`; 0 for a bound of 0. Small bounds only: large
    /// ones would favour the lower numbers.
    pub const fn below(self, place: u64, bound: u32) -> u32 {
        (((self.at(place) >> 32) * bound as u64) >> 32) as u32
    }

    /// The next bytes.
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.at(self.drawn).to_le_bytes()[..chunk.len()]);
            self.drawn += 1;
        }
        bytes
    }
}

const fn mixed(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
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

    #[test]
    fn seeded_numbers_are_those_of_splitmix64() {
        // The first numbers for seed 0, as the reference implementation of its authors gives them.
        let seeded = Seeded::new(0);
        assert_eq!(
            [seeded.at(0), seeded.at(1), seeded.at(2)],
            [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]
        );
        assert!((0..1_000).all(|place| seeded.below(place, 7) < 7));
        assert_ne!(seeded.named("one"), seeded.named("two"));
    }

    #[tokio::test]
    async fn only_what_is_foretold_repeats_itself() {
        let made = async || (id(DateTime::UNIX_EPOCH), incident_id(), bytes::<13>());
        let first = foretold(7, made()).await;
        assert_eq!(foretold(7, made()).await, first);
        assert_ne!(foretold(8, made()).await, first);
        assert_ne!(made().await, first);
        assert_ne!(made().await, made().await);
    }
}
