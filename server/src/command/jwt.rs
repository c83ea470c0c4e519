//! `rampart jwt`: what the server makes of a signed request, for people whose signature is refused.

use std::{fs, path::PathBuf, process::ExitCode};

use chrono::{DateTime, Utc};
use clap::Args;
use rampart_domain::jwt::{self, Problem, Token};
use serde::Serialize;
use serde_json::{Map, Value};

use super::misused;
use crate::clock::Clock;

#[derive(Args)]
pub(super) struct Jwt {
    /// The installation's shared secret. Others on this machine can see it while the command runs: prefer --secret-file.
    #[arg(long, required_unless_present = "secret_file", conflicts_with = "secret_file")]
    secret: Option<String>,
    /// A file that holds the secret; a line end after it does not count.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The request's method, such as PUT.
    #[arg(long)]
    method: String,
    /// The request's URL as it was sent, with its query.
    #[arg(long)]
    url: String,
    /// The token; without it the one in the URL's parameter "jwt".
    #[arg(long)]
    token: Option<String>,
    /// The time of the request, as in RFC 3339 or in seconds since 1970; without it now.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<DateTime<Utc>>,
}

/// What is printed.
#[derive(Serialize)]
struct Answer {
    /// The request as it is signed.
    canonical: String,
    /// The hash of that, which belongs into the claim of this name.
    qsh: String,
    /// What the token says; `null` where there is none that can be read.
    claims: Option<Map<String, Value>>,
    signature: &'static str,
    problems: Vec<String>,
    verdict: &'static str,
}

impl Jwt {
    /// Exit code 0 when the request is accepted, 1 when not, 2 when the usage is wrong.
    pub(super) fn run(&self) -> ExitCode {
        let secret = match (&self.secret, &self.secret_file) {
            (_, Some(file)) => match fs::read_to_string(file) {
                Ok(text) => text.trim_end_matches(['\r', '\n']).to_owned(),
                Err(error) => return misused(&format!("--secret-file {}: {error}", file.display())),
            },
            (Some(secret), None) => secret.clone(),
            (None, None) => String::new(),
        };
        if secret.is_empty() {
            return misused("the secret is empty");
        }
        if http::Method::from_bytes(self.method.as_bytes()).is_err() {
            return misused("--method is no method, such as PUT");
        }
        let Some((path, query)) = path_and_query(&self.url) else {
            return misused("--url must begin with http://, https:// or /");
        };
        let answer = self.answer(&secret, path, query);
        println!("{:#}", serde_json::json!(answer));
        if answer.problems.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn answer(&self, secret: &str, path: &str, query: Option<&str>) -> Answer {
        let now = self.at.unwrap_or_else(|| Clock::system().now());
        let canonical = jwt::canonical_request(&self.method, path, query);
        let qsh = jwt::qsh(&canonical);
        let given = self.token.clone().or_else(|| jwt::token_in(query.unwrap_or_default()));
        // As it is copied from a header.
        let given = given.map(|token| token.trim().trim_start_matches("JWT ").to_owned());
        let token = given.as_deref().ok_or(Problem::Missing).and_then(Token::parse);
        let (is_signed, claims, problems) = match token {
            Ok(token) => {
                let is_signed = token.is_signed_with(secret.as_bytes());
                let mut problems = token.problems(&qsh, now);
                if !is_signed {
                    problems.push(Problem::Signature);
                }
                (is_signed, Some(token.claims().clone()), problems)
            }
            Err(problem) => (false, None, vec![problem]),
        };
        Answer {
            canonical,
            qsh,
            claims,
            signature: if is_signed { "valid" } else { "invalid" },
            verdict: if problems.is_empty() { "accepted" } else { "rejected" },
            problems: problems.iter().map(Problem::to_string).collect(),
        }
    }
}

/// Both as they were written: they are signed without being tidied up.
fn path_and_query(url: &str) -> Option<(&str, Option<&str>)> {
    let url = url.split_once('#').map_or(url, |(before, _)| before);
    let rest = match url.split_once("://") {
        Some(("http" | "https", rest)) => rest.find(['/', '?']).map_or("", |at| &rest[at..]),
        _ if url.starts_with('/') => url,
        _ => return None,
    };
    Some(
        rest.split_once('?')
            .map_or((rest, None), |(path, query)| (path, Some(query))),
    )
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    text.parse()
        .ok()
        .or_else(|| DateTime::from_timestamp(text.parse().ok()?, 0))
        .ok_or_else(|| "a time is written as in 2026-11-23T10:00:00Z, or in seconds since 1970".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_are_taken_as_they_were_written() {
        assert_eq!(
            path_and_query("https://x.test/a%20b/?c=+#d"),
            Some(("/a%20b/", Some("c=+")))
        );
        assert_eq!(path_and_query("http://x.test:80"), Some(("", None)));
        assert_eq!(path_and_query("http://x.test?a"), Some(("", Some("a"))));
        assert_eq!(
            path_and_query("/a/../b?u=http://y"),
            Some(("/a/../b", Some("u=http://y")))
        );
        assert_eq!(path_and_query("x.test/a"), None);
        assert_eq!(path_and_query("ftp://x.test/a"), None);
    }
}
