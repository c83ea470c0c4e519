//! The approval of an app that is half-way through its checklist.

use rampart_app::model::*;
use rampart_domain::{
    access::Actor,
    onboarding::{Item, Party, ReviewState, State},
};

use super::{ago, apps, now, people};

const DAY: i64 = 24 * 60;

fn said(by: &str, days: i64, text: &str) -> Saying {
    Saying {
        by: by.to_owned(),
        at: ago(days * DAY),
        text: text.to_owned(),
    }
}

pub(crate) fn page(actor: &Actor, key: &str) -> ApprovalPage {
    let is_new = key == "new-one";
    let is_staff = actor.is_staff();
    let item = |item: Item, state, reason: &str| ChecklistItem {
        item,
        need: item.need(rampart_domain::app::AppKind::Connect),
        state,
        reason: reason.to_owned(),
        href: Some(format!("/apps/{key}/settings")),
        waiver: None,
        past: Vec::new(),
    };
    let until = (now() + chrono::TimeDelta::days(60)).date_naive();
    let mut trial = item(
        Item::Trial,
        State::Waived(until),
        "Waived up to and including 22 January 2027.",
    );
    trial.href = None;
    trial.waiver = Some(WaiverView {
        asked: Some(said(
            "Robin Vale",
            3,
            "We have run such trials with you for another app.",
        )),
        granted: Some(said("Pia Program", 2, "They have, in spring.")),
        until: Some(until),
        ended: None,
        is_own: false,
    });
    let mut rollout = item(Item::Rollout, State::ToDo, "No instance is named for Confluence.");
    rollout.waiver = Some(WaiverView {
        asked: Some(said("Sam Ferro", 1, "Confluence has not confirmed our sign-up yet.")),
        granted: None,
        until: None,
        ended: None,
        is_own: !is_staff,
    });
    ApprovalPage {
        head: apps::head(actor, key),
        ticket: (!is_new).then(|| TicketView {
            opened_at: ago(9 * DAY),
            opened_by: "Robin Vale".to_owned(),
            verdict: None,
        }),
        earlier: Vec::new(),
        next: (!is_new).then(|| {
            "The partner does 1 required item, a reviewer sees to 1 required item, and a program manager answers a request for a waiver."
                .to_owned()
        }),
        done: 3,
        required: 6,
        items: vec![
            item(Item::HealthCheck, State::Done, "1438 of 1440 probes of the last 24 hours were good."),
            item(Item::AlertMail, State::Done, "The address was confirmed from its drill mail."),
            item(Item::Slis, State::ToDo, "1 series is flagged; staff answer."),
            item(Item::Readiness, State::ToDo, "It is being written, and not submitted yet."),
            rollout,
            trial,
            item(Item::IframeEvents, State::NotApplicable, "No page of the app has been loaded so far."),
            item(Item::Synthetics, State::ToDo, "No result has come so far."),
            item(Item::Training, State::ToDo, "The partner has not said who has watched it."),
        ],
        series: vec![
            SeriesToReview {
                id: "a".to_owned(),
                name: "App availability of app.kestrel.example".to_owned(),
                href: format!("/apps/{key}/metrics?series=a"),
                has_data: true,
                state: ReviewState::Expected,
                said: Some(("r1".to_owned(), said("Robin Vale", 4, ""))),
                answer: None,
                is_own: false,
            },
            SeriesToReview {
                id: "b".to_owned(),
                name: "Jira Webhook delivery".to_owned(),
                href: format!("/apps/{key}/metrics?series=b"),
                has_data: true,
                state: ReviewState::Flagged,
                said: Some(("r2".to_owned(), said("Robin Vale", 2, "There should be three times as many."))),
                answer: None,
                is_own: false,
            },
        ],
        instances: vec![InstanceView {
            id: "i".to_owned(),
            product: "Jira".to_owned(),
            site: "kestrel-dfr.atlassian.net".to_owned(),
            added_by: "Robin Vale".to_owned(),
        }],
        products: vec![
            ("jira".to_owned(), "Jira".to_owned()),
            ("confluence".to_owned(), "Confluence".to_owned()),
        ],
        training: None,
        may: ApprovalPermissions {
            ask: is_new && !is_staff,
            work: !is_staff,
            answer: is_staff,
            request: !is_new,
            decide: is_staff,
        },
        obstacle: None,
        cannot_ask: None,
        thread: None,
        today: now().date_naive(),
    }
}

pub(crate) fn queue(filter: ApprovalFilter) -> ApprovalQueue {
    let row = |name: &str, days: i64, done: u64, next: &str| ApprovalRow {
        app_key: format!("com.kestrel.{}", name.to_lowercase()),
        app_name: name.to_owned(),
        partner: people::kestrel(),
        opened_at: ago(days * DAY),
        age_days: days,
        done,
        required: 6,
        next: next.to_owned(),
    };
    let rows = match filter.search.as_str() {
        "none" => Vec::new(),
        _ => vec![
            row(
                "Timesheets",
                9,
                3,
                "The partner does 2 required items, and a reviewer sees to 1 required item.",
            ),
            row(
                "Diagrams",
                0,
                6,
                "Everything required is done or waived, and a program manager decides.",
            ),
        ],
    };
    ApprovalQueue {
        total: rows.len() as u64,
        rows,
        page: 1,
        pages: 1,
        filter,
        waiting: vec![(Party::Partner, 1), (Party::Reviewers, 1), (Party::ProgramManagers, 1)],
        everything: 2,
    }
}
