use chrono::{DateTime, Utc};

use super::{
    Stationery,
    decision::PATIENCE,
    letter::{Bulletin, moment},
};
use crate::store::{apps::App, outbox::NewMail};

/// What happened to a readiness document, for one person (SPEC section 3).
pub struct ReadinessNotice<'a> {
    pub app: &'a App,
    pub news: ReadinessNews<'a>,
    /// The page that it leads to, as a path.
    pub page: &'a str,
    pub recipient: &'a str,
}

#[derive(Clone, Copy, Debug)]
pub enum ReadinessNews<'a> {
    /// For the reviewers.
    Submitted { by: &'a str, number: i64 },
    /// For the partner's owners: so many answers need a change.
    ChangesRequested { answers: usize, reason: &'a str },
    /// For the partner's owners.
    Approved { expires: DateTime<Utc>, reason: &'a str },
    /// For the partner's owners: the approval is about to expire.
    Expires { expires: DateTime<Utc> },
    /// For the partner's owners: the approval has expired.
    Expired { expires: DateTime<Utc> },
    /// For the partner's owners: the designation is withdrawn unless the document is approved before.
    WithdrawalAnnounced { effective: DateTime<Utc>, reason: &'a str },
    /// For the partner's owners: the designation stays.
    WithdrawalCalledOff { reason: &'a str },
}

pub fn readiness_notice(stationery: &Stationery<'_>, notice: &ReadinessNotice<'_>) -> NewMail {
    let app = notice.app;
    let mut facts = vec![
        ("App", format!("{} ({})", app.name, app.key)),
        ("Partner", app.partner_name.clone()),
    ];
    let (subject, headline, meaning, label) = match notice.news {
        ReadinessNews::Submitted { by, number } => {
            facts.push(("Submitted by", by.to_owned()));
            facts.push(("Submission", number.to_string()));
            (
                "readiness document submitted",
                format!("The readiness document of {} waits for a review.", app.name),
                "Accept each answer or ask for a change, then decide.",
                "Review the document",
            )
        }
        ReadinessNews::ChangesRequested { answers, reason } => {
            facts.push(("Answers to change", answers.to_string()));
            facts.push(("Reason", reason.to_owned()));
            (
                "changes requested in the readiness document",
                format!("The readiness document of {} needs changes.", app.name),
                "The page shows which answers need a change and why. Change them and submit the document again.",
                "Open the document",
            )
        }
        ReadinessNews::Approved { expires, reason } => {
            facts.push(("Expires", moment(expires)));
            facts.push(("Reason", reason.to_owned()));
            (
                "readiness document approved",
                format!("The readiness document of {} is approved.", app.name),
                "Nothing is to be done until it expires. Before then, review your answers and submit them again.",
                "Open the document",
            )
        }
        ReadinessNews::Expires { expires } => {
            facts.push(("Expires", moment(expires)));
            (
                "readiness document expires soon",
                format!(
                    "The approval of the readiness document of {} expires on {}.",
                    app.name,
                    moment(expires)
                ),
                "Go through the answers, change what is no longer right, and submit them again. The approval goes on to hold \
                 until it expires.",
                "Open the document",
            )
        }
        ReadinessNews::Expired { expires } => {
            facts.push(("Expired", moment(expires)));
            (
                "readiness document expired",
                format!("The approval of the readiness document of {} has expired.", app.name),
                "Go through the answers, change what is no longer right, and submit them again. Nothing that was answered is \
                 lost.",
                "Open the document",
            )
        }
        ReadinessNews::WithdrawalAnnounced { effective, reason } => {
            facts.push(("Takes effect", moment(effective)));
            facts.push(("Reason", reason.to_owned()));
            (
                "withdrawal announced",
                format!(
                    "The designation of {} will be withdrawn on {}, because its readiness document has expired.",
                    app.name,
                    moment(effective)
                ),
                "Go through the answers and submit them again. If the document is approved before then, nothing is withdrawn; \
                 while it is with the reviewers, the withdrawal waits for them.",
                "Open the document",
            )
        }
        ReadinessNews::WithdrawalCalledOff { reason } => {
            facts.push(("Reason", reason.to_owned()));
            (
                "withdrawal called off",
                format!("The designation of {} is not withdrawn.", app.name),
                "The readiness document still has to be renewed.",
                "Open the document",
            )
        }
    };
    let link = stationery.link(notice.page);
    let mut mail = stationery.bulletin(Bulletin {
        kind: "readiness",
        recipient: notice.recipient.to_owned(),
        subject: format!("{}: {subject}", app.name),
        headline: &headline,
        facts: &facts,
        meaning,
        link: &link,
        label,
        partner: app.partner_id,
        app: app.id,
        alert_address: None,
    });
    match notice.news {
        ReadinessNews::Submitted { .. } => {
            // The partner sees its own mails, and not who of the platform got one.
            mail.partner = None;
            mail.app = None;
        }
        ReadinessNews::WithdrawalAnnounced { .. } | ReadinessNews::WithdrawalCalledOff { .. } => {
            mail.give_up_at = stationery.now + PATIENCE;
        }
        _ => {}
    }
    mail
}
