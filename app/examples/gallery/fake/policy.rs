//! The measurement policy, in its second version, and the escalation policy with a draft of its second one.

use chrono::TimeDelta;
use rampart_app::model::*;
use rampart_domain::{
    access::Actor,
    escalation::{EscalationPolicy, State},
    policy::MeasurementPolicy,
    sli::Sli,
};

use super::{ago, now};

fn rules() -> Vec<SliRules> {
    let policy = MeasurementPolicy::standard();
    let rules = Sli::ALL.iter().filter_map(|sli| Some((*sli, *policy.for_sli(*sli)?)));
    rules.map(|(sli, policy)| SliRules { sli, policy }).collect()
}

fn change(about: &'static str, what: &'static str, before: &str, after: &str) -> PolicyChange {
    PolicyChange {
        about,
        what,
        before: before.to_owned(),
        after: after.to_owned(),
    }
}

fn changes() -> Vec<PolicyChange> {
    vec![
        change("App availability", "objective over 28 days", "99.9 %", "99.95 %"),
        change("Iframe load", "bad events for an alert", "3", "5"),
    ]
}

pub(crate) fn page(actor: &Actor) -> PolicyPage {
    let version = |version, starts, standing| PolicyVersion {
        version,
        starts,
        by: "Pia Novak".to_owned(),
        at: ago(30_000),
        reason: "Agreed with the partners in the October round.".to_owned(),
        changes: changes(),
        standing,
    };
    let planned = version(3, now() + TimeDelta::days(8), VersionStanding::Planned);
    PolicyPage {
        version: 2,
        since: Some(ago(29_000)),
        rules: rules(),
        planned: vec![planned.clone()],
        versions: vec![planned, version(2, ago(29_000), VersionStanding::Holds)],
        may_publish: actor.is_staff(),
    }
}

pub(crate) fn editor() -> PolicyEditor {
    PolicyEditor {
        base: 3,
        rules: rules(),
        starts: Some(now() + TimeDelta::days(8)),
    }
}

pub(crate) fn review() -> PolicyReview {
    PolicyReview {
        values: vec![
            ("version".to_owned(), "3".to_owned()),
            ("availability.slo".to_owned(), "99.95".to_owned()),
            (
                "reason".to_owned(),
                "Agreed with the partners in the October round.".to_owned(),
            ),
        ],
        version: 4,
        starts: None,
        changes: changes(),
        replaces: vec![(3, now() + TimeDelta::days(8))],
    }
}

fn tightened() -> Vec<PolicyChange> {
    vec![
        change("Remediation", "Breaches", "3", "2"),
        change("Demotion", "Deadline, days", "60", "45"),
    ]
}

pub(crate) fn escalation(actor: &Actor) -> EscalationRulesPage {
    EscalationRulesPage {
        policy: EscalationPolicy::standard(),
        since: None,
        transition_ends: Some(now() + TimeDelta::days(12)),
        planned: Vec::new(),
        versions: vec![PolicyVersion {
            version: 2,
            starts: ago(29_000),
            by: "Pia Novak".to_owned(),
            at: ago(30_000),
            reason: "Agreed with the partners in the October round.".to_owned(),
            changes: tightened(),
            standing: VersionStanding::Holds,
        }],
        may_publish: actor.is_staff(),
    }
}

pub(crate) fn escalation_editor() -> EscalationEditor {
    EscalationEditor {
        base: 1,
        policy: EscalationPolicy::standard(),
        starts: None,
        planned: None,
    }
}

fn row(key: &str, name: &str, state: State, by_draft: State, later_with_draft: State) -> WhatIfRow {
    WhatIfRow {
        app_key: key.to_owned(),
        app_name: name.to_owned(),
        partner: "Kestrel Labs".to_owned(),
        state,
        by_draft,
        later: State::GoodStanding,
        later_with_draft,
        decisions: 4,
        first_at: Some(ago(200_000)),
    }
}

/// The replay named `running` has not finished, the one named `cancelled` never will.
pub(crate) fn what_if(id: &str, page: u32) -> WhatIfPage {
    use State::{DemotionProposed, GoodStanding, Notified, Remediation};
    WhatIfPage {
        id: id.to_owned(),
        version: 2,
        base: 1,
        by: "Pia Novak".to_owned(),
        asked_at: ago(3),
        as_of: Some(ago(3)),
        starts: None,
        transition_ends: now() + TimeDelta::days(28),
        transition_days: 28,
        changes: tightened(),
        replaces: Vec::new(),
        status: match id {
            "running" => WhatIfStatus::Running {
                done: 3_750,
                total: 10_000,
            },
            "cancelled" => WhatIfStatus::Cancelled,
            _ => WhatIfStatus::Finished,
        },
        states: State::ALL.iter().map(|state| (*state, 12, 10)).collect(),
        differing: 3,
        rows: vec![
            row(
                "com.kestrel.timesheets",
                "Timesheets",
                Notified,
                Remediation,
                Remediation,
            ),
            row(
                "com.kestrel.charts",
                "Charts for teams",
                Remediation,
                DemotionProposed,
                GoodStanding,
            ),
            row("com.kestrel.forms", "Forms", GoodStanding, GoodStanding, GoodStanding),
        ],
        page,
        pages: 1,
        stopped: 1,
        obstacle: None,
    }
}

pub(crate) fn what_if_app(id: &str, app: &str) -> WhatIfAppPage {
    let decision = |minutes, from, to, explanation: &str, side| WhatIfDecision {
        at: ago(minutes),
        from,
        to,
        explanation: explanation.to_owned(),
        side,
    };
    WhatIfAppPage {
        id: id.to_owned(),
        version: 2,
        as_of: ago(3),
        transition_ends: now() + TimeDelta::days(28),
        row: row(
            app,
            "Timesheets",
            State::Notified,
            State::Remediation,
            State::Remediation,
        ),
        decisions: vec![
            decision(
                90_000,
                State::None,
                State::GoodStanding,
                "The app was given the designation.",
                WhatIfSide::Both,
            ),
            decision(
                40_000,
                State::GoodStanding,
                State::Notified,
                "A breach counts.",
                WhatIfSide::Both,
            ),
            decision(
                30_000,
                State::Notified,
                State::Remediation,
                "2 breaches counted within 28 days.",
                WhatIfSide::Comes,
            ),
            decision(
                20_000,
                State::Notified,
                State::GoodStanding,
                "28 days have passed since the last end.",
                WhatIfSide::Falls,
            ),
        ],
    }
}
