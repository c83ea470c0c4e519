use std::net::IpAddr;

use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, StatusCode, header, request::Parts};
use rampart_domain::{access::Actor, id::UserId};
use tower_sessions::Session;
use uuid::Uuid;

use super::{Web, client, headers::RequestId, session};

/// Use within this time is not noted again, to spare the database a write per page.
const NOTED_FOR: TimeDelta = TimeDelta::minutes(5);

/// Who sends a request.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// The signed-in person.
    pub actor: Option<Actor>,
    pub session: Session,
    pub address: Option<IpAddr>,
    /// How the browser names itself, shortened.
    pub agent: String,
    pub request_id: String,
}

/// What can be reached without an account.
pub(super) fn is_public(path: &str) -> bool {
    path == "/sign-in" || path.starts_with("/invitation/") || path.starts_with("/alert-address/")
}

/// Finds out who sends the request and leaves it with the request as a [`Visitor`].
pub(super) async fn resolve(State(web): State<Web>, session: Session, mut request: Request, next: Next) -> Response {
    let trusted = &web.service.config.server.trusted_proxies;
    let address = client::address(request.extensions(), request.headers(), trusted);
    let agent = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let agent: String = agent.chars().take(200).collect();
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    // What scripts send was typed by somebody.
    let in_background = request.method().is_safe() && by_scripts(request.headers());
    let actor = match actor(&web, &session, address, in_background).await {
        Ok(actor) => actor,
        Err(error) => {
            tracing::error!(error = &*error, "the session could not be read");
            let message = "Something failed on our side and nothing was done. Try again in a moment.\n";
            return (StatusCode::SERVICE_UNAVAILABLE, message).into_response();
        }
    };
    request.extensions_mut().insert(Visitor {
        actor,
        session,
        address,
        agent,
        request_id,
    });
    next.run(request).await
}

/// Whether the scripts of an open page ask: what they read by themselves keeps no session alive, and no answer to them takes
/// a message that is shown once.
pub(super) fn by_scripts(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-dest").is_some_and(|dest| dest == "empty")
}

async fn actor(
    web: &Web,
    session: &Session,
    address: Option<IpAddr>,
    in_background: bool,
) -> anyhow::Result<Option<Actor>> {
    let Some(account) = session.get::<Uuid>(session::ACCOUNT).await? else {
        return Ok(None);
    };
    let id = session.id().map(session::listed_id);
    let seen = session.get::<DateTime<Utc>>(session::SEEN).await?;
    let now = web.service.clock.now();
    if let (Some(id), Some(seen), false) = (id, seen, in_background)
        && now - seen > NOTED_FOR
        && let Err(error) = web.service.note_session(id).await
    {
        // A page that only reads is shown even while nothing can be written.
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "that a session is in use could not be noted"
        );
    }
    Ok(web.service.actor(UserId(account), id, address).await?)
}

impl Visitor {
    /// Begins a session for an account, under a new id so that nobody can have planted it.
    pub(super) async fn sign_in(&mut self, web: &Web, account: UserId) -> anyhow::Result<()> {
        self.session.cycle_id().await?;
        self.session.insert(session::ACCOUNT, account.0).await?;
        self.session
            .insert(session::ADDRESS, self.address.map(|a| a.to_string()))
            .await?;
        self.session.insert(session::AGENT, &self.agent).await?;
        self.actor = web.service.actor(account, None, self.address).await?;
        Ok(())
    }

    /// Leaves a sentence for the next page.
    pub(super) async fn leave(&self, flash: &str) -> anyhow::Result<()> {
        Ok(self.session.insert(session::FLASH, flash).await?)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
