use std::collections::HashMap;

use rampart_app::{
    model::{AppRow, AppState},
    services::{AppQuery, Services},
};
use rampart_server::store::{Scope, apps, audit, escalation, outbox};

use super::filled;
use crate::support::portal::Portal;

/// Every app as the program manager sees it.
async fn listed(portal: &Portal) -> HashMap<String, AppRow> {
    let manager = portal.actor("priya@platform.example").await;
    let mut rows = HashMap::new();
    for archived in [false, true] {
        let query = AppQuery {
            archived,
            page: 1,
            ..AppQuery::default()
        };
        let list = portal.service.apps(&manager, query).await.unwrap();
        rows.extend(list.rows.into_iter().map(|row| (row.key.clone(), row)));
    }
    rows
}

#[tokio::test]
async fn every_state_that_an_app_can_be_in_occurs() {
    let portal = filled().await;
    let apps = listed(&portal).await;
    assert_eq!(apps.len(), 24);
    let state = |key: &str| apps[&format!("example.{key}")].state;
    assert_eq!(state("kestrel.timesheets"), AppState::Good);
    assert_eq!(state("kestrel.drafts"), AppState::NotMeasured);
    assert_eq!(state("sevengeese.labels"), AppState::NotMeasured);
    assert_eq!(state("velvethammer.forms"), AppState::Unknown);
    assert_eq!(state("mossystone.approvals"), AppState::BelowTarget);
    assert_eq!(state("paperlantern.diagrams"), AppState::Breach);
    assert_eq!(state("brassteapot.assets"), AppState::Breach);
    assert_eq!(state("tinwhistle.wiki-importer"), AppState::Archived);
    assert_eq!(apps["example.mossystone.approvals"].open_breaches, 0);

    let manager = portal.actor("priya@platform.example").await;
    let service = &portal.service;
    let breaches = async |key: &str| {
        service
            .app_breaches(&manager, &format!("example.{key}"), 1)
            .await
            .unwrap()
    };
    assert!(breaches("kestrel.roadmaps").await.total >= 10, "flaky");
    assert!(breaches("kestrel.timesheets").await.total < 10, "healthy");

    let overview = async |key: &str| service.app_overview(&manager, &format!("example.{key}")).await.unwrap();
    let recovered = overview("paperlantern.whiteboards").await;
    assert_eq!(recovered.head.state, AppState::Good);
    let longest = recovered
        .breaches
        .iter()
        .filter_map(|b| Some(b.closed_at? - b.opened_at))
        .max()
        .unwrap();
    assert!(longest.num_hours() >= 9, "a big outage: {longest}");
    let degrading = overview("brassteapot.sprint-poker").await;
    let share = degrading.slis[0].budget.share.unwrap();
    assert!((-0.2..0.6).contains(&share), "a budget that goes down: {share}");
    let several = overview("brassteapot.assets").await;
    let rates: Vec<f64> = several.slis.iter().filter_map(|s| s.day).collect();
    assert!(
        rates.len() == 3 && rates.iter().any(|r| *r > 99.0) && rates.iter().any(|r| *r < 80.0),
        "{rates:?}"
    );
}

#[tokio::test]
async fn apps_that_carry_the_designation_have_decisions() {
    let portal = filled().await;
    let db = &portal.service.store.portal;
    let mut decisions = HashMap::new();
    for key in ["kestrel.timesheets", "kestrel.roadmaps", "paperlantern.diagrams"] {
        let app = apps::by_key(db, Scope::system(), &format!("example.{key}")).await;
        let standing = escalation::standing(db, Scope::system(), app.unwrap().unwrap().id).await;
        let standing = standing.unwrap().unwrap();
        assert_eq!(standing.error, None, "{key}");
        decisions.insert(key, standing.decisions);
    }
    assert!(decisions["kestrel.roadmaps"] >= 3, "{decisions:?}");
    assert!(decisions["kestrel.timesheets"] >= 1, "{decisions:?}");
}

#[tokio::test]
async fn mails_and_the_audit_log_are_as_they_would_be() {
    let portal = filled().await;
    let manager = portal.actor("priya@platform.example").await;
    let addresses = async |key: &str| {
        let overview = portal
            .service
            .app_overview(&manager, &format!("example.{key}"))
            .await
            .unwrap();
        overview.alert_address
    };
    assert_eq!(
        addresses("kestrel.timesheets").await.confirmed.as_deref(),
        Some("alerts@kestrel.example")
    );
    assert_eq!(
        addresses("mossystone.deploy-gate").await.pending.as_deref(),
        Some("deploys@mossystone.example")
    );
    assert!(addresses("marmalade.translations").await.failed.is_some());

    let mails = portal.mails().await;
    assert!(mails.iter().filter(|m| m.sent_at.is_some()).count() > 50);
    let waiting: Vec<_> = mails
        .iter()
        .filter(|m| m.sent_at.is_none() && m.failed_at.is_none())
        .collect();
    assert_eq!(waiting.iter().map(|m| m.kind.as_str()).collect::<Vec<_>>(), ["drill"]);
    let failed: Vec<_> = mails.iter().filter(|m| m.failed_at.is_some()).collect();
    assert_eq!(failed.len(), 1);
    let instead = mails.iter().find(|m| m.kind == "alert_to_owners").unwrap();
    assert_eq!(
        (instead.subject.as_str(), instead.recipients.0.as_slice()),
        (failed[0].subject.as_str(), &["jonas@marmalade.example".to_owned()][..])
    );
    assert!(mails.iter().any(|m| m.kind == "alert_reminder"));
    assert!(
        mails
            .iter()
            .flat_map(|m| &m.recipients.0)
            .all(|r| r.ends_with(".example")),
        "mail goes nowhere"
    );
    let totals = outbox::totals(&portal.service.store.portal, Scope::system())
        .await
        .unwrap();
    assert_eq!((totals.queued, totals.failed), (1, 1));

    let db = &portal.service.store.portal;
    let rows = audit::list(db, Scope::system(), &audit::Filter::default(), 100_000)
        .await
        .unwrap();
    assert!(
        rows.windows(2).all(|pair| pair[0].at >= pair[1].at),
        "in the order of time"
    );
    let verified = audit::verify(db, audit::Verified::default()).await.unwrap().unwrap();
    assert_eq!(verified.rows, rows.len() as u64);
}
