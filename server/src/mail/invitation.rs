use maud::html;
use rampart_domain::access::StaffRole;

use super::{
    Stationery,
    letter::{Letter, button, moment},
};
use crate::store::{invitations::Invitation, outbox::NewMail};

/// The mail with the one-time link by which somebody gets an account or a role.
pub fn invitation(stationery: &Stationery<'_>, invitation: &Invitation, partner: Option<&str>, link: &str) -> NewMail {
    let platform = &stationery.config.platform.name;
    let role = match (invitation.partner, partner) {
        (Some((_, role)), Some(partner)) => format!("{} at {partner}", role.label().to_lowercase()),
        _ => invitation
            .staff
            .iter()
            .map(|r: &StaffRole| r.label().to_lowercase())
            .collect::<Vec<_>>()
            .join(" and "),
    };
    let what = format!(
        "{} invites you to {platform}'s reliability portal as {role}.",
        invitation.invited_by
    );
    let until = format!("The link works once and until {}.", moment(invitation.expires_at));
    let unexpected = "If you did not expect this, ignore it: nothing happens without the link.";
    let mut mail = stationery.seal(Letter {
        kind: "invitation",
        recipients: vec![invitation.mail.clone()],
        subject: format!("Your invitation to {platform}'s reliability portal"),
        text: format!("{what}\n\nOpen this link to accept:\n{link}\n\n{until}\n{unexpected}"),
        html: html! {
            p { (what) }
            (button(link, "Accept the invitation"))
            p { (until) " " (unexpected) }
            p style="color: #667080; font-size: 13px" { "If the button does not work, open " (link) }
        },
    });
    mail.partner = invitation.partner.map(|p| p.0);
    mail
}
