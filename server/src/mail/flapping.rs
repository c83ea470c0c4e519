use rampart_domain::{
    alert::Bundle,
    count::{Counts, Minute},
    id::{AlertAddressId, AppId, PartnerId},
    sli::SeriesKey,
};

use super::{
    Stationery,
    incident_data::readable,
    letter::{Bulletin, checked, moment},
};
use crate::store::outbox::NewMail;

/// A mail about a series that flaps (SPEC section 2). It stands for several breaches, so it carries no incident data.
pub struct Flapping<'a> {
    pub about: FlappingState,
    pub tick: Minute,
    pub bundle: &'a Bundle,
    /// The value at the last evaluation with data, where one is known.
    pub value: Option<Counts>,
    pub key: &'a SeriesKey,
    pub app: AppId,
    pub app_key: &'a str,
    pub app_name: &'a str,
    pub partner: PartnerId,
    pub recipient: String,
    pub alert_address: Option<AlertAddressId>,
}

/// Which of its mails it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlappingState {
    Begun,
    /// A breach is open or not, as it happens.
    GoesOn {
        in_breach: bool,
    },
    Over,
}

pub fn flapping(stationery: &Stationery<'_>, mail: Flapping<'_>) -> NewMail {
    let metric = mail.key.metric_name();
    let app = mail.app_name;
    let waits = "Further openings, reminders and closings wait until no breach was open for an hour; then one mail sums them up. A breach that stays open for an hour is mailed by itself. The history shows every one.";
    let (kind, subject, headline, next) = match mail.about {
        FlappingState::Begun => (
            "flapping_begun",
            format!("[FLAPPING] {app}: {metric} goes in and out of breach"),
            format!(
                "{metric} of {app} is in breach for the sixth time within 6 hours: from now on its mails are bundled."
            ),
            waits,
        ),
        FlappingState::GoesOn { .. } => (
            "flapping_goes_on",
            format!("[FLAPPING] Still: {app}: {metric} goes in and out of breach"),
            format!("{metric} of {app} still goes in and out of breach: its mails are still bundled."),
            waits,
        ),
        FlappingState::Over => (
            "flapping_over",
            format!("[STABLE] {app}: {metric} has not been in breach for an hour"),
            format!("{metric} of {app} has not been in breach for an hour. This is what happened meanwhile."),
            "Every breach has mails of its own again.",
        ),
    };
    let mut facts = vec![
        ("App", format!("{app} ({})", mail.app_key)),
        ("Target of the check", checked(mail.key)),
        ("Bundled since", moment(mail.bundle.began_at.start())),
    ];
    if mail.about != FlappingState::Begun {
        facts.push(("Openings", mail.bundle.openings.to_string()));
        facts.push(("In breach for", time(mail.bundle.closed_minutes)));
    }
    let state = match mail.about {
        FlappingState::Begun | FlappingState::GoesOn { in_breach: true } => "in breach",
        FlappingState::GoesOn { in_breach: false } | FlappingState::Over => "not in breach",
    };
    let at = moment(mail.tick.start());
    facts.push(("State", format!("{state}, {at}")));
    facts.extend(mail.value.map(|value| ("Rate over the past window", readable(value))));
    let link = stationery.link(&format!("/apps/{}/breaches", mail.app_key));
    stationery.bulletin(Bulletin {
        kind,
        recipient: mail.recipient,
        subject,
        headline: &headline,
        facts: &facts,
        meaning: next,
        link: &link,
        label: "Open the breaches",
        partner: mail.partner,
        app: mail.app,
        alert_address: mail.alert_address,
    })
}

/// "1 h 5 min", "40 min".
fn time(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
