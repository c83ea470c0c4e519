//! A mail server that is slow, silent, refuses, or hangs up.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use rampart_domain::id::MailId;
use rampart_server::{
    config::{Mail, Secret},
    jobs::Jobs,
    mail::send::Relay,
    random,
    store::outbox::{self, NewMail},
};

use super::until;
use crate::support::{
    database::{TestDatabase, on_both_engines},
    portal::Portal,
    smtp::{MailServer, Mood},
};

on_both_engines!(
    a_slow_mailbox_holds_up_nobody_elses_mail,
    a_slow_mail_server_gets_each_mail_once,
    a_mail_server_that_says_nothing_is_left_after_a_while,
    a_mail_that_was_cut_off_is_sent_again,
    a_mail_that_was_taken_without_saying_so_comes_twice_and_the_same,
);

struct Post {
    portal: Portal,
    server: MailServer,
    jobs: Jobs,
}

impl Post {
    /// Mails of which each goes to one of these, and the jobs that send them.
    async fn with(database: TestDatabase, mood: Mood, recipients: &[&str]) -> Self {
        let portal = Portal::on(database, &[]).await;
        let server = MailServer::start(mood).await;
        let now = portal.clock.now();
        let mut tx = portal.service.store.portal.begin().await.unwrap();
        for (n, recipient) in recipients.iter().enumerate() {
            let mail = NewMail {
                id: MailId(random::id(now)),
                message_id: format!("<{n}@rampart.test>"),
                kind: "invitation",
                partner: None,
                app: None,
                episode: None,
                alert_address: None,
                recipients: vec![(*recipient).to_owned()],
                subject: format!("Mail {n}"),
                text: "Text".to_owned(),
                html: "<p>Text</p>".to_owned(),
                give_up_at: now + TimeDelta::hours(24),
            };
            outbox::push(&mut tx, &mail, now).await.unwrap();
        }
        tx.commit().await.unwrap();
        let settings = Mail {
            relay: Some(Secret(server.url())),
            ..portal.service.config.mail.clone()
        };
        let relay = Relay::new(&settings).unwrap().unwrap().with_patience(PATIENCE);
        let jobs = Jobs::start(Arc::clone(&portal.service), Some(relay));
        Self { portal, server, jobs }
    }

    /// Returns once the mail server got a mail so many times without our side being told that it took it.
    async fn failed(&self, attempts: i64) -> outbox::Mail {
        let now = self.portal.clock.now();
        let noted = |mail: &outbox::Mail| mail.attempts == attempts && mail.next_attempt_at > now;
        self.portal.waits_until(noted).await;
        self.portal.mails().await.remove(0)
    }

    /// Lets time pass until the next attempt is due.
    fn later(&self, mail: &outbox::Mail) {
        self.portal
            .clock
            .advance(mail.next_attempt_at - self.portal.clock.now());
        self.portal.service.wake.outbox.notify_one();
    }

    async fn all_sent(&self) {
        until("every mail is sent", async || {
            self.portal.mails().await.iter().all(|mail| mail.sent_at.is_some())
        })
        .await;
    }
}

/// How long a conversation may take here.
const PATIENCE: Duration = Duration::from_secs(2);

async fn a_slow_mailbox_holds_up_nobody_elses_mail(database: TestDatabase) {
    let mut recipients = vec!["slow@example.com"; 6];
    recipients.extend([
        "ada@example.com",
        "ben@example.com",
        "cem@example.com",
        "dee@example.com",
    ]);
    let post = Post::with(database, Mood::Holds("slow@example.com"), &recipients).await;
    for _ in 0..4 {
        let mail = post.server.next().await;
        assert!(!mail.contains("To: slow@example.com"), "{mail}");
    }
    let tried: i64 = post
        .portal
        .mails()
        .await
        .iter()
        .filter(|m| m.recipients.0 == ["slow@example.com"])
        .map(|m| m.attempts)
        .sum();
    assert_eq!(
        tried, 1,
        "they came while the first one to the slow mailbox was still under way"
    );
    post.server.set(Mood::Takes);
    post.portal.clock.advance(TimeDelta::minutes(1));
    post.all_sent().await;
    post.jobs.stop().await;
    assert_eq!(post.server.taken(), recipients.len(), "each once");
}

async fn a_slow_mail_server_gets_each_mail_once(database: TestDatabase) {
    let recipients = ["ada@example.com", "ben@example.com", "ada@example.com"];
    let post = Post::with(database, Mood::Slow(Duration::from_millis(50)), &recipients).await;
    post.all_sent().await;
    post.jobs.stop().await;
    assert_eq!(post.server.taken(), 3);
    assert!(post.portal.mails().await.iter().all(|mail| mail.attempts == 1));
}

async fn a_mail_server_that_says_nothing_is_left_after_a_while(database: TestDatabase) {
    let post = Post::with(database, Mood::Silent, &["ada@example.com"]).await;
    let mail = post.failed(1).await;
    let said = mail.error.as_deref().unwrap();
    assert!(said.contains("did not take the mail within 2s"), "{said}");
    post.server.set(Mood::Takes);
    post.later(&mail);
    post.server.next().await;
    post.all_sent().await;
    post.jobs.stop().await;
}

async fn a_mail_that_was_cut_off_is_sent_again(database: TestDatabase) {
    let post = Post::with(database, Mood::DropsInData, &["ada@example.com"]).await;
    for (attempt, minutes) in [(1, 1), (2, 2), (3, 4)] {
        let mail = post.failed(attempt).await;
        let pause = mail.next_attempt_at - post.portal.clock.now();
        assert_eq!(pause, TimeDelta::minutes(minutes), "pauses grow");
        if attempt == 3 {
            post.server.set(Mood::Takes);
        }
        post.later(&mail);
    }
    post.all_sent().await;
    post.jobs.stop().await;
    assert_eq!(post.server.taken(), 1);
}

async fn a_mail_that_was_taken_without_saying_so_comes_twice_and_the_same(database: TestDatabase) {
    let post = Post::with(database, Mood::DropsAfterData, &["ada@example.com"]).await;
    let first = post.server.next().await;
    let mail = post.failed(1).await;
    post.server.set(Mood::Takes);
    post.later(&mail);
    let second = post.server.next().await;
    assert_eq!(first, second);
    assert!(first.contains("Message-ID: <0@rampart.test>"), "{first}");
    post.all_sent().await;
    post.jobs.stop().await;
}
