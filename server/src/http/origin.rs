use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use super::Web;

/// Refuses what another site's page makes a browser send: `Sec-Fetch-Site` where the browser says it, else `Origin`
/// against the configured address.
pub(super) async fn check(State(web): State<Web>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_ours(request.headers(), &web.service.config.server.public_url) {
        return next.run(request).await;
    }
    tracing::warn!("refused a request that another site caused");
    let message = "This form was sent from another site, so nothing was done. Open Rampart directly and try again.\n";
    (StatusCode::FORBIDDEN, message).into_response()
}

fn is_ours(headers: &HeaderMap, public_url: &Url) -> bool {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    match (
        text(header::HeaderName::from_static("sec-fetch-site")),
        text(header::ORIGIN),
    ) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => Url::parse(origin).is_ok_and(|o| o.origin() == public_url.origin()),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(headers: &[(&'static str, &str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(k, v)| (header::HeaderName::from_static(k), v.parse().unwrap()))
            .collect();
        is_ours(&headers, &Url::parse("https://rampart.example").unwrap())
    }

    #[test]
    fn only_our_own_pages_may_send_forms() {
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("origin", "https://rampart.example")]));
        assert!(!ours(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://rampart.example")
        ]));
        assert!(!ours(&[("sec-fetch-site", "same-site")]));
        assert!(!ours(&[("origin", "https://evil.example")]));
        assert!(!ours(&[("origin", "http://rampart.example")]));
        assert!(!ours(&[("origin", "null")]));
        assert!(!ours(&[]));
    }
}
