use std::sync::Arc;

use anyhow::anyhow;
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{Checks, Result};
use crate::random;

/// Hashes and checks passwords with argon2id, away from the threads that serve requests and a few at a time only, since
/// each takes 19 MiB.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// Checked in place of the hash that an unknown account does not have, so that it takes as long.
    decoy: Arc<str>,
}

/// The least number of characters of a password.
const SHORTEST: usize = 12;
/// Longer ones only cost time.
const LONGEST: usize = 200;

impl Passwords {
    pub fn new() -> Self {
        let decoy =
            hash(random::Token::new().as_str(), random::bytes()).expect("argon2 takes any password of this length");
        Self {
            turns: Arc::new(Semaphore::new(2)),
            decoy: decoy.into(),
        }
    }

    /// # Errors
    /// Only when the machine fails.
    pub async fn hash(&self, password: String) -> Result<String> {
        let _turn = self.turns.acquire().await.map_err(anyhow::Error::from)?;
        let salt = random::bytes();
        Ok(spawn_blocking(move || hash(&password, salt))
            .await
            .map_err(anyhow::Error::from)??)
    }

    /// Whether `password` belongs to `stored`; for an account that does not exist the answer is no, after the same work.
    ///
    /// # Errors
    /// Only when the machine fails.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool> {
        let _turn = self.turns.acquire().await.map_err(anyhow::Error::from)?;
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let matches = spawn_blocking(move || {
            let hash = PasswordHash::new(&stored).map_err(|e| anyhow!("unreadable password hash: {e}"))?;
            Ok::<_, anyhow::Error>(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(matches.await.map_err(anyhow::Error::from)?? && exists)
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

fn hash(password: &str, salt: [u8; 16]) -> anyhow::Result<String> {
    let hash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|e| anyhow!("hashing failed: {e}"))?;
    Ok(hash.to_string())
}

/// Notes what is wrong with a new password and its repetition.
pub(super) fn check_new(checks: &mut Checks, password: &str, again: &str) {
    let length = password.chars().count();
    if length < SHORTEST {
        checks.note(
            "password",
            format!("A password has at least {SHORTEST} characters. A few random words are a good one."),
        );
    } else if length > LONGEST {
        checks.note("password", format!("A password has at most {LONGEST} characters."));
    } else if password != again {
        checks.note("password_again", "The two passwords differ. Type the same one twice.");
    }
}
