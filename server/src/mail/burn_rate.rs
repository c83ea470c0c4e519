use rampart_domain::{
    alert::{BurnRateAlert, burn_rate_hundredths},
    count::{Counts, Minute},
    id::{AlertAddressId, AppId, PartnerId},
    policy::SliPolicy,
    sli::SeriesKey,
};

use super::{
    Stationery,
    letter::{Bulletin, checked, moment},
};
use crate::store::outbox::NewMail;

/// A mail about the start or the end of a burn-rate alert (SPEC section 2). It is no breach and carries no incident data.
pub struct BurnRate<'a> {
    pub ended: bool,
    pub tick: Minute,
    pub alert: &'a BurnRateAlert,
    /// The last hour and the last six, as the alert saw them.
    pub hour: Counts,
    pub six_hours: Counts,
    pub policy: &'a SliPolicy,
    pub key: &'a SeriesKey,
    pub app: AppId,
    pub app_key: &'a str,
    pub app_name: &'a str,
    pub partner: PartnerId,
    pub recipient: String,
    pub alert_address: Option<AlertAddressId>,
}

pub fn burn_rate(stationery: &Stationery<'_>, mail: BurnRate<'_>) -> NewMail {
    let metric = mail.key.metric_name();
    let app = mail.app_name;
    let (kind, subject, headline) = match mail.ended {
        false => (
            "burn_rate_started",
            format!("[BURN RATE] {app}: {metric} spends its error budget too fast"),
            format!("{metric} of {app} spends its error budget so fast that it will not last 28 days."),
        ),
        true => (
            "burn_rate_ended",
            format!("[BURN RATE] Over: {app}: {metric} no longer spends its error budget too fast"),
            format!("{metric} of {app} has not spent its error budget too fast for 15 minutes."),
        ),
    };
    let note = "A burn-rate alert is a warning besides the alerts of the programme. It is no breach and is held against nobody. The people of the app's team turn these mails on and off in its settings.";
    let facts = [
        ("App", format!("{app} ({})", mail.app_key)),
        ("Target of the check", checked(mail.key)),
        ("Since", moment(mail.alert.started_at.start())),
        ("Burn rate, past hour", rate(mail.hour, mail.policy)),
        ("Burn rate, past 6 hours", rate(mail.six_hours, mail.policy)),
        (
            "Target over 28 days",
            mail.policy.slo.to_string().replace(' ', "\u{a0}"),
        ),
        ("As of", moment(mail.tick.start())),
    ];
    let link = stationery.link(&format!("/apps/{}", mail.app_key));
    stationery.bulletin(Bulletin {
        kind,
        recipient: mail.recipient,
        subject,
        headline: &headline,
        facts: &facts,
        meaning: note,
        link: &link,
        label: "Open the app",
        partner: mail.partner,
        app: mail.app,
        alert_address: mail.alert_address,
    })
}

/// "13.4 times (8 of 60 bad)". 1 is the rate at which the budget lasts exactly 28 days.
fn rate(counts: Counts, policy: &SliPolicy) -> String {
    let of = format!("{} of {} bad", counts.bad, counts.total());
    match burn_rate_hundredths(counts, policy) {
        Some(hundredths) => format!("{}.{} times ({of})", hundredths / 100, hundredths % 100 / 10),
        None => of,
    }
}
