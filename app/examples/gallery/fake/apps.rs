//! Made-up apps, in every state.

use chrono::{NaiveDate, TimeDelta};
use rampart_app::{model::*, services::AppQuery};
use rampart_domain::access::{Action, Actor};

use super::{ago, escalation, figures, now, people};

pub(crate) fn products() -> Vec<(String, String)> {
    [
        ("jira", "Jira"),
        ("confluence", "Confluence"),
        ("bitbucket", "Bitbucket"),
        ("jsm", "Jira Service Management"),
        ("compass", "Compass"),
    ]
    .map(|(key, name)| (key.to_owned(), name.to_owned()))
    .to_vec()
}

fn state(key: &str) -> AppState {
    match key {
        "good" => AppState::Good,
        "below" => AppState::BelowTarget,
        "new-one" => AppState::NotMeasured,
        "unknown" => AppState::Unknown,
        "archived" => AppState::Archived,
        _ => AppState::Breach,
    }
}

pub(crate) fn head(actor: &Actor, key: &str) -> AppHead {
    let state = state(key);
    let measured = !matches!(state, AppState::NotMeasured | AppState::Archived);
    AppHead {
        key: key.to_owned(),
        name: if key == "hostile" {
            "<script>alert(1)</script> & \"co\""
        } else {
            "Timesheets for Jira"
        }
        .to_owned(),
        kind: "Connect".to_owned(),
        products: vec!["Jira".to_owned()],
        partner: people::kestrel(),
        state,
        escalation: escalation::state(key),
        measuring_since: measured.then(|| ago(130_000)),
        archived_at: (state == AppState::Archived).then(|| ago(50_000)),
        complete_until: (state != AppState::NotMeasured).then(|| ago(1)),
        open_breaches: u32::from(state == AppState::Breach),
        breaches: if state == AppState::Breach { 11 } else { 0 },
        may: AppPermissions {
            edit: actor.may_somewhere(Action::EditApp),
            archive: actor.may_somewhere(Action::ArchiveApp),
            measure: actor.may_somewhere(Action::MeasureApp),
        },
    }
}

pub(crate) fn list(actor: &Actor, query: AppQuery) -> AppList {
    let row = |key: &str, name: &str, availability, left| AppRow {
        key: key.to_owned(),
        name: name.to_owned(),
        partner: "Kestrel Labs".to_owned(),
        state: state(key),
        escalation: escalation::state(key),
        availability,
        budget_left: left,
        budget_share: left.map(|l: f64| l / 40.3),
        open_breaches: u32::from(state(key) == AppState::Breach),
        measuring_since: left.map(|_| ago(130_000)),
    };
    let rows = if query.search.is_empty() {
        vec![
            row("com.kestrel.timesheets", "Timesheets for Jira", Some(99.92), Some(8.3)),
            row("below", "Boards Export", Some(99.852), Some(-19.4)),
            row("good", "Release Notes Composer", Some(100.0), Some(40.3)),
            row("unknown", "Sprint Mirror", None, None),
            row(
                "new-one",
                "Kestrel Labs Approval Workflows and Signatures for Confluence Cloud",
                None,
                None,
            ),
        ]
    } else {
        Vec::new()
    };
    AppList {
        total: rows.len() as u64,
        rows,
        page: query.page,
        pages: 3,
        search: if query.search == "empty" {
            String::new()
        } else {
            query.search
        },
        shows_partner: actor.is_staff(),
        may_register: actor.may_somewhere(Action::RegisterApp),
        archived: query.archived,
    }
}

pub(crate) fn budget(bad: u64, counted: u64) -> Budget {
    let allowed = counted as f64 * 0.001;
    let left = allowed - bad as f64;
    Budget {
        counted,
        bad,
        allowed,
        left,
        share: (counted > 0).then(|| left / allowed),
        in_minutes: true,
    }
}

fn slis(key: &str) -> Vec<SliRow> {
    let row = |target: &str, quarter, day, month, bad, since| SliRow {
        name: "App availability".to_owned(),
        target: Some(target.to_owned()),
        slo: 99.9,
        quarter_hour: quarter,
        day,
        month,
        month_raw: month,
        budget: budget(bad, if month.is_some() { 40_320 } else { 0 }),
        budget_raw: budget(bad, if month.is_some() { 40_320 } else { 0 }),
        outlook: Outlook {
            exhausted_on: NaiveDate::from_ymd_opt(2026, 12, 4).filter(|_| (20..41).contains(&bad)),
            met_again_on: NaiveDate::from_ymd_opt(2026, 12, 7).filter(|_| bad > 40),
        },
        breach_since: since,
        href: format!("/apps/{key}/metrics?series=a"),
        budget_href: format!("/apps/{key}/metrics/budget?series=a"),
    };
    match state(key) {
        AppState::NotMeasured => Vec::new(),
        AppState::Unknown => vec![row("timesheets.kestrel.example", None, None, None, 0, None)],
        AppState::Good | AppState::Archived => vec![
            row(
                "timesheets.kestrel.example",
                Some(100.0),
                Some(100.0),
                Some(99.98),
                8,
                None,
            ),
            row(
                "eu.timesheets.kestrel.example",
                Some(100.0),
                Some(100.0),
                Some(100.0),
                0,
                None,
            ),
        ],
        AppState::BelowTarget => vec![row(
            "timesheets.kestrel.example",
            Some(100.0),
            Some(100.0),
            Some(99.852),
            59,
            None,
        )],
        AppState::Breach => vec![
            SliRow {
                month_raw: Some(99.77),
                budget_raw: budget(92, 40_380),
                ..row(
                    "timesheets.kestrel.example",
                    Some(60.0),
                    Some(98.81),
                    Some(99.9206),
                    32,
                    Some(ago(42)),
                )
            },
            row(
                "eu.timesheets.kestrel.example",
                Some(100.0),
                Some(100.0),
                Some(99.98),
                8,
                None,
            ),
        ],
    }
}

pub(crate) fn overview(actor: &Actor, key: &str) -> AppOverview {
    let head = head(actor, key);
    let shown = head.state;
    let empty = matches!(shown, AppState::NotMeasured | AppState::Unknown);
    let calm = shown != AppState::Breach;
    let probe = |url: &str, good, outcome: &str| BaseUrlProbe {
        url: url.to_owned(),
        at: Some(now() - TimeDelta::seconds(8)),
        good: Some(good),
        outcome: outcome.to_owned(),
        p95_ms: Some(212),
    };
    AppOverview {
        slis: slis(key),
        todo: if shown == AppState::Breach {
            vec![
                Todo {
                    title: "Look at the open breach".to_owned(),
                    detail: "App availability, since 13:50 UTC".to_owned(),
                    href: format!("/apps/{key}/breaches/k3v9Qe1xZ0A"),
                },
                Todo {
                    title: "Confirm the alert address".to_owned(),
                    detail: "The drill mail to oncall@kestrel.example waits since 21 Nov".to_owned(),
                    href: format!("/apps/{key}/settings#alert-mails"),
                },
            ]
        } else {
            Vec::new()
        },
        health: if shown == AppState::NotMeasured {
            Vec::new()
        } else if calm {
            vec![probe("timesheets.kestrel.example/health", true, "200 in 84 ms")]
        } else {
            vec![
                probe("timesheets.kestrel.example/health", false, "no answer within 3 s"),
                probe("eu.timesheets.kestrel.example/health", true, "200 in 91 ms"),
            ]
        },
        chart: (!empty).then(|| figures::month(calm)),
        chart_title: "Availability, 28 days".to_owned(),
        days: if empty { Vec::new() } else { figures::days(key, calm) },
        breaches: if calm { Vec::new() } else { breaches(key) },
        misses: if shown == AppState::BelowTarget {
            misses()
        } else {
            Vec::new()
        },
        alert_address: alert_address(shown == AppState::Breach),
        burn_rates: BurnRates {
            on: true,
            last: (shown == AppState::Breach).then(|| ago(7)),
            is_open: shown == AppState::Breach,
        },
        clears_on: (shown == AppState::BelowTarget)
            .then(|| NaiveDate::from_ymd_opt(2026, 12, 7))
            .flatten(),
        head,
    }
}

pub(crate) fn breaches(key: &str) -> Vec<BreachRow> {
    let row = |id: &str, from, to: Option<i64>, lowest, standing| BreachRow {
        incident_id: id.to_owned(),
        indicator: "App availability".to_owned(),
        target: Some("timesheets.kestrel.example".to_owned()),
        opened_at: ago(from),
        closed_at: to.map(ago),
        closing: to.map(|_| Closing::Ok),
        lowest,
        standing,
        assessment: (standing != Standing::Counts).then(|| Assessment {
            note: "A deployment took longer than planned.\nNo customer noticed: it was Sunday night.".to_owned(),
            by: "Mia Lang".to_owned(),
            at: ago(to.unwrap_or(from) - 10),
        }),
        bad: Some(match standing {
            Standing::Counts => (17, 17),
            Standing::Excused => (60, 0),
            Standing::Blip => (1, 1),
        }),
        href: format!("/apps/{key}/breaches/{id}"),
    };
    vec![
        row("k3v9Qe1xZ0A", 42, None, 60.0, Standing::Counts),
        row("excused", 6_560, Some(6_490), 0.0, Standing::Excused),
        row("blip", 15_000, Some(14_984), 93.333, Standing::Blip),
        row("p0LmZ7c2aQ4", 20_380, Some(20_290), 80.0, Standing::Counts),
    ]
}

pub(crate) fn misses() -> Vec<MissRow> {
    let row = |since, ended: Option<i64>, rate| MissRow {
        excused: false,
        indicator: "App availability".to_owned(),
        target: Some("timesheets.kestrel.example".to_owned()),
        since: ago(since),
        ended: ended.map(ago),
        met_since: None,
        slo: 99.9,
        rate,
    };
    vec![row(5_000, None, 99.871)]
}

pub(crate) fn breach(actor: &Actor, key: &str, id: &str) -> BreachPage {
    let row = breaches(key)
        .into_iter()
        .find(|b| b.incident_id == id)
        .unwrap_or_else(|| breaches(key).remove(0));
    let adjusted = match row.standing {
        Standing::Counts => 17,
        Standing::Excused => 0,
        Standing::Blip => 1,
    };
    BreachPage {
        head: head(actor, key),
        condition: "below 99.9 % over the past 15 min".to_owned(),
        slo: 99.9,
        latest: 66.7,
        window_from: row.opened_at - TimeDelta::minutes(16),
        bad: adjusted.max(if row.standing == Standing::Excused { 60 } else { 1 }),
        bad_adjusted: adjusted,
        counted_at: (row.standing != Standing::Blip).then(|| row.opened_at + TimeDelta::minutes(1)),
        rate: Some(62.5),
        rate_adjusted: (row.standing != Standing::Excused).then_some(62.5),
        excluded_by: match row.standing {
            Standing::Excused => vec![(
                "waiver: Kim Oduya: The failover drill that both sides agreed on ran longer than planned.".to_owned(),
                format!("/apps/{key}/ledger?entry=waiver"),
            )],
            _ => Vec::new(),
        },
        occurrence: (row.standing != Standing::Blip).then(|| Occurrence {
            name: row.incident_id.clone(),
            counted_at: row.opened_at + TimeDelta::minutes(1),
            closed_at: row.closed_at.map(|at| at + TimeDelta::hours(6)),
            excused: row.standing == Standing::Excused,
            breaches: vec![
                row.clone(),
                BreachRow {
                    incident_id: "q8Rk2PzLmX4".to_owned(),
                    target: Some("eu.timesheets.kestrel.example".to_owned()),
                    opened_at: row.opened_at + TimeDelta::minutes(2),
                    href: format!("/apps/{key}/breaches/q8Rk2PzLmX4"),
                    ..row.clone()
                },
            ],
        }),
        counting_threshold: 2,
        chart: Some(figures::chart(
            "App availability around the breach",
            ago(360),
            now(),
            300,
            false,
        )),
        minutes: figures::minutes().into_iter().filter(|m| m.bad > 0).collect(),
        probes: figures::probes().into_iter().filter(|p| !p.good).collect(),
        mails: people::mails().into_iter().take(1).collect(),
        may_assess: !actor.is_staff(),
        assessment_version: i64::from(row.assessment.is_some()),
        row,
    }
}

fn alert_address(pending: bool) -> AlertAddress {
    AlertAddress {
        confirmed: Some("alerts@kestrel.example".to_owned()),
        confirmed_at: Some(ago(100_000)),
        pending: pending.then(|| "oncall@kestrel.example".to_owned()),
        drill_sent_at: pending.then(|| ago(3_000)),
        failed: None,
        recipients: vec!["alerts@kestrel.example".to_owned()],
    }
}

fn installations(actor: &Actor) -> Installations {
    let row = |id: &str, site: &str, ended: bool| InstallationRow {
        id: id.to_owned(),
        site: site.to_owned(),
        product: "Jira".to_owned(),
        group: "Production".to_owned(),
        module_types: vec!["generalPages".to_owned(), "adminPages".to_owned()],
        version: 3,
        created_at: ago(200_000),
        secret_since: Some(ago(600)),
        old_secret_until: (!ended).then(|| ago(-840)),
        ended_at: ended.then(|| ago(50)),
    };
    Installations {
        rows: vec![
            row("one", "acme.atlassian.net", false),
            row("two", "old.atlassian.net", true),
        ],
        products: vec![("jira".to_owned(), "Jira".to_owned())],
        groups: vec![
            ("prod".to_owned(), "Production".to_owned()),
            ("dfr".to_owned(), "Developer first rollout".to_owned()),
        ],
        may_manage: !actor.is_staff(),
        can_keep_secrets: true,
    }
}

pub(crate) fn settings(actor: &Actor, key: &str) -> AppSettings {
    AppSettings {
        head: head(actor, key),
        version: 7,
        kind: "connect".to_owned(),
        products: products()
            .into_iter()
            .map(|(key, name)| (key.clone(), name, key == "jira"))
            .collect(),
        support_contact: "support@kestrel.example".to_owned(),
        operations_contacts: "Sam Ferro, +00 555 0100\noncall@kestrel.example".to_owned(),
        health_path: "/health".to_owned(),
        base_urls: vec![
            "https://timesheets.kestrel.example".to_owned(),
            "https://eu.timesheets.kestrel.example".to_owned(),
        ],
        fails_when_down: true,
        excluded_sites: vec!["kestrel-test.atlassian.net".to_owned()],
        alert_address: alert_address(true),
        burn_rates: BurnRates {
            on: true,
            last: Some(ago(7)),
            is_open: false,
        },
        installations: installations(actor),
        mails: people::mails().into_iter().take(2).collect(),
    }
}

pub(crate) fn levels(actor: &Actor, query: LevelsQuery) -> LevelsPage {
    let cell = |of: Option<&str>, slo: f64, month: Option<f64>, breach: Option<i64>| LevelCell {
        of: of.map(str::to_owned),
        slo,
        month,
        is_met: month.map(|month| month >= slo),
        budget_share: month.map(|month| 1.0 - (100.0 - month) / (100.0 - slo)),
        breach_since: breach.map(ago),
        href: "/apps/good/metrics?series=a".to_owned(),
    };
    let row = |key: &str, name: &str, state, cells| LevelsRow {
        key: key.to_owned(),
        name: name.to_owned(),
        partner: "Kestrel Labs".to_owned(),
        state,
        cells,
    };
    let rows = vec![
        row(
            "com.kestrel.timesheets",
            "Timesheets for Jira",
            AppState::Breach,
            vec![
                Some(cell(Some("timesheets.kestrel.example"), 99.9, Some(99.9206), Some(42))),
                Some(cell(Some("Jira"), 95.0, Some(98.4), None)),
                Some(cell(Some("Jira Service Management"), 99.0, Some(97.1), None)),
                Some(cell(Some("Jira"), 99.0, None, None)),
            ],
        ),
        row(
            "good",
            "A quiet one",
            AppState::Good,
            vec![Some(cell(None, 99.9, Some(100.0), None)), None, None, None],
        ),
        row(
            "new-one",
            "Just registered",
            AppState::NotMeasured,
            vec![None, None, None, None],
        ),
    ];
    LevelsPage {
        partner: query.partner.map(|id| PartnerRef {
            id,
            name: "Kestrel Labs".to_owned(),
        }),
        shows_partner: actor.is_staff(),
        columns: vec![
            "App availability",
            "Iframe load",
            "Installation callback",
            "Webhook delivery",
        ],
        total: rows.len() as u64,
        rows: if query.search == "nothing" { Vec::new() } else { rows },
        search: query.search,
        order: query.order,
        may_order: true,
        page: 1,
        pages: 1,
    }
}
