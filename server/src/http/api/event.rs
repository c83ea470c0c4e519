//! One event as it is sent (SPEC section 2.2).

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use http::StatusCode;
use rampart_domain::{app::Site, sli::Group};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::super::problem::Problem;
use crate::service::{
    events::Sent,
    ingest::{Mark, Outcome},
};

/// The most events of one request.
const MOST: usize = 10_000;
/// The longest duration that an event can have.
const LONGEST_MILLIS: f64 = 24.0 * 3_600_000.0;

const FIELDS: [&str; 9] = [
    "app",
    "product",
    "sli",
    "outcome",
    "at",
    "duration_ms",
    "site",
    "group",
    "excluded",
];

/// Events in a JSON array.
///
/// # Errors
/// When it is none, has too many items, or one of them is wrong; the answer names it.
pub(super) fn array(bytes: &[u8]) -> Result<Vec<Sent<'_>>, Problem> {
    let mut refused = None;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = Items(&mut refused)
        .deserialize(&mut deserializer)
        .and_then(|events| deserializer.end().map(|()| events));
    match (read, refused) {
        (_, Some(problem)) => Err(problem),
        (Ok(events), None) => Ok(events),
        (Err(error), None) => Err(malformed(format!("The body is not a JSON array of events: {error}."))),
    }
}

/// Events in lines, each a JSON object; empty lines are left out.
///
/// # Errors
/// As for [`array`].
pub(super) fn lines(bytes: &[u8]) -> Result<Vec<Sent<'_>>, Problem> {
    let mut events = Vec::new();
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    for line in lines.filter(|line| !line.is_empty()) {
        let item = events.len();
        if item == MOST {
            return Err(too_many());
        }
        if let Some(event) = Plain::read(line) {
            events.push(event);
            continue;
        }
        let value = serde_json::from_slice(line)
            .map_err(|error| malformed(format!("This line is no JSON: {error}.")).at(item, None))?;
        events.push(event(item, value)?);
    }
    Ok(events)
}

/// Reads an array item by item, so that no more than one is in memory before it is checked.
struct Items<'a>(&'a mut Option<Problem>);

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = Vec<Sent<'static>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Vec<Sent<'static>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut events = Vec::new();
        while let Some(value) = items.next_element::<Value>()? {
            let item = events.len();
            let read = if item == MOST {
                Err(too_many())
            } else {
                event(item, value)
            };
            match read {
                Ok(event) => events.push(event),
                Err(problem) => {
                    *self.0 = Some(problem);
                    return Err(serde::de::Error::custom("an item is wrong"));
                }
            }
        }
        Ok(events)
    }
}

/// An event as nearly all are written: read where it stands, a fifth of the work of [`event`], which reads whatever this does
/// not and says what is wrong with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain<'a> {
    app: &'a str,
    product: &'a str,
    sli: &'a str,
    outcome: &'a str,
    at: Option<&'a str>,
    duration_ms: Option<f64>,
    site: Option<&'a str>,
    group: Option<&'a str>,
    excluded: Option<&'a str>,
}

impl<'a> Plain<'a> {
    fn read(line: &'a [u8]) -> Option<Sent<'a>> {
        let plain: Self = serde_json::from_slice(line).ok()?;
        let outcome = match (plain.outcome, plain.excluded) {
            ("good", None) => Outcome::Good,
            ("bad", None) => Outcome::Bad,
            _ => return None,
        };
        let millis = plain.duration_ms;
        if !millis.is_none_or(|millis| (0.0..=LONGEST_MILLIS).contains(&millis)) {
            return None;
        }
        let at = plain.at.map(DateTime::parse_from_rfc3339).transpose().ok()?;
        Some(Sent {
            app: Cow::Borrowed(plain.app),
            product: plain.product.parse().ok()?,
            sli: plain.sli.parse().ok()?,
            group: plain.group.map(str::parse).transpose().ok()?,
            outcome,
            at: at.map(|at| at.to_utc()),
            duration: millis.map(|millis| Duration::from_secs_f64(millis / 1_000.0)),
            site: plain.site.map(str::parse).transpose().ok()?,
        })
    }
}

fn too_many() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("A request has at most {MOST} events. Nothing was stored; send smaller batches."),
    )
}

fn malformed(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, format!("{detail} Nothing was stored."))
}

fn event(item: usize, value: Value) -> Result<Sent<'static>, Problem> {
    let Value::Object(fields) = value else {
        return Err(malformed("An event is a JSON object.".to_owned()).at(item, None));
    };
    let fields = Fields { item, fields };
    if let Some(unknown) = fields.fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let unknown: String = unknown.chars().take(80).collect();
        return Err(malformed(format!("There is no field {unknown:?}.")).at(item, None));
    }
    let outcome = match fields.text("outcome")? {
        Some("good") => Outcome::Good,
        Some("bad") => Outcome::Bad,
        _ => return Err(fields.wrong("outcome", "outcome is good or bad.")),
    };
    let outcome = match fields.text("excluded")? {
        None => outcome,
        Some("platform_fault") => Outcome::Marked(Mark::PlatformFault),
        Some("excluded_site") => Outcome::Marked(Mark::ExcludedSite),
        Some("scanner") => Outcome::Marked(Mark::Scanner),
        Some(_) => {
            let expected = "excluded is platform_fault, excluded_site or scanner, or left out.";
            return Err(fields.wrong("excluded", expected));
        }
    };
    Ok(Sent {
        app: Cow::Owned(fields.required("app", "app is the key of a registered app.")?),
        product: fields.required("product", "product is jira, confluence, bitbucket, jsm or compass.")?,
        sli: fields.required(
            "sli",
            "sli is iframe_load, installation_callback, webhook_delivery or synthetic.",
        )?,
        group: fields.optional::<Group>("group", "group is prod or dfr, or left out.")?,
        outcome,
        at: fields.optional::<DateTime<Utc>>("at", "at is a time as in RFC 3339, or left out for now.")?,
        duration: fields.duration()?,
        site: fields.optional::<Site>("site", "site is the host name of a site, or left out.")?,
    })
}

struct Fields {
    item: usize,
    fields: Map<String, Value>,
}

impl Fields {
    fn wrong(&self, field: &'static str, expected: &str) -> Problem {
        malformed(expected.to_owned()).at(self.item, Some(field))
    }

    fn text(&self, field: &'static str) -> Result<Option<&str>, Problem> {
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(field, &format!("{field} is a text."))),
        }
    }

    fn optional<T: FromStr>(&self, field: &'static str, expected: &str) -> Result<Option<T>, Problem> {
        match self.text(field)? {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| self.wrong(field, expected)),
        }
    }

    fn required<T: FromStr>(&self, field: &'static str, expected: &str) -> Result<T, Problem> {
        self.optional(field, expected)?
            .ok_or_else(|| self.wrong(field, expected))
    }

    fn duration(&self) -> Result<Option<Duration>, Problem> {
        let millis = match self.fields.get("duration_ms") {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value.as_f64(),
        };
        millis
            .filter(|millis| (0.0..=LONGEST_MILLIS).contains(millis))
            .map(|millis| Some(Duration::from_secs_f64(millis / 1_000.0)))
            .ok_or_else(|| {
                self.wrong(
                    "duration_ms",
                    "duration_ms is a number of milliseconds from 0 to 24 hours.",
                )
            })
    }
}

/// Names what each field is called; used where a use case refuses an event.
pub(super) fn refused(refusal: &crate::service::events::Refused) -> Problem {
    use crate::service::events::Why;
    let (status, field) = match refusal.why {
        Why::UnknownApp => (StatusCode::NOT_FOUND, "app"),
        Why::Product => (StatusCode::BAD_REQUEST, "product"),
        Why::Probed => (StatusCode::BAD_REQUEST, "sli"),
        Why::NotByThisToken => (StatusCode::FORBIDDEN, "sli"),
        Why::Group => (StatusCode::BAD_REQUEST, "group"),
        Why::TooOld | Why::TooNew => (StatusCode::BAD_REQUEST, "at"),
    };
    Problem::new(status, format!("{} Nothing was stored.", refusal.why)).at(refusal.item, Some(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(line: &str) -> (Option<String>, Option<String>) {
        let careful = serde_json::from_slice(line.as_bytes()).ok();
        let careful = careful.and_then(|value| event(0, value).ok());
        let plain = Plain::read(line.as_bytes());
        (plain.map(|e| format!("{e:?}")), careful.map(|e| format!("{e:?}")))
    }

    #[test]
    fn a_plain_event_is_read_as_the_careful_way_reads_it() {
        let core = r#""app":"com.Example.ü","product":"jira","sli":"webhook_delivery""#;
        let rests = [
            r#""outcome":"good""#,
            r#""outcome":"bad","at":null,"duration_ms":null,"site":null,"group":null,"excluded":null"#,
            r#""outcome":"good","at":"2026-11-23T10:00:00.123456789Z","duration_ms":17"#,
            r#""outcome":"good","at":"2026-11-23T10:00:00+05:30","duration_ms":0.25,"site":"a.example.com","group":"dfr""#,
            r#""outcome":"good","at":"2026-11-23t10:00:00z","duration_ms":86400000.0"#,
            r#""outcome":"bad","at":"2026-06-30T23:59:60Z","duration_ms":-0.0"#,
        ];
        for rest in rests {
            let (plain, careful) = both(&format!("{{{core},{rest}}}"));
            assert!(plain.is_some() && plain == careful, "{rest}: {plain:?} {careful:?}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_careful_way() {
        let core = r#""app":"com.example","product":"jira","sli":"webhook_delivery""#;
        let rests = [
            r#""outcome":"good","excluded":"scanner""#,
            r#""outcome":"good","outcome":"bad""#,
            r#""outcome":"g\u006fod""#,
            r#""outcome":"fine""#,
            r#""outcome":"good","at":"2026-11-23 10:00""#,
            r#""outcome":"good","at":7"#,
            r#""outcome":"good","duration_ms":-1"#,
            r#""outcome":"good","duration_ms":1e300"#,
            r#""outcome":"good","duration_ms":"1""#,
            r#""outcome":"good","site":"not a site""#,
            r#""outcome":"good","group":"other""#,
            r#""outcome":"good","another":1"#,
        ];
        for rest in rests {
            assert_eq!(both(&format!("{{{core},{rest}}}")).0, None, "{rest}");
        }
        for whole in ["", "[]", "null", "{}", "{"] {
            assert_eq!(both(whole).0, None, "{whole}");
        }
    }
}
