use axum::body::Body;
use http::{Method, Request, StatusCode};

use crate::support::portal::{Browser, PASSWORD, Portal};

#[tokio::test]
async fn pages_run_only_their_own_scripts() {
    let portal = Portal::new().await;
    let answer = portal.get(&mut Browser::default(), "/sign-in").await;
    let policy = answer.header("content-security-policy").to_owned();
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(
        policy.contains("default-src 'none'")
            && policy.contains("frame-ancestors 'none'")
            && !policy.contains("unsafe-inline")
    );
    for script in answer.body.split("<script").skip(1) {
        assert!(
            script.starts_with(&format!(" nonce=\"{nonce}\"")) || script.contains("src="),
            "{script}"
        );
    }
    assert!(!answer.body.contains(" style=\""), "inline styles would be blocked");
    let again = portal.get(&mut Browser::default(), "/sign-in").await;
    assert_ne!(again.header("content-security-policy"), policy, "a nonce is used once");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let portal = Portal::new().await;
    for path in [
        "/sign-in",
        "/apps",
        "/nowhere",
        "/healthz",
        "/schemas/incident-data.json",
        "/pkg/nothing.js",
    ] {
        let answer = portal.get(&mut Browser::default(), path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(answer.header("x-request-id").len(), 12, "{path}");
    }
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing() {
    let portal = Portal::new().await;
    portal.staff("Ada", &["reviewer"]).await;
    let body = format!("mail=ada%40platform.test&password={}", PASSWORD.replace(' ', "+"));
    for (header, value, status) in [
        ("sec-fetch-site", "cross-site", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "same-site", StatusCode::FORBIDDEN),
        ("origin", "https://evil.example", StatusCode::FORBIDDEN),
        ("x-nothing", "", StatusCode::FORBIDDEN),
        ("origin", "http://rampart.test", StatusCode::SEE_OTHER),
        ("sec-fetch-site", "same-origin", StatusCode::SEE_OTHER),
    ] {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/sign-in")
            .header("content-type", "application/x-www-form-urlencoded")
            .header(header, value)
            .body(Body::from(body.clone()))
            .unwrap();
        let answer = portal.send(&mut Browser::default(), request).await;
        assert_eq!(answer.status, status, "{header}: {value}");
    }
}

#[tokio::test]
async fn no_link_acts_by_being_opened() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    for path in [
        "/sign-out",
        "/account/sign-out-everywhere",
        "/people/x/disable",
        "/apps/x/archive",
        "/apps/x/measuring/start",
    ] {
        let answer = portal.get(&mut admin, path).await;
        assert!(
            answer.status.is_redirection(),
            "{path} leads to its page: {}",
            answer.status
        );
    }
    assert_eq!(
        portal.get(&mut admin, "/account").await.status,
        StatusCode::OK,
        "still signed in"
    );
}

#[tokio::test]
async fn a_body_that_is_no_form_or_too_large_is_refused() {
    let portal = Portal::new().await;
    let post = |kind: &'static str, body: Vec<u8>| {
        Request::builder()
            .method(Method::POST)
            .uri("/sign-in")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", kind)
            .body(Body::from(body))
            .unwrap()
    };
    let answer = portal
        .send(&mut Browser::default(), post("application/json", b"{}".to_vec()))
        .await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let large = [b"mail=".to_vec(), vec![b'a'; 3 * 1024 * 1024]].concat();
    let answer = portal
        .send(
            &mut Browser::default(),
            post("application/x-www-form-urlencoded", large),
        )
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}
