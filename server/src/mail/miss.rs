use chrono::{DateTime, NaiveDate, Utc};
use rampart_domain::{
    count::Counts,
    id::{AlertAddressId, AppId, PartnerId},
    policy::Ppm,
    sli::SeriesKey,
};

use super::{
    Stationery,
    incident_data::readable,
    letter::{Bulletin, moment},
};
use crate::store::outbox::NewMail;

/// Everything that a mail about a missed objective says (SPEC section 2).
pub struct MissNotice<'a> {
    pub is_over: bool,
    pub since: DateTime<Utc>,
    /// Whether it is over because the series is no longer measured.
    pub no_longer_measured: bool,
    /// The 28 days, without what is excused.
    pub month: Counts,
    pub slo: Ppm,
    /// The day on which it is met again if nothing else goes wrong.
    pub met_again: Option<NaiveDate>,
    pub key: &'a SeriesKey,
    pub app: AppId,
    pub app_key: &'a str,
    pub app_name: &'a str,
    pub partner: PartnerId,
    pub recipient: String,
    /// The confirmed address it goes to, if it does not go to the owners.
    pub alert_address: Option<AlertAddressId>,
}

pub fn miss(stationery: &Stationery<'_>, notice: MissNotice<'_>) -> NewMail {
    let metric = notice.key.metric_name();
    let value = readable(notice.month);
    let slo = notice.slo.to_string().replace(' ', "\u{a0}");
    let link = stationery.link(&format!("/apps/{}", notice.app_key));
    let headline = match (notice.is_over, notice.no_longer_measured) {
        (false, _) => format!("{metric} of {} is below its target over 28 days.", notice.app_name),
        (true, false) => format!("{metric} of {} is on target again.", notice.app_name),
        (true, true) => format!("{metric} of {} is no longer measured.", notice.app_name),
    };
    let next = match (notice.is_over, notice.no_longer_measured) {
        (false, _) => {
            "This is not about one breach: the bad events of four weeks together are more than the error budget allows. \
                       It is over once the figure has been on target for 24 hours; the figure rises as the bad days leave the window."
        }
        (true, false) => "The figure has been on target for 24 hours, so the missed target is over.",
        (true, true) => "The missed target is over, because there is nothing left that it could be about.",
    };
    let subject = match notice.is_over {
        false => format!("[TARGET MISSED] {}: {metric} {value}, target {slo}", notice.app_name),
        true => format!("[TARGET MET] {}: {metric} {value}, target {slo}", notice.app_name),
    };
    let mut facts = vec![("App", format!("{} ({})", notice.app_name, notice.app_key))];
    if !notice.key.target.is_empty() {
        facts.push(("Target of the check", notice.key.target.clone()));
    }
    facts.push(("Below its target since", moment(notice.since)));
    facts.push((
        "Rate over 28 days",
        format!("{value} ({} good, {} bad)", notice.month.good, notice.month.bad),
    ));
    facts.push(("Target over 28 days", slo));
    if let Some(day) = notice.met_again.filter(|_| !notice.is_over) {
        facts.push((
            "On target again, if nothing else goes wrong",
            day.format("%-d %b %Y").to_string(),
        ));
    }
    stationery.bulletin(Bulletin {
        kind: if notice.is_over { "slo_met" } else { "slo_missed" },
        recipient: notice.recipient,
        subject,
        headline: &headline,
        facts: &facts,
        meaning: next,
        link: &link,
        label: "Open the app",
        partner: notice.partner,
        app: notice.app,
        alert_address: notice.alert_address,
    })
}
