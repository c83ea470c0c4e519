//! What pages show of every kind of series.

use rampart_domain::{
    id::AppId,
    sli::{Group, Product, Sli},
};
use rampart_server::{
    service::ingest::{Event, Outcome, Source},
    store::{Scope, apps, episodes, series},
};

use super::breach::measured;
use crate::support::{
    database::{TestDatabase, on_both_engines},
    html::{main, text},
    portal::Portal,
};

on_both_engines!(
    every_kind_of_series_has_its_figures,
    failing_webhooks_open_a_breach_and_failing_synthetics_do_not,
);

async fn app(portal: &Portal) -> AppId {
    let app = apps::by_key(&portal.service.store.portal, Scope::system(), "com.example.app").await;
    app.unwrap().unwrap().id
}

async fn happens(portal: &Portal, app: AppId, sli: Sli, group: Group, good: usize, bad: usize) {
    let outcomes = std::iter::repeat_n(Outcome::Good, good).chain(std::iter::repeat_n(Outcome::Bad, bad));
    let events = outcomes.map(|outcome| Event {
        app,
        product: Product::Jira,
        sli,
        group,
        at: portal.clock.minute(),
        outcome,
        latency: None,
        source: Source::Platform,
    });
    portal.service.ingest(events.collect(), None).await.unwrap();
}

async fn every_kind_of_series_has_its_figures(database: TestDatabase) {
    let (portal, mut owner, availability) = measured(database).await;
    portal.get(&mut owner, "/apps").await;
    let app = app(&portal).await;
    happens(&portal, app, Sli::WebhookDelivery, Group::Prod, 9, 1).await;
    happens(&portal, app, Sli::Synthetic, Group::Dfr, 3, 1).await;
    portal.live(availability, 10, true).await;

    let overview = text(&main(&portal.get(&mut owner, "/apps/com.example.app").await.body));
    assert!(overview.contains("Jira Webhook Delivery Success Rate"), "{overview}");
    assert!(
        !overview.contains("Synthetic"),
        "synthetic results are no service level: {overview}"
    );
    let all = series::of_apps(&portal.service.store.portal, Scope::system(), &[app])
        .await
        .unwrap();
    assert_eq!(all.len(), 3);
    for (sli, expected) in [
        (Sli::Availability, "100 % 10 0"),
        (Sli::WebhookDelivery, "90.0 % 9 1"),
        (Sli::Synthetic, "75.0 % 3 1"),
    ] {
        let id = all.iter().find(|s| s.key.sli == sli).unwrap().id;
        let day = portal.clock.now().date_naive();
        let page = portal
            .get(&mut owner, &format!("/apps/com.example.app/metrics?series={id}"))
            .await;
        let page = text(&main(&page.body));
        assert!(page.contains(&format!("23 Nov 2026 {expected}")), "{page}");
        assert!(
            page.contains("developer first rollout"),
            "each is offered by its name: {page}"
        );
        assert!(
            !page.contains("· ·") && !page.contains("There are no figures yet"),
            "{page}"
        );
        for below in [format!("&day={day}"), format!("&day={day}&hour=9")] {
            let path = format!("/apps/com.example.app/metrics?series={id}{below}");
            assert_eq!(
                portal.get(&mut owner, &path).await.status,
                http::StatusCode::OK,
                "{path}"
            );
        }
    }
}

async fn failing_webhooks_open_a_breach_and_failing_synthetics_do_not(database: TestDatabase) {
    let (portal, _, availability) = measured(database).await;
    let app = app(&portal).await;
    happens(&portal, app, Sli::WebhookDelivery, Group::Prod, 5, 5).await;
    happens(&portal, app, Sli::WebhookDelivery, Group::Dfr, 0, 50).await;
    happens(&portal, app, Sli::Synthetic, Group::Dfr, 0, 50).await;
    portal.live(availability, 5, true).await;
    let db = &portal.service.store.portal;
    assert_eq!(
        episodes::count_of_app(db, Scope::system(), app).await.unwrap(),
        0,
        "webhooks settle for five minutes"
    );
    portal.live(availability, 1, true).await;
    let found = episodes::of_app(db, Scope::system(), app, 0, 9).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].key.sli, found[0].key.group),
        (Sli::WebhookDelivery, Group::Prod)
    );
    let mails = portal.mails().await;
    let alert = mails.iter().find(|m| m.kind == "alert_anomalous").unwrap();
    assert!(
        alert.body_html.contains("Jira Webhook Delivery Success Rate"),
        "{}",
        alert.body_html
    );
}
