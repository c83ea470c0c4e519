//! The ladder of the gallery, its receipts and its board.

use rampart_app::model::*;
use rampart_domain::{
    access::{Action, Actor},
    escalation::{EscalationPolicy, Rule, State},
};

use super::{ago, apps, people};

const DAY: i64 = 24 * 60;

/// Where an app stands, by its key.
pub(crate) fn state(key: &str) -> Option<State> {
    match key {
        "new-one" => None,
        "good" => Some(State::GoodStanding),
        "below" => Some(State::Notified),
        "proposed" | "appealed" => Some(State::DemotionProposed),
        "demoted" => Some(State::Demoted),
        _ => Some(State::Remediation),
    }
}

fn decision(days: i64, from: State, to: State, rule: Rule, explanation: &str) -> DecisionRow {
    DecisionRow {
        at: ago(days * DAY),
        from,
        to,
        rule,
        policy_version: 1,
        explanation: explanation.to_owned(),
        href: "/apps/com.kestrel.timesheets/escalation/Qm3v9K7xZ0A".to_owned(),
    }
}

fn decisions() -> Vec<DecisionRow> {
    vec![
        decision(
            12,
            State::Notified,
            State::Remediation,
            Rule::RepeatedBreaches,
            "3 breaches counted within 28 days, and 3 lead to remediation: it has to be completed by 10 January 2027, 14:32:00 UTC.",
        ),
        decision(
            24,
            State::GoodStanding,
            State::Notified,
            Rule::Notify,
            "1 breach and 0 missed objectives count: the app is notified, and is in good standing again after 28 days without any.",
        ),
        decision(
            200,
            State::None,
            State::GoodStanding,
            Rule::Designated,
            "The app carries the designation; breaches count from here on.",
        ),
    ]
}

fn counting() -> Vec<CountingRow> {
    let row = |days: i64, lasts: Option<i64>, is_miss| CountingRow {
        is_miss,
        series: "availability/https://timesheets.kestrel.example".to_owned(),
        at: ago(days * DAY),
        ended: lasts.map(|minutes| ago(days * DAY - minutes)),
        href: "/apps/com.kestrel.timesheets/breaches/k3v9Qe1xZ0A".to_owned(),
    };
    vec![
        row(24, Some(44), false),
        row(17, Some(130), false),
        row(12, Some(61), false),
        row(2, None, true),
    ]
}

fn ladder(key: &str, state: State) -> Ladder {
    let outlook: &[&str] = match state {
        State::GoodStanding => &["A breach that counts, or a missed target, leads to a notification."],
        State::Notified => &[
            "1 of 3 breaches within 28 days; remediation from 3 on.",
            "A target has been missed for 2 of 7 days; remediation from 28 November 2026, 14:32:00 UTC on.",
        ],
        State::Remediation => &[
            "A demotion is proposed when the deadline passes.",
            "0 of 3 further breaches from 25 November 2026, 14:32:00 UTC on; that many lead to a proposed demotion too.",
        ],
        State::DemotionProposed => &["A program manager confirms the demotion, or declines it with a new deadline."],
        _ => &["A program manager may take the app back once the wait is over."],
    };
    Ladder {
        state,
        since: Some(ago(12 * DAY)),
        deadline: (state == State::Remediation).then(|| ago(-48 * DAY)),
        clears: (state == State::Notified).then(|| ago(-20 * DAY)),
        cools_off: (state == State::Demoted).then(|| ago(-78 * DAY)),
        appeal_open: key == "appealed",
        app_frozen: key == "frozen",
        all_frozen: key == "frozen",
        thaws: (key == "frozen").then(|| ago(-DAY)),
        outlook: outlook.iter().map(|sentence| (*sentence).to_owned()).collect(),
        counting: match state {
            State::GoodStanding | State::Demoted => Vec::new(),
            _ => counting(),
        },
    }
}

fn freeze(state: &str) -> Option<FreezeOfAll> {
    let freeze = FreezeOfAll {
        since: ago(90),
        by: None,
        why: "the portal itself was cut off: its canaries did not answer from 13:02:10 to 13:40:30 UTC, nor did most apps"
            .to_owned(),
        thaws: Some(ago(52 - DAY)),
        kept: None,
    };
    match state {
        "demoted" => Some(freeze),
        "remediation" => Some(FreezeOfAll {
            thaws: None,
            kept: Some(KeptFreeze {
                by: "Pia Weber".to_owned(),
                at: ago(30),
                why: "The network provider has not said what failed.".to_owned(),
            }),
            ..freeze
        }),
        _ => None,
    }
}

fn acts(actor: &Actor, key: &str) -> Vec<Act> {
    let manager: &[ActKind] = match key {
        "new-one" => &[ActKind::Designate],
        "proposed" => &[
            ActKind::ConfirmDemotion,
            ActKind::DeclineDemotion,
            ActKind::Freeze,
            ActKind::Withdraw,
        ],
        "appealed" => &[
            ActKind::ConfirmDemotion,
            ActKind::DeclineDemotion,
            ActKind::CloseAppeal,
            ActKind::Withdraw,
        ],
        "demoted" => &[ActKind::Reinstate, ActKind::Freeze, ActKind::Withdraw],
        "frozen" => &[ActKind::Thaw, ActKind::Withdraw],
        _ => &[ActKind::Freeze, ActKind::Withdraw],
    };
    let owner: &[ActKind] = match key {
        "new-one" | "appealed" => &[],
        _ => &[ActKind::OpenAppeal],
    };
    let kinds = if actor.may_everywhere(Action::DecideEscalation) {
        manager
    } else if actor.may_somewhere(Action::AppealDecisions) {
        owner
    } else {
        &[]
    };
    let obstacle = |kind| match (kind, key) {
        (ActKind::ConfirmDemotion, "appealed") => {
            Some("An appeal is open. Decide on it first; until then nobody can confirm the demotion.")
        }
        (ActKind::Reinstate, _) => Some("The wait after the demotion is not over; the page says when it is."),
        (ActKind::OpenAppeal, "good") => {
            Some("There is nothing to appeal: the app is in good standing, or not in the programme.")
        }
        _ => None,
    };
    kinds
        .iter()
        .map(|kind| Act {
            kind: *kind,
            about: String::new(),
            obstacle: obstacle(*kind).map(str::to_owned),
        })
        .collect()
}

pub(crate) fn page(actor: &Actor, key: &str) -> EscalationPage {
    let is_stopped = key == "stopped";
    EscalationPage {
        head: apps::head(actor, key),
        ladder: state(key).filter(|_| !is_stopped).map(|state| ladder(key, state)),
        error: is_stopped.then(|| match actor.is_staff() {
            true => "the fact Zx81kQ0aB7c: \"b7\" is no breach of this app that came before".to_owned(),
            false => "The platform looks into it; nothing is decided about this app meanwhile.".to_owned(),
        }),
        decisions: if key == "new-one" { Vec::new() } else { decisions() },
        policy: EscalationPolicy::standard(),
        acts: if is_stopped { Vec::new() } else { acts(actor, key) },
        appealable: counting()
            .into_iter()
            .zip(1..)
            .map(|(row, n)| (format!("b{n}"), row))
            .collect(),
        appeal: (key == "appealed").then(appeal),
        appeals: if key == "below" {
            vec![decided_appeal()]
        } else {
            Vec::new()
        },
        at_fault: (is_stopped && actor.may_everywhere(Action::DecideEscalation)).then(|| "Zx81kQ0aB7c".to_owned()),
        open_items: (key == "new-one").then_some(3),
        set_aside: match key {
            "below" => vec![SetAsideRow {
                at: ago(7 * DAY),
                fact: "Kq0aB7cZx81".to_owned(),
                what: "A breach ended.".to_owned(),
                why: "The breach belongs to another app; the import had mixed them up.".to_owned(),
            }],
            _ => Vec::new(),
        },
        record_href: (key != "new-one").then(|| format!("/api/v1/designations/{key}")),
    }
}

fn appeal() -> OpenAppeal {
    let mut rows = counting();
    let miss = rows.pop();
    OpenAppeal {
        since: ago(DAY + 95),
        why: "The breaches of the last weeks came from the network of our provider, who has confirmed it.".to_owned(),
        if_granted: State::Notified,
        deadline: None,
        waivers: rows
            .iter()
            .map(|row| WaiverRow {
                series: row.series.clone(),
                from: row.at,
                to: row.ended.unwrap_or(row.at),
            })
            .collect(),
        about: rows.into_iter().chain(miss.clone()).collect(),
        besides: Vec::new(),
        beyond: miss.into_iter().collect(),
    }
}

fn decided_appeal() -> DecidedAppeal {
    DecidedAppeal {
        opened_at: ago(9 * DAY),
        opened_why: "The breach of 12 November was an outage of the platform.".to_owned(),
        at: ago(8 * DAY),
        granted: true,
        why: "The incident report of the platform says so.".to_owned(),
        effect: "Everything that it names is excused by a waiver. The app was in remediation and is notified now."
            .to_owned(),
    }
}

pub(crate) fn receipt(actor: &Actor, key: &str) -> ReceiptPage {
    let fact = |id: &str, days: i64| FactRow {
        id: id.to_owned(),
        at: ago(days * DAY),
        what: "A breach of availability/https://timesheets.kestrel.example counted.".to_owned(),
        href: Some("/apps/com.kestrel.timesheets/breaches/k3v9Qe1xZ0A".to_owned()),
    };
    ReceiptPage {
        head: apps::head(actor, key),
        decision: decisions().remove(0),
        recorded_at: ago(12 * DAY),
        facts: vec![
            fact("Zx81kQ0aB7c", 24),
            fact("b9Lm2_QpR4s", 17),
            fact("Uu7-XcVbN1a", 12),
        ],
        inputs: "3c1a0d6f8e2b4795a1c3e5f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b".to_owned(),
        until: "2026-11-11T14:32:00Z".to_owned(),
        policy_href: format!("/apps/{key}/escalation/policy.json"),
        facts_href: format!("/apps/{key}/escalation/facts.jsonl?until=2026-11-11T14%3A32%3A00Z"),
    }
}

pub(crate) fn board(actor: &Actor, filter: BoardFilter) -> EscalationBoard {
    let row = |key: &str, name: &str, state, partner: PartnerRef| BoardRow {
        app_key: key.to_owned(),
        app_name: name.to_owned(),
        partner,
        state,
        since: Some(ago(12 * DAY)),
        deadline: (state == State::Remediation).then(|| ago(-48 * DAY)),
        clears: (state == State::Notified).then(|| ago(-20 * DAY)),
        paused: key == "appealed",
        error: (key == "stopped")
            .then(|| "the fact Zx81kQ0aB7c: \"b7\" is no breach of this app that came before".to_owned()),
    };
    let all = vec![
        row("stopped", "Release Notes", State::GoodStanding, people::other()),
        row("appealed", "Roadmap Slides", State::DemotionProposed, people::other()),
        row(
            "com.kestrel.timesheets",
            "Timesheets for Jira",
            State::Remediation,
            people::kestrel(),
        ),
        row("below", "Boards Export", State::Notified, people::kestrel()),
        row("demoted", "Old Mill Charts", State::Demoted, people::other()),
        row("good", "Checklists", State::GoodStanding, people::kestrel()),
    ];
    let states = State::ALL
        .iter()
        .map(|state| (*state, all.iter().filter(|row| row.state == *state).count() as u64))
        .collect();
    let rows: Vec<_> = all
        .into_iter()
        .filter(|row| filter.search.is_empty() && (filter.state.is_empty() || row.state.as_str() == filter.state))
        .collect();
    EscalationBoard {
        total: rows.len() as u64,
        rows,
        page: filter.page,
        pages: 2,
        states,
        freeze: freeze(&filter.state),
        appeals: match filter.state.as_str() {
            "demotion_proposed" => vec![WaitingAppeal {
                app_key: "appealed".to_owned(),
                app_name: "Sprint Reports".to_owned(),
                since: ago(DAY + 95),
            }],
            _ => Vec::new(),
        },
        may_freeze: actor.may_everywhere(Action::DecideEscalation),
        filter,
    }
}
