use std::sync::Arc;

use anyhow::anyhow;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{
        PasswordHasher, PasswordVerifier,
        phc::{Output, PasswordHash, Salt},
    },
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
        Self {
            turns: Arc::new(Semaphore::new(2)),
            decoy: decoy().into(),
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

/// A hash that looks like those of [`hash`] and takes as long to check, but is no password's. Hashing one would hold up every
/// start of the server.
fn decoy() -> String {
    let (salt, hash) = (random::bytes::<16>(), random::bytes::<{ Params::DEFAULT_OUTPUT_LEN }>());
    PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: Argon2::default()
            .params()
            .try_into()
            .expect("parameters of argon2 can be written"),
        salt: Some(Salt::new(&salt).expect("a salt has 16 bytes")),
        hash: Some(Output::new(&hash).expect("a hash has 32 bytes")),
    }
    .to_string()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoy_is_as_much_work_as_a_password() {
        let (decoy, real) = (decoy(), hash("correct horse battery staple", [7; 16]).unwrap());
        let lengths = |hash: &str| hash.rsplitn(3, '$').map(str::len).collect::<Vec<_>>();
        let parameters = |hash: &str| hash.rsplitn(3, '$').last().unwrap().to_owned();
        assert_eq!(parameters(&decoy), parameters(&real));
        assert_eq!(lengths(&decoy), lengths(&real), "salt and hash are as long");
    }

    #[tokio::test]
    async fn nobody_has_the_decoy() {
        let passwords = Passwords::new();
        assert!(
            !passwords
                .verify("correct horse battery staple".to_owned(), None)
                .await
                .unwrap()
        );
        let stored = passwords.hash("correct horse battery staple".to_owned()).await.unwrap();
        assert!(
            passwords
                .verify("correct horse battery staple".to_owned(), Some(stored))
                .await
                .unwrap()
        );
    }
}
