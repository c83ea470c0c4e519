//! `POST /api/v1/events` (SPEC section 2.2).

use axum::extract::{Request, State};
use http::{HeaderMap, StatusCode, header};
use sha2::{Digest, Sha256};

use super::{
    super::{Web, problem::Problem},
    body::{self, Coding},
    event,
};
use crate::{
    service::{
        events::Unaccepted,
        ingest::{Ingested, Once},
    },
    store::tokens::Token,
    telemetry::{self, Ingest},
};

/// The largest body, unpacked.
const LARGEST: usize = 4 * 1024 * 1024;
/// The longest `Idempotency-Key`.
const LONGEST_KEY: usize = 255;

/// How the events are written.
enum Format {
    Array,
    Lines,
}

/// Counts events; 204 once they are durable.
pub(in crate::http) async fn events(State(web): State<Web>, request: Request) -> Result<StatusCode, Problem> {
    let taken = take(&web, request).await;
    telemetry::ingest_answered(match &taken {
        Ok(Ingested::Stored) => Ingest::Stored,
        Ok(Ingested::Repeated) => Ingest::Repeated,
        Err(problem) if problem.is_ours() => Ingest::Failed,
        Err(_) => Ingest::Refused,
    });
    taken.map(|_| StatusCode::NO_CONTENT)
}

/// Everything that the headers say is checked before the body is read.
async fn take(web: &Web, request: Request) -> Result<Ingested, Problem> {
    let (parts, body) = request.into_parts();
    let token = token(web, &parts.headers).await?;
    let format = format(&parts.headers)?;
    let coding = Coding::of(&parts.headers)?;
    let key = key(&parts.headers)?;

    let bytes = body::read(body, coding, LARGEST).await?;
    let once = key.map(|key| Once {
        token: token.id.0,
        key,
        body: Sha256::digest(&bytes).into(),
    });
    let sent = match format {
        Format::Array => event::array(&bytes)?,
        Format::Lines => event::lines(&bytes)?,
    };
    match web.service.accept_events(&token, sent, once).await {
        Ok(ingested) => Ok(ingested),
        Err(Unaccepted::Refused(refusal)) => Err(event::refused(&refusal)),
        Err(Unaccepted::Failed(error)) => Err(error.into()),
    }
}

async fn token(web: &Web, headers: &HeaderMap) -> Result<Token, Problem> {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (_, value) = value.ok_or_else(Problem::unauthorized)?;
    web.service.token(value.trim()).await?.ok_or_else(Problem::unauthorized)
}

fn format(headers: &HeaderMap) -> Result<Format, Problem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|kind| kind.trim().to_ascii_lowercase());
    match kind.as_deref() {
        Some("application/json") => Ok(Format::Array),
        Some("application/x-ndjson" | "application/ndjson") => Ok(Format::Lines),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type is application/json for an array of events, or application/x-ndjson for one event per line. \
             Nothing was stored.",
        )),
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut given = headers.get_all("idempotency-key").iter();
    let (first, second) = (given.next(), given.next());
    let Some(value) = first else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    let is_fine = second.is_none() && (1..=LONGEST_KEY).contains(&key.len());
    is_fine.then(|| Some(key.to_owned())).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            format!(
                "Idempotency-Key is one text of 1 to {LONGEST_KEY} printable ASCII characters. Nothing was stored."
            ),
        )
    })
}
