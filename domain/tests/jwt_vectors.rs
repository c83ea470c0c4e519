//! What the reference client makes of requests and tokens; `end2end/support/jwt-vectors.mjs` writes the vectors.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use chrono::DateTime;
use rampart_domain::jwt::{Token, canonical_request, qsh};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    requests: Vec<Request>,
    secret: String,
    at: i64,
    method: String,
    path: String,
    tokens: Vec<Signed>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    path: String,
    query: Option<String>,
    canonical: String,
    qsh: String,
}

#[derive(Deserialize)]
struct Signed {
    name: String,
    accepted: bool,
    token: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("jwt-vectors.json")).unwrap()
}

#[test]
fn requests_are_hashed_as_by_the_reference_client() {
    let vectors = vectors();
    assert!(vectors.requests.len() > 20);
    for request in vectors.requests {
        let canonical = canonical_request(&request.method, &request.path, request.query.as_deref());
        assert_eq!(canonical, request.canonical, "{:?}", request.query);
        assert_eq!(qsh(&canonical), request.qsh);
    }
}

#[test]
fn tokens_of_the_reference_client_are_told_apart() {
    let vectors = vectors();
    let now = DateTime::from_timestamp(vectors.at, 0).unwrap();
    let qsh = qsh(&canonical_request(&vectors.method, &vectors.path, None));
    assert!(vectors.tokens.iter().any(|token| token.accepted));
    for Signed { name, accepted, token } in vectors.tokens {
        let is_accepted = Token::parse(&token)
            .is_ok_and(|token| token.is_signed_with(vectors.secret.as_bytes()) && token.problems(&qsh, now).is_empty());
        assert_eq!(is_accepted, accepted, "{name}");
    }
}
