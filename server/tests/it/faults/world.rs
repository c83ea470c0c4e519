use chrono::{DateTime, Utc};
use rampart_domain::id::SeriesId;
use rampart_server::{
    clock::Clock,
    store::{Scope, apps, episodes, outbox, progress, series},
};

use super::{process::Server, target::Target, until};
use crate::support::{
    database::TestDatabase,
    portal::{Browser, Portal},
    smtp::{MailServer, Mood},
};

pub const APP: &str = "com.example.app";
/// The owners of the app's partner, who get its alerts.
pub const OWNERS: [&str; 2] = ["owner@kestrel-labs.test", "second@kestrel-labs.test"];

/// A database with one app that is being measured, what it is measured at, and a mail server. The portal beside them is
/// there to look at the database; it runs no jobs.
pub struct World {
    pub portal: Portal,
    pub target: Target,
    pub mail: MailServer,
    pub series: Vec<Measured>,
    pub owner: Browser,
    pub staff: Browser,
    pub clock: Clock,
    /// The instant since which the clock runs fast, and how fast.
    pub agreed: DateTime<Utc>,
    pub rate: u32,
}

/// A series and the path that is probed for it.
pub struct Measured {
    pub id: SeriesId,
    pub path: String,
}

impl World {
    /// A world whose clock runs `rate` times as fast, with so many base URLs.
    pub async fn new(database: TestDatabase, rate: u32, base_urls: usize) -> Self {
        let agreed = Clock::system().now();
        Self::at(Clock::fast_since(rate, agreed), agreed, rate, database, base_urls).await
    }

    /// A world whose clock is moved by the test.
    pub async fn with_manual_clock(database: TestDatabase, base_urls: usize) -> Self {
        let start: DateTime<Utc> = "2026-11-23T09:00:00Z".parse().unwrap();
        Self::at(Clock::manual(start), start, 1, database, base_urls).await
    }

    async fn at(clock: Clock, agreed: DateTime<Utc>, rate: u32, database: TestDatabase, base_urls: usize) -> Self {
        let target = Target::start(clock.clone()).await;
        let mail = MailServer::start(Mood::Takes).await;
        let (port, relay) = (target.port.to_string(), mail.url());
        let settings = [
            ("RAMPART_PROBE_ALLOW_NETWORKS", "127.0.0.0/8"),
            ("RAMPART_PROBE_ALLOW_PORTS", port.as_str()),
            ("RAMPART_MAIL_RELAY", relay.as_str()),
        ];
        let portal = Portal::at(clock.clone(), database, &settings).await;
        let mut staff = portal.staff("Ada", &["administrator", "reviewer"]).await;
        let (partner, mut owner) = portal.partner(&mut staff, "Kestrel Labs").await;
        let second = [("mail", OWNERS[1]), ("role", "owner")];
        portal
            .post(&mut owner, &format!("/partners/{partner}/invite"), &second)
            .await;
        let link = portal.link_in_mail_to(OWNERS[1]).await;
        portal.accept(&link, "Second owner").await;

        let urls: Vec<String> = (0..base_urls).map(|n| format!("http://127.0.0.1:{port}/{n}")).collect();
        let lines = urls.join("\n");
        let mut app = crate::support::portal::new_app(&partner, APP);
        app.retain(|(name, _)| *name != "base_urls");
        app.push(("base_urls", &lines));
        let answer = portal.post(&mut owner, "/apps/new", &app).await;
        assert_eq!(answer.status, ::http::StatusCode::SEE_OTHER, "{}", answer.body);
        let answer = portal
            .post(&mut staff, &format!("/apps/{APP}/measuring/start"), &[])
            .await;
        assert_eq!(answer.status, ::http::StatusCode::SEE_OTHER, "{}", answer.body);

        let store = &portal.service.store.portal;
        let app = apps::by_key(store, Scope::system(), APP).await.unwrap().unwrap();
        let series = series::of_apps(store, Scope::system(), &[app.id]).await.unwrap();
        let series = series
            .into_iter()
            .map(|series| Measured {
                id: series.id,
                path: format!("/{}/health", series.key.target.rsplit('/').next().unwrap()),
            })
            .collect();
        Self {
            portal,
            target,
            mail,
            series,
            owner,
            staff,
            clock,
            agreed,
            rate,
        }
    }

    /// The settings of a server on this database.
    pub fn settings(&self) -> Vec<(String, String)> {
        let config = &self.portal.service.config;
        let database = match &self.portal.database.settings {
            rampart_server::config::Database { url: Some(url), .. } => ("RAMPART_DATABASE_URL", url.0.to_string()),
            sqlite => ("RAMPART_DATABASE_PATH", sqlite.path.display().to_string()),
        };
        [
            database,
            ("RAMPART_SERVER_LISTEN", "127.0.0.1:0".to_owned()),
            ("RAMPART_SERVER_PUBLIC_URL", config.server.public_url.to_string()),
            ("RAMPART_PROBE_ALLOW_NETWORKS", "127.0.0.0/8".to_owned()),
            ("RAMPART_PROBE_ALLOW_PORTS", self.target.port.to_string()),
            ("RAMPART_MAIL_RELAY", self.mail.url().to_string()),
            ("RAMPART_TEST_CLOCK_RATE", self.rate.to_string()),
            ("RAMPART_TEST_CLOCK_SINCE", self.agreed.to_rfc3339()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// A server on this database.
    pub async fn server(&self) -> Server {
        Server::start(&self.settings()).await
    }

    /// Brings about a fault while a probe is under way, and returns once the server has tried in vain to write it.
    pub async fn measured_in_vain(&self, server: &Server, fault: impl Future<Output = ()>) {
        self.target.hold(true);
        self.target.more(1).await;
        fault.await;
        let said = server.says_again("probes could not be written");
        self.target.hold(false);
        said.await;
    }

    /// Waits until the server has done everything there is to do with a target that answers well, and stops it.
    pub async fn settled(&self, server: Server) {
        self.target.heal();
        self.mail.set(Mood::Takes);
        self.target.more(2 * self.series.len()).await;
        let store = &self.portal.service.store.portal;
        until("every breach is over", async || {
            episodes::open(store).await.unwrap().is_empty()
        })
        .await;
        until("the evaluation catches up with the clock", async || {
            let last = progress::last(store, "evaluation").await.unwrap();
            last.is_some_and(|last| self.clock.minute() - last <= 1)
        })
        .await;
        until("every mail is sent", async || {
            let totals = outbox::totals(store, Scope::system()).await.unwrap();
            totals.queued + totals.retrying == 0
        })
        .await;
        server.stop().await;
    }
}
