//! What a supervisor or a load balancer asks.

use std::time::Duration;

use axum::extract::State;
use http::StatusCode;

use super::Web;
use crate::store::{self, Db};

/// A database that takes longer to answer a small question serves nobody.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process is alive. Nothing is asked of anything else, so that a database that is gone does not get the server
/// restarted for it.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether requests should be sent here: both databases answer, and the server is not about to stop. Else there is one line
/// per reason.
pub(super) async fn readyz(State(web): State<Web>) -> (StatusCode, String) {
    let store = &web.service.store;
    let (portal, metrics) = tokio::join!(
        answers("the portal's database", &store.portal),
        answers("the database of figures", &store.metrics)
    );
    let stopping = web
        .service
        .stopping
        .is_cancelled()
        .then(|| "the server is stopping\n".to_owned());
    let reasons: String = [stopping, portal, metrics].into_iter().flatten().collect();
    if reasons.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, reasons)
    }
}

/// Why the database cannot be used. What exactly failed goes to the log: it may name hosts and users.
async fn answers(name: &str, db: &Db) -> Option<String> {
    match tokio::time::timeout(PATIENCE, db.ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            note(name, &error);
            Some(format!("{name} does not answer\n"))
        }
        Err(_) => Some(format!("{name} does not answer within {} s\n", PATIENCE.as_secs())),
    }
}

fn note(name: &str, error: &store::Error) {
    tracing::warn!(error = error as &dyn std::error::Error, "{name} does not answer");
}
