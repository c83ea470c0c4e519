use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderValue, header};
use tracing::Instrument;

use super::Web;
use crate::random;

/// The id of a request, which stands in the log and on error pages.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub String);

/// Gives every request an id, and its log lines a span with it. The query is left out: it may hold what people searched.
pub(super) async fn identify(mut request: Request, next: Next) -> Response {
    let id: String = random::bytes::<6>().iter().map(|b| format!("{b:02x}")).collect();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id, method = %request.method(), path = loggable(request.uri().path()));
    async move {
        let started = tokio::time::Instant::now();
        let mut response = next.run(request).await;
        tracing::debug!(
            status = response.status().as_u16(),
            micros = started.elapsed().as_micros() as u64,
            "answered"
        );
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("x-request-id", value);
        }
        response
    }
    .instrument(span)
    .await
}

/// A path without the one-time token it may hold.
fn loggable(path: &str) -> &str {
    ["/invitation/", "/alert-address/"]
        .into_iter()
        .find(|secret| path.starts_with(secret))
        .unwrap_or(path)
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
