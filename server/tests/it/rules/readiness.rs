//! The approval of a readiness document expires: its partner is told in time, and the designation may be withdrawn for it (SPEC
//! section 3).

use chrono::TimeDelta;
use rampart_domain::{
    access::Actor,
    escalation::State as Ladder,
    readiness::{Decision, State, expires_at},
};
use rampart_server::{
    service::{Error, Service, escalation::Verdict},
    store::{Scope, apps, audit, escalation, readiness},
};

use crate::support::{
    database::{TestDatabase, on_both_engines},
    portal::Portal,
};

on_both_engines!(
    an_expiry_is_told_60_30_and_14_days_ahead_once_by_two_servers,
    a_withdrawal_waits_four_weeks_and_comes_28_days_after_it_was_announced,
    a_withdrawal_is_called_off,
    a_withdrawal_waits_for_the_reviewers_and_ends_with_an_approval,
);

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

/// The app of [`approved`], with the designation, and who decides about it.
async fn designated(database: TestDatabase) -> (Portal, Actor) {
    let portal = approved(database).await;
    portal.staff("Pia", &["program_manager"]).await;
    let manager = portal.actor("pia@platform.test").await;
    let verdict = portal
        .service
        .decide_escalation(&manager, APP, Verdict::Designate, "It qualifies.");
    verdict.await.unwrap();
    (portal, manager)
}

async fn state_of(portal: &Portal) -> Ladder {
    let db = &portal.service.store.portal;
    let app = apps::by_key(db, Scope::system(), APP).await.unwrap().unwrap().id;
    escalation::standing(db, Scope::system(), app)
        .await
        .unwrap()
        .map_or(Ladder::None, |standing| standing.state)
}

async fn subjects(portal: &Portal) -> Vec<String> {
    let mails = portal.mails().await;
    let of_withdrawals = mails.iter().filter(|mail| mail.subject.contains("withdraw"));
    let mut subjects: Vec<_> = of_withdrawals.map(|mail| mail.subject.clone()).collect();
    subjects.sort();
    subjects
}

async fn actions(portal: &Portal) -> Vec<String> {
    let (db, filter) = (&portal.service.store.portal, audit::Filter::default());
    let rows = audit::list(db, Scope::system(), &filter, 100).await.unwrap();
    let actions = rows.into_iter().rev().map(|row| row.action);
    actions.filter(|action| action.starts_with("withdrawal.")).collect()
}

async fn a_withdrawal_waits_four_weeks_and_comes_28_days_after_it_was_announced(database: TestDatabase) {
    let (portal, manager) = designated(database).await;
    let service = &portal.service;
    let announce = async |why| service.announce_withdrawal(&manager, APP, why).await;
    let until = |days, hours| TimeDelta::days(days) + TimeDelta::hours(hours);
    portal.clock.advance(until(365 + 28, -1));
    let early = announce("Nobody answers.").await.unwrap_err();
    assert!(
        matches!(&early, Error::Conflict(why) if why.contains("21 Dec 2027, 09:00 UTC")),
        "{early}"
    );
    portal.clock.advance(TimeDelta::hours(1));
    assert!(matches!(announce(" ").await, Err(Error::Invalid(_))));
    announce("Nobody answers.").await.unwrap();
    assert!(matches!(announce("Again.").await, Err(Error::Conflict(_))));
    assert_eq!(subjects(&portal).await, ["Timesheets: withdrawal announced"]);
    portal.clock.advance(until(28, -1));
    assert_eq!(service.carry_out_withdrawals().await.unwrap(), 0);
    assert_eq!(state_of(&portal).await, Ladder::GoodStanding);
    portal.clock.advance(TimeDelta::hours(1));
    assert_eq!(service.carry_out_withdrawals().await.unwrap(), 1);
    assert_eq!(state_of(&portal).await, Ladder::None);
    assert_eq!(service.carry_out_withdrawals().await.unwrap(), 0);
    assert_eq!(
        actions(&portal).await,
        ["withdrawal.announced", "withdrawal.carried_out"]
    );
}

async fn a_withdrawal_is_called_off(database: TestDatabase) {
    let (portal, manager) = designated(database).await;
    let service = &portal.service;
    let call_off = async |why| service.call_withdrawal_off(&manager, APP, why).await;
    assert!(matches!(call_off("Nothing there.").await, Err(Error::Conflict(_))));
    portal.clock.advance(TimeDelta::days(365 + 28));
    service
        .announce_withdrawal(&manager, APP, "Nobody answers.")
        .await
        .unwrap();
    call_off("They answered.").await.unwrap();
    assert!(matches!(call_off("Again.").await, Err(Error::Conflict(_))));
    portal.clock.advance(TimeDelta::days(28));
    assert_eq!(service.carry_out_withdrawals().await.unwrap(), 0);
    assert_eq!(state_of(&portal).await, Ladder::GoodStanding);
    let told = ["Timesheets: withdrawal announced", "Timesheets: withdrawal called off"];
    assert_eq!(subjects(&portal).await, told);
    assert_eq!(
        actions(&portal).await,
        ["withdrawal.announced", "withdrawal.called_off"]
    );
}

async fn a_withdrawal_waits_for_the_reviewers_and_ends_with_an_approval(database: TestDatabase) {
    let (portal, manager) = designated(database).await;
    let service = &portal.service;
    let db = &service.store.portal;
    let app = apps::by_key(db, Scope::system(), APP).await.unwrap().unwrap().id;
    let by = portal.actor("owner@kestrel-labs.test").await.user;
    portal.clock.advance(TimeDelta::days(365 + 28));
    service
        .announce_withdrawal(&manager, APP, "Nobody answers.")
        .await
        .unwrap();
    let content = format!(r#"{{"app":"{APP}","questionnaire":1,"submission":2,"answers":{{}}}}"#);
    let mut tx = db.begin().await.unwrap();
    readiness::submit(&mut tx, app, 2, (&content, "x"), by, portal.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    portal.clock.advance(TimeDelta::days(29));
    assert_eq!(
        service.carry_out_withdrawals().await.unwrap(),
        0,
        "the reviewers are late"
    );
    service
        .decide_readiness(&manager, APP, 2, ("approved", "It is fine."))
        .await
        .unwrap();
    assert_eq!(service.carry_out_withdrawals().await.unwrap(), 0);
    assert_eq!(state_of(&portal).await, Ladder::GoodStanding);
    assert_eq!(actions(&portal).await, ["withdrawal.announced", "withdrawal.ended"]);
    let again = service.announce_withdrawal(&manager, APP, "Why not.").await;
    assert!(matches!(again, Err(Error::Conflict(_))), "nothing has expired");
}
