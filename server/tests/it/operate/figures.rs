use ::http::{Request, StatusCode, header};
use axum::body::Body;

use crate::support::{
    database::TestDatabase,
    portal::{Browser, Portal},
    server::{Server, Visitor, database, run},
    smtp::{MailServer, Mood},
};

const TOKEN: &str = "a-token-of-this-test";

#[tokio::test]
async fn figures_are_for_whoever_knows_the_token() {
    let ask = async |portal: &Portal, given: Option<&str>| {
        let mut request = Request::get("/metrics");
        if let Some(given) = given {
            request = request.header(header::AUTHORIZATION, given);
        }
        let request = request.body(Body::empty()).unwrap();
        portal.send(&mut Browser::default(), request).await
    };
    let closed = Portal::new().await;
    assert_eq!(ask(&closed, None).await.status, StatusCode::NOT_FOUND);
    let right = format!("Bearer {TOKEN}");
    assert_eq!(ask(&closed, Some(&right)).await.status, StatusCode::NOT_FOUND);

    let open = Portal::with(&[("RAMPART_METRICS_TOKEN", TOKEN)]).await;
    for wrong in [None, Some("Bearer another-token-of-this"), Some("Basic YTpi")] {
        let answer = ask(&open, wrong).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{wrong:?}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prometheus_gets_every_figure_on_sqlite() {
    a_prometheus_gets_every_figure(TestDatabase::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prometheus_gets_every_figure_on_postgres() {
    a_prometheus_gets_every_figure(TestDatabase::postgres().await).await;
}

/// The mail server of the test answers while the test waits for the program, hence the threads.
async fn a_prometheus_gets_every_figure(test: TestDatabase) {
    let mails = MailServer::start(Mood::Takes).await;
    let mut settings = database(&test.settings);
    settings.extend([
        ("RAMPART_METRICS_TOKEN", TOKEN.to_owned()),
        ("RAMPART_MAIL_RELAY", mails.url().to_string()),
    ]);
    let link = {
        let add = [
            "user",
            "add",
            "--mail",
            "a@b.test",
            "--name",
            "Ada",
            "--role",
            "administrator",
        ];
        let output = run(&add, &settings);
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let server = Server::start(&settings);
    server.wait_for(|line| line.contains("the lease of measuring"));
    let mut ada = Visitor::new(&server);
    let token = link.rsplit('/').next().unwrap();
    let password = "correct horse battery staple";
    let accepted = ada.post(
        &format!("/invitation/{token}"),
        &[("name", "Ada"), ("password", password), ("password_again", password)],
    );
    assert_eq!(accepted.status, 303, "{}", accepted.body);
    ada.post("/partners/new", &[("name", "One"), ("owner_mail", "owner@one.test")]);
    mails.next().await;
    ada.get("/apps/com.example.nothing");
    ada.server.ask("BREW", "/teapot-that-nobody-has", &[], "");
    server.ask("POST", "/api/v1/events", &[], "");
    let publish = "/rest/atlassian-connect/latest/addons-metrics/com.example/publish";
    server.ask("PUT", publish, &[], "");

    // The job notes that the mail was sent only after the relay took it.
    let bearer = format!("Bearer {TOKEN}");
    let collect = || server.ask("GET", "/metrics", &[("authorization", &bearer)], "");
    let awaited = [
        "rampart_mails_total{outcome=\"sent\"} 1",
        "rampart_outbox_waiting 0",
        "rampart_evaluation_lag_seconds_count",
    ];
    let answer = (0..10_000)
        .map(|_| collect())
        .find(|answer| awaited.iter().all(|line| answer.body.contains(line)))
        .unwrap_or_else(|| panic!("{}", collect().body));
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = answer.body;
    for line in [
        "rampart_leader 1",
        "rampart_probes_in_flight 0",
        "rampart_outbox_oldest_seconds 0",
        "rampart_ingest_requests_total{outcome=\"refused\"} 2",
        concat!("rampart_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        "rampart_http_requests_total{route=\"/invitation/{token}\",method=\"POST\",status=\"303\"} 1",
        "rampart_http_requests_total{route=\"/apps/{key}\",method=\"GET\",status=\"404\"} 1",
        "rampart_http_request_duration_seconds_bucket{route=\"/partners/new\",le=\"0.25\"}",
        "rampart_evaluation_duration_seconds_count ",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_open_fds",
        "process_start_time_seconds",
    ] {
        let found = text.lines().any(|l| l.starts_with(line));
        assert!(found, "{line} is missing:\n{text}");
    }
    assert!(
        text.contains("route=\"unmatched\",method=\"other\""),
        "what anybody makes up is no label:\n{text}"
    );
    for private in ["com.example", "teapot", "BREW", token, "one.test", TOKEN] {
        assert!(!text.contains(private), "{private}:\n{text}");
    }
}
