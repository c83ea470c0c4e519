//! What holds of the escalation engine for any history (SPEC section 6, `escalation.md`).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::{collection::vec, prelude::*, sample::select};
use rampart_domain::escalation::{
    Decision, Demotion, EscalationPolicy, Fact, FactKind, Outcome, Publication, Recovery, Reinstatement, Remediation,
    Replay, Rule, State, Text, WhatIf, decide, parse_time,
};

/// Facts lie on full hours, so that many coincide with each other and with due times.
fn hour(hours: i64) -> DateTime<Utc> {
    parse_time("2026-01-01T00:00:00Z").unwrap() + TimeDelta::hours(hours)
}

/// The end of every history.
const END: i64 = 24 * 150;

/// What is drawn for one fact; ids and what contradicts the facts before are settled by [`history`].
#[derive(Debug, Clone)]
enum Drawn {
    Plain(FactKind, bool),
    Breach,
    Close(usize),
    Miss,
    Meet(usize),
    Excuse(usize),
    Unexcuse(usize),
    Policy(EscalationPolicy),
}

fn policies() -> impl Strategy<Value = EscalationPolicy> {
    (
        (1_u64..4, 0_u64..30, 0_u64..8),
        (0_u64..20, 1_u64..3, 0_u64..10, any::<bool>()),
        (1_u64..15, 1_u64..10),
        0_u64..30,
        0_u64..20,
    )
        .prop_map(
            |(remediation, demotion, recovery, cool_off_days, transition_days)| EscalationPolicy {
                version: 1,
                remediation: Remediation {
                    breaches: remediation.0,
                    window_days: remediation.1,
                    slo_missed_days: remediation.2,
                },
                demotion: Demotion {
                    deadline_days: demotion.0,
                    further_breaches: demotion.1,
                    grace_days: demotion.2,
                    automatic: demotion.3,
                },
                recovery: Recovery {
                    clear_quiet_days: recovery.0,
                    recover_quiet_days: recovery.1,
                },
                reinstatement: Reinstatement { cool_off_days },
                transition_days,
            },
        )
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let plain = select(vec![
        FactKind::Designated,
        FactKind::Designated,
        FactKind::Withdrawn,
        FactKind::RemediationCompleted,
        FactKind::RemediationCompleted,
        FactKind::DemotionConfirmed,
        FactKind::DemotionDeclined { extend_days: 5 },
        FactKind::Reinstated,
        FactKind::AppealOpened,
        FactKind::AppealClosed,
        FactKind::Frozen,
        FactKind::Thawed,
        FactKind::Thawed,
    ]);
    prop_oneof![
        8 => (plain, any::<bool>()).prop_map(|(kind, of_all)| Drawn::Plain(kind, of_all)),
        6 => Just(Drawn::Breach),
        6 => any::<usize>().prop_map(Drawn::Close),
        3 => Just(Drawn::Miss),
        3 => any::<usize>().prop_map(Drawn::Meet),
        2 => any::<usize>().prop_map(Drawn::Excuse),
        1 => any::<usize>().prop_map(Drawn::Unexcuse),
        1 => policies().prop_map(Drawn::Policy),
    ]
}

/// A history of one app that contradicts itself nowhere, beginning with its designation.
fn histories() -> impl Strategy<Value = Vec<Fact>> {
    vec((0..END, drawn()), 1..40).prop_map(|mut drawn| {
        drawn.sort_by_key(|(at, _)| *at);
        history(drawn)
    })
}

fn history(drawn: Vec<(i64, Drawn)>) -> Vec<Fact> {
    let mut facts = vec![fact(0, 0, true, FactKind::Designated)];
    let (mut breaches, mut misses) = (Vec::<Text>::new(), Vec::<Text>::new());
    let pick = |ids: &[Text], n: usize| (!ids.is_empty()).then(|| ids[n % ids.len()].clone());
    for (number, (at, drawn)) in drawn.into_iter().enumerate() {
        let both = [breaches.as_slice(), misses.as_slice()].concat();
        let (of_app, kind) = match drawn {
            Drawn::Plain(kind, of_all) => {
                let of_all = of_all && matches!(kind, FactKind::Frozen | FactKind::Thawed);
                (!of_all, Some(kind))
            }
            Drawn::Breach => {
                breaches.push(format!("b{number}").into());
                let breach = breaches[breaches.len() - 1].clone();
                (
                    true,
                    Some(FactKind::Breach {
                        breach,
                        series: "s".into(),
                    }),
                )
            }
            Drawn::Miss => {
                misses.push(format!("m{number}").into());
                let miss = misses[misses.len() - 1].clone();
                (
                    true,
                    Some(FactKind::SloMissed {
                        miss,
                        series: "s".into(),
                    }),
                )
            }
            Drawn::Close(n) => (true, pick(&breaches, n).map(|breach| FactKind::BreachClosed { breach })),
            Drawn::Meet(n) => (true, pick(&misses, n).map(|miss| FactKind::SloMet { miss })),
            Drawn::Excuse(n) => (true, pick(&both, n).map(|reference| FactKind::Excused { reference })),
            Drawn::Unexcuse(n) => (true, pick(&both, n).map(|reference| FactKind::Unexcused { reference })),
            Drawn::Policy(policy) => (false, Some(FactKind::PolicyPublished { policy: policy.into() })),
        };
        facts.extend(kind.map(|kind| fact(number + 1, at, of_app, kind)));
    }
    facts
}

fn fact(number: usize, at: i64, of_app: bool, kind: FactKind) -> Fact {
    Fact {
        id: format!("f{number}").into(),
        at: hour(at),
        app: of_app.then(|| "app".into()),
        kind,
    }
}

fn run(policy: &EscalationPolicy, facts: &[Fact], until: DateTime<Utc>) -> Outcome {
    decide(&"app".into(), policy, &facts.iter().collect::<Vec<_>>(), until)
}

/// A fact that changes nothing: nobody thaws what is not frozen. Its id is kept apart.
fn idle(at: i64) -> Fact {
    Fact {
        id: format!("idle{at}").into(),
        at: hour(at),
        app: Some("app".into()),
        kind: FactKind::SloMet { miss: "none".into() },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn evaluating_at_extra_instants_changes_nothing(policy in policies(), facts in histories()) {
        let once = run(&policy, &facts, hour(END + 24 * 60));
        let mut often = facts.clone();
        often.extend((0..END + 24 * 60).map(idle));
        often.sort_by_key(|fact| fact.at);
        let often = run(&policy, &often, hour(END + 24 * 60));
        prop_assert_eq!(&once.decisions, &often.decisions);
        prop_assert_eq!(once.standing, often.standing);
    }

    #[test]
    fn what_was_decided_by_a_time_does_not_depend_on_what_comes_after(policy in policies(), facts in histories(), at in 0..END) {
        let whole = run(&policy, &facts, hour(END + 24 * 60)).decisions;
        let known: Vec<Fact> = facts.iter().filter(|fact| fact.at <= hour(at)).cloned().collect();
        let then = run(&policy, &known, hour(at)).decisions;
        prop_assert_eq!(&whole[..then.len()], &then[..]);
        prop_assert!(whole[then.len()..].iter().all(|decision| decision.at > hour(at)));
    }

    #[test]
    fn decisions_follow_each_other(policy in policies(), facts in histories()) {
        let decisions = run(&policy, &facts, hour(END + 24 * 60)).decisions;
        prop_assert!(decisions.is_sorted_by_key(|decision| decision.at));
        let mut state = State::None;
        for decision in &decisions {
            // A ledger step replaces the state, and says so only where it changes.
            prop_assert_eq!(decision.from, state);
            prop_assert!(decision.from != decision.to);
            state = decision.to;
        }
        prop_assert_eq!(run(&policy, &facts, hour(END + 24 * 60)).standing.state, state);
    }

    #[test]
    fn the_due_time_is_the_next_instant_at_which_anything_is_decided(policy in policies(), facts in histories()) {
        let outcome = run(&policy, &facts, hour(END));
        let later = run(&policy, &facts, hour(END + 24 * 400));
        let next = later.decisions.get(outcome.decisions.len()).map(|decision| decision.at);
        if let Some(next) = next {
            prop_assert!(outcome.due.is_some_and(|due| due <= next));
        }
        prop_assert!(outcome.due.is_none_or(|due| due > hour(END)));
    }

    #[test]
    fn excusing_everything_leaves_good_standing(policy in policies(), facts in histories()) {
        let mut facts: Vec<Fact> = facts
            .into_iter()
            .filter(|fact| !matches!(fact.kind, FactKind::Withdrawn | FactKind::Unexcused { .. }))
            .collect();
        let ids: BTreeSet<Text> = facts
            .iter()
            .filter_map(|fact| match &fact.kind {
                FactKind::Breach { breach: id, .. } | FactKind::SloMissed { miss: id, .. } => Some(id.clone()),
                _ => None,
            })
            .collect();
        let from = facts.len();
        facts.extend(
            ids.into_iter()
                .enumerate()
                .map(|(n, reference)| fact(1_000 + from + n, END, true, FactKind::Excused { reference })),
        );
        let standing = run(&policy, &facts, hour(END + 24 * 60)).standing;
        prop_assert_eq!(standing.state, State::GoodStanding);
        prop_assert_eq!(standing.baseline, hour(0));
    }

    #[test]
    fn revoking_what_was_excused_gives_back_the_state(policy in policies(), facts in histories(), n in any::<usize>()) {
        let facts: Vec<Fact> = facts
            .into_iter()
            .filter(|fact| !matches!(fact.kind, FactKind::Excused { .. } | FactKind::Unexcused { .. }))
            .collect();
        let ids: Vec<Text> = facts
            .iter()
            .filter_map(|fact| match &fact.kind {
                FactKind::Breach { breach: id, .. } | FactKind::SloMissed { miss: id, .. } => Some(id.clone()),
                _ => None,
            })
            .collect();
        prop_assume!(!ids.is_empty());
        let reference = ids[n % ids.len()].clone();
        let mut revoked = facts.clone();
        revoked.push(fact(1_000, END, true, FactKind::Excused { reference: reference.clone() }));
        revoked.push(fact(1_001, END + 1, true, FactKind::Unexcused { reference }));
        let until = hour(END + 1);
        prop_assert_eq!(run(&policy, &revoked, until).standing, run(&policy, &facts, until).standing);
    }

    #[test]
    fn pauses_put_a_deadline_off_by_what_they_last_together(
        policy in policies(),
        pauses in vec((0..500_i64, 1..200_i64, 0..3_usize), 0..6),
    ) {
        // An objective missed for good leads to remediation; nothing but the deadline leads out.
        let begin = policy.remediation.slo_missed_days as i64 * 24;
        let mut facts = vec![
            fact(0, 0, true, FactKind::Designated),
            fact(1, 0, true, FactKind::SloMissed { miss: "m".into(), series: "s".into() }),
        ];
        let kinds = [
            (true, FactKind::Frozen, FactKind::Thawed),
            (false, FactKind::Frozen, FactKind::Thawed),
            (true, FactKind::AppealOpened, FactKind::AppealClosed),
        ];
        // Pauses of one kind do not nest: each begins after the one before it.
        let mut free = [begin + 1; 3];
        let mut paused = BTreeSet::new();
        for (n, (gap, length, kind)) in pauses.iter().enumerate() {
            let from = free[*kind] + gap;
            let to = from + length;
            free[*kind] = to;
            paused.extend(from..to);
            let (of_app, start, end) = &kinds[*kind];
            facts.push(fact(10 + 2 * n, from, *of_app, start.clone()));
            facts.push(fact(11 + 2 * n, to, *of_app, end.clone()));
        }
        facts.sort_by_key(|fact| fact.at);
        let mut left = policy.demotion.deadline_days as i64 * 24;
        let mut expected = begin;
        while left > 0 || paused.contains(&expected) {
            left -= i64::from(!paused.contains(&expected));
            expected += 1;
        }
        let decisions = run(&policy, &facts, hour(24 * 400)).decisions;
        let proposed = decisions.iter().find(|decision| decision.to == State::DemotionProposed).unwrap();
        prop_assert_eq!((proposed.rule, proposed.at), (Rule::Deadline, hour(expected)));
    }

    #[test]
    fn apps_do_not_touch_each_other(policy in policies(), one in histories(), other in histories()) {
        let of = |name: &'static str, facts: &[Fact]| -> Vec<Fact> {
            facts
                .iter()
                .filter(|fact| fact.app.is_some())
                .map(|fact| Fact { id: format!("{name}-{}", fact.id).into(), app: Some(name.into()), ..fact.clone() })
                .collect()
        };
        let (one, other) = (of("one", &one), of("other", &other));
        let mut both = [one.clone(), other.clone()].concat();
        both.sort_by_key(|fact| fact.at);
        let until = hour(END + 24 * 60);
        let mut replay = Replay::new(policy.clone());
        both.into_iter().for_each(|fact| replay.add(fact).unwrap());
        let together = replay.decisions(until).unwrap();
        prop_assert!(together.is_sorted_by_key(|decision| (decision.at, decision.app.clone())));
        for (name, facts) in [("one", one), ("other", other)] {
            let alone = decide(&name.into(), &policy, &facts.iter().collect::<Vec<_>>(), until).decisions;
            let among: Vec<Decision> = together.iter().filter(|d| d.app == name).cloned().collect();
            prop_assert_eq!(alone, among);
        }
    }

    #[test]
    fn a_what_if_is_what_replays_of_the_same_facts_say(
        policy in policies(), draft in policies(), facts in histories(), at in 0..END, ahead in 0..480_i64,
    ) {
        let known: Vec<Fact> = facts.iter().filter(|fact| fact.at <= hour(at)).cloned().collect();
        let publication = Publication { starts: hour(at + ahead), policy: draft.clone() };
        let what_if = WhatIf::new(hour(at), policy.clone(), publication, &[]);
        let comparison = what_if.compare(&"app".into(), &known);

        let now = run(&policy, &known, hour(at));
        prop_assert_eq!(&comparison.decided, &now.decisions);
        prop_assert_eq!(comparison.state, now.standing.state);
        let own: Vec<Fact> = known.iter().filter(|fact| !matches!(fact.kind, FactKind::PolicyPublished { .. })).cloned().collect();
        let always = run(&draft, &own, hour(at));
        prop_assert_eq!(&comparison.by_draft, &always.decisions);
        prop_assert_eq!(comparison.state_by_draft, always.standing.state);
        let mut published = known.clone();
        published.push(fact(9_999, at + ahead, false, FactKind::PolicyPublished { policy: draft.clone().into() }));
        prop_assert_eq!(comparison.later_with_draft, run(&policy, &published, what_if.ends()).standing.state);
        prop_assert_eq!(comparison.later, run(&policy, &known, what_if.ends()).standing.state);

        let falls = comparison.differences().len();
        prop_assert_eq!(falls == 0, comparison.decided.len() == comparison.by_draft.len()
            && comparison.decided.iter().zip(&comparison.by_draft).all(|(one, other)| {
                (one.at, one.rule, &one.because, one.to) == (other.at, other.rule, &other.because, other.to)
            }));
        let same = WhatIf::new(hour(at), policy.clone(), Publication { starts: hour(at + ahead), policy: policy.clone() }, &[]);
        let same = same.compare(&"app".into(), &own);
        prop_assert!(same.differences().is_empty());
        prop_assert_eq!(same.later, same.later_with_draft);
    }
}
