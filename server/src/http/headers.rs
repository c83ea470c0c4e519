use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderValue, Method, header};
use tracing::Instrument;

use super::{Web, route};
use crate::{random, telemetry};

/// The id of a request, which stands in the log and on error pages.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub String);

/// Routes that are asked so often, and say so little, that their requests are logged for debugging only.
const QUIET: [&str; 6] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/pkg/{*file}",
    "/favicon.svg",
    "/robots.txt",
];

/// Gives every request an id, its log lines a span with it, and says and counts how it was answered. The query is left out:
/// it may hold what people searched.
pub(super) async fn identify(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let id: String = random::bytes::<6>().iter().map(|b| format!("{b:02x}")).collect();
    request.extensions_mut().insert(RequestId(id.clone()));
    let route = web.pages.route(&request);
    let method = known(request.method());
    // Of the highest level, so that whatever passes the filter carries the id.
    let span = tracing::error_span!("request", id, method, route, path = tracing::field::Empty);
    if route::is_loggable(&route) {
        span.record("path", request.uri().path());
    }
    async move {
        let started = tokio::time::Instant::now();
        let mut response = next.run(request).await;
        let (status, took) = (response.status().as_u16(), started.elapsed());
        let duration_ms = took.as_secs_f64() * 1_000.0;
        if QUIET.contains(&route.as_str()) {
            tracing::debug!(status, duration_ms, "answered");
        } else {
            tracing::info!(status, duration_ms, "answered");
        }
        telemetry::request(route, method, status, took);
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("x-request-id", value);
        }
        response
    }
    .instrument(span)
    .await
}

/// The method, or "other" for one that nothing here understands: anybody may make up methods.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Headers that hold for everything; a page brings its own content security policy with its nonce.
pub(super) async fn secure(State(web): State<Web>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut default = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "same-origin");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::CACHE_CONTROL, "private, no-cache");
    default(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    );
    let unnamed = [
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    for (name, value) in unnamed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if web.service.config.server.public_url.scheme() == "https" {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=63072000"),
        );
    }
    response
}
