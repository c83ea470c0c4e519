use maud::{Markup, html};
use rampart_domain::{
    alert::OpenEpisode,
    count::{Counts, Minute},
    id::{AlertAddressId, AppId, EpisodeId, PartnerId},
    policy::SliPolicy,
    sli::SeriesKey,
};

use super::{
    Stationery,
    incident_data::{AppDetails, IncidentData, IncidentStatus, percent, readable, rfc3339, script, target},
    letter::{Letter, button, checked, facts_table, facts_text, moment},
};
use crate::store::outbox::NewMail;

/// Everything an alert mail says (SPEC section 2.3).
pub struct Alert<'a> {
    pub status: IncidentStatus,
    /// Whether it repeats that the breach is still open.
    pub reminder: bool,
    /// Whether its opening was bundled, an hour ago.
    pub lasting: bool,
    pub tick: Minute,
    pub incident_id: &'a str,
    pub episode: &'a OpenEpisode,
    pub episode_id: EpisodeId,
    pub policy: &'a SliPolicy,
    pub key: &'a SeriesKey,
    pub app: AppId,
    pub app_key: &'a str,
    pub app_name: &'a str,
    pub partner: PartnerId,
    pub partner_name: &'a str,
    pub hour: &'a Hour,
    pub recipients: Vec<String>,
    /// The confirmed address it goes to, if it does not go to the owners.
    pub alert_address: Option<AlertAddressId>,
}

/// The last hour in stretches of five minutes, the latest first.
pub type Hour = Vec<(Minute, Counts)>;

pub fn alert(stationery: &Stationery<'_>, alert: Alert<'_>) -> NewMail {
    let value = readable(alert.episode.last_value);
    let slo = alert.policy.slo.to_string().replace(' ', "\u{a0}");
    let metric = alert.key.metric_name();
    let window = duration(alert.policy.alert.window_minutes);
    let condition = format!("below {} over the past {window}", alert.policy.alert.threshold);
    let since = moment(alert.episode.opened_at.start());
    let link = stationery.link(&format!("/apps/{}/breaches/{}", alert.app_key, alert.incident_id));

    let (headline, next) = match (alert.status, alert.reminder) {
        (IncidentStatus::Anomalous, _) if alert.lasting => (
            format!(
                "{metric} of {} has been in breach for an hour, since {since}.",
                alert.app_name
            ),
            "Mails about this series are bundled because it flaps. This breach has lasted, so it has mails of its own. Look at it and decide whether your customers feel it.",
        ),
        (IncidentStatus::Anomalous, false) => (
            format!("{metric} of {} is {condition}.", alert.app_name),
            "Look at the breach and decide whether your customers feel it. If your app needs an emergency response, begin your incident process.",
        ),
        (IncidentStatus::Anomalous, true) => (
            format!("{metric} of {} is still in breach, since {since}.", alert.app_name),
            "You get this reminder at most once every 24 hours while the breach is open.",
        ),
        (IncidentStatus::Ok, _) => (
            format!("{metric} of {} is back to normal.", alert.app_name),
            "The breach is closed. Its page keeps every figure and failed check.",
        ),
        (IncidentStatus::Unknown, _) => (
            format!("{metric} of {} has had no data for 24 hours.", alert.app_name),
            "The breach is closed as unknown: there is nothing to tell good from bad. Check that the app is still being measured.",
        ),
    };
    let subject = format!(
        "[{}] {}{}: {metric} {value}, target {slo}",
        alert.status.as_str(),
        if alert.reminder { "Still: " } else { "" },
        alert.app_name
    );
    let facts = [
        ("App", format!("{} ({})", alert.app_name, alert.app_key)),
        ("Target of the check", checked(alert.key)),
        ("Since", since.clone()),
        (
            "Rate over the past window",
            format!(
                "{value} ({} of {} good, {window})",
                alert.episode.last_value.good,
                alert.episode.last_value.total()
            ),
        ),
        ("Target over 28 days", slo.clone()),
        ("Incident id", alert.incident_id.to_owned()),
    ];
    let data = IncidentData {
        app_key: alert.app_key,
        app_details: AppDetails {
            name: alert.app_name,
            partner_name: alert.partner_name,
        },
        incident_id: alert.incident_id,
        incident_status: alert.status,
        time: rfc3339(alert.tick.start()),
        metric_name: metric,
        metric_unit: "PERCENT",
        measurement_duration_seconds: alert.policy.alert.window_minutes * 60,
        sli_value: percent(alert.episode.last_value),
        slo_value: target(alert.policy.slo),
    };
    let mut mail = stationery.seal(Letter {
        kind: match alert.status {
            IncidentStatus::Anomalous if alert.reminder => "alert_reminder",
            IncidentStatus::Anomalous => "alert_anomalous",
            IncidentStatus::Ok => "alert_ok",
            IncidentStatus::Unknown => "alert_unknown",
        },
        recipients: alert.recipients,
        subject,
        text: text(&headline, &facts, alert.hour, next, &link),
        html: html! {
            h1 style="font-size: 20px; line-height: 1.3" { (headline) }
            (facts_table(&facts))
            (hour_table(alert.hour))
            p { (next) }
            (button(&link, "Open the breach"))
            (script("incident-data", &data))
        },
    });
    mail.partner = Some(alert.partner);
    mail.app = Some(alert.app);
    mail.episode = Some(alert.episode_id);
    mail.alert_address = alert.alert_address;
    mail
}

fn text(headline: &str, facts: &[(&str, String)], hour: &Hour, next: &str, link: &str) -> String {
    let mut text = format!("{headline}\n\n{}", facts_text(facts));
    text.push_str("\nThe last hour, per five minutes (UTC):\n");
    for (start, counts) in hour {
        text.push_str(&format!("  {}  {}\n", start.start().format("%H:%M"), in_words(*counts)));
    }
    text.push_str(&format!("\n{next}\n\n{link}\n"));
    text
}

fn in_words(counts: Counts) -> String {
    if counts.is_defined() {
        format!("{} good, {} bad, {}", counts.good, counts.bad, readable(counts))
    } else {
        "no data".to_owned()
    }
}

fn hour_table(hour: &Hour) -> Markup {
    let cell = "text-align: right; padding: 3px 12px; border-bottom: 1px solid #e3e7ee";
    html! {
        table style="border-collapse: collapse; margin: 16px 0; font-variant-numeric: tabular-nums" {
            caption style="text-align: left; color: #667080; padding-bottom: 4px" { "The last hour, per five minutes (UTC)" }
            tr { @for name in ["From", "Good", "Bad", "Rate"] { th style=(cell) { (name) } } }
            @for (start, counts) in hour {
                tr {
                    td style=(cell) { (start.start().format("%H:%M").to_string()) }
                    @if counts.is_defined() {
                        td style=(cell) { (counts.good) }
                        td style=(cell) { (counts.bad) }
                        td style=(cell) { (readable(*counts)) }
                    } @else {
                        td style=(cell) colspan="3" { "no data" }
                    }
                }
            }
        }
    }
}

/// "15 min", "24 h".
fn duration(minutes: u32) -> String {
    if minutes >= 60 && minutes.is_multiple_of(60) {
        format!("{} h", minutes / 60)
    } else {
        format!("{minutes} min")
    }
}
