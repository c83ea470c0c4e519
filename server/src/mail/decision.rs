use chrono::TimeDelta;
use maud::html;
use rampart_domain::escalation::{Outcome, State};

use super::{
    Stationery,
    letter::{Letter, button, facts_table, facts_text, moment},
};
use crate::store::{apps::App, escalation::Recorded, outbox::NewMail};

/// How long a notice of a decision is tried (SPEC section 2.3).
pub(super) const PATIENCE: TimeDelta = TimeDelta::days(5);

/// A step of an app on the ladder, for one person (SPEC section 6).
pub struct DecisionNotice<'a> {
    pub app: &'a App,
    pub recorded: &'a Recorded,
    /// What the app's facts came to.
    pub outcome: &'a Outcome,
    /// The name of the designation.
    pub designation: &'a str,
    pub recipient: &'a str,
    /// Whether that is somebody who has to decide, and not one of the partner.
    pub to_staff: bool,
}

pub fn decision_notice(stationery: &Stationery<'_>, notice: &DecisionNotice<'_>) -> NewMail {
    let (app, decision, ladder) = (notice.app, &notice.recorded.decision, &notice.outcome.ladder);
    let to = decision.to;
    let page = stationery.link(&format!("/apps/{}/escalation", app.key));
    let receipt = stationery.link(&format!("/apps/{}/escalation/{}", app.key, notice.recorded.id));
    let headline = match to {
        State::None => format!("{} has left the programme {}.", app.name, notice.designation),
        to => format!("{} is {}.", app.name, to.label()),
    };
    let mut facts = vec![
        ("App", format!("{} ({})", app.name, app.key)),
        ("Before", decision.from.label().to_owned()),
        ("Since", moment(decision.at)),
        (
            "Rule",
            format!("{}, policy version {}", decision.rule, decision.policy_version),
        ),
        ("Effect", to.effect().to_owned()),
        (
            "What to do",
            match notice.to_staff {
                true => "Confirm the demotion or decline it with a new deadline, with a reason.".to_owned(),
                false => to.what_to_do().to_owned(),
            },
        ),
    ];
    // Several decisions may fall together; what is due now belongs to the last of them.
    if notice.outcome.standing.state == to {
        let dates = [
            ("By when", ladder.deadline),
            ("Clears", ladder.clears),
            ("Taken back from", ladder.cools_off),
        ];
        facts.extend(
            dates
                .into_iter()
                .filter_map(|(name, at)| at.map(|at| (name, moment(at)))),
        );
    }
    let appeal = match to {
        State::None | State::GoodStanding => None,
        _ if notice.to_staff => None,
        _ => Some(
            "If this rests on something that your app did not cause, an owner can appeal on the same page. While an appeal is open the deadline stands still and nothing further is enforced.",
        ),
    };
    let evidence = "The receipt lists the facts it rests on; with it anybody can compute the decision again.";
    let mut mail = stationery.seal(Letter {
        kind: "decision",
        recipients: vec![notice.recipient.to_owned()],
        subject: format!("{}: {}", app.name, to.label()),
        text: format!(
            "{headline}\n\n{}\n\n{}\nEvidence and next steps:\n{page}\n\n{evidence}\n{receipt}\n\n{}",
            decision.explanation,
            facts_text(&facts),
            appeal.unwrap_or_default()
        ),
        html: html! {
            h1 style="font-size: 20px; line-height: 1.3" { (headline) }
            p { (decision.explanation) }
            (facts_table(&facts))
            (button(&page, "Open the escalation page"))
            p { (evidence) " " a href=(receipt) { "Open the receipt" } "." }
            @if let Some(appeal) = appeal { p { (appeal) } }
        },
    });
    if !notice.to_staff {
        // The partner sees its own mails, and not who of the platform got one.
        mail.partner = Some(app.partner_id);
        mail.app = Some(app.id);
    }
    mail.give_up_at = stationery.now + PATIENCE;
    mail
}
