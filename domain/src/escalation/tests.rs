//! The rules of `escalation.md` at their edges, each in a history of its own.

use super::*;

/// A history in lines of "day type …", with the ids f1, f2, … and the decisions it leads to as "day rule because".
fn decided(policy: &EscalationPolicy, facts: &[&str]) -> Vec<String> {
    let facts: Vec<Fact> = facts
        .iter()
        .enumerate()
        .map(|(n, line)| fact(n + 1, line, policy))
        .collect();
    let outcome = decide(&"app".into(), policy, &facts.iter().collect::<Vec<_>>(), day(1_000.0));
    let shown = outcome.decisions.iter().map(|decision| {
        let days = (decision.at - day(0.0)).num_seconds() as f64 / 86_400.0;
        format!("{days} {} {}", decision.rule, decision.because.join(" "))
            .trim_end()
            .to_owned()
    });
    shown.collect()
}

fn day(days: f64) -> chrono::DateTime<chrono::Utc> {
    parse_time("2026-01-01T00:00:00Z").unwrap() + chrono::TimeDelta::seconds((days * 86_400.0) as i64)
}

fn fact(number: usize, line: &str, policy: &EscalationPolicy) -> Fact {
    let mut words = line.split(' ');
    let at = day(words.next().unwrap().parse().unwrap());
    let kind = words.next().unwrap();
    let word: Text = words.next().unwrap_or_default().into();
    let series = Text::new("s");
    let kind = match kind {
        "designated" => FactKind::Designated,
        "withdrawn" => FactKind::Withdrawn,
        "breach" => FactKind::Breach {
            breach: word.clone(),
            series,
        },
        "closed" => FactKind::BreachClosed { breach: word.clone() },
        "missed" => FactKind::SloMissed {
            miss: word.clone(),
            series,
        },
        "met" => FactKind::SloMet { miss: word.clone() },
        "excused" => FactKind::Excused {
            reference: word.clone(),
        },
        "unexcused" => FactKind::Unexcused {
            reference: word.clone(),
        },
        "completed" => FactKind::RemediationCompleted,
        "confirmed" => FactKind::DemotionConfirmed,
        "declined" => FactKind::DemotionDeclined {
            extend_days: word.parse().unwrap(),
        },
        "reinstated" => FactKind::Reinstated,
        "appeal" => FactKind::AppealOpened,
        "appeal_closed" => FactKind::AppealClosed,
        "frozen" => FactKind::Frozen,
        "thawed" => FactKind::Thawed,
        // The policy, with a member changed: "member=number".
        "policy" => {
            let (member, number) = word.split_once('=').unwrap();
            let mut changed = serde_json::to_value(policy).unwrap();
            *changed.pointer_mut(member).unwrap() = serde_json::from_str(number).unwrap();
            FactKind::PolicyPublished {
                policy: std::sync::Arc::new(EscalationPolicy::parse(&changed.to_string()).unwrap()),
            }
        }
        _ => unreachable!("{line}"),
    };
    let of_all = matches!(kind, FactKind::PolicyPublished { .. }) || word == "all";
    Fact {
        id: format!("f{number}").into(),
        at,
        app: (!of_all).then(|| "app".into()),
        kind,
    }
}

fn standard(facts: &[&str]) -> Vec<String> {
    decided(&EscalationPolicy::standard(), facts)
}

#[test]
fn what_began_before_the_designation_never_counts() {
    let facts = ["0 breach b1", "1 designated", "2 closed b1"];
    assert_eq!(standard(&facts), ["1 designated f2"]);
    let facts = ["1 designated", "1 breach b1", "2 closed b1"];
    assert_eq!(standard(&facts), ["1 designated f1", "1 notify f2", "30 clear"]);
    // A miss goes on, and counts from the designation.
    let facts = ["0 missed m1", "1 designated"];
    assert_eq!(
        standard(&facts),
        ["1 designated f2", "1 notify f1", "8 slo_missed f1", "68 deadline"]
    );
}

#[test]
fn a_window_ends_before_its_last_instant() {
    let facts = [
        "0 designated",
        "1 breach b1",
        "1.1 closed b1",
        "15 breach b2",
        "15.1 closed b2",
        "29 breach b3",
    ];
    assert_eq!(
        standard(&facts)[1..],
        ["1 notify f2"],
        "28 days after the first it is out"
    );
    let facts = [
        "0 designated",
        "1 breach b1",
        "1.1 closed b1",
        "15 breach b2",
        "15.1 closed b2",
        "28.99 breach b3",
    ];
    assert_eq!(standard(&facts)[2], "28.99 repeated_breaches f2 f4 f6");
}

#[test]
fn quiet_is_counted_from_the_latest_end_of_a_breach_or_miss() {
    let facts = ["0 designated", "1 breach b1", "2 missed m1", "3 closed b1", "4 met m1"];
    assert_eq!(standard(&facts), ["0 designated f1", "1 notify f2", "32 clear"]);
    // The second closing changes nothing.
    let facts = ["0 designated", "1 breach b1", "2 closed b1", "9 closed b1"];
    assert_eq!(standard(&facts)[2], "30 clear");
    // An open breach blocks it.
    let facts = [
        "0 designated",
        "1 breach b1",
        "2 closed b1",
        "20 breach b2",
        "40 closed b2",
    ];
    assert_eq!(standard(&facts)[2], "68 clear");
}

#[test]
fn because_is_in_the_order_of_the_facts() {
    let facts = ["0 designated", "1 missed m1", "1 breach b1", "2 met m1"];
    assert_eq!(standard(&facts)[1], "1 notify f2 f3");
    let facts = ["0 breach b0", "1 missed m1", "2 breach b1", "2 designated"];
    assert_eq!(standard(&facts)[..2], ["2 designated f4", "2 notify f2 f3"]);
}

#[test]
fn a_remediation_is_recovered_from_when_it_is_quiet() {
    let begin = ["0 designated", "1 missed m1"];
    let with = |further: &[&str]| standard(&[&begin, further].concat())[2..].to_vec();
    assert_eq!(
        with(&["10 met m1", "20 completed"]),
        ["8 slo_missed f2", "20 recovered f4"]
    );
    assert_eq!(
        with(&["20 completed", "30 met m1"]),
        ["8 slo_missed f2", "30 recovered f3"]
    );
    assert_eq!(
        with(&["5 completed", "30 met m1"])[1],
        "68 deadline",
        "completed before it began"
    );
    assert_eq!(
        with(&["8 completed", "30 met m1"])[1],
        "30 recovered f3",
        "at its very beginning"
    );
    let quiet = [
        "9 breach b1",
        "10 closed b1",
        "11 met m1",
        "12 completed",
        "13 completed",
    ];
    assert_eq!(
        with(&quiet)[1],
        "24 recovered f6",
        "14 days after the breach ended, by the first completion"
    );
}

#[test]
fn further_breaches_count_after_the_days_of_grace() {
    let begin = ["0 designated", "1 missed m1"];
    let with = |further: &[&str]| standard(&[&begin, further].concat())[3].clone();
    assert_eq!(
        with(&["21.9 breach b1", "22 breach b2", "23 breach b3", "24 breach b4"]),
        "24 further_breaches f4 f5 f6"
    );
    assert_eq!(
        with(&["21.8 breach b1", "21.9 breach b2", "23 breach b3", "24 breach b4"]),
        "68 deadline"
    );
}

#[test]
fn a_declined_demotion_sets_days_that_hold_under_every_policy() {
    let facts = [
        "0 designated",
        "1 missed m1",
        "70 declined 10",
        "71 policy /demotion/deadline_days=0",
    ];
    assert_eq!(
        standard(&facts)[2..],
        ["8 slo_missed f2", "68 deadline", "70 declined f3", "80 deadline"]
    );
    let facts = [
        "0 designated",
        "1 missed m1",
        "9 declined 10",
        "9 confirmed",
        "9 reinstated",
    ];
    assert_eq!(
        standard(&facts)[2..],
        ["8 slo_missed f2", "68 deadline"],
        "in other states they do nothing"
    );
}

#[test]
fn the_wait_after_a_demotion_is_not_shortened_by_leaving() {
    let begin = ["0 designated", "1 missed m1", "70 confirmed"];
    let with = |further: &[&str]| standard(&[&begin, further].concat())[5..].to_vec();
    assert_eq!(with(&["100 withdrawn", "159.9 designated"]), ["100 withdrawn f4"]);
    assert_eq!(
        with(&["100 withdrawn", "160 designated"])[..2],
        ["100 withdrawn f4", "160 designated f5"]
    );
    assert!(with(&["159.9 reinstated"]).is_empty());
    assert_eq!(with(&["160 reinstated"])[0], "160 reinstated f4");
}

#[test]
fn a_freeze_of_the_app_and_of_all_are_apart_and_do_not_nest() {
    let begin = ["0 designated", "1 missed m1"];
    let with = |further: &[&str]| standard(&[&begin, further].concat())[2..].to_vec();
    assert!(with(&["2 frozen", "3 frozen all", "9 thawed"]).is_empty());
    assert_eq!(
        with(&["2 frozen", "3 frozen all", "9 thawed", "12 thawed all"])[0],
        "12 slo_missed f2"
    );
    assert_eq!(with(&["2 frozen", "3 frozen", "4 thawed"])[0], "8 slo_missed f2");
    assert_eq!(
        with(&["2 appeal", "3 frozen", "9 thawed", "10 appeal_closed"])[0],
        "10 slo_missed f2"
    );
    // They survive a change of state, and act in all of them.
    let facts = ["0 frozen all", "1 designated", "2 missed m1", "20 thawed all"];
    assert_eq!(standard(&facts)[2], "20 slo_missed f3");
}

#[test]
fn overlapping_pauses_put_the_deadline_off_once_and_nothing_else() {
    let facts = [
        "0 designated",
        "1 missed m1",
        "10 frozen",
        "12 appeal",
        "15 thawed",
        "20 appeal_closed",
    ];
    assert_eq!(standard(&facts)[3], "78 deadline");
    // Quiet goes on while it is paused.
    let facts = ["0 designated", "1 breach b1", "2 closed b1", "3 frozen"];
    assert_eq!(standard(&facts)[2], "30 clear");
}

#[test]
fn a_tighter_policy_gives_notice_and_a_looser_one_acts_at_once() {
    let begin = ["0 designated", "1 missed m1"];
    let with = |further: &[&str]| standard(&[&begin, further].concat())[3..].to_vec();
    assert_eq!(with(&["20 policy /demotion/deadline_days=10"]), ["48 deadline"]);
    assert_eq!(with(&["20 policy /demotion/deadline_days=100"]), ["108 deadline"]);
    assert_eq!(
        with(&[
            "20 policy /demotion/deadline_days=10",
            "40 policy /demotion/deadline_days=10"
        ]),
        ["48 deadline"]
    );
    assert_eq!(
        with(&[
            "20 policy /demotion/deadline_days=50",
            "40 policy /demotion/deadline_days=10"
        ]),
        ["58 deadline"],
        "publishing twice skips no notice"
    );
    assert_eq!(
        with(&["70 policy /demotion/automatic=true"]),
        ["68 deadline", "98 automatic"]
    );
    // Quiet days and the wait after a demotion act at once.
    let facts = [
        "0 designated",
        "1 breach b1",
        "2 closed b1",
        "10 policy /recovery/clear_quiet_days=3",
    ];
    assert_eq!(standard(&facts)[2], "10 clear");
    let facts = [
        "0 designated",
        "1 missed m1",
        "70 confirmed",
        "71 policy /reinstatement/cool_off_days=1",
        "71 reinstated",
    ];
    assert_eq!(standard(&facts)[5], "71 reinstated f5");
    let facts = [
        "0 designated",
        "1 missed m1",
        "70 confirmed",
        "71 reinstated",
        "71 policy /reinstatement/cool_off_days=1",
    ];
    assert_eq!(standard(&facts).len(), 5, "a fact sees the policy as of its place");
}

#[test]
fn the_ledger_takes_back_what_followed_from_an_excused_breach() {
    let facts = [
        "0 designated",
        "1 breach b1",
        "2 closed b1",
        "5 excused b1",
        "6 excused b1",
        "7 unexcused b1",
    ];
    assert_eq!(
        standard(&facts),
        [
            "0 designated f1",
            "1 notify f2",
            "5 ledger f4",
            "7 ledger f6",
            "30 clear"
        ]
    );
    // The demotion never was, so nothing has to cool off.
    let facts = [
        "0 designated",
        "1 missed m1",
        "70 confirmed",
        "80 excused m1",
        "81 withdrawn",
        "82 designated",
    ];
    assert_eq!(
        standard(&facts)[4..],
        ["70 confirmed f3", "80 ledger f4", "81 withdrawn f5", "82 designated f6"]
    );
    // What is decided at the same instant acts before the ledger does.
    let facts = ["0 designated", "1 missed m1", "70 confirmed", "70 excused m1"];
    assert_eq!(standard(&facts)[4..], ["70 confirmed f3", "70 ledger f4"]);
}

/// The sentences on how far an app is from the next step, on a day.
fn outlook(facts: &[&str], on: f64) -> Vec<String> {
    let policy = EscalationPolicy::standard();
    let facts: Vec<Fact> = facts
        .iter()
        .enumerate()
        .map(|(n, line)| fact(n + 1, line, &policy))
        .filter(|fact| fact.at <= day(on))
        .collect();
    let outcome = decide(&"app".into(), &policy, &facts.iter().collect::<Vec<_>>(), day(on));
    outcome.outlook(day(on))
}

#[test]
fn the_distance_to_the_next_step_is_said_in_the_numbers_of_the_policy() {
    let facts = ["0 designated", "1 breach b1", "1.5 closed b1", "2 missed m1"];
    assert_eq!(
        outlook(&facts, 4.5),
        [
            "1 of 3 breaches within 28 days; remediation from 3 on.",
            "A target has been missed for 2 of 7 days; remediation from 10 January 2026, 00:00:00 UTC on.",
            "In good standing again once nothing is open and 28 days have passed since the last end.",
        ]
    );
    assert_eq!(
        outlook(&facts, 10.0)[1],
        "0 of 3 further breaches from 24 January 2026, 00:00:00 UTC on; that many lead to a proposed demotion too."
    );
    assert_eq!(outlook(&facts, 90.0).len(), 1, "a person decides");
    assert!(outlook(&[], 1.0).is_empty());
}

/// What a draft, the standard with one member changed, makes of an app on a day if it takes over five days later.
fn compared(facts: &[&str], member: &str, on: f64) -> Comparison {
    let policy = EscalationPolicy::standard();
    let changed = fact(0, &format!("0 policy {member}"), &policy);
    let FactKind::PolicyPublished { policy: draft } = changed.kind else {
        unreachable!("a policy");
    };
    let draft = Publication {
        starts: day(on + 5.0),
        policy: (*draft).clone(),
    };
    let facts: Vec<Fact> = facts
        .iter()
        .enumerate()
        .map(|(n, line)| fact(n + 1, line, &policy))
        .collect();
    WhatIf::new(day(on), policy, draft, &[]).compare(&"app".into(), &facts)
}

/// "+ day rule" for what comes by the draft, "- day rule" for what falls.
fn differences(comparison: &Comparison) -> Vec<String> {
    let shown = comparison.differences().into_iter().map(|difference| {
        let (sign, decision) = match difference {
            Difference::Falls(decision) => ('-', decision),
            Difference::Comes(decision) => ('+', decision),
        };
        let days = (decision.at - day(0.0)).num_seconds() as f64 / 86_400.0;
        format!("{sign} {days} {}", decision.rule)
    });
    shown.collect()
}

const TWO_BREACHES: [&str; 5] = [
    "0 designated",
    "1 breach b1",
    "2 closed b1",
    "3 breach b2",
    "4 closed b2",
];

#[test]
fn a_draft_says_what_it_would_have_decided_and_what_it_will() {
    let tighter = compared(&TWO_BREACHES, "/remediation/breaches=2", 20.0);
    assert_eq!(differences(&tighter), ["+ 3 repeated_breaches"]);
    assert_eq!(
        (tighter.state, tighter.state_by_draft),
        (State::Notified, State::Remediation)
    );
    // The transition, which begins on day 25, lasts until day 53; by then the breaches are past.
    assert_eq!(
        (tighter.later, tighter.later_with_draft),
        (State::GoodStanding, State::GoodStanding)
    );

    let quicker = compared(&TWO_BREACHES, "/recovery/clear_quiet_days=10", 40.0);
    assert_eq!(differences(&quicker), ["+ 14 clear", "- 32 clear"]);
    assert_eq!(
        (quicker.state, quicker.state_by_draft),
        (State::GoodStanding, State::GoodStanding)
    );
}

#[test]
fn a_draft_moves_an_app_once_its_transition_ends() {
    let facts = ["0 designated", "1 missed m1"];
    let loose = compared(&facts, "/demotion/deadline_days=200", 9.0);
    assert_eq!(
        (loose.state, loose.state_by_draft),
        (State::Remediation, State::Remediation)
    );
    assert!(loose.differences().is_empty());
    assert_eq!(
        (loose.later, loose.later_with_draft),
        (State::Remediation, State::Remediation)
    );
    let tight = compared(&facts, "/demotion/deadline_days=30", 9.0);
    assert!(tight.differences().is_empty());
    assert_eq!(
        (tight.later, tight.later_with_draft),
        (State::Remediation, State::DemotionProposed)
    );
}

#[test]
fn a_pause_right_before_the_deadline_brings_no_due_time_of_its_own() {
    let policy = EscalationPolicy::standard();
    let almost = format!("{} appeal", 68.0 - 1.0 / 86_400.0);
    let facts = ["0 designated", "1 missed m1", &almost];
    let facts: Vec<Fact> = facts
        .iter()
        .enumerate()
        .map(|(n, line)| fact(n + 1, line, &policy))
        .collect();
    // Ten years in steps of the second that is left would never end.
    let outcome = decide(&"app".into(), &policy, &facts.iter().collect::<Vec<_>>(), day(3_650.0));
    assert_eq!(outcome.standing.state, State::Remediation);
    assert_eq!(outcome.due, None);
}

#[test]
fn a_deadline_that_is_shortened_waits_for_the_transition_or_the_old_one() {
    let deadline = |transition: u64, on: f64| {
        let mut policy = EscalationPolicy::standard();
        policy.transition_days = transition;
        let facts = ["0 designated", "1 missed m1", "20 policy /demotion/deadline_days=5"];
        let facts: Vec<Fact> = facts
            .iter()
            .enumerate()
            .map(|(n, line)| fact(n + 1, line, &policy))
            .collect();
        let known: Vec<_> = facts.iter().collect();
        let shown = decide(&"app".into(), &policy, &known, day(on)).ladder.deadline.unwrap();
        let until = decide(&"app".into(), &policy, &known, shown);
        assert_eq!(
            until.decisions.last().unwrap().at,
            shown,
            "it is when the demotion is proposed"
        );
        let outcome = decide(&"app".into(), &policy, &known, day(on));
        assert!(
            outcome
                .outlook(day(on))
                .iter()
                .any(|words| words.starts_with("The rules have changed"))
        );
        (shown - day(0.0)).num_days()
    };
    assert_eq!(deadline(28, 30.0), 48, "the transition ends first");
    assert_eq!(deadline(90, 30.0), 68, "the old deadline comes first");
}

#[test]
fn a_remediation_that_cannot_be_quiet_before_its_deadline_does_not_say_that_it_clears() {
    let policy = EscalationPolicy::standard();
    let lines = [
        "0 designated",
        "1 missed m1",
        "20 met m1",
        "60 breach b1",
        "61 closed b1",
        "62 completed",
    ];
    let facts: Vec<Fact> = lines
        .iter()
        .enumerate()
        .map(|(n, line)| fact(n + 1, line, &policy))
        .collect();
    let known: Vec<_> = facts.iter().collect();
    let outcome = decide(&"app".into(), &policy, &known, day(63.0));
    assert_eq!(outcome.ladder.clears, None, "day 75 is after the deadline on day 68");
    let after = decide(&"app".into(), &policy, &known, day(68.0));
    let last = after.decisions.last().unwrap();
    assert_eq!(last.rule, Rule::Deadline);
    assert!(
        last.explanation.contains("was not quiet for 14\u{a0}days")
            || last.explanation.contains("was not quiet for 14 days"),
        "{}",
        last.explanation
    );
}

#[test]
fn a_newer_version_replaces_those_that_were_to_follow_it() {
    let version = |version: u64, starts: f64| Publication {
        starts: day(starts),
        policy: EscalationPolicy {
            version,
            ..EscalationPolicy::standard()
        },
    };
    let to_come = |versions: &[(u64, f64)], published| -> Vec<u64> {
        let versions = versions.iter().map(|(v, starts)| version(*v, *starts)).collect();
        pending(versions, published).iter().map(|p| p.policy.version).collect()
    };
    assert_eq!(to_come(&[(2, 5.0), (3, 9.0)], 1), [2, 3]);
    assert_eq!(to_come(&[(2, 5.0), (3, 9.0)], 2), [3]);
    assert_eq!(to_come(&[(2, 9.0), (3, 5.0)], 1), [3]);
    assert_eq!(to_come(&[(2, 9.0), (3, 9.0)], 1), [3]);
    assert_eq!(to_come(&[(4, 7.0), (2, 6.0), (3, 8.0)], 1), [2, 4]);
    assert!(to_come(&[(2, 9.0)], 2).is_empty());
}

#[test]
fn what_a_granted_appeal_leads_to_is_what_it_then_leads_to() {
    let policy = EscalationPolicy::standard();
    let begin = [
        "0 designated",
        "1 breach b1",
        "1.5 closed b1",
        "2 missed m1",
        "5 met m1",
        "6 missed m2",
        "14 appeal",
    ];
    let facts = |lines: &[&str]| -> Vec<Fact> {
        let numbered = lines.iter().enumerate();
        numbered.map(|(n, line)| fact(n + 1, line, &policy)).collect()
    };
    let known = facts(&begin);
    let before = decide(&"app".into(), &policy, &known.iter().collect::<Vec<_>>(), day(20.0));
    assert_eq!(before.standing.state, State::Remediation, "the deadline stands still");
    let ids = |all: &[Counting]| all.iter().map(|one| one.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&before.ladder.counting), ["b1", "m2"]);
    assert_eq!(ids(&before.ladder.appealable), ["b1", "m1", "m2"]);
    // (what is excused, the state then)
    let cases: [(&[&str], State); 3] = [
        (&["m2"], State::Notified),
        (&["b1", "m1", "m2"], State::GoodStanding),
        (&["b1"], State::Remediation),
    ];
    for (excused, state) in cases {
        let changes: Vec<_> = excused.iter().map(|id| ((*id).into(), true)).collect();
        let shown = if_granted(&"app".into(), &policy, &known, &changes, day(20.0));
        assert_eq!(shown.standing.state, state, "{excused:?}");
        let lines: Vec<String> = excused.iter().map(|id| format!("20 excused {id}")).collect();
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        lines.push("20 appeal_closed");
        let filed = facts(&[&begin, lines.as_slice()].concat());
        let then = decide(&"app".into(), &policy, &filed.iter().collect::<Vec<_>>(), day(20.0));
        assert_eq!(then.standing, shown.standing);
        assert_eq!(then.ladder, shown.ladder);
    }
}
