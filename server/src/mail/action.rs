use chrono::NaiveDate;
use rampart_domain::{
    action::{Step, is_overdue},
    id::{AppId, PartnerId},
};

use super::{Stationery, letter::Bulletin};
use crate::store::{actions::Item, outbox::NewMail};

/// What there is to say about an action.
#[derive(Clone, Copy, Debug)]
pub enum ActionNews<'a> {
    /// Somebody took a step with it, with this evidence or reason.
    Taken { step: Step, by: &'a str, text: &'a str },
    /// It is still to be done.
    Reminder,
}

/// A mail about an action, to one person (SPEC section 4).
pub struct ActionNotice<'a> {
    pub news: ActionNews<'a>,
    /// The action as it is now.
    pub item: &'a Item,
    /// Who sees to it, by name.
    pub owner: &'a str,
    pub app: AppId,
    pub app_key: &'a str,
    pub app_name: &'a str,
    pub partner: PartnerId,
    /// The page of what it belongs to, as a path.
    pub page: &'a str,
    pub recipient: &'a str,
    /// Whether that is somebody of the platform.
    pub to_staff: bool,
}

pub fn action_notice(stationery: &Stationery<'_>, notice: &ActionNotice<'_>) -> NewMail {
    let (app, title) = (notice.app_name, notice.item.terms.title.as_str());
    let today = stationery.now.date_naive();
    let due = notice.item.due;
    let (word, headline, meaning) = match notice.news {
        ActionNews::Taken { step, by, .. } => taken(step, by, app),
        ActionNews::Reminder => reminder(due, today, app),
    };
    let mut facts = vec![
        ("App", format!("{app} ({})", notice.app_key)),
        ("Action", title.to_owned()),
        ("Who sees to it", notice.owner.to_owned()),
    ];
    if let Some(due) = due {
        facts.push(("Due", due.format("%-d %B %Y").to_string()));
    }
    if let ActionNews::Taken { step, text, .. } = notice.news
        && !text.is_empty()
    {
        let name = if step.needs_reason() { "Reason" } else { "Evidence" };
        facts.push((name, text.to_owned()));
    }
    let link = stationery.link(notice.page);
    let mut mail = stationery.bulletin(Bulletin {
        kind: match notice.news {
            ActionNews::Taken { .. } => "action",
            ActionNews::Reminder => "action_reminder",
        },
        recipient: notice.recipient.to_owned(),
        subject: format!("{app}: action {word}: {title}"),
        headline: &headline,
        facts: &facts,
        meaning,
        link: &link,
        label: "Open the action",
        partner: notice.partner,
        app: notice.app,
        alert_address: None,
    });
    if notice.to_staff {
        // The partner sees its own mails, and not who of the platform got one.
        mail.partner = None;
        mail.app = None;
    }
    mail
}

/// (word, headline, meaning) of a step.
fn taken(step: Step, by: &str, app: &str) -> (&'static str, String, &'static str) {
    match step {
        Step::Propose | Step::Edit => (
            "proposed",
            format!("{by} proposes an action for {app}."),
            "An incident manager accepts or declines it.",
        ),
        Step::Accept => (
            "accepted",
            format!("{by} accepted an action of {app}."),
            "Once it is done, say so on its page, with the evidence.",
        ),
        Step::Decline => (
            "declined",
            format!("{by} declined an action of {app}."),
            "It is not asked for. Propose another one if what it was for is still to be solved.",
        ),
        Step::Complete => (
            "done",
            format!("{by} says that an action of {app} is done."),
            "An incident manager looks at the evidence, and verifies the action or sends it back.",
        ),
        Step::SendBack => (
            "sent back",
            format!("{by} sent an action of {app} back."),
            "It counts as accepted again. Do what is missing, then say that it is done.",
        ),
        Step::Verify => (
            "verified",
            format!("{by} verified an action of {app}."),
            "Nothing more is to be done about it.",
        ),
        Step::Waive => (
            "waived",
            format!("{by} waived an action of {app}."),
            "It is no longer asked for.",
        ),
    }
}

fn reminder(due: Option<NaiveDate>, today: NaiveDate, app: &str) -> (&'static str, String, &'static str) {
    let meaning = "Once it is done, say so on its page, with the evidence. An incident manager then verifies it.";
    match due {
        Some(due) if is_overdue(due, today) => ("overdue", format!("An action of {app} is overdue."), meaning),
        Some(due) if due == today => ("due today", format!("An action of {app} is due today."), meaning),
        Some(due) if Some(due) == today.succ_opt() => {
            ("due tomorrow", format!("An action of {app} is due tomorrow."), meaning)
        }
        _ => ("due soon", format!("An action of {app} is due within a week."), meaning),
    }
}
