//! The outbox against a mail server.

use std::sync::Arc;

use rampart_server::{
    config::{Mail, Secret},
    jobs::Jobs,
    mail::send::Relay,
    store::outbox,
};

use crate::support::{
    portal::{Browser, Portal},
    smtp::{MailServer, Mood},
};

async fn with_mail_to_send(server: &MailServer) -> (Portal, Browser, Jobs) {
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let answer = portal
        .post(
            &mut admin,
            "/partners/new",
            &[("name", "Kestrel Labs"), ("owner_mail", "owner@kestrel.test")],
        )
        .await;
    assert_eq!(answer.status, http::StatusCode::SEE_OTHER);
    let mail = Mail {
        relay: Some(Secret(server.url())),
        ..portal.service.config.mail.clone()
    };
    let relay = Relay::new(&mail).unwrap();
    let jobs = Jobs::start(Arc::clone(&portal.service), relay);
    (portal, admin, jobs)
}

/// Moves the clock, and wakes the job in case it has gone to sleep only after that.
fn later(portal: &Portal, by: chrono::TimeDelta) {
    portal.clock.advance(by);
    portal.service.wake.outbox.notify_one();
}

#[tokio::test]
async fn what_is_queued_is_sent_once() {
    let server = MailServer::start(Mood::Takes).await;
    let (portal, _, jobs) = with_mail_to_send(&server).await;
    let received = server.next().await;
    assert!(
        received.contains("To: owner@kestrel.test") && received.contains("multipart/alternative"),
        "{received}"
    );
    let queued = portal.mails().await.remove(0);
    assert!(
        received.contains(&format!("Message-ID: {}", queued.message_id)),
        "{received}"
    );
    jobs.stop().await;
    assert!(portal.mails().await[0].sent_at.is_some());
    assert_eq!(server.taken(), 1);
}

#[tokio::test]
async fn a_refusal_for_now_is_tried_again_under_the_same_message_id() {
    let server = MailServer::start(Mood::Later).await;
    let (portal, mut admin, jobs) = with_mail_to_send(&server).await;
    server.asked(1).await;
    portal.waits_until(|mail| mail.error.is_some()).await;
    let page = portal.get(&mut admin, "/mail?filter=waiting").await;
    assert!(
        page.body.contains("451"),
        "what the server said is shown: {}",
        page.body
    );
    let id = portal.mails().await[0].message_id.clone();
    server.set(Mood::Takes);
    later(&portal, chrono::TimeDelta::minutes(2));
    let received = server.next().await;
    assert!(received.contains(&id), "{received}");
    jobs.stop().await;
    assert_eq!(portal.mails().await[0].attempts, 2);
}

#[tokio::test]
async fn a_mail_is_given_up_after_a_day_and_can_be_sent_by_hand() {
    let server = MailServer::start(Mood::Later).await;
    let (portal, _, jobs) = with_mail_to_send(&server).await;
    server.asked(1).await;
    portal.waits_until(|mail| mail.error.is_some()).await;
    later(&portal, chrono::TimeDelta::hours(25));
    portal.waits_until(|mail| mail.failed_at.is_some()).await;
    server.set(Mood::Takes);
    let id = portal.mails().await[0].id;
    let mut admin = portal.staff("Ben", &["administrator"]).await;
    let answer = portal.post(&mut admin, &format!("/mail/{id}/retry"), &[]).await;
    assert_eq!(answer.status, http::StatusCode::SEE_OTHER);
    server.next().await;
    jobs.stop().await;
}

#[tokio::test]
async fn an_alert_address_that_refuses_for_good_is_replaced_by_the_owners() {
    let server = MailServer::start(Mood::Takes).await;
    let portal = Portal::new().await;
    let mut admin = portal.staff("Ada", &["administrator", "reviewer"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal.register(&mut owner, &partner, "com.example.app").await;
    let link = portal.link_in_mail_to("on-call@example.com").await;
    portal
        .post(&mut owner, link.strip_prefix("http://rampart.test").unwrap(), &[])
        .await;
    portal
        .post(&mut admin, "/apps/com.example.app/measuring/start", &[])
        .await;
    let series = portal.series_of("com.example.app").await;
    portal.live(series, 3, false).await;
    let alert = portal
        .mails()
        .await
        .into_iter()
        .find(|m| m.kind == "alert_anomalous")
        .unwrap();
    assert_eq!(alert.recipients.0, ["on-call@example.com"]);

    server.set(Mood::Never("on-call@example.com"));
    let mail = Mail {
        relay: Some(Secret(server.url())),
        ..portal.service.config.mail.clone()
    };
    let jobs = Jobs::start(Arc::clone(&portal.service), Relay::new(&mail).unwrap());
    portal
        .waits_until(|mail: &outbox::Mail| mail.kind == "alert_to_owners" && mail.sent_at.is_some())
        .await;
    jobs.stop().await;
    let again = portal
        .mails()
        .await
        .into_iter()
        .find(|m| m.kind == "alert_to_owners")
        .unwrap();
    assert_eq!(again.recipients.0, ["owner@kestrel-labs.test"]);
    assert!(again.body_html.contains("id=\"incident-data\""));
    let page = portal.get(&mut owner, "/apps/com.example.app/settings").await;
    assert!(
        page.body.contains("on-call@example.com"),
        "the page names the address that failed"
    );
}
