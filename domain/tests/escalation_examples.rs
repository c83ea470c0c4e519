//! Histories whose decisions are known to the second.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::{fs, path::Path};

use rampart_domain::escalation::{EscalationPolicy, Fact, Replay, parse_time};
use serde_json::Value;

fn read(file: &str) -> String {
    fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/escalation")
            .join(file),
    )
    .unwrap()
}

fn agrees(example: &str) {
    let policy = EscalationPolicy::parse(&read("policy.json")).unwrap();
    let until = parse_time(read(&format!("{example}.until")).trim()).unwrap();
    let mut replay = Replay::new(policy);
    for line in read(&format!("{example}.facts.jsonl")).lines() {
        replay.add(Fact::parse(line).unwrap()).unwrap();
    }
    let decided: Vec<_> = replay
        .decisions(until)
        .unwrap()
        .iter()
        .map(|decision| serde_json::to_value(decision).unwrap())
        .collect();
    let expected: Vec<Value> = read(&format!("{example}.decisions.jsonl"))
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(decided, expected);
}

#[test]
fn from_notification_to_demotion_and_back() {
    agrees("demotion");
}

#[test]
fn freezes_appeals_and_a_change_of_policy() {
    agrees("freeze-appeal-policy");
}

#[test]
fn a_breach_that_is_excused_and_no_longer() {
    agrees("ledger");
}
