//! The JSON object in alert mails that other systems read (SPEC section 2.3), and its schema.

use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, PreEscaped, html};
use rampart_domain::{count::Counts, policy::Ppm};
use serde::Serialize;

/// The JSON Schema of the object, draft 2020-12, as served at `/schemas/incident-data.json`.
pub const SCHEMA: &str = include_str!("incident-data.schema.json");

/// Where an incident stands, as the receiving system is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum IncidentStatus {
    Anomalous,
    Ok,
    Unknown,
}

impl IncidentStatus {
    /// The word in the mail's subject, as in the object.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anomalous => "ANOMALOUS",
            Self::Ok => "OK",
            Self::Unknown => "UNKNOWN",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncidentData<'a> {
    pub app_key: &'a str,
    pub app_details: AppDetails<'a>,
    pub incident_id: &'a str,
    pub incident_status: IncidentStatus,
    /// The tick, RFC 3339 UTC with whole seconds.
    pub time: String,
    pub metric_name: String,
    pub metric_unit: &'static str,
    pub measurement_duration_seconds: u32,
    /// Adjusted; the last defined value.
    pub sli_value: f64,
    pub slo_value: f64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppDetails<'a> {
    pub name: &'a str,
    pub partner_name: &'a str,
}

/// A time as the object has it.
pub fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A rate in percent, to four places and never rounded up: what is below the target does not read as reaching it.
pub fn percent(counts: Counts) -> f64 {
    let total = u128::from(counts.total().max(1));
    let ten_thousandths = u128::from(counts.good) * 1_000_000 / total;
    f64::from(u32::try_from(ten_thousandths).unwrap_or(u32::MAX)) / 10_000.0
}

/// A rate for people: one place, never rounded up, the sign not parted from it.
pub fn readable(counts: Counts) -> String {
    let tenths = u128::from(counts.good) * 1_000 / u128::from(counts.total().max(1));
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole}\u{a0}%"),
        (whole, tenth) => format!("{whole}.{tenth}\u{a0}%"),
    }
}

/// A target in percent.
pub fn target(slo: Ppm) -> f64 {
    slo.percent()
}

/// The script element with the object, under `id`. Nothing in it can end the element: every `<`, `>` and `&` is written
/// as a \u escape.
pub fn script(id: &str, data: &IncidentData<'_>) -> Markup {
    let json = serde_json::to_string_pretty(data).expect("the object has only texts and finite numbers");
    let safe = json
        .replace('<', r"\u003c")
        .replace('>', r"\u003e")
        .replace('&', r"\u0026");
    html! { script type="application/json" id=(id) { (PreEscaped(safe)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_cannot_leave_the_script() {
        let data = IncidentData {
            app_key: "com.example",
            app_details: AppDetails {
                name: "</script><img src=x>",
                partner_name: "A & B",
            },
            incident_id: "FOotlQrY5ZQ",
            incident_status: IncidentStatus::Anomalous,
            time: rfc3339(DateTime::UNIX_EPOCH),
            metric_name: "App Availability".to_owned(),
            metric_unit: "PERCENT",
            measurement_duration_seconds: 900,
            sli_value: 60.0,
            slo_value: 99.9,
        };
        let html = script("incident-data", &data).into_string();
        let inner = html
            .strip_prefix(r#"<script type="application/json" id="incident-data">"#)
            .unwrap();
        let inner = inner.strip_suffix("</script>").unwrap();
        assert!(!inner.contains(['<', '>', '&']), "{inner}");
        let read: serde_json::Value = serde_json::from_str(inner).unwrap();
        assert_eq!(read["appDetails"]["name"], "</script><img src=x>");
        assert_eq!(read["time"], "1970-01-01T00:00:00Z");
    }

    #[test]
    fn percentages_are_never_rounded_up() {
        assert!(percent(Counts::new(999_999, 1)) < 100.0);
        assert!(percent(Counts::new(99_999_999, 1)) < 100.0);
        assert!((percent(Counts::new(14, 1)) - 93.3333).abs() < 1e-9);
        assert!((percent(Counts::new(3, 0)) - 100.0).abs() < 1e-9);
    }
}
