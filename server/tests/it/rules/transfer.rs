//! History that is imported and exported.

use rampart_domain::{
    count::{Counts, MinuteRange},
    sli::{Product, Sli},
};
use rampart_server::{
    service::transfer::{Imported, Importer, Line},
    store::{Scope, counts, episodes},
};

use super::breach::measured;
use crate::support::{
    database::{TestDatabase, on_both_engines},
    portal::Portal,
};

on_both_engines!(
    what_is_imported_is_counted_once,
    what_is_exported_can_be_imported,
    a_line_that_is_wrong_is_named_and_its_piece_is_not_counted,
    imported_failures_open_no_breach,
);

fn lines(text: &str) -> Vec<Vec<u8>> {
    text.trim()
        .lines()
        .map(|line| line.trim().as_bytes().to_vec())
        .collect()
}

async fn import(portal: &Portal, hash: &[u8], text: &str) -> Imported {
    Importer::default()
        .import(&portal.service, hash, 1, &lines(text))
        .await
        .unwrap()
}

/// The counts of every minute of a series of the app.
async fn counted(portal: &Portal, sli: Sli, product: Product) -> Vec<Counts> {
    let all = portal.service.exported_series(Some("com.example.app")).await.unwrap();
    let Some(series) = all
        .iter()
        .find(|s| s.series.key.sli == sli && s.series.key.product == product)
    else {
        return Vec::new();
    };
    let ever = MinuteRange::new(rampart_domain::count::Minute(0), portal.clock.minute() + 60);
    let minutes = counts::minutes(&portal.service.store.metrics, series.series.id, ever)
        .await
        .unwrap();
    minutes.iter().map(|m| m.all).collect()
}

async fn what_is_imported_is_counted_once(database: TestDatabase) {
    let (portal, _, _) = measured(database).await;
    let text = r#"
        {"app":"com.example.app","product":"jira","sli":"webhook_delivery","outcome":"good","at":"2026-11-20T10:00:07Z"}
        {"app":"COM.example.app","product":"jira","sli":"webhook_delivery","outcome":"bad","at":"2026-11-20T10:00:59.9Z"}
        {"app":"com.example.app","product":"jira","sli":"webhook_delivery","minute":"2026-11-20T10:01:00Z","good":40,"bad":2}
        {"app":"com.example.app","product":"none","sli":"availability","target":"https://app.example.com","minute":"2026-11-20T10:01:00Z","good":1,"bad":0}
        {"app":"com.example.app","product":"jira","sli":"synthetic","group":"dfr","outcome":"bad","at":"2026-11-20T10:00:07Z"}
    "#;
    assert!(matches!(import(&portal, b"one", text).await, Imported::Counted));
    assert!(matches!(import(&portal, b"one", text).await, Imported::Known));
    let webhooks = counted(&portal, Sli::WebhookDelivery, Product::Jira).await;
    assert_eq!(webhooks, [Counts::new(1, 1), Counts::new(40, 2)]);
    assert_eq!(
        counted(&portal, Sli::Availability, Product::None).await,
        [Counts::new(1, 0)]
    );
    assert_eq!(
        counted(&portal, Sli::Synthetic, Product::Jira).await,
        [Counts::new(0, 1)]
    );
    // Another file with the same lines tells of other events.
    assert!(matches!(import(&portal, b"two", text).await, Imported::Counted));
    assert_eq!(
        counted(&portal, Sli::Availability, Product::None).await,
        [Counts::new(2, 0)]
    );
}

async fn what_is_exported_can_be_imported(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    portal.live(series, 5, true).await;
    portal.live(series, 2, false).await;
    let before = counted(&portal, Sli::Availability, Product::None).await;
    let all = portal.service.exported_series(Some("com.example.app")).await.unwrap();
    let ever = MinuteRange::new(portal.clock.minute() - 60, portal.clock.minute());
    let exported: Vec<Line> = portal.service.export(&all[0], ever).await.unwrap();
    let text: Vec<String> = exported
        .iter()
        .map(|line| serde_json::to_string(line).unwrap())
        .collect();
    assert_eq!(
        text[0],
        r#"{"app":"com.example.app","product":"none","sli":"availability","target":"https://app.example.com","minute":"2026-11-23T09:00:00Z","good":1,"bad":0}"#
    );
    assert!(matches!(
        import(&portal, b"again", &text.join("\n")).await,
        Imported::Counted
    ));
    let twice: Vec<Counts> = before.iter().map(|c| *c + *c).collect();
    assert_eq!(counted(&portal, Sli::Availability, Product::None).await, twice);
    assert!(
        portal
            .service
            .exported_series(Some("com.example.none"))
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_line_that_is_wrong_is_named_and_its_piece_is_not_counted(database: TestDatabase) {
    let (portal, _, _) = measured(database).await;
    let good = r#"{"app":"com.example.app","product":"jira","sli":"webhook_delivery","outcome":"good","at":"2026-11-20T10:00:07Z"}"#;
    let event = |from: &str, to: &str| good.replace(from, to);
    let wrong = [
        ("not json".to_owned(), "expected"),
        (
            event("com.example.app", "com.example.none"),
            "no app with the key \"com.example.none\"",
        ),
        (event("jira", "trello"), "trello"),
        (event("good", "fine"), "fine"),
        (event("2026-11-20", "2026-11-24"), "lies in the future"),
        (
            event("\"outcome\":\"good\",", ""),
            "either outcome and at, or minute, good and bad",
        ),
        (event("\"outcome\"", "\"group\":\"prod\",\"outcom\""), "outcom"),
        (event("\"jira\"", "\"none\""), "product"),
        (
            event("\"sli\"", "\"target\":\"https://a.example.com\",\"sli\""),
            "only availability has one",
        ),
        (
            event(
                "\"jira\",\"sli\":\"webhook_delivery\"",
                "\"none\",\"target\":\"https://b.example.com\",\"sli\":\"availability\"",
            ),
            "no base URL of the app",
        ),
    ];
    for (n, (line, expected)) in wrong.iter().enumerate() {
        let text = format!("{good}\n{line}\n{good}");
        let Imported::Refused(refused) = import(&portal, &[n as u8], &text).await else {
            panic!("{line} was taken");
        };
        let said = refused.to_string();
        assert!(said.starts_with("line 2: ") && said.contains(expected), "{said}");
    }
    assert_eq!(counted(&portal, Sli::WebhookDelivery, Product::Jira).await, []);
    // Mended, the same piece is counted.
    assert!(matches!(import(&portal, &[0], good).await, Imported::Counted));
}

async fn imported_failures_open_no_breach(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    portal.live(series, 3, true).await;
    let minute = portal.clock.minute() - 2;
    let text = format!(
        r#"{{"app":"com.example.app","product":"none","sli":"availability","target":"https://app.example.com","minute":"{}","good":0,"bad":9}}"#,
        minute.start().to_rfc3339()
    );
    assert!(matches!(import(&portal, b"bad", &text).await, Imported::Counted));
    portal.live(series, 3, true).await;
    let found = episodes::of_series_since(&portal.service.store.portal, Scope::system(), series, minute - 60)
        .await
        .unwrap();
    assert!(found.is_empty(), "{found:?}");
}
