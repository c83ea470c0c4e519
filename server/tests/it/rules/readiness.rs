//! The approval of a readiness document expires, and its partner is told in time (SPEC section 3).

use chrono::TimeDelta;
use rampart_domain::readiness::{Decision, State, expires_at};
use rampart_server::{
    service::Service,
    store::{Scope, apps, readiness},
};

use crate::support::{
    database::{TestDatabase, on_both_engines},
    portal::Portal,
};

on_both_engines!(an_expiry_is_told_60_30_and_14_days_ahead_once_by_two_servers);

const APP: &str = "com.example.app";

/// With an app whose document is approved now.
async fn approved(database: TestDatabase) -> Portal {
    let portal = Portal::on(database, &[]).await;
    let mut admin = portal.staff("Ada", &["administrator"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal.register(&mut owner, &partner, APP).await;
    let by = portal.actor("owner@kestrel-labs.test").await.user;
    let db = &portal.service.store.portal;
    let app = apps::by_key(db, Scope::system(), APP).await.unwrap().unwrap().id;
    let now = portal.clock.now();
    let mut tx = db.begin().await.unwrap();
    readiness::open(&mut tx, app, 1).await.unwrap();
    readiness::submit(&mut tx, app, 1, ("{}", "x"), by, now).await.unwrap();
    let (decision, times) = ((Decision::Approved, State::Approved), (now, Some(expires_at(now))));
    readiness::decide(&mut tx, app, 1, decision, ("Fine.", "x"), by, times)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    portal
}

async fn an_expiry_is_told_60_30_and_14_days_ahead_once_by_two_servers(database: TestDatabase) {
    let portal = approved(database).await;
    let here = &portal.service;
    let (config, prober) = (here.config.clone(), here.prober.clone());
    let store = portal.database.again().await;
    let there = Service::new(store, portal.clock.clone(), config, prober.clone(), prober);
    let mut told = Vec::new();
    for day in 0..=400 {
        let (one, two) = tokio::join!(here.tell_of_expiring_readiness(), there.tell_of_expiring_readiness());
        match one.unwrap() + two.unwrap() {
            0 => {}
            1 => told.push(day),
            more => panic!("{more} mails on day {day}"),
        }
        portal.clock.advance(TimeDelta::days(1));
    }
    assert_eq!(told, [305, 335, 351, 365], "a year after the approval it expires");
    let mails = portal.mails().await;
    let mails = mails.iter().filter(|mail| mail.subject.contains("readiness document"));
    let said: Vec<_> = mails
        .map(|mail| {
            assert!(
                mail.body_text.contains("/apps/com.example.app/readiness"),
                "{}",
                mail.body_text
            );
            mail.subject.rsplit(':').next().unwrap().trim().to_owned()
        })
        .collect();
    let soon = "readiness document expires soon";
    assert_eq!(said, [soon, soon, soon, "readiness document expired"]);
}
