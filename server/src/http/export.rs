use axum::{
    extract::{OriginalUri, Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use chrono::SecondsFormat;
use http::{HeaderMap, StatusCode, Uri, header};
use rampart_app::{
    model::{AuditFilter, AuditRow},
    ui::link,
};
use serde::Deserialize;

use super::{Web, render, visitor::Visitor};
use crate::service::Error;

#[derive(Deserialize)]
pub(super) struct Narrowed {
    #[serde(default)]
    who: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

/// The audit log as CSV, narrowed as on the page.
pub(super) async fn audit_csv(State(web): State<Web>, visitor: Visitor, Query(query): Query<Narrowed>) -> Response {
    let Some(actor) = &visitor.actor else {
        return Redirect::to("/sign-in?next=/audit").into_response();
    };
    let filter = AuditFilter {
        who: query.who,
        action: query.action,
        subject: query.subject,
        from: query.from.parse().ok(),
        to: query.to.parse().ok(),
        before: None,
    };
    match web.service.audit_export(actor, &filter).await {
        Ok(rows) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
            ];
            (headers, csv(&rows)).into_response()
        }
        Err(Error::Forbidden(why)) => (StatusCode::FORBIDDEN, why).into_response(),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the audit log could not be exported"
            );
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Until {
    until: Option<String>,
}

/// The policy before any was published, for `rampart replay`.
pub(super) async fn escalation_policy(
    State(web): State<Web>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(actor) = &visitor.actor else {
        return ask_to_sign_in(&uri);
    };
    let policy = web.service.policy_download(actor, &key).await;
    match policy {
        Ok(text) => attachment("application/json", "policy.json", text),
        Err(error) => missing(&web, &visitor, &headers, &uri, error).await,
    }
}

/// The facts of an app and those of all apps, for `rampart replay`.
pub(super) async fn escalation_facts(
    State(web): State<Web>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Path(key): Path<String>,
    Query(Until { until }): Query<Until>,
    headers: HeaderMap,
) -> Response {
    let Some(actor) = &visitor.actor else {
        return ask_to_sign_in(&uri);
    };
    let facts = web.service.facts_download(actor, &key, until.as_deref()).await;
    match facts {
        Ok(text) => attachment("application/jsonl", "facts.jsonl", text),
        Err(error) => missing(&web, &visitor, &headers, &uri, error).await,
    }
}

fn ask_to_sign_in(uri: &Uri) -> Response {
    let next = uri.path_and_query().map_or("/", |path| path.as_str());
    Redirect::to(&link::with_query("/sign-in", &[("next", next)])).into_response()
}

fn attachment(kind: &'static str, name: &str, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, text).into_response()
}

/// Answers as an address does that does not exist: no page has the one of a download.
async fn missing(web: &Web, visitor: &Visitor, headers: &HeaderMap, uri: &Uri, error: Error) -> Response {
    if !matches!(error, Error::NotFound) {
        tracing::error!(error = &error as &dyn std::error::Error, "a download failed");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let mut response = render::page(web, visitor, headers, uri, render::With::default()).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn csv(rows: &[AuditRow]) -> String {
    let mut text = line(
        [
            "seq", "at", "who", "action", "subject", "partner", "changes", "why", "address",
        ]
        .map(str::to_owned),
    );
    for row in rows {
        let changes = row
            .changes
            .iter()
            .map(|(name, before, after)| format!("{name}: {before} -> {after}"));
        text.push_str(&line([
            row.seq.to_string(),
            row.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            row.who.clone(),
            row.action.clone(),
            row.subject.clone(),
            row.partner.clone().unwrap_or_default(),
            changes.collect::<Vec<_>>().join("; "),
            row.why.clone().unwrap_or_default(),
            row.address.clone().unwrap_or_default(),
        ]));
    }
    text
}

fn line<const N: usize>(cells: [String; N]) -> String {
    let mut line = cells.map(|c| cell(&c)).join(",");
    line.push_str("\r\n");
    line
}

/// A cell that no spreadsheet takes for a formula (SPEC section 9).
fn cell(text: &str) -> String {
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if guarded.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_no_formulas() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("@sum"), "'@sum");
        assert_eq!(cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(cell("plain"), "plain");
    }
}
