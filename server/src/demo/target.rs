//! Answers for the apps of a demonstration, so that the prober finds somebody: each goes on as its story says.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::Context;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, Uri};
use rampart_domain::count::Minute;
use tokio::net::TcpListener;

use super::{
    Contents,
    apps::APPS,
    story::{Outcome, Story},
};
use crate::clock::Clock;

/// What does not answer is kept waiting for longer than any probe waits.
const HANGING: Duration = Duration::from_secs(10);

/// The listener of the apps.
pub struct Target(TcpListener);

#[derive(Clone)]
struct Apps {
    seed: u64,
    end: Minute,
    clock: Clock,
}

impl Target {
    /// Takes the port of the apps, on this machine only.
    ///
    /// # Errors
    /// When it is taken.
    pub async fn bind(port: u16) -> anyhow::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("the apps of the demonstration cannot answer on {address}"))?;
        Ok(Self(listener))
    }

    /// Answers for the apps of a demonstration, for as long as it is awaited.
    ///
    /// # Errors
    /// When the database holds no demonstration; later, when the listener fails.
    pub fn serve(self, contents: Contents, clock: Clock) -> anyhow::Result<impl Future<Output = std::io::Result<()>>> {
        let Contents::Demonstration { seed, until, .. } = contents else {
            anyhow::bail!("the database holds no demonstration");
        };
        let end = Minute::of(until);
        let router = Router::new().fallback(answer).with_state(Apps { seed, end, clock });
        Ok(async move { axum::serve(self.0, router).await })
    }
}

async fn answer(State(apps): State<Apps>, uri: Uri) -> Response {
    let minute = apps.clock.minute();
    let Some(story) = apps.story(uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let cause = match story.outcome(&story.day(minute.day()), minute) {
        Outcome::Bad(cause) => Some(cause),
        // Whoever asks, it is there: that nobody asked is over.
        Outcome::Good | Outcome::Silent => None,
    };
    match cause.map(|cause| cause.status()) {
        None => {
            tokio::time::sleep(story.latency(minute)).await;
            "ok\n".into_response()
        }
        Some(Some(status)) => StatusCode::from_u16(status)
            .unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
            .into_response(),
        Some(None) => {
            tokio::time::sleep(HANGING).await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
    }
}

impl Apps {
    /// The story of the base URL that a path lies below.
    fn story(&self, path: &str) -> Option<Story> {
        let path = path.strip_prefix('/')?;
        let (key, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        let app = APPS.iter().find(|app| app.key == key)?;
        let url = app
            .urls
            .iter()
            .filter(|url| {
                rest.strip_prefix(url.path)
                    .is_some_and(|r| r.is_empty() || r.starts_with('/'))
            })
            .max_by_key(|url| url.path.len())?;
        Some(Story::new(self.seed, app.key, url, self.end))
    }
}
