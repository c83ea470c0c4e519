use chrono::{DateTime, TimeDelta, Utc};
use maud::{DOCTYPE, Markup, html};
use rampart_domain::id::MailId;

use crate::{config::Config, random, store::outbox::NewMail};

/// How long an ordinary mail is tried (SPEC section 2.3).
pub const PATIENCE: TimeDelta = TimeDelta::hours(24);

/// What every mail needs to know of the installation and the moment.
pub struct Stationery<'a> {
    pub config: &'a Config,
    pub now: DateTime<Utc>,
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
