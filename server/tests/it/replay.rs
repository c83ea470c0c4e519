//! `rampart replay`, as an auditor uses it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use rampart_domain::escalation::EscalationPolicy;
use serde_json::{Value, json};

fn example(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../domain/tests/escalation")
        .join(file)
}

/// Runs the command with `input` on standard input, and no configuration.
fn replay(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rampart"))
        .arg("replay")
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn replay_facts(facts: &str, until: &str) -> Output {
    let policy = example("policy.json");
    replay(
        &["--policy", policy.to_str().unwrap(), "--facts", "-", "--until", until],
        facts,
    )
}

fn decisions(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// One line, which is the answer.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    assert!(
        output.stdout.is_empty(),
        "nothing is printed before everything is valid"
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

const UNTIL: &str = "2026-12-31T00:00:00Z";

fn designated(id: &str, at: &str, app: &str) -> Value {
    json!({ "id": id, "at": at, "type": "designated", "app": app })
}

fn lines(facts: &[Value]) -> String {
    facts.iter().map(|fact| format!("{fact}\n")).collect()
}

#[test]
fn the_examples_are_printed_to_the_letter() {
    for name in ["demotion", "freeze-appeal-policy", "ledger"] {
        let until = std::fs::read_to_string(example(&format!("{name}.until"))).unwrap();
        let facts = std::fs::read_to_string(example(&format!("{name}.facts.jsonl"))).unwrap();
        let expected = std::fs::read_to_string(example(&format!("{name}.decisions.jsonl"))).unwrap();
        let output = replay_facts(&facts, until.trim());
        let expected: Vec<Value> = expected
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(decisions(&output), expected);
        let first = String::from_utf8_lossy(&output.stdout)
            .lines()
            .next()
            .unwrap()
            .to_owned();
        let members: Vec<_> = ["at", "app", "from", "to", "rule", "because"]
            .map(|name| first.find(&format!("\"{name}\":")).unwrap())
            .into();
        assert!(members.is_sorted(), "{first}");
    }
}

#[test]
fn a_decision_is_explained_when_asked() {
    let (policy, facts) = (example("policy.json"), example("demotion.facts.jsonl"));
    let output = replay(
        &[
            "--policy",
            policy.to_str().unwrap(),
            "--facts",
            facts.to_str().unwrap(),
            "--until",
            "2026-09-01T00:00:00Z",
            "--explain",
        ],
        "",
    );
    let explained: Vec<String> = decisions(&output)
        .iter()
        .map(|decision| decision["explanation"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        explained,
        [
            "The app carries the designation; breaches count from here on.",
            "1 breach and 0 missed objectives count: the app is notified, and is in good standing again after 28 days without any.",
            "3 breaches counted within 28 days, and 3 lead to remediation: it has to be completed by 29 April 2026, 23:00:00 UTC.",
            "The remediation was not completed by its deadline, so a demotion is proposed.",
            "A program manager confirmed the demotion: the app loses the designation and may be taken back from 31 July 2026, 09:15:00 UTC on.",
            "A program manager took the app back into good standing; what came before no longer counts.",
        ]
    );
}

#[test]
fn apps_are_in_the_order_of_their_code_points() {
    let at = "2026-01-01T00:00:00Z";
    let facts = lines(&[
        designated("1", at, "b"),
        designated("2", at, "é"),
        designated("3", at, "B"),
        designated("4", at, "a"),
    ]);
    let apps: Vec<_> = decisions(&replay_facts(&facts, at))
        .iter()
        .map(|d| d["app"].clone())
        .collect();
    assert_eq!(apps, ["B", "a", "b", "é"]);
}

#[test]
fn a_fact_at_the_end_acts_and_a_later_one_is_checked_only() {
    let facts = [
        designated("1", "2026-01-01T00:00:00Z", "a"),
        designated("2", "2026-01-01T00:00:01Z", "b"),
    ];
    assert_eq!(
        decisions(&replay_facts(&lines(&facts), "2026-01-01T00:00:00Z")).len(),
        1
    );
    assert_eq!(
        decisions(&replay_facts(&lines(&facts), "2025-01-01T00:00:00Z")).len(),
        0
    );
    let mut wrong = lines(&facts);
    wrong.push_str("{}\n");
    assert!(refusal(&replay_facts(&wrong, "2026-01-01T00:00:00Z")).contains("line 3: "));
    assert_eq!(decisions(&replay_facts("", UNTIL)).len(), 0);
    let without_line_end = lines(&facts);
    assert_eq!(decisions(&replay_facts(without_line_end.trim_end(), UNTIL)).len(), 2);
}

#[test]
fn each_mistake_is_named_with_its_line() {
    let at = "2026-01-01T00:00:00Z";
    let fact = |id: &str, kind: &str, further: Value| {
        let mut fact = json!({ "id": id, "at": at, "type": kind, "app": "a" });
        fact.as_object_mut()
            .unwrap()
            .extend(further.as_object().unwrap().clone());
        fact
    };
    let first = fact("1", "breach", json!({ "breach": "b1", "series": "s" }));
    let refused = |second: &str| refusal(&replay_facts(&format!("{first}\n{second}\n"), UNTIL));
    for (second, said) in [
        (fact("2", "promoted", json!({})), "`type` \"promoted\" is unknown"),
        (fact("1", "designated", json!({})), "the id \"1\" has been used"),
        (
            fact("2", "breach_closed", json!({ "breach": "b2" })),
            "\"b2\" is no breach",
        ),
        (fact("2", "slo_met", json!({ "miss": "b1" })), "\"b1\" is no miss"),
        (
            fact("2", "excused", json!({ "ref": "m1" })),
            "\"m1\" is no breach or miss",
        ),
        (
            fact("2", "excused", json!({ "ref": "b1", "app": "other" })),
            "\"b1\" is no breach or miss",
        ),
        (
            fact("2", "slo_missed", json!({ "miss": "b1", "series": "s" })),
            "\"b1\" has been used",
        ),
        (
            fact("2", "designated", json!({ "at": "2025-12-31T23:59:59Z" })),
            "its time 2025-12-31T23:59:59Z lies before",
        ),
        (
            fact("2", "designated", json!({ "at": "2026-01-01T00:00:00.5Z" })),
            "`at` must be a time",
        ),
        (
            fact("2", "designated", json!({ "at": "2026-01-01T01:00:00+01:00" })),
            "`at` must be a time",
        ),
        (
            fact("2", "demotion_declined", json!({ "extend_days": -1 })),
            "`extend_days` must be a whole number",
        ),
        (fact("", "designated", json!({})), "`id` is empty"),
    ] {
        let refused = refused(&second.to_string());
        assert!(
            refused.starts_with("rampart: -, line 2: ") && refused.contains(said),
            "{refused}"
        );
    }
    assert!(refused("").contains("line 2: it is blank"));
    assert!(refused("{\"id\":").contains("line 2: it is not a JSON object"));
    assert!(refused("[]").contains("line 2: it is not a JSON object"));
    // The earlier of two is named, whatever they are.
    let unknown = fact("2", "breach_closed", json!({ "breach": "b2" }));
    assert!(refused(&format!("{unknown}\nnonsense")).contains("line 2: "));
}

#[test]
fn an_id_that_comes_later_in_the_file_is_unknown() {
    let at = "2026-01-01T00:00:00Z";
    let facts = [
        json!({ "id": "1", "at": at, "type": "excused", "app": "a", "ref": "b1" }),
        json!({ "id": "2", "at": at, "type": "breach", "app": "a", "breach": "b1", "series": "s" }),
    ];
    assert!(refusal(&replay_facts(&lines(&facts), UNTIL)).contains("line 1: "));
}

#[test]
fn a_file_longer_than_what_is_read_at_once_is_read_to_its_end() {
    let at = "2026-01-01T00:00:00Z";
    let mut facts: String = (0..60_000)
        .map(|n| format!("{{\"id\":\"f{n}\",\"at\":\"{at}\",\"type\":\"designated\",\"app\":\"app{n}\"}}\n"))
        .collect();
    assert!(facts.len() > 4 << 20);
    assert_eq!(decisions(&replay_facts(&facts, UNTIL)).len(), 60_000);
    facts.push_str("oh\n");
    assert!(refusal(&replay_facts(&facts, UNTIL)).contains("line 60001: "));
}

#[test]
fn wrong_usage_is_said_and_exits_with_2() {
    let policy = example("policy.json");
    let policy = policy.to_str().unwrap();
    let facts = example("ledger.facts.jsonl");
    let facts = facts.to_str().unwrap();
    for (arguments, said) in [
        (&["--policy", "-", "--facts", "-", "--until", UNTIL][..], "cannot both"),
        (
            &["--policy", "nowhere.json", "--facts", facts, "--until", UNTIL],
            "--policy nowhere.json",
        ),
        (
            &["--policy", policy, "--facts", "nowhere.jsonl", "--until", UNTIL],
            "--facts nowhere.jsonl",
        ),
        (&["--policy", policy, "--facts", "/", "--until", UNTIL], "--facts /"),
        (&["--policy", facts, "--facts", facts, "--until", UNTIL], "--policy "),
    ] {
        let refused = refusal(&replay(arguments, ""));
        assert!(refused.contains(said), "{refused}");
    }
    for until in ["2026-12-31", "2026-12-31T00:00:00+01:00", "tomorrow"] {
        let output = replay(&["--policy", policy, "--facts", facts, "--until", until], "");
        assert_eq!(output.status.code(), Some(2));
    }
    let mut never = EscalationPolicy::standard();
    never.recovery.clear_quiet_days = 0;
    let never = serde_json::to_string(&never).unwrap();
    let refused = refusal(&replay(&["--policy", "-", "--facts", facts, "--until", UNTIL], &never));
    assert!(
        refused.contains("recovery.clear_quiet_days must be 1 or more"),
        "{refused}"
    );
}
