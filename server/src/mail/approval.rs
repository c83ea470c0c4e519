use chrono::NaiveDate;
use rampart_domain::onboarding::Item;

use super::{Stationery, letter::Bulletin};
use crate::store::{apps::App, outbox::NewMail};

/// What there is to say about the approval of an app.
#[derive(Clone, Copy, Debug)]
pub enum ApprovalNews<'a> {
    /// An item is waived up to and including a day.
    Waived {
        item: Item,
        until: NaiveDate,
        why: &'a str,
    },
    /// The request for a waiver is declined.
    Declined {
        item: Item,
        why: &'a str,
    },
    /// A waiver does not hold any longer.
    TakenBack {
        item: Item,
        why: &'a str,
    },
    Approved {
        why: &'a str,
    },
    Refused {
        why: &'a str,
    },
    /// Everything required is done or waived; for program managers.
    Complete,
}

/// A mail about the approval of an app, to one person (SPEC section 3).
pub struct ApprovalNotice<'a> {
    pub news: ApprovalNews<'a>,
    pub app: &'a App,
    /// The page of the approval, as a path.
    pub page: &'a str,
    pub recipient: &'a str,
}

pub fn approval_notice(stationery: &Stationery<'_>, notice: &ApprovalNotice<'_>) -> NewMail {
    let app = notice.app;
    let name = app.name.as_str();
    let designation = stationery.config.platform.designation.as_str();
    let mut facts = vec![("App", format!("{name} ({})", app.key))];
    let (subject, headline, meaning, why) = match notice.news {
        ApprovalNews::Waived { item, until, why } => {
            facts.push(("Requirement", item.label().to_owned()));
            facts.push(("Until", until.format("%-d %B %Y").to_string()));
            (
                format!("{name}: waived: {}", item.label()),
                format!("A requirement of {name} is waived."),
                "It is not asked for up to and including that day.",
                Some(why),
            )
        }
        ApprovalNews::Declined { item, why } => {
            facts.push(("Requirement", item.label().to_owned()));
            (
                format!("{name}: not waived: {}", item.label()),
                format!("A request for a waiver of {name} is declined."),
                "The requirement is still asked for.",
                Some(why),
            )
        }
        ApprovalNews::TakenBack { item, why } => {
            facts.push(("Requirement", item.label().to_owned()));
            (
                format!("{name}: waiver taken back: {}", item.label()),
                format!("A waiver of {name} is taken back."),
                "The requirement is asked for again.",
                Some(why),
            )
        }
        ApprovalNews::Approved { why } => (
            format!("{name}: approved"),
            format!("{name} is approved."),
            "It carries the designation from now on.",
            Some(why),
        ),
        ApprovalNews::Refused { why } => (
            format!("{name}: not approved"),
            format!("{name} is not approved."),
            "The ticket is closed. An owner can ask for approval again.",
            Some(why),
        ),
        ApprovalNews::Complete => {
            facts.push(("Partner", app.partner_name.clone()));
            (
                format!("{name}: ready for a decision"),
                format!("Everything that {designation} requires of {name} is done or waived."),
                "A program manager approves the app or refuses it.",
                None,
            )
        }
    };
    facts.extend(why.map(|why| ("Reason", why.to_owned())));
    let link = stationery.link(notice.page);
    let mut mail = stationery.bulletin(Bulletin {
        kind: "approval",
        recipient: notice.recipient.to_owned(),
        subject,
        headline: &headline,
        facts: &facts,
        meaning,
        link: &link,
        label: "Open the approval",
        partner: app.partner_id,
        app: app.id,
        alert_address: None,
    });
    if matches!(notice.news, ApprovalNews::Complete) {
        // The partner sees its own mails, and not who of the platform got one.
        mail.partner = None;
        mail.app = None;
    }
    mail
}
