//! The whole portal, without a network: the real router over a real database, with a clock that the test moves.

use std::sync::Arc;

use ::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::{Router, body::Body, extract::ConnectInfo, response::Response};
use chrono::{TimeDelta, TimeZone, Utc};
use http_body_util::BodyExt;
use rampart_domain::{access::Actor, id::SeriesId};
use rampart_server::{
    clock::Clock,
    config::Config,
    http as portal_http,
    probe::{ErrorClass, Failure, Probe, ProbeSettings, Prober, Timings},
    service::{Service, recording::Recorded},
    store::{Scope, apps, outbox, series},
};
use tower::ServiceExt;

use super::database::TestDatabase;

pub const PASSWORD: &str = "correct horse battery staple";

/// 32 bytes that anybody can know.
pub const SECRETS_KEY: &str = "c2VjcmV0cyBvZiB0ZXN0cyBhcmUga25vd24gdG8gYWw=";

/// A portal in memory and on disk.
pub struct Portal {
    pub service: Arc<Service>,
    pub clock: Clock,
    router: Router,
    pub database: TestDatabase,
}

/// A browser: it keeps its cookie.
#[derive(Clone, Default)]
pub struct Browser {
    pub cookie: Option<String>,
}

impl Browser {
    /// Keeps the cookie that an answer sets.
    pub fn keep(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            self.cookie = (!pair.ends_with('=')).then_some(pair);
        }
    }
}

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

impl Portal {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// A portal with settings, given as in the environment.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::on(TestDatabase::sqlite().await, settings).await
    }

    pub async fn on(database: TestDatabase, settings: &[(&str, &str)]) -> Self {
        let clock = Clock::manual(Utc.with_ymd_and_hms(2026, 11, 23, 9, 0, 0).unwrap());
        Self::at(clock, database, settings).await
    }

    pub async fn at(clock: Clock, database: TestDatabase, settings: &[(&str, &str)]) -> Self {
        let given = [("RAMPART_SERVER_PUBLIC_URL", "http://rampart.test")];
        let settings = given
            .iter()
            .chain(settings)
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let config = Config::load(None, settings).unwrap();
        let prober = Prober::new(ProbeSettings {
            allow_networks: config.probe.allow_networks.clone(),
            allow_ports: config.probe.allow_ports.clone(),
            ..ProbeSettings::default()
        })
        .unwrap();
        let service = Arc::new(Service::new(
            database.store.clone(),
            clock.clone(),
            config,
            prober.clone(),
            prober,
        ));
        let router = portal_http::router(service.clone());
        Self {
            service,
            clock,
            router,
            database,
        }
    }

    pub async fn send(&self, browser: &mut Browser, mut request: Request<Body>) -> Answer {
        if let Some(cookie) = &browser.cookie {
            request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        }
        let peer: std::net::SocketAddr = "192.0.2.7:1".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response: Response = self.router.clone().oneshot(request).await.unwrap();
        browser.keep(response.headers());
        let (parts, body) = response.into_parts();
        let body = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub async fn get(&self, browser: &mut Browser, path: &str) -> Answer {
        let request = Request::get(path)
            .header(header::ACCEPT, "text/html")
            .body(Body::empty())
            .unwrap();
        self.send(browser, request).await
    }

    /// Sends a form as a browser on one of our own pages does.
    pub async fn post(&self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_preferring(browser, path, fields, "").await
    }

    /// As [`Self::post`], with what the answer is preferred to be (RFC 7240).
    pub async fn post_preferring(
        &self,
        browser: &mut Browser,
        path: &str,
        fields: &[(&str, &str)],
        preferred: &str,
    ) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::ACCEPT, "text/html")
            .header("prefer", preferred)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(serde_urlencoded::to_string(fields).unwrap()))
            .unwrap();
        self.send(browser, request).await
    }

    /// Somebody of the staff, signed in.
    pub async fn staff(&self, name: &str, roles: &[&str]) -> Browser {
        let mail = format!("{}@platform.test", name.to_lowercase());
        let link = self.service.invite_from_command_line(&mail, name, roles).await.unwrap();
        self.accept(&link, name).await
    }

    /// Accepts an invitation and is signed in by it.
    pub async fn accept(&self, link: &str, name: &str) -> Browser {
        let path = link.strip_prefix("http://rampart.test").unwrap();
        let mut browser = Browser::default();
        let fields = [("name", name), ("password", PASSWORD), ("password_again", PASSWORD)];
        let answer = self.post(&mut browser, path, &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        // The welcome is shown once.
        self.get(&mut browser, "/account").await;
        browser
    }

    /// A partner with an owner who is signed in. Returns the partner's id as well.
    pub async fn partner(&self, administrator: &mut Browser, name: &str) -> (String, Browser) {
        let mail = format!("owner@{}.test", name.to_lowercase().replace(' ', "-"));
        let answer = self
            .post(administrator, "/partners/new", &[("name", name), ("owner_mail", &mail)])
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let id = answer.header("location").strip_prefix("/partners/").unwrap().to_owned();
        let link = self.link_in_mail_to(&mail).await;
        (id, self.accept(&link, &format!("{name} owner")).await)
    }

    /// Another member of a partner, invited by its owner.
    pub async fn member(&self, owner: &mut Browser, partner: &str, name: &str) -> Browser {
        let mail = format!("{}@member.test", name.to_lowercase());
        let answer = self
            .post(
                owner,
                &format!("/partners/{partner}/invite"),
                &[("mail", &mail), ("role", "member")],
            )
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let link = self.link_in_mail_to(&mail).await;
        self.accept(&link, name).await
    }

    /// The link in the latest mail to an address.
    pub async fn link_in_mail_to(&self, address: &str) -> String {
        let mails = outbox::list(&self.service.store.portal, Scope::system(), outbox::Shown::All, 0, 100)
            .await
            .unwrap();
        let mail = mails
            .iter()
            .find(|m| m.recipients.0.iter().any(|r| r == address))
            .unwrap_or_else(|| panic!("no mail to {address}"));
        let link = mail
            .body_text
            .split_whitespace()
            .find(|word| word.starts_with("http://rampart.test/"))
            .unwrap();
        link.to_owned()
    }

    /// Every mail in the outbox, the oldest first.
    pub async fn mails(&self) -> Vec<outbox::Mail> {
        let mut mails = outbox::list(
            &self.service.store.portal,
            Scope::system(),
            outbox::Shown::All,
            0,
            1_000,
        )
        .await
        .unwrap();
        mails.reverse();
        mails
    }

    /// Registers an app with the usual fields.
    pub async fn register(&self, owner: &mut Browser, partner: &str, key: &str) {
        let answer = self.post(owner, "/apps/new", &new_app(partner, key)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }

    /// The only series of an app.
    pub async fn series_of(&self, key: &str) -> SeriesId {
        let app = apps::by_key(&self.service.store.portal, Scope::system(), key)
            .await
            .unwrap()
            .unwrap();
        series::of_apps(&self.service.store.portal, Scope::system(), &[app.id])
            .await
            .unwrap()[0]
            .id
    }

    /// Records one probe per minute for `minutes` minutes from the present on, moves the clock along, and evaluates each
    /// minute as the job does.
    pub async fn live(&self, series: SeriesId, minutes: i64, good: bool) {
        for _ in 0..minutes {
            let due = self.clock.now();
            let probe = if good { good_probe() } else { bad_probe() };
            self.service
                .record_probes(&[Recorded {
                    series,
                    due,
                    late: std::time::Duration::ZERO,
                    probe,
                }])
                .await
                .unwrap();
            self.clock.advance(TimeDelta::minutes(1));
            self.evaluate().await;
        }
    }

    /// Evaluates the present minute.
    pub async fn evaluate(&self) {
        let progress = rampart_server::store::progress::last(&self.service.store.portal, "evaluation")
            .await
            .unwrap();
        self.service.evaluate(progress, self.clock.minute()).await.unwrap();
    }

    /// The person behind a mail address, as the service knows them.
    pub async fn actor(&self, mail: &str) -> Actor {
        let account = rampart_server::store::accounts::by_mail(&self.service.store.portal, mail)
            .await
            .unwrap()
            .unwrap();
        self.service.actor(account.id, None, None).await.unwrap().unwrap()
    }
}

/// The fields of a new app.
pub fn new_app<'a>(partner: &'a str, key: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("partner", partner),
        ("key", key),
        ("name", "Timesheets"),
        ("kind", "connect"),
        ("products", "jira"),
        ("health_path", "/health"),
        ("base_urls", "https://app.example.com"),
        ("alert_address", "on-call@example.com"),
        ("support_contact", "support@example.com"),
        ("operations_contacts", "ops@example.com"),
        ("fails_when_down", "yes"),
    ]
}

pub fn good_probe() -> Probe {
    Probe {
        failure: None,
        status: Some(200),
        timings: Timings {
            total: std::time::Duration::from_millis(84),
            ..Timings::default()
        },
        address: Some("198.51.100.1:443".parse().unwrap()),
        http_version: Some("HTTP/2"),
        age_header: false,
    }
}

pub fn bad_probe() -> Probe {
    let reason = "The server answered 503 instead of 200.".to_owned();
    Probe {
        failure: Some(Failure {
            class: ErrorClass::Status,
            reason,
        }),
        status: Some(503),
        ..good_probe()
    }
}

impl Portal {
    /// Returns once some mail in the outbox is as wanted. The job that changes it tells nobody, so this asks again whenever
    /// other tasks have had their turn.
    pub async fn waits_until(&self, wanted: impl Fn(&outbox::Mail) -> bool) {
        while !self.mails().await.iter().any(&wanted) {
            tokio::task::yield_now().await;
        }
    }
}
