use maud::html;
use rampart_domain::{
    count::{Counts, Minute},
    id::{AppId, PartnerId},
    policy::SliPolicy,
    sli::{Product, Sli, metric_name},
};

use super::{
    Stationery,
    incident_data::{AppDetails, IncidentData, IncidentStatus, percent, rfc3339, script, target},
    letter::{Letter, button, moment},
};
use crate::store::outbox::NewMail;

/// A drill: an alert that is none, to prove that alerts arrive (SPEC section 2.3).
pub struct Drill<'a> {
    pub app: AppId,
    pub app_key: &'a str,
    pub app_name: &'a str,
    pub partner: PartnerId,
    pub partner_name: &'a str,
    pub address: &'a str,
    /// Its own id, in the form that breaches have.
    pub incident_id: &'a str,
    pub policy: &'a SliPolicy,
    pub confirm_link: &'a str,
    pub expires_at: chrono::DateTime<chrono::Utc>,
}

pub fn drill(stationery: &Stationery<'_>, drill: &Drill<'_>) -> NewMail {
    let headline = format!("This is a drill: {} ({}) is fine.", drill.app_name, drill.app_key);
    let why = format!(
        "{} asks that alerts about this app come to {}. Confirm it, and alerts come here; until then they go to the owners of {}.",
        drill.partner_name, drill.address, drill.partner_name
    );
    let machine = "This mail carries the same data as a real alert, under the id incident-data-drill, so that you can test what reads it.";
    let until = format!(
        "The link works until {}. If you know nothing of this, ignore the mail.",
        moment(drill.expires_at)
    );
    let data = IncidentData {
        app_key: drill.app_key,
        app_details: AppDetails {
            name: drill.app_name,
            partner_name: drill.partner_name,
        },
        incident_id: drill.incident_id,
        incident_status: IncidentStatus::Anomalous,
        time: rfc3339(Minute::of(stationery.now).start()),
        metric_name: metric_name(Sli::Availability, Product::None),
        metric_unit: "PERCENT",
        measurement_duration_seconds: drill.policy.alert.window_minutes * 60,
        sli_value: percent(Counts::new(14, 1)),
        slo_value: target(drill.policy.slo),
    };
    let mut mail = stationery.seal(Letter {
        kind: "drill",
        recipients: vec![drill.address.to_owned()],
        subject: format!("DRILL: alert mails of {}", drill.app_name),
        text: format!(
            "{headline}\n\n{why}\n\nConfirm this address:\n{}\n\n{machine}\n\n{until}",
            drill.confirm_link
        ),
        html: html! {
            h1 style="font-size: 20px; line-height: 1.3" { (headline) }
            p { (why) }
            (button(drill.confirm_link, "Confirm this address"))
            p { (machine) }
            p style="color: #667080" { (until) }
            (script("incident-data-drill", &data))
        },
    });
    mail.partner = Some(drill.partner);
    mail.app = Some(drill.app);
    mail
}
