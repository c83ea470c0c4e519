//! What apps send as Connect apps do, signed with the secret of an installation (SPEC section 2.2). Described in docs/connect.md.

use axum::{
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{Web, problem::Problem};
use crate::{
    service::publishing::{Denied, Signed},
    telemetry::{self, Ingest},
};

/// The largest body that is read (SPEC section 2.2).
const LARGEST_BODY: usize = 256 * 1024;

/// `PUT /rest/atlassian-connect/latest/addons-metrics/{addon_key}/publish`.
pub(super) async fn publish(State(web): State<Web>, Path(addon_key): Path<String>, request: Request) -> Response {
    let response = take(&web, &addon_key, request).await;
    telemetry::ingest_answered(match response.status() {
        status if status.is_success() => Ingest::Stored,
        status if status.is_server_error() => Ingest::Failed,
        _ => Ingest::Refused,
    });
    response
}

async fn take(web: &Web, addon_key: &str, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let signed = Signed {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query(),
        app_key: addon_key,
        token: token(&parts.headers),
    };
    let publisher = match web.service.publisher(signed).await {
        Ok(Ok(publisher)) => publisher,
        Ok(Err(denied)) => return refuse_sender(&denied),
        Err(error) => return failed(&error),
    };
    let body = match read(&parts.headers, body).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    match web.service.publish(&publisher, &body).await {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(refused)) => problem(StatusCode::BAD_REQUEST, &refused.to_string(), refused.item),
        Err(error) => failed(&error),
    }
}

/// The token of `Authorization: JWT <token>`.
fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("JWT").then(|| token.trim())
}

async fn read(headers: &HeaderMap, body: Body) -> Result<axum::body::Bytes, Response> {
    let too_large = || {
        let message = format!(
            "A request has at most {} KiB. Nothing of it was stored.",
            LARGEST_BODY / 1024
        );
        problem(StatusCode::PAYLOAD_TOO_LARGE, &message, None)
    };
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > LARGEST_BODY as u64) {
        return Err(too_large());
    }
    to_bytes(body, LARGEST_BODY).await.map_err(|error| {
        let is_too_large =
            std::error::Error::source(&error).is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if is_too_large {
            too_large()
        } else {
            problem(StatusCode::BAD_REQUEST, "Bad Request: the body broke off.", None)
        }
    })
}

fn refuse_sender(denied: &Denied) -> Response {
    let status = match denied {
        Denied::Token(_) | Denied::Unknown => StatusCode::UNAUTHORIZED,
        Denied::OtherApp | Denied::Ended => StatusCode::FORBIDDEN,
    };
    let mut response = problem(status, &denied.to_string(), None);
    if status == StatusCode::UNAUTHORIZED {
        let headers = response.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("JWT"));
    }
    response
}

fn failed(error: &crate::service::Error) -> Response {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "what an app published was not stored"
    );
    let message = "Something failed on our side, and it is not known whether this was stored.";
    problem(StatusCode::SERVICE_UNAVAILABLE, message, None)
}

/// `item` is the item of the array that was wrong.
fn problem(status: StatusCode, detail: &str, item: Option<usize>) -> Response {
    let problem = Problem::new(status, detail);
    match item {
        Some(item) => problem.at(item, None).into_response(),
        None => problem.into_response(),
    }
}
