use http::StatusCode;

use crate::support::{
    html::{main, text},
    portal::{Browser, PASSWORD, Portal},
};

#[tokio::test]
async fn an_unknown_account_and_a_wrong_password_answer_alike() {
    let portal = Portal::new().await;
    portal.staff("Ada", &["reviewer"]).await;
    let mut answers = Vec::new();
    for mail in ["ada@platform.test", "nobody@platform.test"] {
        let answer = portal
            .post(
                &mut Browser::default(),
                "/sign-in",
                &[("mail", mail), ("password", "wrong")],
            )
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            !answer.body.contains("value=\"wrong\""),
            "a password is never shown again"
        );
        answers.push(main(&answer.body).replace(mail, "MAIL"));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(text(&answers[0]).contains("The mail address or the password is wrong."));
}

#[tokio::test]
async fn a_disabled_account_cannot_sign_in_and_its_sessions_end() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let mut other = portal.staff("Ben", &["reviewer"]).await;
    assert_eq!(portal.get(&mut other, "/apps").await.status, StatusCode::OK);
    let ben = portal.actor("ben@platform.test").await.user;
    let answer = portal.post(&mut admin, &format!("/people/{ben}/disable"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        portal.get(&mut other, "/apps").await.status,
        StatusCode::SEE_OTHER,
        "signed out"
    );
    let answer = portal
        .post(
            &mut other,
            "/sign-in",
            &[("mail", "ben@platform.test"), ("password", PASSWORD)],
        )
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn tries_are_limited_for_known_and_unknown_accounts_alike() {
    let portal = Portal::new().await;
    let mut browser = Browser::default();
    let mut limited = false;
    for _ in 0..12 {
        let answer = portal
            .post(
                &mut browser,
                "/sign-in",
                &[("mail", "nobody@platform.test"), ("password", "x")],
            )
            .await;
        limited |= answer.status == StatusCode::TOO_MANY_REQUESTS;
    }
    assert!(limited);
}

#[tokio::test]
async fn the_sign_in_leads_back_to_the_page_that_asked_for_it() {
    let portal = Portal::new().await;
    portal.staff("Ada", &["reviewer"]).await;
    let mut browser = Browser::default();
    let answer = portal.get(&mut browser, "/apps?q=time%26sheets").await;
    assert_eq!(answer.header("location"), "/sign-in?next=%2Fapps%3Fq%3Dtime%2526sheets");
    let page = portal.get(&mut browser, answer.header("location")).await;
    assert!(
        page.body.contains("name=\"next\" value=\"/apps?q=time%26sheets\""),
        "{}",
        page.body
    );
    let fields = [
        ("mail", "Ada@Platform.test"),
        ("password", PASSWORD),
        ("next", "/apps?q=time%26sheets"),
    ];
    let answer = portal.post(&mut browser, "/sign-in", &fields).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/apps?q=time%26sheets")
    );
}

#[tokio::test]
async fn a_session_ends_by_sign_out_by_idleness_and_everywhere_at_once() {
    let portal = Portal::new().await;
    let mut first = portal.staff("Ada", &["reviewer"]).await;
    let mut second = Browser::default();
    let sign_in = [("mail", "ada@platform.test"), ("password", PASSWORD)];
    portal.post(&mut second, "/sign-in", &sign_in).await;
    let before = second.clone();
    portal.post(&mut second, "/sign-out", &[]).await;
    assert_eq!(
        portal.get(&mut before.clone(), "/apps").await.status,
        StatusCode::SEE_OTHER,
        "the old cookie is worth nothing"
    );
    assert_eq!(
        portal.get(&mut first, "/apps").await.status,
        StatusCode::OK,
        "other sessions live on"
    );

    portal.clock.advance(chrono::TimeDelta::hours(11));
    assert_eq!(portal.get(&mut first, "/apps").await.status, StatusCode::OK);
    portal.clock.advance(chrono::TimeDelta::hours(11));
    assert_eq!(
        portal.get(&mut first, "/apps").await.status,
        StatusCode::OK,
        "use keeps it alive"
    );
    portal.clock.advance(chrono::TimeDelta::hours(13));
    assert_eq!(
        portal.get(&mut first, "/apps").await.status,
        StatusCode::SEE_OTHER,
        "idle for more than 12 hours"
    );

    portal.post(&mut first, "/sign-in", &sign_in).await;
    portal.post(&mut second, "/sign-in", &sign_in).await;
    let account = portal.get(&mut first, "/account").await;
    assert_eq!(
        text(&main(&account.body)).matches("192.0.2.7").count(),
        2,
        "both sessions are listed"
    );
    portal.post(&mut first, "/account/sign-out-everywhere", &[]).await;
    assert_eq!(portal.get(&mut second, "/apps").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_for_scripts_and_other_sites() {
    let portal = Portal::with(&[("RAMPART_SERVER_PUBLIC_URL", "https://rampart.test")]).await;
    let link = portal
        .service
        .invite_from_command_line("a@b.test", "Ada", &["reviewer"])
        .await
        .unwrap();
    let path = link.strip_prefix("https://rampart.test").unwrap();
    let fields = [("name", "Ada"), ("password", PASSWORD), ("password_again", PASSWORD)];
    let answer = portal.post(&mut Browser::default(), path, &fields).await;
    let cookie = answer.header("set-cookie");
    for part in ["__Host-rampart=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{part} is missing in {cookie}");
    }
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let portal = Portal::new().await;
    let mut here = portal.staff("Ada", &["reviewer"]).await;
    let mut there = Browser::default();
    portal
        .post(
            &mut there,
            "/sign-in",
            &[("mail", "ada@platform.test"), ("password", PASSWORD)],
        )
        .await;
    let new = "another horse battery staple";
    let wrong = [("current", "no"), ("password", new), ("password_again", new)];
    assert_eq!(
        portal.post(&mut here, "/account/password", &wrong).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let right = [("current", PASSWORD), ("password", new), ("password_again", new)];
    assert_eq!(
        portal.post(&mut here, "/account/password", &right).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        portal.get(&mut here, "/account").await.status,
        StatusCode::OK,
        "this browser stays signed in"
    );
    assert_eq!(portal.get(&mut there, "/apps").await.status, StatusCode::SEE_OTHER);
    let answer = portal
        .post(
            &mut there,
            "/sign-in",
            &[("mail", "ada@platform.test"), ("password", new)],
        )
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_that_was_ended_stays_ended() {
    let portal = Portal::new().await;
    let mut browser = portal.staff("Ada", &["reviewer"]).await;
    let mut other = Browser::default();
    portal
        .post(
            &mut other,
            "/sign-in",
            &[("mail", "ada@platform.test"), ("password", PASSWORD)],
        )
        .await;
    let account = portal.get(&mut other, "/account").await;
    let revoke = account
        .body
        .split("action=\"")
        .find(|part| part.contains("/revoke\""))
        .unwrap();
    let revoke = revoke.split('"').next().unwrap().to_owned();
    // The answer leaves a message in the very session that has ended.
    assert_eq!(
        portal.post(&mut browser, &revoke, &[]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(portal.get(&mut browser, "/apps").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn passwords_are_carried_through_no_sign_in() {
    let portal = Portal::new().await;
    let fields = [
        ("current", PASSWORD),
        ("password", "a new password"),
        ("password_again", "a new password"),
    ];
    let answer = portal.post(&mut Browser::default(), "/account/password", &fields).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/sign-in")
    );
}

#[tokio::test]
async fn a_page_that_changes_nothing_leaves_the_session_unwritten() {
    let portal = Portal::new().await;
    let mut ada = portal.staff("Ada", &["reviewer"]).await;
    let answer = portal.get(&mut ada, "/apps").await;
    assert_eq!(answer.status, StatusCode::OK);
    // Whenever a session is written its cookie is set anew.
    assert!(!answer.headers.contains_key(http::header::SET_COOKIE));
}
