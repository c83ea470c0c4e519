use http::StatusCode;

use crate::support::{
    html::{main, text},
    portal::{Browser, Portal},
};

async fn confirmed_address(portal: &Portal, owner: &mut Browser) -> String {
    let page = portal.get(owner, "/apps/com.example.app/settings").await;
    text(&main(&page.body))
}

#[tokio::test]
async fn an_address_is_used_once_its_owner_confirmed_it_by_the_drill() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal.register(&mut owner, &partner, "com.example.app").await;
    let link = portal.link_in_mail_to("on-call@example.com").await;
    let path = link.strip_prefix("http://rampart.test").unwrap().to_owned();
    let drill = portal.mails().await.into_iter().find(|m| m.kind == "drill").unwrap();
    assert!(drill.subject.starts_with("DRILL"), "{}", drill.subject);
    assert!(drill.body_html.contains("id=\"incident-data-drill\""));
    assert!(
        !drill.body_html.contains("id=\"incident-data\""),
        "nothing takes a drill for an alert"
    );

    let page = portal.get(&mut Browser::default(), &path).await;
    assert_eq!(page.status, StatusCode::OK);
    let apps = portal.mails().await.len();
    assert!(
        confirmed_address(&portal, &mut owner)
            .await
            .contains("owner@kestrel-labs.test"),
        "opening the link confirms nothing"
    );
    assert_eq!(
        portal.post(&mut Browser::default(), &path, &[]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        portal.post(&mut Browser::default(), &path, &[]).await.status,
        StatusCode::NOT_FOUND,
        "once"
    );
    assert_eq!(portal.mails().await.len(), apps);

    // A new address takes over when it is confirmed, not before.
    let answer = portal
        .post(
            &mut owner,
            "/apps/com.example.app/alert-address",
            &[("address", "new@example.com")],
        )
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let settings = confirmed_address(&portal, &mut owner).await;
    assert!(
        settings.contains("on-call@example.com") && settings.contains("new@example.com"),
        "{settings}"
    );
    let second = portal.link_in_mail_to("new@example.com").await;
    portal.clock.advance(chrono::TimeDelta::seconds(1));
    portal
        .post(&mut owner, "/apps/com.example.app/alert-address/resend", &[])
        .await;
    let third = portal.link_in_mail_to("new@example.com").await;
    assert_ne!(second, third);
    let second = second.strip_prefix("http://rampart.test").unwrap();
    assert_eq!(
        portal.get(&mut Browser::default(), second).await.status,
        StatusCode::NOT_FOUND,
        "the earlier link is replaced"
    );
    let third = third.strip_prefix("http://rampart.test").unwrap();
    assert_eq!(
        portal.post(&mut Browser::default(), third, &[]).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn the_links_in_mails_are_shown_to_nobody_else() {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal.register(&mut owner, &partner, "com.example.app").await;
    for mail in portal.mails().await {
        for browser in [&mut admin, &mut owner] {
            let page = portal.get(browser, &format!("/mail/{}", mail.id)).await;
            assert_eq!(page.status, StatusCode::OK, "{}", mail.subject);
            assert!(
                !page.body.contains("/invitation/") && !page.body.contains("/alert-address/"),
                "{}",
                mail.subject
            );
        }
    }
}
