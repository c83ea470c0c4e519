use rampart_domain::sli::Sli;
use rampart_server::store::{Scope, apps, audit, episodes};
use serde_json::Value;

use crate::support::{
    database::{TestDatabase, on_both_engines},
    html::{main, text},
    portal::{Browser, Portal},
};

on_both_engines!(
    a_breach_opens_counts_and_closes_with_one_incident_id,
    one_bad_probe_is_a_blip,
    silence_closes_as_unknown,
    a_long_breach_is_reminded_of_once_a_day,
    two_servers_evaluate_a_minute_once,
    a_base_url_that_is_taken_away_ends_its_breach,
);

/// A portal with one app that is being measured, and its owner.
pub(super) async fn measured(database: TestDatabase) -> (Portal, Browser, rampart_domain::id::SeriesId) {
    let portal = Portal::on(database, &[]).await;
    let mut admin = portal.staff("Ada", &["administrator", "reviewer"]).await;
    let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
    portal.register(&mut owner, &partner, "com.example.app").await;
    let answer = portal
        .post(&mut admin, "/apps/com.example.app/measuring/start", &[])
        .await;
    assert_eq!(answer.status, http::StatusCode::SEE_OTHER, "{}", answer.body);
    let series = portal.series_of("com.example.app").await;
    (portal, owner, series)
}

/// The object in an alert mail.
fn incident_data(html: &str) -> Value {
    let json = html
        .split("<script type=\"application/json\" id=\"incident-data\">")
        .nth(1)
        .unwrap();
    serde_json::from_str(json.split("</script>").next().unwrap()).unwrap()
}

async fn alerts(portal: &Portal) -> Vec<(String, Value)> {
    let mails = portal.mails().await;
    mails
        .iter()
        .filter(|m| m.kind.starts_with("alert"))
        .map(|m| (m.kind.clone(), incident_data(&m.body_html)))
        .collect()
}

async fn history(portal: &Portal) -> Vec<episodes::Episode> {
    let app = apps::by_key(&portal.service.store.portal, Scope::system(), "com.example.app")
        .await
        .unwrap()
        .unwrap();
    episodes::of_app(&portal.service.store.portal, Scope::system(), app.id, 0, 100)
        .await
        .unwrap()
}

async fn a_breach_opens_counts_and_closes_with_one_incident_id(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    portal.live(series, 30, true).await;
    assert!(alerts(&portal).await.is_empty());

    portal.live(series, 1, false).await;
    assert!(alerts(&portal).await.is_empty(), "the minute has not settled yet");
    portal.live(series, 1, false).await;
    let sent = alerts(&portal).await;
    assert_eq!(sent.len(), 1);
    let (kind, data) = &sent[0];
    assert_eq!(kind, "alert_anomalous");
    assert_eq!(data["incidentStatus"], "ANOMALOUS");
    assert_eq!(data["appKey"], "com.example.app");
    assert_eq!(data["appDetails"]["name"], "Timesheets");
    assert_eq!(data["appDetails"]["partnerName"], "Kestrel Labs");
    assert_eq!(data["metricName"], "App Availability");
    assert_eq!(data["metricUnit"], "PERCENT");
    assert_eq!(data["measurementDurationSeconds"], 900);
    assert_eq!(data["sloValue"], 99.9);
    assert_eq!(data["sliValue"], 93.3333, "14 of 15");
    assert_eq!(
        data["time"],
        portal
            .clock
            .minute()
            .start()
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    );
    assert_eq!(data.as_object().unwrap().len(), 10, "exactly the fields of the schema");
    let id = data["incidentId"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 11);
    assert!(
        history(&portal).await[0].episode.counted_at.is_none(),
        "one bad probe does not count yet"
    );

    portal.live(series, 1, false).await;
    assert!(history(&portal).await[0].episode.counted_at.is_some(), "two do");
    let page = text(&main(
        &portal
            .get(&mut owner, &format!("/apps/com.example.app/breaches/{id}"))
            .await
            .body,
    ));
    assert!(page.contains("The server answered 503 instead of 200."), "{page}");

    // The last bad minute leaves the window 16 minutes after it; 15 minutes later the breach closes.
    portal.live(series, 29, true).await;
    assert_eq!(alerts(&portal).await.len(), 1, "still open");
    portal.live(series, 2, true).await;
    let sent = alerts(&portal).await;
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1].1["incidentStatus"], "OK");
    assert_eq!(sent[1].1["incidentId"], id.as_str());
    assert_eq!(sent[1].1["sliValue"], 100.0);
    let history = history(&portal).await;
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].closed.unwrap().1.as_str(), "ok");
    assert_eq!(history[0].key.sli, Sli::Availability);

    let log = audit::list(
        &portal.service.store.portal,
        Scope::system(),
        &audit::Filter::default(),
        100,
    )
    .await
    .unwrap();
    let actions: Vec<&str> = log
        .iter()
        .map(|r| r.action.as_str())
        .filter(|a| a.starts_with("breach."))
        .collect();
    assert_eq!(actions, ["breach.closed", "breach.counted", "breach.opened"]);
    let chain = audit::verify(&portal.service.store.portal, audit::Verified::default())
        .await
        .unwrap();
    assert_eq!(chain.unwrap().rows, log.len() as u64);
}

async fn one_bad_probe_is_a_blip(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    portal.live(series, 20, true).await;
    portal.live(series, 1, false).await;
    portal.live(series, 40, true).await;
    let history = history(&portal).await;
    assert_eq!(history.len(), 1);
    assert!(history[0].closed.is_some() && history[0].episode.counted_at.is_none());
    assert_eq!(alerts(&portal).await.len(), 2, "a blip is mailed");
    let page = portal.get(&mut owner, "/apps/com.example.app/breaches").await;
    assert!(page.body.contains(&history[0].incident_id), "and kept");
}

async fn silence_closes_as_unknown(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    portal.live(series, 3, false).await;
    assert_eq!(alerts(&portal).await.len(), 1);
    for _ in 0..(24 * 60 + 14) {
        portal.clock.advance(chrono::TimeDelta::minutes(1));
        portal.evaluate().await;
    }
    assert_eq!(
        history(&portal).await[0].closed,
        None,
        "23 hours and 59 minutes without a defined evaluation"
    );
    portal.clock.advance(chrono::TimeDelta::minutes(2));
    portal.evaluate().await;
    let sent = alerts(&portal).await;
    let (last, data) = sent.last().unwrap();
    assert_eq!(
        (last.as_str(), data["incidentStatus"].as_str()),
        ("alert_unknown", Some("UNKNOWN"))
    );
    assert_eq!(data["sliValue"], 0.0, "the last defined one");
}

async fn a_long_breach_is_reminded_of_once_a_day(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    portal.live(series, 25 * 60, false).await;
    let kinds: Vec<String> = alerts(&portal).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["alert_anomalous", "alert_reminder"]);
}

async fn two_servers_evaluate_a_minute_once(database: TestDatabase) {
    let (portal, _, series) = measured(database).await;
    portal.live(series, 20, true).await;
    portal.live(series, 1, false).await;
    portal.clock.advance(chrono::TimeDelta::minutes(1));
    let last = rampart_server::store::progress::last(&portal.service.store.portal, "evaluation")
        .await
        .unwrap();
    let tick = portal.clock.minute();
    let (first, second) = tokio::join!(portal.service.evaluate(last, tick), portal.service.evaluate(last, tick));
    // The slower one either finds the minute worked off or loses the race for it.
    let mails: usize = [first, second].into_iter().filter_map(Result::ok).sum();
    assert_eq!(mails, 1);
    assert_eq!(alerts(&portal).await.len(), 1);
    assert_eq!(history(&portal).await.len(), 1);
}

async fn a_base_url_that_is_taken_away_ends_its_breach(database: TestDatabase) {
    let (portal, mut owner, series) = measured(database).await;
    portal.live(series, 3, false).await;
    let fields = [
        ("health_path", "/health"),
        ("base_urls", "https://new.example.com"),
        ("fails_when_down", "yes"),
        ("version", "2"),
    ];
    let answer = portal
        .post(&mut owner, "/apps/com.example.app/health-check", &fields)
        .await;
    assert_eq!(answer.status, http::StatusCode::SEE_OTHER, "{}", answer.body);
    for _ in 0..(24 * 60 + 20) {
        portal.clock.advance(chrono::TimeDelta::minutes(1));
        portal.evaluate().await;
    }
    assert_eq!(history(&portal).await[0].closed.unwrap().1.as_str(), "unknown");
}
