//! `GET /api/v1/designations/{app_key}`. Described in docs/api.md.

use axum::{
    Json,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use rampart_domain::escalation::show_time;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    http::{Web, client, problem::Problem},
    service::Error,
};

/// How long an answer may be kept, in seconds.
const KEPT: &str = "public, max-age=300";

#[derive(Serialize)]
struct Record<'a> {
    app_key: &'a str,
    app_name: &'a str,
    designation: &'a str,
    status: &'static str,
    since: String,
    /// No designation ends by itself.
    expires: Option<String>,
}

/// What anybody may know of an app that ever carried the designation, from any site and without a sign-in.
pub(in crate::http) async fn designation(
    State(web): State<Web>,
    Path(key): Path<String>,
    request: Request,
) -> Response {
    let trusted = &web.service.config.server.trusted_proxies;
    let address = client::address(request.extensions(), request.headers(), trusted);
    let mut response = match web.service.designation(&key, address).await {
        Ok(found) => {
            let record = Record {
                app_key: &found.app_key,
                app_name: &found.app_name,
                designation: &web.service.config.platform.designation,
                status: found.status.as_str(),
                since: show_time(found.since),
                expires: None,
            };
            answer(&record, request.headers().get(header::IF_NONE_MATCH))
        }
        Err(error) => {
            let limited = matches!(error, Error::Limited(_));
            let mut response = Problem::from(error).into_response();
            if limited {
                let wait = HeaderValue::from_static("60");
                response.headers_mut().insert(header::RETRY_AFTER, wait);
            }
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// The record, or 304 for who has it.
fn answer(record: &Record<'_>, known: Option<&HeaderValue>) -> Response {
    // It has nothing in it that could fail.
    let body = serde_json::to_vec(record).unwrap_or_default();
    let hash: String = Sha256::digest(&body)[..16].iter().map(|b| format!("{b:02x}")).collect();
    let tag = format!("\"{hash}\"");
    let is_known = known.and_then(|known| known.to_str().ok()).is_some_and(|known| {
        let mut tags = known.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
        tags.any(|known| known == tag || known == "*")
    });
    let headers = [(header::CACHE_CONTROL, KEPT.to_owned()), (header::ETAG, tag)];
    match is_known {
        true => (StatusCode::NOT_MODIFIED, headers).into_response(),
        false => (headers, Json(record)).into_response(),
    }
}
