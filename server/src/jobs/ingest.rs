//! The writer of events, which the first event starts, on every server. When the server stops, what waits is written, and
//! whatever comes later is refused.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::service::Service;

pub(super) async fn run(service: Arc<Service>, stop: CancellationToken) {
    stop.cancelled().await;
    service.ingest.finish().await;
}
