use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::Problem;

/// How far clocks may differ, in seconds (SPEC section 2.2).
const LEEWAY: i64 = 30;
/// How far ahead a token may expire, in seconds: 15 min (SPEC section 2.2).
const LIFETIME: i64 = 15 * 60;
/// What stands in `qsh` of a token that is no request's.
const CONTEXT: &str = "context-qsh";

/// A token that could be read. Nothing of it is to be believed before [`Token::is_signed_with`].
#[derive(Clone, Debug, PartialEq)]
pub struct Token<'t> {
    /// Header and claims as they were sent, which is what is signed.
    signed: &'t str,
    signature: Vec<u8>,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl<'t> Token<'t> {
    /// # Errors
    /// A text that is no token at all.
    pub fn parse(text: &'t str) -> Result<Self, Problem> {
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err(Problem::Parts(parts.len()));
        };
        let signed = &text[..header.len() + 1 + claims.len()];
        Ok(Self {
            signed,
            signature: URL_SAFE_NO_PAD
                .decode(signature)
                .map_err(|_| Problem::Unreadable("signature"))?,
            header: object(header).ok_or(Problem::Unreadable("header"))?,
            claims: object(claims).ok_or(Problem::Unreadable("claims"))?,
        })
    }

    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Who says that they signed it: the key of an app.
    pub fn issuer(&self) -> Option<&str> {
        self.claims.get("iss")?.as_str()
    }

    /// Whether the signature is an HMAC with SHA-256 under `secret`, compared in constant time.
    pub fn is_signed_with(&self, secret: &[u8]) -> bool {
        self.is_hs256()
            && Hmac::<Sha256>::new_from_slice(secret)
                .is_ok_and(|mac| mac.chain_update(self.signed).verify_slice(&self.signature).is_ok())
    }

    /// Everything besides the signature that is wrong with the token of a request whose hash is `qsh`, at `now`.
    pub fn problems(&self, qsh: &str, now: DateTime<Utc>) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !self.is_hs256() {
            let algorithm = self.header.get("alg").cloned().unwrap_or_default();
            problems.push(Problem::Algorithm(algorithm));
        }
        if self.header.contains_key("crit") {
            problems.push(Problem::Critical);
        }
        match self.text("iss") {
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
        // When it was made is asked for, and bound to nothing.
        match self.time("iat") {
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
        self.check_times(now, &mut problems);
        match self.text("qsh") {
            Ok(CONTEXT) => problems.push(Problem::ContextQsh),
            Ok(found) if bool::from(found.as_bytes().ct_eq(qsh.as_bytes())) => {}
            Ok(found) => problems.push(Problem::Qsh {
                found: found.to_owned(),
                expected: qsh.to_owned(),
            }),
            Err(problem) => problems.push(problem),
        }
        problems
    }

    fn check_times(&self, now: DateTime<Utc>, problems: &mut Vec<Problem>) {
        let [leeway, lifetime] = [LEEWAY, LIFETIME].map(|seconds| seconds as f64);
        let now = now.timestamp_millis() as f64 / 1_000.0;
        let nbf = self.claims.contains_key("nbf").then(|| self.time("nbf"));
        let nbf = nbf.transpose().unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        if let Some(nbf) = nbf.filter(|nbf| *nbf > now + leeway) {
            problems.push(Problem::TooEarly { nbf });
        }
        match self.time("exp") {
            Ok(exp) if exp < now - leeway => problems.push(Problem::Expired {
                exp,
                seconds: (now - exp) as i64,
                leeway: LEEWAY,
            }),
            Ok(exp) if exp > now + lifetime + leeway => problems.push(Problem::ExpiresLate {
                exp,
                seconds: (exp - now) as i64,
                most: LIFETIME,
            }),
            Ok(exp) => {
                if let Some(nbf) = nbf.filter(|nbf| exp <= *nbf) {
                    problems.push(Problem::NeverValid { exp, nbf });
                }
            }
            Err(problem) => problems.push(problem),
        }
    }

    fn is_hs256(&self) -> bool {
        self.header.get("alg").and_then(Value::as_str) == Some("HS256")
    }

    fn text(&self, claim: &'static str) -> Result<&str, Problem> {
        let value = self.claims.get(claim).ok_or(Problem::MissingClaim(claim))?;
        value
            .as_str()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Problem::ClaimType {
                claim,
                must_be: "a text",
                found: value.clone(),
            })
    }

    /// A time in seconds since 1970, which is a number: one written as a text is refused rather than guessed at.
    fn time(&self, claim: &'static str) -> Result<f64, Problem> {
        let value = self.claims.get(claim).ok_or(Problem::MissingClaim(claim))?;
        value.as_f64().ok_or_else(|| Problem::ClaimType {
            claim,
            must_be: "a number of seconds since 1970",
            found: value.clone(),
        })
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests;
