//! Rampart's own server, as a process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use http::{Request, header};
use http_body_util::Full;

use crate::http_client::Connection;
use crate::process::Process;
use crate::prometheus::Sample;
use crate::target::Target;

const TOKEN: &str = "the-token-of-the-benchmark";
/// What seals the secrets of installations.
pub(crate) const SECRETS_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// How to start it.
pub(crate) struct Settings<'a> {
    pub program: &'a Path,
    pub database: Database,
    pub target: &'a Target,
    /// Whether it trusts the target's authority in place of those of the system, which take their time to be read.
    pub trusts_target: bool,
}

#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(PathBuf),
    Postgres(String),
}

pub(crate) struct Rampart {
    pub process: Process,
    pub address: SocketAddr,
}

impl Rampart {
    /// Starts the server and waits until it says that it listens.
    pub(crate) fn start(settings: &Settings<'_>) -> Result<Self> {
        let mut command = Command::new(settings.program);
        match &settings.database {
            Database::Sqlite(path) => command.env("RAMPART_DATABASE_PATH", path),
            Database::Postgres(url) => command.env("RAMPART_DATABASE_URL", url),
        };
        let ports = settings.target.ports;
        command
            .arg("serve")
            .env("RAMPART_SERVER_LISTEN", "127.0.0.1:0")
            .env("RAMPART_PROBE_ALLOW_NETWORKS", "127.0.0.0/8,::1/128")
            .env("RAMPART_PROBE_ALLOW_PORTS", format!("{},{}", ports.http, ports.https))
            .env("RAMPART_METRICS_TOKEN", TOKEN)
            .env("RAMPART_SECRETS_KEY", SECRETS_KEY)
            .env("RAMPART_LOG_FILTER", "error");
        if settings.trusts_target {
            command.env("SSL_CERT_FILE", &settings.target.authority);
        }
        let (process, line) = Process::start_and_read(&mut command)?;
        let address = line
            .strip_prefix("listening on http://")
            .context("rampart does not say where it listens")?
            .parse()?;
        Ok(Self { process, address })
    }

    pub(crate) async fn sample(&self) -> Result<Sample> {
        let request = Request::get("/metrics")
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
            .body(Full::default())?;
        let answer = Connection::open(self.address).await?.send(request).await?;
        ensure!(answer.status() == 200, "/metrics answered {}", answer.status());
        Ok(Sample::new(String::from_utf8(answer.into_body().to_vec())?))
    }

    /// Signs somebody in and returns the cookie of the session.
    pub(crate) async fn sign_in(&self, mail: &str, password: &str) -> Result<String> {
        let form = serde_urlencoded::to_string([("mail", mail), ("password", password), ("next", "/apps")])?;
        let request = Request::post("/sign-in")
            .header(header::ACCEPT, "text/html")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form))?;
        let answer = Connection::open(self.address).await?.send(request).await?;
        ensure!(answer.status() == 303, "the sign-in answered {}", answer.status());
        let cookie = answer.headers().get(header::SET_COOKIE).context("there is no cookie")?;
        let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
        Ok(pair.to_owned())
    }
}
