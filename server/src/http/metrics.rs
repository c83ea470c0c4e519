use std::time::Duration;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use subtle::ConstantTimeEq;

use super::Web;
use crate::{config::Secret, random::hash_token, service::Service, store::outbox, telemetry};

/// The outbox is not waited for any longer; a collector gives up after ten seconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// The portal's figures for a Prometheus that knows the token. Without a token in the configuration there is no such page.
pub(super) async fn metrics(State(web): State<Web>, headers: HeaderMap) -> Response {
    let Some(Secret(token)) = &web.service.config.metrics.token else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !is_granted(&headers, token) {
        let asked = [(header::WWW_AUTHENTICATE, "Bearer realm=\"metrics\"")];
        return (
            StatusCode::UNAUTHORIZED,
            asked,
            "the token of metrics.token is needed\n",
        )
            .into_response();
    }
    telemetry::outbox(outbox(&web.service).await);
    match telemetry::render() {
        Some(text) => (
            [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
            text,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Compares hashes, in a time that says nothing about where they differ.
fn is_granted(headers: &HeaderMap, token: &str) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    given.is_some_and(|(_, given)| hash_token(given.trim()).ct_eq(&hash_token(token)).into())
}

/// How many mails wait and for how long the oldest has; nothing when the database does not say.
async fn outbox(service: &Service) -> Option<(i64, Duration)> {
    match tokio::time::timeout(PATIENCE, outbox::waiting(&service.store.portal)).await {
        Ok(Ok(waiting)) => {
            let waited = waiting.oldest.map(|oldest| service.clock.now() - oldest);
            let waited = waited.and_then(|waited| waited.to_std().ok()).unwrap_or_default();
            Some((waiting.mails, waited))
        }
        Ok(Err(error)) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the outbox could not be counted"
            );
            None
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        let opens = |value: &str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            is_granted(&headers, "sixteen-letters!")
        };
        assert!(opens("Bearer sixteen-letters!") && opens("bearer sixteen-letters!"));
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer sixteen-letters",
            "Bearer sixteen-letters!!",
            "Basic sixteen-letters!",
            "sixteen-letters!",
        ] {
            assert!(!opens(wrong), "{wrong}");
        }
        assert!(!is_granted(&HeaderMap::new(), "sixteen-letters!"));
    }
}
