//! The measurement policy, in its second version.

use chrono::TimeDelta;
use rampart_app::model::*;
use rampart_domain::{access::Actor, policy::MeasurementPolicy, sli::Sli};

use super::{ago, now};

fn rules() -> Vec<SliRules> {
    let policy = MeasurementPolicy::standard();
    let rules = Sli::ALL.iter().filter_map(|sli| Some((*sli, *policy.for_sli(*sli)?)));
    rules.map(|(sli, policy)| SliRules { sli, policy }).collect()
}

fn change(indicator: &'static str, what: &'static str, before: &str, after: &str) -> PolicyChange {
    PolicyChange {
        indicator,
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
