use axum::extract::State;
use http::StatusCode;

use super::Web;
use crate::store::progress;

/// Whether the server can answer at all: it asks the database one small question.
pub(super) async fn healthz(State(web): State<Web>) -> (StatusCode, &'static str) {
    match progress::last(&web.service.store.portal, "healthz").await {
        Ok(_) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
