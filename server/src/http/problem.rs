//! Errors of the API, as problem details (RFC 9457).

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::service::Error;

/// Why a request was refused.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    #[serde(serialize_with = "number")]
    status: StatusCode,
    /// What was wrong, what was kept and what to do.
    detail: String,
    /// The item of a list that is wrong, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<u32>,
    /// The field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status,
            detail: detail.into(),
            item: None,
            field: None,
        }
    }

    /// The problem is with one item of a list, or with one field of it.
    pub(super) fn at(mut self, item: usize, field: Option<&'static str>) -> Self {
        self.item = u32::try_from(item).ok();
        self.field = field;
        self
    }

    /// Whether it is ours, and not that of whoever sent the request.
    pub(super) fn is_ours(&self) -> bool {
        self.status.is_server_error()
    }

    /// No bearer token that opens this.
    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "A valid token is needed: Authorization: Bearer rampart_…. It may have expired or been revoked.",
        )
    }
}

/// The refusal of a use case; what failed on our side is logged here, once.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::new(StatusCode::NOT_FOUND, "There is no such thing."),
            Error::Forbidden(why) => Self::new(StatusCode::FORBIDDEN, why),
            Error::Conflict(why) | Error::Stale(why) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, why),
            Error::Limited(why) => Self::new(StatusCode::TOO_MANY_REQUESTS, why),
            Error::Invalid(invalid) => {
                let messages = invalid.fields.into_iter().map(|field| field.message);
                let messages: Vec<String> = messages.chain(invalid.message).collect();
                Self::new(StatusCode::BAD_REQUEST, messages.join(" "))
            }
            Error::Internal(error) => {
                tracing::error!(error = &*error, "a request of the API failed");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Something failed on our side. Send the same request again in a moment, with the same Idempotency-Key.",
                )
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"api\""),
            );
        }
        response
    }
}
