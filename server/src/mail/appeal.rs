use maud::html;
use rampart_domain::escalation::Outcome;

use super::{
    Stationery,
    letter::{Bulletin, Letter, button, facts_table, facts_text, moment},
};
use crate::store::{apps::App, outbox::NewMail};

/// The verdict on an appeal, for one owner of the partner (SPEC section 6).
pub struct AppealVerdict<'a> {
    pub app: &'a App,
    pub granted: bool,
    /// The reason that was given.
    pub why: &'a str,
    /// What it did, in words.
    pub effect: &'a str,
    /// Where the app stands now.
    pub outcome: &'a Outcome,
    pub recipient: &'a str,
}

pub fn appeal_verdict(stationery: &Stationery<'_>, verdict: &AppealVerdict<'_>) -> NewMail {
    let app = verdict.app;
    let word = if verdict.granted { "granted" } else { "refused" };
    let page = stationery.link(&format!("/apps/{}/escalation", app.key));
    let headline = format!("The appeal of {} is {word}.", app.name);
    let mut facts = vec![
        ("App", format!("{} ({})", app.name, app.key)),
        ("Verdict", word.to_owned()),
        ("Reason", verdict.why.to_owned()),
        ("Effect", verdict.effect.to_owned()),
        ("What to do", verdict.outcome.standing.state.what_to_do().to_owned()),
    ];
    if let Some(deadline) = verdict.outcome.ladder.deadline {
        facts.push(("By when", moment(deadline)));
    }
    let mut mail = stationery.seal(Letter {
        kind: "appeal_verdict",
        recipients: vec![verdict.recipient.to_owned()],
        subject: format!("{}: appeal {word}", app.name),
        text: format!(
            "{headline}\n\n{}\nThe ladder, and what counts now:\n{page}\n",
            facts_text(&facts)
        ),
        html: html! {
            h1 style="font-size: 20px; line-height: 1.3" { (headline) }
            (facts_table(&facts))
            (button(&page, "Open the escalation page"))
        },
    });
    mail.partner = Some(app.partner_id);
    mail.app = Some(app.id);
    mail.give_up_at = stationery.now + super::decision::PATIENCE;
    mail
}

/// That an owner appeals, for one program manager, who decides on it.
pub fn appeal_opened(stationery: &Stationery<'_>, app: &App, by: &str, why: &str, recipient: &str) -> NewMail {
    let page = stationery.link(&format!("/apps/{}/escalation", app.key));
    let facts = [
        ("App", format!("{} ({})", app.name, app.key)),
        ("Partner", app.partner_name.clone()),
        ("Appealed by", by.to_owned()),
        ("Reason", why.to_owned()),
    ];
    let mut mail = stationery.bulletin(Bulletin {
        kind: "appeal_opened",
        recipient: recipient.to_owned(),
        subject: format!("{}: appeal", app.name),
        headline: &format!("{} appeals the escalation of {}.", app.partner_name, app.name),
        facts: &facts,
        meaning: "While it is open the deadline stands still and nothing is enforced. Grant or refuse it on the escalation page, \
                  which shows where the app stands if it is granted.",
        link: &page,
        label: "Open the escalation page",
        partner: app.partner_id,
        app: app.id,
        alert_address: None,
    });
    mail.give_up_at = stationery.now + super::decision::PATIENCE;
    mail
}
