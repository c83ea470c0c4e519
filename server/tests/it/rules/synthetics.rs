//! When the synthetic tests of several partners start failing on a product, they and the incident managers hear of it (SPEC
//! section 2).

use chrono::TimeDelta;
use rampart_domain::{
    id::AppId,
    sli::{Group, Product, Sli},
};
use rampart_server::{
    service::ingest::{Event, Outcome, Source},
    store::{Scope, apps, audit, outbox::Mail},
};

use crate::support::{
    database::{TestDatabase, on_both_engines},
    portal::Portal,
};

on_both_engines!(
    three_partners_and_the_incident_managers_get_one_notice,
    two_partners_are_no_notice,
);

const PARTNERS: [(&str, &str); 4] = [
    ("Kestrel Labs", "com.kestrel.app"),
    ("Harbour", "com.harbour.app"),
    ("Osprey", "com.osprey.app"),
    ("Quarry", "com.quarry.app"),
];

async fn portal(database: TestDatabase) -> (Portal, Vec<AppId>) {
    let portal = Portal::on(database, &[]).await;
    let mut admin = portal.staff("Ada", &["administrator", "reviewer"]).await;
    portal.staff("Ian", &["incident_manager"]).await;
    let mut ids = Vec::new();
    for (name, key) in PARTNERS {
        let (partner, mut owner) = portal.partner(&mut admin, name).await;
        portal.register(&mut owner, &partner, key).await;
        let answer = portal
            .post(&mut admin, &format!("/apps/{key}/measuring/start"), &[])
            .await;
        assert_eq!(answer.status, http::StatusCode::SEE_OTHER, "{}", answer.body);
        let app = apps::by_key(&portal.service.store.portal, Scope::system(), key)
            .await
            .unwrap();
        ids.push(app.unwrap().id);
    }
    (portal, ids)
}

/// Lets five minutes pass, with a result of each of these apps in the first.
async fn results(portal: &Portal, apps: &[AppId], outcome: Outcome) {
    let events = apps.iter().map(|app| Event {
        app: *app,
        product: Product::Jira,
        sli: Sli::Synthetic,
        group: Group::Dfr,
        at: portal.clock.minute(),
        outcome,
        latency: None,
        source: Source::Platform,
    });
    portal.service.ingest(events.collect(), None).await.unwrap();
    for _ in 0..5 {
        portal.clock.advance(TimeDelta::minutes(1));
        portal.evaluate().await;
    }
}

async fn notices(portal: &Portal) -> Vec<Mail> {
    let mails = portal.mails().await;
    mails.into_iter().filter(|m| m.kind.starts_with("synthetics")).collect()
}

async fn three_partners_and_the_incident_managers_get_one_notice(database: TestDatabase) {
    let (portal, apps) = portal(database).await;
    results(&portal, &apps, Outcome::Good).await;
    results(&portal, &apps[..2], Outcome::Bad).await;
    results(&portal, &apps[..3], Outcome::Bad).await;
    assert!(notices(&portal).await.is_empty(), "of the third there is one failure");
    results(&portal, &apps[..3], Outcome::Bad).await;
    results(&portal, &[], Outcome::Bad).await;

    let sent = notices(&portal).await;
    let mut to: Vec<_> = sent.iter().map(|m| m.recipients.0[0].as_str()).collect();
    to.sort_unstable();
    let owners = ["owner@harbour.test", "owner@kestrel-labs.test", "owner@osprey.test"];
    assert_eq!(to, [&["ian@platform.test"][..], &owners].concat());
    for mail in &sent {
        let said = format!("{} {} {}", mail.subject, mail.body_text, mail.body_html);
        let named = PARTNERS.map(|(_, key)| said.contains(key));
        match mail.partner_id {
            None => {
                assert_eq!(named, [true, true, true, false], "{said}");
                assert!(PARTNERS[..3].iter().all(|(name, _)| said.contains(name)));
            }
            Some(_) => {
                let whose = owners.iter().position(|o| *o == mail.recipients.0[0]).unwrap();
                let own = ["com.harbour.app", "com.kestrel.app", "com.osprey.app"][whose];
                assert_eq!(named, PARTNERS.map(|(_, key)| key == own), "{said}");
                assert!(
                    said.contains("several partners") && !said.contains(" three ") && !said.contains(" 3 "),
                    "{said}"
                );
                assert!(PARTNERS.iter().all(|(name, _)| !said.contains(name)), "{said}");
            }
        }
    }

    // It goes on, and a fourth partner joins.
    results(&portal, &apps[..3], Outcome::Bad).await;
    assert_eq!(notices(&portal).await.len(), 4, "one happening is one notice");
    results(&portal, &apps, Outcome::Bad).await;
    results(&portal, &apps, Outcome::Bad).await;
    results(&portal, &[], Outcome::Bad).await;
    let sent = notices(&portal).await;
    assert_eq!((sent.len(), sent[4].recipients.0[0].as_str()), (5, "owner@quarry.test"));

    let filter = audit::Filter {
        action: "synthetics.failing_together".to_owned(),
        ..audit::Filter::default()
    };
    let rows = audit::list(&portal.service.store.portal, Scope::system(), &filter, 100)
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    assert!(
        rows.iter().all(|row| row.partner_id.is_none()),
        "no partner reads of others"
    );
}

async fn two_partners_are_no_notice(database: TestDatabase) {
    let (portal, apps) = portal(database).await;
    results(&portal, &apps[1..], Outcome::Good).await;
    // The first one never worked.
    for _ in 0..6 {
        results(&portal, &apps[..3], Outcome::Bad).await;
    }
    assert!(notices(&portal).await.is_empty());
}
