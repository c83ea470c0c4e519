//! What apps publish, signed as Connect apps sign.

use axum::body::{Body, Bytes};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use futures_util::stream;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, StatusCode, header};
use rampart_domain::{
    count::{Minute, MinuteRange},
    jwt::{canonical_request, qsh},
    sli::{Group, Product, SeriesKey, Sli},
};
use rampart_server::store::{Scope, apps, counts, series};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{
    database::{TestDatabase, sql},
    portal::{Answer, Browser, Portal, SECRETS_KEY},
};

const APP: &str = "com.example.app";
const OTHER: &str = "com.osprey.app";
const SECRET: &str = "the shared secret of an installation";
const OTHERS: &str = "the shared secret of another's installation";
const FAIL: &str = r#"[{"metricsType":"SYNTHETIC","status":"FAIL"}]"#;

struct World {
    portal: Portal,
    owner: Browser,
}

impl World {
    /// Two partners with an app and an installation each.
    async fn new() -> Self {
        Self::on(TestDatabase::sqlite().await).await
    }

    async fn on(database: TestDatabase) -> Self {
        let portal = Portal::on(database, &[("RAMPART_SECRETS_KEY", SECRETS_KEY)]).await;
        let mut admin = portal.staff("Ada", &["administrator"]).await;
        let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
        portal.register(&mut owner, &partner, APP).await;
        let (partner, mut stranger) = portal.partner(&mut admin, "Osprey").await;
        portal.register(&mut stranger, &partner, OTHER).await;
        let world = Self { portal, owner };
        world.install(&mut stranger, OTHER, "prod", OTHERS).await;
        world.install(&mut world.owner.clone(), APP, "prod", SECRET).await;
        world
    }

    async fn install(&self, owner: &mut Browser, app: &str, group: &str, secret: &str) {
        let fields = [
            ("site", "acme.atlassian.net"),
            ("product", "jira"),
            ("group", group),
            ("module_types", "adminPages"),
            ("secret", secret),
        ];
        let answer = self
            .portal
            .post(owner, &format!("/apps/{app}/installations/new"), &fields)
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }

    /// The claims of a good token for a request to `path`.
    fn claims(&self, path: &str) -> Value {
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        let now = self.portal.clock.now().timestamp();
        json!({ "iss": APP, "iat": now, "exp": now + 180, "qsh": qsh(&canonical_request("PUT", path, query)) })
    }

    fn token(&self) -> String {
        signed(
            &json!({ "typ": "JWT", "alg": "HS256" }),
            &self.claims(&path(APP)),
            SECRET,
        )
    }

    async fn put(&self, path: &str, authorization: &str, body: impl Into<Body>) -> Answer {
        let request = Request::put(path)
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into())
            .unwrap();
        self.portal.send(&mut Browser::default(), request).await
    }

    /// Publishes with a good token.
    async fn publish(&self, body: impl Into<Body>) -> Answer {
        self.put(&path(APP), &format!("JWT {}", self.token()), body).await
    }

    /// Everything that was ever counted, by app and series: good and bad events of a minute.
    async fn counted(&self) -> Vec<(&'static str, Product, Sli, Group, u64, u64)> {
        let db = &self.portal.service.store;
        let mut counted = Vec::new();
        for key in [APP, OTHER] {
            let app = apps::by_key(&db.portal, Scope::system(), key).await.unwrap().unwrap();
            for series in series::of_apps(&db.portal, Scope::system(), &[app.id]).await.unwrap() {
                let minutes = MinuteRange::new(Minute(0), self.portal.clock.minute() + 60);
                let records = counts::minutes(&db.metrics, series.id, minutes).await.unwrap();
                let SeriesKey {
                    product, sli, group, ..
                } = series.key;
                let all = records.iter().map(|minute| minute.all);
                counted.extend(all.map(|all| (key, product, sli, group, all.good, all.bad)));
            }
        }
        counted
    }

    /// Whether a request was refused with this status and this said, and nothing stored.
    #[track_caller]
    fn refused(&self, answer: &Answer, status: u16, said: &str) -> Value {
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().unwrap().contains(said), "{problem}");
        problem
    }

    async fn nothing_is_stored(&self) {
        assert_eq!(self.counted().await, []);
    }
}

fn path(app: &str) -> String {
    format!("/rest/atlassian-connect/latest/addons-metrics/{app}/publish")
}

fn signed(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .unwrap()
        .chain_update(&text);
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn what_an_app_publishes_is_counted() {
    let world = World::new().await;
    let body = json!([
        { "metricsType": "IFRAME", "moduleType": "adminPages", "durationInMillis": 840, "status": "SUCCESS" },
        { "metricsType": "IFRAME", "status": "FAIL", "durationInMillis": 12_000 },
        { "metricsType": "SYNTHETIC", "status": "FAIL" },
    ]);
    let answer = world.publish(body.to_string()).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NO_CONTENT, ""));
    let mut counted = world.counted().await;
    counted.sort();
    assert_eq!(
        counted,
        [
            (APP, Product::Jira, Sli::IframeLoad, Group::Prod, 1, 1),
            (APP, Product::Jira, Sli::Synthetic, Group::Dfr, 0, 1),
        ]
    );
    assert_eq!(
        world.publish("[]").await.status,
        StatusCode::NO_CONTENT,
        "nothing to tell is fine"
    );
    assert_eq!(world.counted().await.len(), 2);
}

#[tokio::test]
async fn the_group_is_that_of_the_installation_whose_secret_signed() {
    let world = World::new().await;
    let secret = "the shared secret of a test site's installation";
    world.install(&mut world.owner.clone(), APP, "dfr", secret).await;
    let token = signed(&json!({ "alg": "HS256" }), &world.claims(&path(APP)), secret);
    let body = r#"[{"metricsType":"IFRAME","status":"SUCCESS"}]"#;
    let answer = world.put(&path(APP), &format!("JWT {token}"), body).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    assert_eq!(
        world.counted().await,
        [(APP, Product::Jira, Sli::IframeLoad, Group::Dfr, 1, 0)]
    );
}

#[tokio::test]
async fn a_query_is_signed_too() {
    let world = World::new().await;
    let with_query = format!("{}?b=2&a=x+y", path(APP));
    let token = signed(&json!({ "alg": "HS256" }), &world.claims(&with_query), SECRET);
    let same = format!("{}?a=x%20y&b=2", path(APP));
    let answer = world.put(&same, &format!("JWT {token}"), FAIL).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    let answer = world.put(&path(APP), &format!("JWT {token}"), FAIL).await;
    world.refused(&answer, 401, "\"qsh\" is");
    assert_eq!(world.counted().await.len(), 1);
}

#[tokio::test]
async fn without_a_signature_that_can_be_verified_it_is_401() {
    let world = World::new().await;
    let good = world.token();
    let header = json!({ "typ": "JWT", "alg": "HS256" });
    let now = world.portal.clock.now().timestamp();
    let but = |claim: &str, value: Value| {
        let mut claims = world.claims(&path(APP));
        claims[claim] = value;
        format!("JWT {}", signed(&header, &claims, SECRET))
    };
    let with = |header: Value| format!("JWT {}", signed(&header, &world.claims(&path(APP)), SECRET));
    let unsigned = format!(
        "JWT {}.",
        with(json!({ "alg": "none" }))
            .trim_start_matches("JWT ")
            .rsplit_once('.')
            .unwrap()
            .0
    );
    let unknown = "no installation of the app";
    for (what, authorization, said) in [
        ("no token", String::new(), "There is no token"),
        ("another scheme", format!("Bearer {good}"), "There is no token"),
        ("malformed", "JWT a.b".to_owned(), "three parts"),
        ("not base64", "JWT !.!.!".to_owned(), "no JSON object in base64url"),
        ("alg none", with(json!({ "alg": "none" })), "HS256"),
        ("alg none, no signature", unsigned, "HS256"),
        ("wrong alg", with(json!({ "alg": "HS512" })), "HS256"),
        (
            "another secret",
            format!("JWT {}", signed(&header, &world.claims(&path(APP)), "another secret")),
            unknown,
        ),
        (
            "another app's secret",
            format!("JWT {}", signed(&header, &world.claims(&path(APP)), OTHERS)),
            unknown,
        ),
        ("unknown iss", but("iss", json!("com.nobody")), unknown),
        ("iss in other letters", but("iss", json!("COM.example.app")), unknown),
        ("no iss", but("iss", Value::Null), "\"iss\""),
        ("expired", but("exp", json!(now - 31)), "expired"),
        ("expires late", but("exp", json!(now + 15 * 60 + 31)), "at most 900 s"),
        (
            "exp as text",
            but("exp", json!((now + 180).to_string())),
            "must be a number",
        ),
        ("no iat", but("iat", Value::Null), "\"iat\""),
        ("wrong qsh", but("qsh", json!(qsh("PUT&/&"))), "\"qsh\" is"),
        ("context qsh", but("qsh", json!("context-qsh")), "context-qsh"),
        (
            "changed",
            format!("JWT {}A{}", &good[..good.len() - 2], &good[good.len() - 1..]),
            unknown,
        ),
    ] {
        let answer = world.put(&path(APP), &authorization, FAIL).await;
        let problem = world.refused(&answer, 401, said);
        assert_eq!(answer.header("www-authenticate"), "JWT", "{what}: {problem}");
        // Nor in the query: it would stand in logs.
        assert!(!answer.body.contains(SECRET));
    }
    let answer = world.put(&format!("{}?jwt={good}", path(APP)), "", FAIL).await;
    world.refused(&answer, 401, "There is no token");
    world.nothing_is_stored().await;
    assert_eq!(
        world.put(&path(APP), &format!("JWT {good}"), FAIL).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn whoever_is_known_but_may_not_gets_403() {
    let mut world = World::new().await;
    let allowed = |claims: Value, secret: &str| format!("JWT {}", signed(&json!({ "alg": "HS256" }), &claims, secret));

    // For another app, there or not.
    for app in [OTHER, "com.nobody"] {
        let answer = world
            .put(&path(app), &allowed(world.claims(&path(app)), SECRET), FAIL)
            .await;
        world.refused(&answer, 403, "not allowed for appKey");
    }
    // From an archived app.
    let archive = format!("/apps/{APP}/archive");
    let restore = format!("/apps/{APP}/restore");
    assert_eq!(
        world.portal.post(&mut world.owner, &archive, &[]).await.status,
        StatusCode::SEE_OTHER
    );
    let answer = world.publish(FAIL).await;
    world.refused(&answer, 403, "valid installation");
    assert_eq!(
        world.portal.post(&mut world.owner, &restore, &[]).await.status,
        StatusCode::SEE_OTHER
    );
    world.nothing_is_stored().await;
    assert_eq!(world.publish(FAIL).await.status, StatusCode::NO_CONTENT);

    // From an installation that has ended.
    let signer = world.portal.service.signer(APP).await.unwrap().unwrap();
    let end = format!("/apps/{APP}/installations/{}/end", signer.installations[0].id);
    assert_eq!(
        world.portal.post(&mut world.owner, &end, &[]).await.status,
        StatusCode::SEE_OTHER
    );
    let answer = world.publish(FAIL).await;
    world.refused(&answer, 403, "valid installation");
    assert_eq!(world.counted().await.len(), 1);
    // With the same secret at another installation, that one is meant.
    world.install(&mut world.owner.clone(), APP, "prod", SECRET).await;
    assert_eq!(world.publish(FAIL).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_secret_that_was_replaced_verifies_until_its_time_is_over() {
    let mut world = World::new().await;
    let signer = world.portal.service.signer(APP).await.unwrap().unwrap();
    let rotate = format!("/apps/{APP}/installations/{}/rotate", signer.installations[0].id);
    let fields = [
        ("version", "1"),
        ("secret", "another shared secret, 32 or longer"),
        ("overlap_hours", "1"),
    ];
    let answer = world.portal.post(&mut world.owner, &rotate, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(world.publish(FAIL).await.status, StatusCode::NO_CONTENT);
    world.portal.clock.advance(TimeDelta::hours(1));
    let answer = world.publish(FAIL).await;
    world.refused(&answer, 401, "no installation of the app");
    let with_new = signed(&json!({ "alg": "HS256" }), &world.claims(&path(APP)), fields[1].1);
    assert_eq!(
        world.put(&path(APP), &format!("JWT {with_new}"), FAIL).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn one_bad_item_and_nothing_is_stored() {
    let world = World::new().await;
    let good = json!({ "metricsType": "SYNTHETIC", "status": "SUCCESS" });
    for (bad, said) in [
        (
            json!({ "metricsType": "IFRAME", "status": "SUCCESS", "durationInMillis": -1 }),
            "Latency should not be a negative value",
        ),
        (
            json!({ "metricsType": "SYNTHETIC", "status": "FAIL", "durationInMillis": -1 }),
            "Latency should not be a negative value",
        ),
        (
            json!({ "metricsType": "WEBHOOK", "status": "SUCCESS" }),
            "Metrics type not supported",
        ),
        (
            json!({ "metricsType": "IFRAME", "status": "SUCCESS", "moduleType": "webPanels" }),
            "Unknown module type",
        ),
        (
            json!({ "metricsType": "SYNTHETIC", "status": "SUCCESS", "moduleType": "adminPages" }),
            "Unknown module type",
        ),
        (json!({ "metricsType": "IFRAME", "status": "FAILURE" }), "Bad Request"),
        (json!({ "status": "SUCCESS" }), "Bad Request"),
        (json!("SUCCESS"), "Bad Request"),
    ] {
        let answer = world.publish(json!([good, good, bad, good]).to_string()).await;
        let problem = world.refused(&answer, 400, said);
        assert_eq!(problem["item"], 2, "{problem}");
    }
    for body in ["", "[", "{}", &good.to_string()] {
        let answer = world.publish(body.to_owned()).await;
        let problem = world.refused(&answer, 400, "Bad Request");
        assert_eq!(problem.get("item"), None, "{problem}");
    }
    world.nothing_is_stored().await;
}

#[tokio::test]
async fn at_most_a_thousand_items_and_256_kib() {
    let world = World::new().await;
    let item = json!({ "metricsType": "SYNTHETIC", "status": "SUCCESS" });
    let answer = world.publish(json!(vec![&item; 1_001]).to_string()).await;
    world.refused(&answer, 400, "at most 1000 items");

    let padded = |length: usize| format!("{FAIL}{}", " ".repeat(length - FAIL.len()));
    let answer = world.publish(padded(256 * 1024 + 1)).await;
    world.refused(&answer, 413, "256 KiB");
    // Without saying beforehand how much there is.
    let chunks = (0..257).map(|_| Ok::<_, std::io::Error>(Bytes::from(" ".repeat(1024))));
    let answer = world.publish(Body::from_stream(stream::iter(chunks))).await;
    world.refused(&answer, 413, "256 KiB");
    // What is announced is not waited for.
    let request = Request::put(path(APP))
        .header(header::AUTHORIZATION, format!("JWT {}", world.token()))
        .header(header::CONTENT_LENGTH, 256 * 1024 + 1)
        .body(Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()))
        .unwrap();
    let answer = world.portal.send(&mut Browser::default(), request).await;
    world.refused(&answer, 413, "256 KiB");
    world.nothing_is_stored().await;

    assert_eq!(world.publish(padded(256 * 1024)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        world.publish(json!(vec![&item; 1_000]).to_string()).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        world.counted().await,
        [(APP, Product::Jira, Sli::Synthetic, Group::Dfr, 1_000, 1)]
    );
}

#[tokio::test]
async fn the_header_is_checked_before_the_body_is_read() {
    let world = World::new().await;
    // A body that never comes.
    let never = || Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let answer = world.put(&path(APP), "JWT a.b.c", never()).await;
    world.refused(&answer, 401, "Wrong authentication signature");
    let claims = world.claims(&path(OTHER));
    let token = signed(&json!({ "alg": "HS256" }), &claims, SECRET);
    let answer = world.put(&path(OTHER), &format!("JWT {token}"), never()).await;
    world.refused(&answer, 403, "not allowed for appKey");
    let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]);
    let answer = world.publish(Body::from_stream(broken)).await;
    world.refused(&answer, 400, "broke off");
    world.nothing_is_stored().await;
}

#[tokio::test]
async fn what_could_not_be_stored_is_not_acknowledged() {
    let world = World::new().await;
    assert_eq!(world.publish(FAIL).await.status, StatusCode::NO_CONTENT);
    sql(
        &world.portal.service.store.metrics,
        "alter table count_minute rename to elsewhere",
    )
    .await
    .unwrap();
    let answer = world.publish(FAIL).await;
    world.refused(&answer, 503, "Something failed on our side");
    sql(
        &world.portal.service.store.metrics,
        "alter table elsewhere rename to count_minute",
    )
    .await
    .unwrap();
    assert_eq!(
        world.counted().await,
        [(APP, Product::Jira, Sli::Synthetic, Group::Dfr, 0, 1)]
    );
}

#[tokio::test]
async fn a_key_that_does_not_open_the_secrets_is_our_fault() {
    let world = World::new().await;
    let shared = world.portal.database.shared().await;
    let without = Portal::at(world.portal.clock.clone(), shared, &[]).await;
    let request = Request::put(path(APP))
        .header(header::AUTHORIZATION, format!("JWT {}", world.token()))
        .body(Body::from(FAIL))
        .unwrap();
    let answer = without.send(&mut Browser::default(), request).await;
    world.refused(&answer, 503, "Something failed on our side");
    world.nothing_is_stored().await;
}
