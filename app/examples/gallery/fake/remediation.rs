//! The remediation plan of an app that is half-way through it.

use rampart_app::model::*;
use rampart_domain::{
    access::{Action, Actor},
    action::{ActionKind, ActionState, Priority, Step},
    escalation::State,
};

use super::{ago, apps, now};

const DAY: i64 = 24 * 60;

pub(crate) fn page(actor: &Actor, key: &str) -> RemediationPage {
    let head = apps::head(actor, key);
    if key == "good" {
        return RemediationPage {
            head,
            plan: None,
            others: Vec::new(),
        };
    }
    let base = format!("/apps/{key}/remediation/plan");
    let is_staff = actor.is_staff();
    let offer = |step| Offer { step, obstacle: None };
    let action = |id: &str, title: &str, state, offers: Vec<Offer>| ActionView {
        id: id.to_owned(),
        title: title.to_owned(),
        description: "<p>With an alert on the <strong>age</strong> of the oldest message.</p>".to_owned(),
        owner: "Robin Vale".to_owned(),
        kind: ActionKind::Prevent,
        priority: Priority::FourWeeks,
        due: Some((now() + chrono::TimeDelta::days(12)).date_naive()),
        overdue: false,
        late: false,
        tracker: Some("https://tracker.example.com/KES-118".to_owned()),
        state,
        version: 2,
        waits_for: Some("The partner does it, and says so here."),
        steps: vec![StepRow {
            step: Step::Propose,
            by: "Robin Vale".to_owned(),
            at: ago(9 * DAY),
            html: String::new(),
        }],
        offers,
        edit: None,
    };
    let mut late = action(
        "b",
        "Alert on the length of the queue",
        ActionState::Accepted,
        if is_staff {
            Vec::new()
        } else {
            vec![offer(Step::Complete)]
        },
    );
    late.overdue = true;
    late.due = Some(ago(3 * DAY).date_naive());
    let mut proposed = action("c", "Fail over to the second region", ActionState::Proposed, Vec::new());
    proposed.waits_for = Some("An incident manager accepts or declines it.");
    if is_staff {
        proposed.offers = vec![
            offer(Step::Accept),
            Offer {
                step: Step::Decline,
                obstacle: None,
            },
        ];
    }
    let verified = action("a", "Put deliveries into a queue", ActionState::Verified, Vec::new());
    RemediationPage {
        head,
        plan: Some(PlanView {
            base: base.clone(),
            opened_at: ago(20 * DAY),
            closed_at: None,
            state: Some(State::Remediation),
            deadline: Some(now() + chrono::TimeDelta::days(40)),
            paused: false,
            completed_at: None,
            contact: Some(ContactRef {
                account: "sam".to_owned(),
                name: "Sam Ferro".to_owned(),
                mail: "sam@platform.example".to_owned(),
            }),
            contacts: match actor.may_everywhere(Action::AssignContacts) {
                true => vec![("sam".to_owned(), "Sam Ferro".to_owned())],
                false => Vec::new(),
            },
            verified: 1,
            asked: 3,
            actions: vec![verified, late, proposed],
            owners: vec![("robin".to_owned(), "Robin Vale".to_owned())],
            may_propose: true,
            thread: Thread {
                base,
                may_write: true,
                is_full: false,
                comments: vec![Comment {
                    id: "c1".to_owned(),
                    author: "Sam Ferro".to_owned(),
                    by_staff: true,
                    at: ago(DAY),
                    edited: Some(ago(60)),
                    html: "<p>Does the queue survive a restart?</p>".to_owned(),
                    version: 2,
                    source: None,
                    earlier: vec![EarlierVersion {
                        at: ago(DAY),
                        html: "<p>Does it survive?</p>".to_owned(),
                    }],
                }],
            },
        }),
        others: vec![PlanRow {
            href: format!("/apps/{key}/remediation/earlier"),
            opened_at: ago(400 * DAY),
            closed_at: Some(ago(370 * DAY)),
            verified: 2,
            asked: 2,
        }],
    }
}
