//! A readiness document of which some answers need a change, and its review.

use rampart_app::model::*;
use rampart_domain::{
    access::{Action, Actor},
    readiness::{Choice, Decision, Group, Kind, State, Typed, Verdict},
};

use super::{ago, apps, now};

const DAY: i64 = 24 * 60;
const SHA: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn typed(value: &str) -> Typed {
    Typed {
        value: value.to_owned(),
        ..Typed::default()
    }
}

fn question(key: &str, text: &str, kind: Kind, answer: Typed, shown: ShownAnswer) -> ReadinessQuestion {
    let is_answered = shown != ShownAnswer::Nothing;
    ReadinessQuestion {
        asked: true,
        key: key.to_owned(),
        text: text.to_owned(),
        help: String::new(),
        required: true,
        kind,
        version: i64::from(is_answered),
        typed: answer,
        shown,
        saved: is_answered.then(|| ("Robin Vale".to_owned(), ago(3 * 60))),
        request: None,
        talk: Talk::default(),
    }
}

fn yes_or_no() -> Kind {
    let choice = |key: &str, label: &str| Choice {
        key: key.to_owned(),
        label: label.to_owned(),
    };
    Kind::Choice {
        options: vec![choice("yes", "Yes"), choice("no", "No")],
    }
}

pub(crate) fn page(actor: &Actor, key: &str) -> ReadinessPage {
    let mut recovery = question(
        "data_recovery",
        "How would you recover from lost or corrupt datastores?",
        Kind::Text,
        typed("1. Stop writes.\n2. Restore the latest backup."),
        ShownAnswer::Prose("<ol><li>Stop writes.</li><li>Restore the latest backup.</li></ol>".to_owned()),
    );
    recovery.talk = Talk {
        comments: 2,
        resolved: false,
    };
    recovery.help = "Name each datastore, and the steps in order.".to_owned();
    recovery.request = Some(ReadinessNote {
        html: "<p>Say how you know that the restored data is <strong>complete</strong>.</p>".to_owned(),
        by: "Ines Okafor".to_owned(),
        at: ago(DAY),
    });
    let hours = Typed {
        days: ["mon", "tue", "wed", "thu", "fri"].map(str::to_owned).to_vec(),
        from: "09:00".to_owned(),
        to: "17:30".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        ..Typed::default()
    };
    let restore = Typed {
        unit: "hours".to_owned(),
        ..typed("4")
    };
    let areas = vec![
        ReadinessArea {
            title: "Service restoration plan".to_owned(),
            why: "We are looking to ensure that you have a well-trodden path for rolling out fixes to production."
                .to_owned(),
            questions: vec![
                question(
                    "stores_data",
                    "Does your app store data?",
                    yes_or_no(),
                    typed("yes"),
                    ShownAnswer::Words("Yes".to_owned()),
                ),
                recovery,
                question(
                    "restore_duration",
                    "How fast can a data restore be performed?",
                    Kind::Duration,
                    restore,
                    ShownAnswer::Words("4 hours".to_owned()),
                ),
            ],
        },
        ReadinessArea {
            title: "Incident management".to_owned(),
            why: "We are looking to understand your approach to incident management.".to_owned(),
            questions: vec![
                question(
                    "cover_hours",
                    "During what hours is your team available to respond to issues?",
                    Kind::Hours,
                    hours,
                    ShownAnswer::Words("Monday to Friday, 09:00\u{2013}17:30 (Europe/Berlin)".to_owned()),
                ),
                question(
                    "team_communication",
                    "How do your team members communicate with each other during incidents?",
                    Kind::Text,
                    Typed::default(),
                    ShownAnswer::Nothing,
                ),
            ],
        },
    ];
    let partner = !actor.is_staff();
    let mut page = ReadinessPage {
        head: apps::head(actor, key),
        base: format!("/apps/{key}/readiness"),
        standing: ReadinessStanding {
            state: State::ChangesRequested,
            answered: 4,
            required: 5,
            submitted_at: Some(ago(2 * DAY)),
            approved: Some((ago(300 * DAY), now() + chrono::TimeDelta::days(65))),
            expired: false,
        },
        areas,
        missing: vec![(
            "team_communication".to_owned(),
            "How do your team members communicate with each other during incidents?".to_owned(),
        )],
        decided: Some(decision(Decision::ChangesRequested, "One answer needs a change.")),
        may_answer: partner,
        may_submit: partner,
        may_review: actor.may_everywhere(Action::ReviewReadiness),
        withdrawal: None,
        withdrawing: Withdrawing::Nothing,
    };
    if key == "expired" {
        page.standing.state = State::Approved;
        page.standing.approved = Some((ago(400 * DAY), ago(35 * DAY)));
        page.standing.expired = true;
        page.decided = Some(decision(Decision::Approved, "Everything is answered."));
        page.withdrawal = Some(AnnouncedWithdrawal {
            by: "Pia Lindqvist".to_owned(),
            at: ago(DAY),
            effective: now() + chrono::TimeDelta::days(27),
            why: "Nobody answered the four notices.".to_owned(),
        });
        if actor.may_everywhere(Action::DecideEscalation) {
            page.withdrawing = Withdrawing::CallOff;
        }
    }
    page
}

pub(crate) fn queue(filter: ReadinessFilter) -> ReadinessQueue {
    let row = |app: &str, group, days: i64| ReadinessRow {
        app_key: app.to_owned(),
        app_name: "Timesheets for Jira".to_owned(),
        partner: super::people::kestrel(),
        group,
        at: now() + chrono::TimeDelta::days(days),
        days,
        withdrawal: None,
        may_withdraw_from: (group == Group::Expired).then(|| now() + chrono::TimeDelta::days(days + 28)),
    };
    let mut announced = row("expired", Group::Expired, -35);
    announced.withdrawal = Some(now() + chrono::TimeDelta::days(27));
    let mut rows = vec![
        row("com.kestrel.timesheets", Group::Review, -2),
        row("good", Group::Review, 0),
        announced,
        row("below", Group::Expired, -3),
        row("proposed", Group::Changes, -9),
        row("appealed", Group::Expiring, 44),
    ];
    if filter.search == "none" {
        rows.clear();
    }
    let groups = Group::ALL
        .iter()
        .map(|group| (*group, rows.iter().filter(|row| row.group == *group).count() as u64));
    ReadinessQueue {
        groups: groups.collect(),
        total: rows.len() as u64,
        rows,
        page: 1,
        pages: 1,
        filter,
    }
}

fn decision(decision: Decision, reason: &str) -> ReadinessDecision {
    ReadinessDecision {
        decision,
        reason: reason.to_owned(),
        by: "Ines Okafor".to_owned(),
        at: ago(DAY),
        sha256: SHA.to_owned(),
    }
}

pub(crate) fn review(actor: &Actor, key: &str) -> ReadinessReviewPage {
    let line = |sign, text: &str| DiffLine {
        sign,
        text: text.to_owned(),
    };
    let answer = |key: &str, text: &str, shown| ReviewedAnswer {
        key: key.to_owned(),
        text: text.to_owned(),
        shown,
        since_previous: Some(AnswerChange::Same),
        since_signed: None,
        verdict: Some(Verdict::Accepted),
        said: Some(("Ines Okafor".to_owned(), ago(DAY))),
        note: String::new(),
        fingerprint: String::new(),
        talk: Talk::default(),
        note_html: String::new(),
    };
    let mut recovery = answer(
        "data_recovery",
        "How would you recover from lost or corrupt datastores?",
        ShownAnswer::Prose(
            "<ol><li>Stop writes.</li><li>Restore the latest backup and count the rows.</li></ol>".to_owned(),
        ),
    );
    recovery.verdict = None;
    recovery.said = None;
    recovery.since_previous = Some(AnswerChange::Lines(vec![
        line(DiffSign::Same, "1. Stop writes."),
        line(DiffSign::Removed, "2. Restore the latest backup."),
        line(DiffSign::Added, "2. Restore the latest backup and count the rows."),
    ]));
    recovery.since_signed = Some(AnswerChange::New);
    ReadinessReviewPage {
        head: apps::head(actor, key),
        base: format!("/apps/{key}/readiness"),
        submission: (key != "good").then(|| ReviewedSubmission {
            number: 2,
            by: "Robin Vale".to_owned(),
            at: ago(60),
            sha256: SHA.to_owned(),
            areas: vec![ReviewedArea {
                title: "Service restoration plan".to_owned(),
                why: "We are looking to ensure that you have a well-trodden path for rolling out fixes to production."
                    .to_owned(),
                answers: vec![
                    answer(
                        "stores_data",
                        "Does your app store data?",
                        ShownAnswer::Words("Yes".to_owned()),
                    ),
                    recovery,
                ],
            }],
            answers: 2,
            accepted: 1,
            unread: 1,
            open_talks: 1,
            decided: None,
            own: false,
        }),
    }
}

pub(crate) fn question_page(actor: &Actor, key: &str, question: &str) -> ReadinessQuestionPage {
    let base = format!("/apps/{key}/readiness");
    let thread = Thread {
        base: format!("{base}/questions/{question}"),
        comments: vec![Comment {
            id: "c1".to_owned(),
            author: "Ines Okafor".to_owned(),
            by_staff: true,
            at: ago(DAY),
            edited: None,
            html: "<p>Do you restore into a separate database first?</p>".to_owned(),
            version: 1,
            source: None,
            earlier: Vec::new(),
        }],
        may_write: true,
        is_full: false,
    };
    ReadinessQuestionPage {
        head: apps::head(actor, key),
        base,
        key: question.to_owned(),
        text: "How would you recover from lost or corrupt datastores?".to_owned(),
        help: "Name each datastore, and the steps in order.".to_owned(),
        shown: ShownAnswer::Prose("<ol><li>Stop writes.</li><li>Restore the latest backup.</li></ol>".to_owned()),
        saved: Some(("Robin Vale".to_owned(), ago(3 * 60))),
        thread,
        resolved: (key == "good").then(|| ("Ines Okafor".to_owned(), ago(60))),
        may_review: actor.may_everywhere(Action::ReviewReadiness),
    }
}
