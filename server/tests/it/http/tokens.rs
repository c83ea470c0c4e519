//! Tokens of the API: made and revoked on pages.

use chrono::TimeDelta;
use http::StatusCode;
use rampart_domain::access::TokenScope;

use crate::support::{
    html::{main, text},
    portal::{Answer, Portal},
};

/// The value on the page that answers the making of a token.
pub(super) fn value(answer: &Answer) -> String {
    let page = &answer.body;
    let after = page
        .split("id=\"made-token\">")
        .nth(1)
        .unwrap_or_else(|| panic!("{page}"));
    after.split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_is_shown_once_and_ends_when_it_is_revoked() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    let page = format!("/partners/{partner}");
    let answer = portal
        .post(
            &mut owner,
            &format!("{page}/tokens/new"),
            &[("name", "Nightly tests"), ("days", "30")],
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("cache-control"), "no-store");
    let secret = value(&answer);
    assert!(secret.starts_with("rampart_") && secret.len() > 40, "{secret}");
    let again = portal.get(&mut owner, &page).await;
    assert!(!again.body.contains(&secret), "it is shown once");
    let shown = text(&main(&again.body));
    assert!(
        shown.contains("Nightly tests synthetic:write") && shown.contains("never"),
        "{shown}"
    );
    let token = portal.service.token(&secret).await.unwrap().unwrap();
    assert_eq!(token.scope, TokenScope::SyntheticWrite);
    assert_eq!(token.partner.unwrap().to_string(), partner);
    assert!(portal.service.token(&format!("{secret}x")).await.unwrap().is_none());
    let used = portal.service.token(&secret).await.unwrap().unwrap();
    assert_eq!(used.last_used_at, Some(portal.clock.now()), "the first use was noted");
    portal.clock.advance(TimeDelta::minutes(59));
    portal.service.token(&secret).await.unwrap();
    let used = portal.service.token(&secret).await.unwrap().unwrap();
    assert_eq!(
        used.last_used_at,
        Some(portal.clock.now() - TimeDelta::minutes(59)),
        "not every use is"
    );

    let revoke = format!("{page}/tokens/{}/revoke", token.id);
    assert_eq!(
        portal.post(&mut owner, &revoke, &[]).await.status,
        StatusCode::SEE_OTHER
    );
    assert!(portal.service.token(&secret).await.unwrap().is_none());
    assert_eq!(
        portal.post(&mut owner, &revoke, &[]).await.status,
        StatusCode::NOT_FOUND
    );
    let log = portal.get(&mut owner, "/audit").await.body;
    assert!(log.contains("token.made") && log.contains("token.revoked") && !log.contains(&secret));
}

#[tokio::test]
async fn the_platforms_tokens_are_its_administrators() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    let answer = portal
        .post(
            &mut admin,
            "/tokens/new",
            &[("name", "Event pipeline"), ("days", "400")],
        )
        .await;
    let token = portal.service.token(&value(&answer)).await.unwrap().unwrap();
    assert_eq!((token.scope, token.partner), (TokenScope::Ingest, None));
    portal.clock.advance(TimeDelta::days(400) - TimeDelta::seconds(1));
    assert!(portal.service.token(&value(&answer)).await.unwrap().is_some());
    portal.clock.advance(TimeDelta::seconds(1));
    assert!(
        portal.service.token(&value(&answer)).await.unwrap().is_none(),
        "it has expired"
    );
    // An owner cannot reach it through the partner's page.
    let mut owner_again = portal_owner(&portal, &mut owner).await;
    let through = format!("/partners/{partner}/tokens/{}/revoke", token.id);
    assert_eq!(
        portal.post(&mut owner_again, &through, &[]).await.status,
        StatusCode::NOT_FOUND
    );
}

/// Signs the owner in again, whose session has ended meanwhile.
async fn portal_owner(portal: &Portal, owner: &mut crate::support::portal::Browser) -> crate::support::portal::Browser {
    owner.cookie = None;
    let fields = [
        ("mail", "owner@kestrel-labs.test"),
        ("password", crate::support::portal::PASSWORD),
    ];
    portal.post(owner, "/sign-in", &fields).await;
    owner.clone()
}

#[tokio::test]
async fn a_token_without_a_name_or_an_end_is_refused() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    for (name, days, message) in [
        ("", "30", "Enter what the token is for."),
        ("x", "0", "Enter a number of days from 1 to 400."),
        ("x", "401", "Enter a number of days from 1 to 400."),
        ("x", "soon", "Enter a number of days from 1 to 400."),
    ] {
        let answer = portal
            .post(&mut admin, "/tokens/new", &[("name", name), ("days", days)])
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(message), "{}", answer.body);
    }
    assert!(
        portal
            .get(&mut admin, "/tokens")
            .await
            .body
            .contains("There is no token")
    );
}
