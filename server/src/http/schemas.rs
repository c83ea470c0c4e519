use axum::response::{IntoResponse, Response};
use http::header;

use crate::mail::incident_data;

/// The JSON Schema of the object in alert mails; anybody may read it, from any site.
pub(super) async fn incident_data() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/schema+json"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, incident_data::SCHEMA).into_response()
}
