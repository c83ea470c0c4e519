//! The exclusion ledger of the gallery.

use chrono::TimeDelta;
use rampart_app::model::*;
use rampart_domain::access::{Action, Actor};

use super::{ago, apps, now};

fn rows() -> Vec<LedgerRow> {
    let own = Some(("com.kestrel.timesheets".to_owned(), "Timesheets for Jira".to_owned()));
    let row = |id: &str, app, series: &str, from, to, kind: &str, authority: &str| LedgerRow {
        id: id.to_owned(),
        app,
        series: series.to_owned(),
        target: None,
        from: ago(from),
        to: ago(to),
        kind: kind.to_owned(),
        authority: authority.to_owned(),
        entered_by: Some("Kim Oduya".to_owned()),
        entered_at: ago(to - 90),
        revoked: None,
        href: format!("/ledger/{id}"),
    };
    vec![
        row(
            "waiver",
            own.clone(),
            "all series",
            6_570,
            6_480,
            "waiver",
            "Kim Oduya: The failover drill that both sides agreed on ran longer than planned.",
        ),
        LedgerRow {
            entered_by: None,
            ..row(
                "gap",
                None,
                "App availability",
                9_200,
                9_183,
                "data gap",
                "the portal itself was cut off: its canaries did not answer from 05:12:10 to 05:27:40 UTC, nor did most apps",
            )
        },
        LedgerRow {
            target: Some("eu.timesheets.kestrel.example".to_owned()),
            revoked: Some(Revoked {
                at: ago(11_000),
                by: Some("Kim Oduya".to_owned()),
                why: "It named the wrong base URL.".to_owned(),
            }),
            ..row(
                "revoked",
                own,
                "App availability",
                12_000,
                11_880,
                "waiver",
                "Kim Oduya: A certificate of ours expired.",
            )
        },
    ]
}

pub(crate) fn all(actor: &Actor, filter: LedgerFilter) -> LedgerPage {
    let rows = if filter.search.is_empty() { rows() } else { Vec::new() };
    LedgerPage {
        total: rows.len() as u64,
        rows,
        page: 1,
        pages: 1,
        filter,
        kinds: ["planned_downtime", "platform_fault", "data_gap", "waiver"]
            .map(|kind| (kind.to_owned(), kind.replace('_', " ")))
            .to_vec(),
        may_file: actor.may_everywhere(Action::ManageLedger),
    }
}

pub(crate) fn of_app(actor: &Actor, key: &str, entry: Option<String>, page: u32) -> AppLedger {
    let mut rows = if key == "good" { Vec::new() } else { rows() };
    rows.retain(|row| entry.as_ref().is_none_or(|id| row.id == *id));
    AppLedger {
        head: apps::head(actor, key),
        total: rows.len() as u64,
        rows,
        page,
        pages: 1,
        narrowed: entry.is_some(),
    }
}

pub(crate) fn entry(id: &str) -> LedgerEntryPage {
    let row = rows()
        .into_iter()
        .find(|row| row.id == id)
        .unwrap_or_else(|| rows().remove(0));
    LedgerEntryPage {
        effect: row
            .revoked
            .is_none()
            .then(|| effect(Standing::Excused, Standing::Counts)),
        row,
    }
}

pub(crate) fn waiver(draft: WaiverDraft) -> WaiverPage {
    let choices = |all: &[(&str, &str)]| all.iter().map(|(k, n)| ((*k).to_owned(), (*n).to_owned())).collect();
    WaiverPage {
        effect: (!draft.why.is_empty()).then(|| effect(Standing::Counts, Standing::Excused)),
        draft,
        slis: choices(&[
            ("availability", "App availability"),
            ("webhook_delivery", "Webhook delivery"),
        ]),
        products: choices(&[("jira", "Jira"), ("jsm", "Jira Service Management")]),
    }
}

fn effect(before: Standing, after: Standing) -> LedgerEffect {
    let row = BreachRow {
        standing: before,
        opened_at: now() - TimeDelta::minutes(6_560),
        ..apps::breaches("com.kestrel.timesheets").remove(1)
    };
    let excuses = after == Standing::Excused;
    let (with, without) = ((Some(99.952), 19), (Some(99.803), 79));
    let (now, then) = if excuses { (without, with) } else { (with, without) };
    LedgerEffect {
        series: vec![SeriesEffect {
            app: "Timesheets for Jira".to_owned(),
            indicator: "App availability".to_owned(),
            target: Some("timesheets.kestrel.example".to_owned()),
            slo: 99.9,
            raw: Some(99.803),
            before: now.0,
            after: then.0,
            bad_before: now.1,
            bad_after: then.1,
        }],
        total_series: 1,
        misses: Vec::new(),
        breaches: vec![BreachEffect {
            app: "Timesheets for Jira".to_owned(),
            row,
            after,
            bad_after: if excuses { 0 } else { 60 },
        }],
    }
}
