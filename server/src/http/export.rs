use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use chrono::SecondsFormat;
use http::{StatusCode, header};
use rampart_app::model::{AuditFilter, AuditRow};
use serde::Deserialize;

use super::{Web, visitor::Visitor};
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
