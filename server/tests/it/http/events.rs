//! `POST /api/v1/events`.

use async_compression::tokio::write::{GzipEncoder, ZstdEncoder};
use axum::body::Body;
use chrono::{SecondsFormat, TimeDelta};
use http::{Method, Request, StatusCode, header};
use rampart_domain::{
    count::{Counts, MinuteRange},
    sli::Group,
};
use rampart_server::store::{Scope, apps, counts, series};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::tokens::value;
use crate::support::{
    database::{TestDatabase, on_both_engines, sql},
    portal::{Answer, Browser, Portal},
};

on_both_engines!(
    events_of_the_platform_are_counted,
    a_batch_is_counted_once,
    partners_publish_synthetic_results_of_their_own_apps,
    events_of_excluded_sites_are_excluded,
    what_is_wrong_is_refused_and_nothing_is_stored,
    whoever_may_not_send_is_refused_before_the_body_is_read,
);

struct World {
    portal: Portal,
    owner: Browser,
    /// Of scope `ingest`.
    platform: String,
    /// Of scope `synthetic:write`, of the partner of com.kestrel.app.
    partner: String,
}

impl World {
    async fn new(database: TestDatabase) -> Self {
        let portal = Portal::on(database, &[]).await;
        let mut admin = portal.staff("Ada", &["administrator"]).await;
        let (kestrel, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
        let (osprey, mut other) = portal.partner(&mut admin, "Osprey").await;
        portal.register(&mut owner, &kestrel, "com.kestrel.App").await;
        portal.register(&mut other, &osprey, "com.osprey.app").await;
        portal.register(&mut owner, &kestrel, "com.kestrel.archived").await;
        portal.post(&mut owner, "/apps/com.kestrel.archived/archive", &[]).await;
        let fields = [("name", "test"), ("days", "365")];
        let platform = value(&portal.post(&mut admin, "/tokens/new", &fields).await);
        let page = format!("/partners/{kestrel}/tokens/new");
        let partner = value(&portal.post(&mut owner, &page, &fields).await);
        Self {
            portal,
            owner,
            platform,
            partner,
        }
    }

    /// Sends a body with these headers besides the token.
    async fn send(&self, token: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/events")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        self.portal.send(&mut Browser::default(), request).await
    }

    async fn send_json(&self, token: &str, events: &Value) -> Answer {
        self.send(token, &[JSON], events.to_string()).await
    }

    /// What is counted of an app: series by series, over all time.
    async fn counted(&self, key: &str) -> Vec<(String, &'static str, Group, Counts)> {
        let store = &self.portal.service.store;
        let app = apps::by_key(&store.portal, Scope::system(), key)
            .await
            .unwrap()
            .unwrap();
        let mut found = Vec::new();
        for series in series::of_apps(&store.portal, Scope::system(), &[app.id])
            .await
            .unwrap()
        {
            let now = self.portal.clock.minute();
            let range = MinuteRange::new(now - 3 * 1_440, now + 10);
            let minutes = counts::minutes(&store.metrics, series.id, range).await.unwrap();
            let sum = minutes.iter().map(|minute| minute.all).sum();
            found.push((
                series.key.product.to_string(),
                series.key.sli.as_str(),
                series.key.group,
                sum,
            ));
        }
        found
    }

    /// How many rows the figures have in all.
    async fn rows(&self) -> u64 {
        let mut rows = 0;
        for table in ["count_minute", "count_day", "idempotency", "own_minute"] {
            // Every row is touched, and none changed.
            let column = if table == "idempotency" { "token" } else { "series_id" };
            let touch = format!("update {table} set {column} = {column}");
            rows += sql(&self.portal.service.store.metrics, &touch).await.unwrap();
        }
        rows
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const LINES: (&str, &str) = ("content-type", "application/x-ndjson");

fn event() -> Value {
    json!({ "app": "com.kestrel.app", "product": "jira", "sli": "iframe_load", "outcome": "good" })
}

/// An event with a field changed; a null takes the field away.
fn with(field: &str, value: Value) -> Value {
    let mut event = event();
    match value {
        Value::Null => event.as_object_mut().unwrap().remove(field),
        value => event.as_object_mut().unwrap().insert(field.to_owned(), value),
    };
    event
}

async fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZstdEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn events_of_the_platform_are_counted(database: TestDatabase) {
    let world = World::new(database).await;
    let now = world.portal.clock.now();
    let at = |ago: TimeDelta| json!((now - ago).to_rfc3339_opts(SecondsFormat::Millis, true));
    let events = json!([
        event(),
        with("outcome", json!("bad")),
        with("app", json!("COM.Kestrel.App")),
        with("at", at(TimeDelta::hours(48))),
        with("at", at(-TimeDelta::minutes(5))),
        with("excluded", json!("platform_fault")),
        with("sli", json!("webhook_delivery")),
        with("duration_ms", json!(84.5)),
    ]);
    let text = events.to_string();
    assert_eq!(
        world.send_json(&world.platform, &events).await.status,
        StatusCode::NO_CONTENT
    );
    let lines: String = events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| format!("{event}\r\n\n"))
        .collect();
    let plain = world.send(&world.platform, &[LINES], lines.clone()).await;
    assert_eq!(plain.status, StatusCode::NO_CONTENT, "{}", plain.body);
    for (coding, body) in [
        ("gzip", gzip(text.as_bytes()).await),
        ("zstd", zstd(text.as_bytes()).await),
        ("identity", text.clone().into_bytes()),
    ] {
        let sent = world
            .send(&world.platform, &[JSON, ("content-encoding", coding)], body)
            .await;
        assert_eq!(sent.status, StatusCode::NO_CONTENT, "{coding}: {}", sent.body);
    }
    let (jira, prod) = ("jira".to_owned(), Group::Prod);
    assert_eq!(
        world.counted("com.kestrel.app").await,
        [
            (jira.clone(), "iframe_load", prod, Counts::new(25, 5)),
            (jira, "webhook_delivery", prod, Counts::new(5, 0))
        ]
    );
    let answer = world.send_json(&world.platform, &json!([])).await;
    assert_eq!(
        answer.status,
        StatusCode::NO_CONTENT,
        "nothing to count is nothing wrong"
    );
}

async fn a_batch_is_counted_once(database: TestDatabase) {
    let world = World::new(database).await;
    let key = ("idempotency-key", "batch 1");
    let body = json!([event()]).to_string();
    for _ in 0..3 {
        let answer = world.send(&world.platform, &[JSON, key], body.clone()).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    }
    // The same events, packed.
    let packed = gzip(body.as_bytes()).await;
    let answer = world
        .send(&world.platform, &[JSON, key, ("content-encoding", "gzip")], packed)
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let other = json!([event(), event()]).to_string();
    let answer = world.send(&world.platform, &[JSON, key], other).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("Idempotency-Key"), "{}", answer.body);
    assert_eq!(world.counted("com.kestrel.app").await[0].3, Counts::new(1, 0));
}

async fn partners_publish_synthetic_results_of_their_own_apps(database: TestDatabase) {
    let world = World::new(database).await;
    let synthetic = with("sli", json!("synthetic"));
    let answer = world.send_json(&world.partner, &json!([synthetic])).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    assert_eq!(
        world.counted("com.kestrel.app").await,
        [("jira".to_owned(), "synthetic", Group::Dfr, Counts::new(1, 0))]
    );
    let sent_for = async |app: &str| {
        let mut event = synthetic.clone();
        event["app"] = json!(app);
        world.send_json(&world.partner, &json!([event])).await
    };
    let (foreign, unknown, archived) = (
        sent_for("com.osprey.app").await,
        sent_for("com.nobody.app").await,
        sent_for("com.kestrel.archived").await,
    );
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(
        foreign.body, unknown.body,
        "a foreign app is as one that does not exist"
    );
    assert_eq!(archived.status, StatusCode::NOT_FOUND);
    let mut prod = synthetic.clone();
    prod["group"] = json!("prod");
    assert_eq!(
        world.send_json(&world.partner, &json!([prod])).await.status,
        StatusCode::BAD_REQUEST
    );
    for (token, event) in [(&world.partner, event()), (&world.platform, synthetic.clone())] {
        assert_eq!(
            world.send_json(token, &json!([event])).await.status,
            StatusCode::FORBIDDEN
        );
    }
    assert_eq!(world.counted("com.osprey.app").await, []);
}

async fn events_of_excluded_sites_are_excluded(database: TestDatabase) {
    let mut world = World::new(database).await;
    let page = "/apps/com.kestrel.app/settings";
    let form = "/apps/com.kestrel.app/excluded-sites";
    let sites = "https://Test.Atlassian.net/\nother.atlassian.net\n\ntest.atlassian.net";
    let fields = [("version", "1"), ("excluded_sites", sites)];
    let saved = world.portal.post(&mut world.owner, form, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let shown = world.portal.get(&mut world.owner, page).await.body;
    assert!(shown.contains("test.atlassian.net\nother.atlassian.net"), "{shown}");
    let stale = world.portal.post(&mut world.owner, form, &fields).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let wrong = [("version", "2"), ("excluded_sites", "a b")];
    let refused = world.portal.post(&mut world.owner, form, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);

    let mut bad = with("site", json!("TEST.atlassian.net"));
    bad["outcome"] = json!("bad");
    let events = json!([bad, with("site", json!("customer.atlassian.net"))]);
    assert_eq!(
        world.send_json(&world.platform, &events).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(world.counted("com.kestrel.app").await[0].3, Counts::new(1, 0));
    let excluded = "update count_minute set good = good where excluded_site = 1";
    assert_eq!(sql(&world.portal.service.store.metrics, excluded).await.unwrap(), 1);
}

/// A body that is refused as a whole: what it is, its headers, the body, and the status.
type Whole<'a> = (&'a str, Vec<(&'a str, &'a str)>, Vec<u8>, u16);

/// What is refused, how, and for which field.
async fn what_is_wrong_is_refused_and_nothing_is_stored(database: TestDatabase) {
    let world = World::new(database).await;
    let now = world.portal.clock.now();
    let time = |at: chrono::DateTime<chrono::Utc>| json!(at.to_rfc3339());
    let fields = [
        ("app", Value::Null, 400),
        ("app", json!(7), 400),
        ("app", json!("com.nobody.app"), 404),
        ("app", json!("com.kestrel.archived"), 404),
        ("product", Value::Null, 400),
        ("product", json!("trello"), 400),
        ("product", json!("none"), 400),
        ("sli", json!("uptime"), 400),
        ("sli", json!("availability"), 400),
        ("sli", json!("synthetic"), 403),
        ("outcome", Value::Null, 400),
        ("outcome", json!("GOOD"), 400),
        ("group", json!("beta"), 400),
        ("excluded", json!("why not"), 400),
        ("excluded", json!(true), 400),
        ("site", json!("a b"), 400),
        ("duration_ms", json!(-1), 400),
        ("duration_ms", json!("84"), 400),
        ("duration_ms", json!(1e300), 400),
        ("at", json!("yesterday"), 400),
        ("at", json!(1_764_000_000), 400),
        ("at", time(now - TimeDelta::hours(48) - TimeDelta::seconds(1)), 400),
        ("at", time(now + TimeDelta::minutes(5) + TimeDelta::seconds(1)), 400),
    ];
    for (field, value, status) in fields {
        let wrong = with(field, value.clone());
        for (kind, body) in [
            (JSON, json!([event(), wrong]).to_string()),
            (LINES, format!("{}\n{wrong}", event())),
        ] {
            let answer = world
                .send(&world.platform, &[kind, ("idempotency-key", "key")], body)
                .await;
            assert_eq!(answer.status.as_u16(), status, "{field} {value}: {}", answer.body);
            assert_eq!(answer.header("content-type"), "application/problem+json");
            let problem: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(
                (&problem["item"], &problem["field"]),
                (&json!(1), &json!(field)),
                "{problem}"
            );
            assert_eq!(problem["status"], json!(status));
            assert!(
                problem["detail"].as_str().unwrap().contains("Nothing was stored."),
                "{problem}"
            );
        }
    }

    let many = |number: usize| Value::Array(vec![event(); number]).to_string();
    let garbage: Vec<u8> = (0..1_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]).await;
    assert!(bomb.len() < 100_000, "it is small on the wire");
    let zstd_bomb = zstd(&vec![b' '; 64 * 1024 * 1024]).await;
    let as_lines = |number: usize| format!("{}\n", event()).repeat(number);
    let bodies: Vec<Whole> = vec![
        ("garbage", vec![JSON], garbage.clone(), 400),
        ("garbage in lines", vec![LINES], garbage.clone(), 400),
        (
            "garbage that is no gzip",
            vec![JSON, ("content-encoding", "gzip")],
            garbage.clone(),
            400,
        ),
        (
            "garbage that is no zstd",
            vec![JSON, ("content-encoding", "zstd")],
            garbage,
            400,
        ),
        (
            "half of a gzip",
            vec![JSON, ("content-encoding", "gzip")],
            bomb[..40].to_vec(),
            400,
        ),
        ("nothing", vec![JSON], Vec::new(), 400),
        ("an object", vec![JSON], event().to_string().into_bytes(), 400),
        ("an array of numbers", vec![JSON], b"[1]".to_vec(), 400),
        ("something after the array", vec![JSON], b"[] []".to_vec(), 400),
        (
            "an array without an end",
            vec![JSON],
            format!("[{},", event()).into_bytes(),
            400,
        ),
        ("deep", vec![JSON], "[".repeat(1_000_000).into_bytes(), 400),
        (
            "deep within a field",
            vec![JSON],
            format!("[{{\"app\":{}", "[".repeat(500_000)).into_bytes(),
            400,
        ),
        (
            "an unknown field",
            vec![JSON],
            json!([with("size", json!(1))]).to_string().into_bytes(),
            400,
        ),
        ("too many", vec![JSON], many(10_001).into_bytes(), 413),
        ("too many lines", vec![LINES], as_lines(10_001).into_bytes(), 413),
        ("too large", vec![JSON], vec![b' '; 4 * 1024 * 1024 + 1], 413),
        ("a bomb", vec![JSON, ("content-encoding", "gzip")], bomb, 413),
        ("another bomb", vec![JSON, ("content-encoding", "zstd")], zstd_bomb, 413),
        (
            "an unknown coding",
            vec![JSON, ("content-encoding", "br")],
            Vec::new(),
            415,
        ),
        (
            "two codings",
            vec![JSON, ("content-encoding", "gzip, gzip")],
            Vec::new(),
            415,
        ),
        ("no content type", vec![], many(1).into_bytes(), 415),
        (
            "a form",
            vec![("content-type", "application/x-www-form-urlencoded")],
            many(1).into_bytes(),
            415,
        ),
        (
            "an empty key",
            vec![JSON, ("idempotency-key", "")],
            many(1).into_bytes(),
            400,
        ),
        (
            "two keys",
            vec![JSON, ("idempotency-key", "a"), ("idempotency-key", "b")],
            many(1).into_bytes(),
            400,
        ),
    ];
    for (what, headers, body, status) in bodies {
        let answer = world.send(&world.platform, &headers, body).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    }
    assert_eq!(world.rows().await, 0, "nothing of it was stored");

    let answer = world
        .send(&world.platform, &[JSON, ("idempotency-key", "key")], many(10_000))
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    assert_eq!(world.counted("com.kestrel.app").await[0].3, Counts::new(10_000, 0));
}

async fn whoever_may_not_send_is_refused_before_the_body_is_read(database: TestDatabase) {
    let world = World::new(database).await;
    let revoked = {
        let token = world.portal.service.token(&world.partner).await.unwrap().unwrap();
        let owner = world.portal.actor("owner@kestrel-labs.test").await;
        let partner = token.partner.unwrap().to_string();
        let service = &world.portal.service;
        service
            .revoke_partner_token(&owner, &partner, &token.id.to_string())
            .await
            .unwrap();
        world.partner.clone()
    };
    for wrong in ["", "rampart_nonsense", &revoked, &world.platform[1..]] {
        // A body that never comes.
        let endless = Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
        let answer = world.send(wrong, &[JSON], endless).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"api\"");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    world.portal.clock.advance(TimeDelta::days(365));
    let answer = world.send_json(&world.platform, &json!([event()])).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "it has expired");
    assert_eq!(world.rows().await, 0);
}
