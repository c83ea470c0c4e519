use chrono::{DateTime, Utc};

use super::{
    Stationery,
    letter::{Bulletin, moment},
};
use crate::store::{apps::App, outbox::NewMail};

/// Who a partner's contact for a remediation is, for one person (SPEC section 6).
pub struct ContactNotice<'a> {
    pub app: &'a App,
    pub name: &'a str,
    pub mail: &'a str,
    pub deadline: Option<DateTime<Utc>>,
    /// The page of the plan, as a path.
    pub page: &'a str,
    pub recipient: &'a str,
    /// Whether that is the contact.
    pub to_contact: bool,
}

pub fn contact_notice(stationery: &Stationery<'_>, notice: &ContactNotice<'_>) -> NewMail {
    let app = notice.app;
    let (headline, meaning) = match notice.to_contact {
        true => (
            format!("You are the contact for the remediation of {}.", app.name),
            "The partner's people ask you. You get a mail when they propose an action or say that one is done.",
        ),
        false => (
            format!("{} is your contact for the remediation of {}.", notice.name, app.name),
            "Ask in the thread of the plan, where everybody concerned reads it, or by mail.",
        ),
    };
    let mut facts = vec![
        ("App", format!("{} ({})", app.name, app.key)),
        ("Partner", app.partner_name.clone()),
        ("Contact", format!("{}, {}", notice.name, notice.mail)),
    ];
    facts.extend(notice.deadline.map(|at| ("Deadline", moment(at))));
    let link = stationery.link(notice.page);
    let mut mail = stationery.bulletin(Bulletin {
        kind: "remediation_contact",
        recipient: notice.recipient.to_owned(),
        subject: format!("{}: contact for the remediation", app.name),
        headline: &headline,
        facts: &facts,
        meaning,
        link: &link,
        label: "Open the plan",
        partner: app.partner_id,
        app: app.id,
        alert_address: None,
    });
    if notice.to_contact {
        // The partner sees its own mails, and not who of the platform got one.
        mail.partner = None;
        mail.app = None;
    }
    mail
}
