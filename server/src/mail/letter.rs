use chrono::{DateTime, TimeDelta, Utc};
use maud::{DOCTYPE, Markup, html};
use rampart_domain::{
    id::{AlertAddressId, AppId, MailId, PartnerId},
    sli::SeriesKey,
};

use crate::{config::Config, random, store::outbox::NewMail};

/// How long an ordinary mail is tried (SPEC section 2.3).
pub const PATIENCE: TimeDelta = TimeDelta::hours(24);

/// What every mail needs to know of the installation and the moment.
pub struct Stationery<'a> {
    pub config: &'a Config,
    pub now: DateTime<Utc>,
}

/// A mail about one app that is no alert: what happened, what is known of it, what it means, and where to look.
pub(super) struct Bulletin<'a> {
    pub kind: &'static str,
    pub recipient: String,
    pub subject: String,
    pub headline: &'a str,
    pub facts: &'a [(&'static str, String)],
    pub meaning: &'a str,
    /// Where to look, and what the button says.
    pub link: &'a str,
    pub label: &'static str,
    pub partner: PartnerId,
    pub app: AppId,
    /// The confirmed address it goes to, if it does not go to the owners.
    pub alert_address: Option<AlertAddressId>,
}

/// The parts of a mail that its kind decides.
pub(super) struct Letter {
    pub kind: &'static str,
    pub recipients: Vec<String>,
    pub subject: String,
    pub text: String,
    /// What stands in the body of the HTML part.
    pub html: Markup,
}

impl Stationery<'_> {
    /// A link into the portal.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.config.server.public_url.as_str().trim_end_matches('/'))
    }

    pub(super) fn bulletin(&self, bulletin: Bulletin<'_>) -> NewMail {
        let Bulletin {
            headline,
            facts,
            meaning,
            link,
            ..
        } = bulletin;
        let mut mail = self.seal(Letter {
            kind: bulletin.kind,
            recipients: vec![bulletin.recipient],
            subject: bulletin.subject,
            text: format!("{headline}\n\n{}\n{meaning}\n\n{link}\n", facts_text(facts)),
            html: html! {
                h1 style="font-size: 20px; line-height: 1.3" { (headline) }
                (facts_table(facts))
                p { (meaning) }
                (button(link, bulletin.label))
            },
        });
        mail.partner = Some(bulletin.partner);
        mail.app = Some(bulletin.app);
        mail.alert_address = bulletin.alert_address;
        mail
    }

    pub(super) fn seal(&self, letter: Letter) -> NewMail {
        let id = MailId(random::id(self.now));
        let host = self.config.server.public_url.host_str().unwrap_or("rampart");
        let footer = format!("Sent by Rampart for {}, {}", self.config.platform.name, self.link("/"));
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head { meta charset="utf-8"; title { (letter.subject) } }
                body style="font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; color: #1f2733; max-width: 40rem; margin: 1.5rem" {
                    (letter.html)
                    p style="color: #667080; font-size: 13px; margin-top: 2rem" { (footer) }
                }
            }
        };
        NewMail {
            id,
            message_id: format!("<{}@{host}>", id.0.simple()),
            kind: letter.kind,
            partner: None,
            app: None,
            episode: None,
            alert_address: None,
            recipients: letter.recipients,
            subject: letter.subject,
            text: format!("{}\n\n-- \n{footer}\n", letter.text.trim_end()),
            html: page.into_string(),
            give_up_at: self.now + PATIENCE,
        }
    }
}

/// What is known, for the HTML part.
pub(super) fn facts_table(facts: &[(&str, String)]) -> Markup {
    html! {
        table style="border-collapse: collapse; margin: 16px 0" {
            @for (name, value) in facts {
                tr {
                    th style="text-align: left; font-weight: 400; color: #667080; padding: 3px 16px 3px 0; vertical-align: top" { (name) }
                    td style="padding: 3px 0" { (value) }
                }
            }
        }
    }
}

/// What is known, a line each, for the text part.
pub(super) fn facts_text(facts: &[(&str, String)]) -> String {
    facts.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

/// What is checked of an app.
pub(super) fn checked(key: &SeriesKey) -> String {
    match key.target.as_str() {
        "" => "the whole app".to_owned(),
        target => target.to_owned(),
    }
}

/// "23 Nov 2026, 13:50 UTC".
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// A button that is a link; it opens a page and does nothing by itself.
pub(super) fn button(href: &str, label: &str) -> Markup {
    html! {
        p { a href=(href) style="display: inline-block; background: #2f4fb5; color: #ffffff; padding: 9px 16px; border-radius: 6px; text-decoration: none; font-weight: 600" { (label) } }
    }
}
