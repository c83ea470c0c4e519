use chrono::TimeDelta;
use serde_json::json;

use super::*;

const SECRET: &[u8] = b"a secret of at least thirty-two bytes";
const QSH: &str = "c88caad15a1c1a900b8ac08aa9686f4e8184539bea1deda36e2f649430df3239";
const NOW: i64 = 1_800_000_000;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", encoded(header), encoded(claims));
    let mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap().chain_update(&text);
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn claims() -> Value {
    json!({ "iss": "com.example", "iat": NOW, "exp": NOW + 180, "qsh": QSH })
}

/// The good claims with one of them changed; `null` takes it out.
fn but(claim: &str, value: Value) -> Value {
    let mut claims = claims();
    let object = claims.as_object_mut().unwrap();
    object.remove(claim);
    if !value.is_null() {
        object.insert(claim.to_owned(), value);
    }
    claims
}

fn problems(claims: &Value) -> Vec<Problem> {
    let text = signed(&json!({ "alg": "HS256", "typ": "JWT" }), claims);
    let token = Token::parse(&text).unwrap();
    assert!(token.is_signed_with(SECRET));
    token.problems(QSH, now())
}

#[test]
fn a_good_token_has_no_problems() {
    assert_eq!(problems(&claims()), []);
    let text = signed(&json!({ "alg": "HS256" }), &claims());
    let token = Token::parse(&text).unwrap();
    assert_eq!(token.issuer(), Some("com.example"));
    assert_eq!(token.claims()["exp"], json!(NOW + 180));
}

#[test]
fn only_the_secret_that_signed_it_fits() {
    let text = signed(&json!({ "alg": "HS256" }), &claims());
    let token = Token::parse(&text).unwrap();
    assert!(token.is_signed_with(SECRET));
    assert!(!token.is_signed_with(b"another secret"));
    assert!(!token.is_signed_with(b""));

    let (signed_part, signature) = text.rsplit_once('.').unwrap();
    let other_claims = encoded(&but("iss", json!("com.other")));
    let header = signed_part.split_once('.').unwrap().0;
    for forged in [
        format!("{header}.{other_claims}.{signature}"),
        format!("{signed_part}."),
        format!("{signed_part}.{}", &signature[..42]),
        format!("{signed_part}.{}", "A".repeat(43)),
    ] {
        assert!(
            !Token::parse(&forged).is_ok_and(|token| token.is_signed_with(SECRET)),
            "{forged}"
        );
    }
}

#[test]
fn no_other_algorithm_is_taken_even_if_the_signature_fits() {
    for algorithm in [
        json!("none"),
        json!("None"),
        json!("HS512"),
        json!("RS256"),
        json!("hs256"),
        json!(["HS256"]),
        json!(null),
    ] {
        let text = signed(&json!({ "alg": algorithm, "typ": "JWT" }), &claims());
        let token = Token::parse(&text).unwrap();
        assert!(!token.is_signed_with(SECRET), "{algorithm}");
        assert_eq!(token.problems(QSH, now()), [Problem::Algorithm(algorithm)]);
    }
    let text = signed(&json!({}), &claims());
    assert_eq!(
        Token::parse(&text).unwrap().problems(QSH, now()),
        [Problem::Algorithm(Value::Null)]
    );
    let text = signed(&json!({ "alg": "HS256", "crit": ["b64"], "b64": false }), &claims());
    assert_eq!(Token::parse(&text).unwrap().problems(QSH, now()), [Problem::Critical]);
}

#[test]
fn what_is_no_token_is_told_apart() {
    let parse = |text: &str| Token::parse(text).unwrap_err();
    assert_eq!(parse(""), Problem::Parts(1));
    assert_eq!(parse("a.b"), Problem::Parts(2));
    assert_eq!(parse("a.b.c.d"), Problem::Parts(4));
    let (header, body) = (encoded(&json!({})), encoded(&claims()));
    assert_eq!(parse(&format!("!.{body}.AAAA")), Problem::Unreadable("header"));
    assert_eq!(parse(&format!("{header}=.{body}.AAAA")), Problem::Unreadable("header"));
    assert_eq!(
        parse(&format!("{}.{body}.AAAA", encoded(&json!([])))),
        Problem::Unreadable("header")
    );
    assert_eq!(
        parse(&format!("{header}.{}.AAAA", encoded(&json!("x")))),
        Problem::Unreadable("claims")
    );
    assert_eq!(
        parse(&format!("{header}.{body}.A+/=")),
        Problem::Unreadable("signature")
    );
    assert_eq!(parse(&format!(" {header}.{body}.AAAA")), Problem::Unreadable("header"));
}

#[test]
fn every_claim_must_be_there_and_of_its_type() {
    for claim in ["iss", "iat", "exp", "qsh"] {
        assert_eq!(problems(&but(claim, Value::Null)), [Problem::MissingClaim(claim)]);
    }
    for claim in ["iat", "exp", "nbf"] {
        for wrong in [json!(NOW.to_string()), json!(true), json!([NOW])] {
            let found = problems(&but(claim, wrong.clone()));
            assert!(
                matches!(&found[..], [Problem::ClaimType { claim: c, found, .. }] if *c == claim && *found == wrong),
                "{claim} {found:?}"
            );
        }
    }
    for claim in ["iss", "qsh"] {
        for wrong in [json!(1), json!(""), json!({})] {
            let found = problems(&but(claim, wrong));
            assert!(
                matches!(&found[..], [Problem::ClaimType { claim: c, .. }] if *c == claim),
                "{claim} {found:?}"
            );
        }
    }
}

#[test]
fn clocks_may_differ_by_thirty_seconds() {
    let at = |claim: &str, offset: i64| problems(&but(claim, json!(NOW + offset)));
    assert_eq!(at("exp", -30), []);
    assert!(matches!(&at("exp", -31)[..], [Problem::Expired { seconds: 31, .. }]));
    assert_eq!(at("exp", 15 * 60 + 30), []);
    assert!(matches!(
        &at("exp", 15 * 60 + 31)[..],
        [Problem::ExpiresLate { seconds: 931, .. }]
    ));
    assert_eq!(at("nbf", 30), []);
    assert!(matches!(&at("nbf", 31)[..], [Problem::TooEarly { .. }]));
    assert_eq!(at("iat", 600), [], "when it was made binds nobody");

    // Between two seconds, too.
    let text = signed(&json!({ "alg": "HS256" }), &but("exp", json!(NOW - 30)));
    let token = Token::parse(&text).unwrap();
    let later = now() + TimeDelta::milliseconds(1);
    assert!(matches!(&token.problems(QSH, later)[..], [Problem::Expired { .. }]));

    for absurd in [json!(1e300), json!(-1e300)] {
        assert_eq!(problems(&but("exp", absurd)).len(), 1);
    }
}

#[test]
fn a_token_must_begin_before_it_ends() {
    let mut claims = claims();
    claims["nbf"] = json!(NOW + 10);
    claims["exp"] = json!(NOW + 10);
    assert!(matches!(&problems(&claims)[..], [Problem::NeverValid { .. }]));
}

#[test]
fn the_hash_must_be_that_of_the_request() {
    assert_eq!(problems(&but("qsh", json!("context-qsh"))), [Problem::ContextQsh]);
    for wrong in [
        QSH.to_uppercase(),
        QSH[1..].to_owned(),
        format!("{QSH}0"),
        "x".to_owned(),
    ] {
        assert_eq!(
            problems(&but("qsh", json!(wrong))),
            [Problem::Qsh {
                found: wrong,
                expected: QSH.to_owned()
            }]
        );
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let text = signed(&json!({ "alg": "none" }), &json!({ "exp": "soon" }));
    assert_eq!(Token::parse(&text).unwrap().problems(QSH, now()).len(), 5);
}
