use http::StatusCode;

use crate::support::{
    html::{main, text},
    portal::{Browser, PASSWORD, Portal},
};

#[tokio::test]
async fn an_invitation_works_once_and_not_for_ever() {
    let portal = Portal::new().await;
    let link = portal
        .service
        .invite_from_command_line("a@platform.test", "Ada", &["reviewer"])
        .await
        .unwrap();
    let path = link.strip_prefix("http://rampart.test").unwrap();
    let mut browser = Browser::default();
    let page = portal.get(&mut browser, path).await;
    assert!(text(&main(&page.body)).contains("Reviewer"));
    assert_eq!(
        portal.get(&mut browser, path).await.status,
        StatusCode::OK,
        "opening it uses nothing up"
    );

    let short = [("name", "Ada"), ("password", "short"), ("password_again", "short")];
    assert_eq!(
        portal.post(&mut browser, path, &short).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let differ = [
        ("name", "Ada"),
        ("password", PASSWORD),
        ("password_again", "correct horse battery stapel"),
    ];
    assert_eq!(
        portal.post(&mut browser, path, &differ).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let fine = [("name", "Ada"), ("password", PASSWORD), ("password_again", PASSWORD)];
    assert_eq!(
        portal.post(&mut browser, path, &fine).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        portal.get(&mut Browser::default(), path).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        portal.post(&mut Browser::default(), path, &fine).await.status,
        StatusCode::NOT_FOUND
    );

    let late = portal
        .service
        .invite_from_command_line("b@platform.test", "Ben", &["reviewer"])
        .await
        .unwrap();
    portal.clock.advance(chrono::TimeDelta::days(7));
    let path = late.strip_prefix("http://rampart.test").unwrap();
    assert_eq!(
        portal.get(&mut Browser::default(), path).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_withdrawn_invitation_is_worth_nothing() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal
        .post(
            &mut owner,
            &format!("/partners/{partner}/invite"),
            &[("mail", "m@x.test"), ("role", "member")],
        )
        .await;
    let link = portal.link_in_mail_to("m@x.test").await;
    let page = portal.get(&mut owner, &format!("/partners/{partner}")).await;
    let action = page
        .body
        .split("action=\"")
        .find(|part| part.contains("/withdraw\""))
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(
        portal.post(&mut owner, &action, &[]).await.status,
        StatusCode::SEE_OTHER
    );
    let path = link.strip_prefix("http://rampart.test").unwrap();
    assert_eq!(
        portal.get(&mut Browser::default(), path).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn somebody_with_an_account_joins_a_second_partner_with_their_own_password() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (_, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    let (other, mut other_owner) = portal.partner(&mut admin, "Osprey").await;
    portal.clock.advance(chrono::TimeDelta::seconds(1));
    let invite = [("mail", "owner@kestrel-labs.test"), ("role", "member")];
    portal
        .post(&mut other_owner, &format!("/partners/{other}/invite"), &invite)
        .await;
    let link = portal.link_in_mail_to("owner@kestrel-labs.test").await;
    let path = link.strip_prefix("http://rampart.test").unwrap();
    let wrong = portal
        .post(&mut Browser::default(), path, &[("password", "a wrong password")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        portal.get(&mut owner, &format!("/partners/{other}")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        portal
            .post(&mut Browser::default(), path, &[("password", PASSWORD)])
            .await
            .status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        portal.get(&mut owner, &format!("/partners/{other}")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn nobody_changes_their_own_role_and_the_last_owner_stays() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    let own = portal.actor("owner@kestrel-labs.test").await.user;
    let path = format!("/partners/{partner}/members/{own}");
    let answer = portal
        .post(&mut owner, &format!("{path}/role"), &[("role", "member")])
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let answer = portal.post(&mut admin, &format!("{path}/remove"), &[]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "the last owner");
    assert!(text(&main(&answer.body)).contains("at least one owner"));

    let ada = portal.actor("ada@platform.test").await.user;
    let answer = portal
        .post(
            &mut admin,
            &format!("/people/{ada}/roles"),
            &[("roles", "program_manager")],
        )
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let mut second = portal.staff("Ben", &["administrator"]).await;
    assert_eq!(
        portal
            .post(&mut second, &format!("/people/{ada}/roles"), &[("roles", "reviewer")])
            .await
            .status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        portal.get(&mut admin, "/people").await.status,
        StatusCode::FORBIDDEN,
        "at once"
    );
}

#[tokio::test]
async fn a_member_who_is_removed_sees_nothing_with_the_next_request() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal.register(&mut owner, &partner, "com.example.app").await;
    let mut member = portal.member(&mut owner, &partner, "Mia").await;
    assert_eq!(
        portal.get(&mut member, "/apps/com.example.app").await.status,
        StatusCode::OK
    );
    let mia = portal.actor("mia@member.test").await.user;
    assert_eq!(
        portal
            .post(&mut owner, &format!("/partners/{partner}/members/{mia}/remove"), &[])
            .await
            .status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        portal.get(&mut member, "/apps/com.example.app").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_link_from_the_command_line() {
    let portal = Portal::new().await;
    let mut signed_in = portal.staff("Ada", &["administrator"]).await;
    assert!(portal.service.password_link("nobody@platform.test").await.is_err());
    let link = portal.service.password_link("Ada@platform.test").await.unwrap();
    let path = link.strip_prefix("http://rampart.test").unwrap();
    let new = "another horse battery staple";
    let short = [("password", "short"), ("password_again", "short")];
    let answer = portal.post(&mut Browser::default(), path, &short).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [("password", new), ("password_again", new)];
    let answer = portal.post(&mut Browser::default(), path, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(
        portal.get(&mut signed_in, "/apps").await.status,
        StatusCode::SEE_OTHER,
        "the old sessions have ended"
    );
    let sign_in = [("mail", "ada@platform.test"), ("password", new)];
    assert_eq!(
        portal.post(&mut signed_in, "/sign-in", &sign_in).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        portal.get(&mut signed_in, "/people").await.status,
        StatusCode::OK,
        "roles are kept"
    );
}

#[tokio::test]
async fn nobody_invites_themselves_and_no_invitation_takes_a_role() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    let own = [
        ("mail", "ADA@platform.test"),
        ("name", "Ada"),
        ("roles", "program_manager"),
        ("role", "owner"),
    ];
    for path in ["/people/invite", &format!("/partners/{partner}/invite")] {
        let answer = portal.post(&mut admin, path, &own).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(
            text(&main(&answer.body)).contains("Nobody changes their own roles"),
            "{path}"
        );
    }
    portal.clock.advance(chrono::TimeDelta::seconds(1));
    let invite = [("mail", "owner@kestrel-labs.test"), ("role", "member")];
    portal
        .post(&mut admin, &format!("/partners/{partner}/invite"), &invite)
        .await;
    let link = portal.link_in_mail_to("owner@kestrel-labs.test").await;
    let path = link.strip_prefix("http://rampart.test").unwrap();
    let answer = portal
        .post(&mut Browser::default(), path, &[("password", PASSWORD)])
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        portal.get(&mut owner, "/audit").await.status,
        StatusCode::OK,
        "still an owner"
    );
}
