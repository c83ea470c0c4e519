//! The configuration: a TOML file, environment variables over it, and defaults below.
//!
//! All problems are found at once and named with their key, so that an operator mends the file in one go.

mod read;

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use lettre::message::Mailbox;
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::seal::SealingKey;

pub use read::{ConfigError, Problem};
use read::{KeyFile, OneOf, Reader};

/// Everything an operator can set. Each key is described in docs/configuration.md.
#[derive(Clone, Debug)]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub platform: Platform,
    pub mail: Mail,
    pub probe: Probe,
    pub session: Session,
    pub metrics: Metrics,
    pub secrets: Secrets,
    pub log: Log,
}

#[derive(Clone, Debug)]
pub struct Server {
    pub listen: SocketAddr,
    /// Where people reach the portal; every link begins with it.
    pub public_url: Url,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long after SIGTERM the server goes on answering while `/readyz` says that it stops.
    pub drain: Duration,
}

#[derive(Clone, Debug)]
pub struct Database {
    /// A `postgres://` URL; without one the embedded SQLite is used.
    pub url: Option<Secret<Url>>,
    /// The folder of the SQLite files.
    pub path: PathBuf,
}

#[derive(Clone, Debug)]
pub struct Platform {
    pub name: String,
    pub designation: String,
}

#[derive(Clone, Debug)]
pub struct Mail {
    pub from: Mailbox,
    /// `smtp://host:port` or `smtps://user:password@host`; without one, mail waits in the outbox.
    pub relay: Option<Secret<Url>>,
}

#[derive(Clone, Debug)]
pub struct Probe {
    pub timeout: Duration,
    pub confirm_attempts: u32,
    pub allow_networks: Vec<IpNet>,
    pub allow_ports: Vec<u16>,
    /// What is probed to tell an outage of the portal's own network from one of the apps.
    pub canaries: Vec<Url>,
}

#[derive(Clone, Debug)]
pub struct Session {
    pub idle: Duration,
    pub lifetime: Duration,
}

#[derive(Clone, Debug)]
pub struct Metrics {
    /// The bearer token of `/metrics`; without one there is no such page.
    pub token: Option<Secret<String>>,
}

#[derive(Clone, Debug)]
pub struct Secrets {
    /// What secrets that must be read back are encrypted under; without one there can be none (SPEC section 9).
    pub key: Option<SealingKey>,
}

#[derive(Clone, Debug)]
pub struct Log {
    pub json: bool,
    pub filter: String,
}

/// A value that never shows up in logs or in `--check`.
#[derive(Clone)]
pub struct Secret<T>(pub T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(set, not shown)")
    }
}

/// More canaries than this say nothing more about the portal's own network.
const MOST_CANARIES: usize = 10;
/// A shorter token could be guessed.
const SHORTEST_TOKEN: usize = 16;

impl Config {
    /// Reads the file (when there is one) and the environment.
    ///
    /// # Errors
    /// All problems at once: unknown keys, wrong types, values out of range, an unreadable file.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(file, environment);
        let config = Self::read(&mut reader);
        reader.finish()?;
        Ok(config)
    }

    fn read(r: &mut Reader) -> Self {
        let listen = r.get("server.listen", || {
            SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 3000))
        });
        let public_url = r.optional::<Url>("server.public_url");
        if let Some(url) = &public_url {
            r.check(
                "server.public_url",
                is_plain_origin(url),
                "must be http(s)://host[:port] without a path",
            );
        }
        let database_url = r.optional::<Url>("database.url");
        if let Some(url) = &database_url {
            let known = matches!(url.scheme(), "postgres" | "postgresql");
            r.check(
                "database.url",
                known,
                "must begin with postgres://; leave it out for the embedded SQLite",
            );
        }
        let relay = r.optional::<Url>("mail.relay");
        if let Some(url) = &relay {
            let known = matches!(url.scheme(), "smtp" | "smtps") && url.has_host();
            r.check(
                "mail.relay",
                known,
                "must be smtp://host:port or smtps://user:password@host",
            );
        }
        let timeout = r.get("probe.timeout_ms", || 3_000_u64);
        r.check(
            "probe.timeout_ms",
            (100..=3_000).contains(&timeout),
            "must be 100 to 3000",
        );
        let confirm_attempts = r.get("probe.confirm_attempts", || 1_u32);
        r.check(
            "probe.confirm_attempts",
            (1..=2).contains(&confirm_attempts),
            "must be 1 or 2",
        );
        let canaries = r.list::<Url>("probe.canaries");
        r.check(
            "probe.canaries",
            canaries.len() <= MOST_CANARIES,
            "may have 10 URLs at most",
        );
        r.check(
            "probe.canaries",
            canaries.iter().all(is_canary),
            "must be http(s)://host[:port][/path], without a user name or password",
        );
        let drain_seconds = r.get("server.drain_seconds", || 0_u64);
        r.check("server.drain_seconds", drain_seconds <= 300, "must be 0 to 300");
        let token = r.optional::<String>("metrics.token");
        if let Some(token) = &token {
            let fits = token.chars().count() >= SHORTEST_TOKEN && token.chars().all(|c| c.is_ascii_graphic());
            r.check(
                "metrics.token",
                fits,
                "must have at least 16 characters, each a letter, a digit or a punctuation mark of ASCII",
            );
        }
        let key = r.optional::<SealingKey>("secrets.key");
        let key_file = r.optional::<KeyFile>("secrets.key_file");
        r.check(
            "secrets.key_file",
            key.is_none() || key_file.is_none(),
            "cannot be set together with secrets.key",
        );
        let filter = r.get("log.filter", || "info".to_owned());
        r.check(
            "log.filter",
            EnvFilter::try_new(&filter).is_ok(),
            "must be levels as in RUST_LOG, for example info,rampart_server=debug",
        );
        let idle_hours = r.get("session.idle_hours", || 12_u64);
        r.check(
            "session.idle_hours",
            (1..=720).contains(&idle_hours),
            "must be 1 to 720",
        );
        let lifetime_days = r.get("session.lifetime_days", || 30_u64);
        r.check(
            "session.lifetime_days",
            (1..=365).contains(&lifetime_days),
            "must be 1 to 365",
        );

        Self {
            server: Server {
                listen,
                public_url: public_url.unwrap_or_else(|| local_url(listen)),
                trusted_proxies: r.list("server.trusted_proxies"),
                drain: Duration::from_secs(drain_seconds),
            },
            database: Database {
                url: database_url.map(Secret),
                path: r.get("database.path", || PathBuf::from("rampart-data")),
            },
            platform: Platform {
                name: r.get("platform.name", || "Atlassian".to_owned()),
                designation: r.get("program.designation", || "Cloud Fortified".to_owned()),
            },
            mail: Mail {
                from: r.get("mail.from", default_sender),
                relay: relay.map(Secret),
            },
            probe: Probe {
                timeout: Duration::from_millis(timeout),
                confirm_attempts,
                allow_networks: r.list("probe.allow_networks"),
                allow_ports: r.list("probe.allow_ports"),
                canaries,
            },
            session: Session {
                idle: Duration::from_secs(idle_hours * 3_600),
                lifetime: Duration::from_secs(lifetime_days * 86_400),
            },
            metrics: Metrics {
                token: token.map(Secret),
            },
            secrets: Secrets {
                key: key.or(key_file.map(|KeyFile(key)| key)),
            },
            log: Log {
                json: r.get("log.format", || OneOf::<2>::new(["text", "json"])).is("json"),
                filter,
            },
        }
    }
}

fn is_plain_origin(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
}

fn is_canary(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty() && url.password().is_none()
}

fn local_url(listen: SocketAddr) -> Url {
    let host = if listen.ip().is_unspecified() {
        "127.0.0.1".to_owned()
    } else {
        listen.ip().to_string()
    };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    Url::parse(&format!("http://{host}:{}", listen.port())).expect("an address and a port make a URL")
}

fn default_sender() -> Mailbox {
    "Rampart <rampart@localhost>"
        .parse()
        .expect("the default sender is an address")
}

#[cfg(test)]
mod tests;
