use std::{borrow::Cow, fmt, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;
use thiserror::Error;

use super::{EscalationPolicy, EscalationPolicyError};

/// A short text, such as an id; cheap to copy.
pub type Text = smol_str::SmolStr;

/// Something that happened and that the engine rests on (`escalation.md`, "Facts").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub id: Text,
    /// The time at which it became known, in whole seconds.
    pub at: DateTime<Utc>,
    /// The key of the app; `None` for all apps.
    pub app: Option<Text>,
    pub kind: FactKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactKind {
    /// The app is given the designation.
    Designated,
    /// The app leaves the programme.
    Withdrawn,
    /// An occurrence counts (SPEC section 2).
    Breach {
        breach: Text,
        series: Text,
    },
    /// That occurrence ended.
    BreachClosed {
        breach: Text,
    },
    /// The adjusted 28-day SLI of a series fell below its objective.
    SloMissed {
        miss: Text,
        series: Text,
    },
    /// That miss ended.
    SloMet {
        miss: Text,
    },
    /// The exclusion ledger now covers a breach or miss.
    Excused {
        reference: Text,
    },
    /// The exclusion ledger no longer covers it.
    Unexcused {
        reference: Text,
    },
    /// Every action of the remediation plan is verified.
    RemediationCompleted,
    /// A program manager confirms a proposed demotion.
    DemotionConfirmed,
    /// A program manager declines it and sets a new deadline.
    DemotionDeclined {
        extend_days: u64,
    },
    /// A program manager takes a demoted app back.
    Reinstated,
    AppealOpened,
    AppealClosed,
    /// Enforcement is suspended: of the app, or without one of all apps.
    Frozen,
    /// What froze the same app, or all apps, ends.
    Thawed,
    /// The policy from this instant on.
    PolicyPublished {
        policy: Arc<EscalationPolicy>,
    },
}

/// Why a line is no fact.
#[derive(Debug, Error)]
pub enum FactError {
    #[error("it is not a JSON object")]
    NotAnObject,
    #[error("it is not a JSON object: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{0}` is empty")]
    Empty(&'static str),
    #[error("`{0}` must be a text")]
    NotAText(&'static str),
    #[error("`{0}` must be a whole number, 0 or more")]
    NotANumber(&'static str),
    #[error("`at` must be a time as in 2026-11-23T10:00:00Z, in UTC and whole seconds")]
    NotATime,
    #[error("`type` {0:?} is unknown")]
    UnknownType(String),
    #[error("`app` does not belong to a policy, which is for all apps")]
    PolicyOfAnApp,
    #[error("`policy`: {0}")]
    Policy(#[from] EscalationPolicyError),
}

impl Fact {
    /// Reads one line of facts. Fields that the type does not need are left aside, whatever they hold.
    pub fn parse(line: &str) -> Result<Self, FactError> {
        // A list of values would do for the fields, too.
        if !line.trim_start().starts_with('{') {
            return Err(FactError::NotAnObject);
        }
        let line: Line<'_> = serde_json::from_str(line)?;
        let id = line.id.text("id")?;
        let at = match line.at {
            Field::Missing => return Err(FactError::Missing("at")),
            Field::Text(text) => parse_time(&text).ok_or(FactError::NotATime)?,
            Field::Number(_) | Field::Other => return Err(FactError::NotATime),
        };
        let name = line.kind.text("type")?;
        let app = match (name.as_str(), line.app) {
            ("policy_published", Field::Missing) | ("frozen" | "thawed", Field::Missing) => None,
            ("policy_published", _) => return Err(FactError::PolicyOfAnApp),
            (_, app) => Some(app),
        };
        let kind = match name.as_str() {
            "designated" => FactKind::Designated,
            "withdrawn" => FactKind::Withdrawn,
            "breach" => FactKind::Breach {
                breach: line.breach.text("breach")?,
                series: line.series.text("series")?,
            },
            "breach_closed" => FactKind::BreachClosed {
                breach: line.breach.text("breach")?,
            },
            "slo_missed" => FactKind::SloMissed {
                miss: line.miss.text("miss")?,
                series: line.series.text("series")?,
            },
            "slo_met" => FactKind::SloMet {
                miss: line.miss.text("miss")?,
            },
            "excused" => FactKind::Excused {
                reference: line.reference.text("ref")?,
            },
            "unexcused" => FactKind::Unexcused {
                reference: line.reference.text("ref")?,
            },
            "remediation_completed" => FactKind::RemediationCompleted,
            "demotion_confirmed" => FactKind::DemotionConfirmed,
            "demotion_declined" => FactKind::DemotionDeclined {
                extend_days: match line.extend_days {
                    Field::Number(days) => days,
                    Field::Missing => return Err(FactError::Missing("extend_days")),
                    _ => return Err(FactError::NotANumber("extend_days")),
                },
            },
            "reinstated" => FactKind::Reinstated,
            "appeal_opened" => FactKind::AppealOpened,
            "appeal_closed" => FactKind::AppealClosed,
            "frozen" => FactKind::Frozen,
            "thawed" => FactKind::Thawed,
            "policy_published" => {
                let policy = line.policy.ok_or(FactError::Missing("policy"))?;
                FactKind::PolicyPublished {
                    policy: Arc::new(EscalationPolicy::parse(policy.get())?),
                }
            }
            _ => return Err(FactError::UnknownType(name.into())),
        };
        let app = app.map(|app| app.text("app")).transpose()?;
        Ok(Self { id, at, app, kind })
    }
}

impl FactKind {
    /// What it is called in a line of facts.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Designated => "designated",
            Self::Withdrawn => "withdrawn",
            Self::Breach { .. } => "breach",
            Self::BreachClosed { .. } => "breach_closed",
            Self::SloMissed { .. } => "slo_missed",
            Self::SloMet { .. } => "slo_met",
            Self::Excused { .. } => "excused",
            Self::Unexcused { .. } => "unexcused",
            Self::RemediationCompleted => "remediation_completed",
            Self::DemotionConfirmed => "demotion_confirmed",
            Self::DemotionDeclined { .. } => "demotion_declined",
            Self::Reinstated => "reinstated",
            Self::AppealOpened => "appeal_opened",
            Self::AppealClosed => "appeal_closed",
            Self::Frozen => "frozen",
            Self::Thawed => "thawed",
            Self::PolicyPublished { .. } => "policy_published",
        }
    }
}

/// As in a line of facts; [`Fact::parse`] reads it back.
impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("at", &show_time(self.at))?;
        map.serialize_entry("type", self.kind.name())?;
        if let Some(app) = &self.app {
            map.serialize_entry("app", app)?;
        }
        match &self.kind {
            FactKind::Breach { breach, series } => {
                map.serialize_entry("breach", breach)?;
                map.serialize_entry("series", series)?;
            }
            FactKind::BreachClosed { breach } => map.serialize_entry("breach", breach)?,
            FactKind::SloMissed { miss, series } => {
                map.serialize_entry("miss", miss)?;
                map.serialize_entry("series", series)?;
            }
            FactKind::SloMet { miss } => map.serialize_entry("miss", miss)?,
            FactKind::Excused { reference } | FactKind::Unexcused { reference } => {
                map.serialize_entry("ref", reference)?;
            }
            FactKind::DemotionDeclined { extend_days } => map.serialize_entry("extend_days", extend_days)?,
            FactKind::PolicyPublished { policy } => map.serialize_entry("policy", policy.as_ref())?,
            FactKind::Designated
            | FactKind::Withdrawn
            | FactKind::RemediationCompleted
            | FactKind::DemotionConfirmed
            | FactKind::Reinstated
            | FactKind::AppealOpened
            | FactKind::AppealClosed
            | FactKind::Frozen
            | FactKind::Thawed => {}
        }
        map.end()
    }
}

/// A time as in 2026-11-23T10:00:00Z and in no other form: UTC, whole seconds.
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let number = |range: std::ops::Range<usize>| {
        bytes[range].iter().try_fold(0_u32, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if marks.iter().any(|(at, mark)| bytes[*at] != *mark) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(0..4)?).ok()?, number(5..7)?, number(8..10)?)?;
    Some(
        date.and_hms_opt(number(11..13)?, number(14..16)?, number(17..19)?)?
            .and_utc(),
    )
}

/// The one form in which times are written; see [`parse_time`].
pub fn show_time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The fields of every type of fact. Which of them are needed, and as what, the type decides.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    at: Field<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Field<'a>,
    #[serde(borrow, default)]
    app: Field<'a>,
    #[serde(borrow, default)]
    breach: Field<'a>,
    #[serde(borrow, default)]
    series: Field<'a>,
    #[serde(borrow, default)]
    miss: Field<'a>,
    #[serde(borrow, default, rename = "ref")]
    reference: Field<'a>,
    #[serde(borrow, default)]
    extend_days: Field<'a>,
    #[serde(borrow, default)]
    policy: Option<&'a RawValue>,
}

/// What a field holds, as far as any type of fact asks.
#[derive(Default)]
enum Field<'a> {
    #[default]
    Missing,
    Text(Cow<'a, str>),
    Number(u64),
    Other,
}

impl Field<'_> {
    fn text(&self, name: &'static str) -> Result<Text, FactError> {
        match self {
            Self::Missing => Err(FactError::Missing(name)),
            Self::Text(text) if text.is_empty() => Err(FactError::Empty(name)),
            Self::Text(text) => Ok(Text::new(text)),
            Self::Number(_) | Self::Other => Err(FactError::NotAText(name)),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;

        impl<'de> Visitor<'de> for Anything {
            type Value = Field<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Field::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Field::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Field::Number(number))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Field::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Field::Other)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Field::Other)
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Field::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Field::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Field::Other)
            }
        }

        deserializer.deserialize_any(Anything).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn line(kind: &str, further: Value) -> Value {
        let mut line = json!({ "id": "f1", "at": "2026-01-01T00:00:00Z", "type": kind, "app": "acme.timer" });
        line.as_object_mut()
            .unwrap()
            .extend(further.as_object().unwrap().clone());
        line
    }

    /// One of every type.
    fn every_type() -> Vec<Value> {
        let mut facts = vec![
            line("breach", json!({ "breach": "b1", "series": "webhook_delivery/jira" })),
            line("breach_closed", json!({ "breach": "b1" })),
            line("slo_missed", json!({ "miss": "m1", "series": "availability/none" })),
            line("slo_met", json!({ "miss": "m1" })),
            line("excused", json!({ "ref": "b1" })),
            line("unexcused", json!({ "ref": "b1" })),
            line("demotion_declined", json!({ "extend_days": 14 })),
            json!({ "id": "f2", "at": "2026-01-01T00:00:00Z", "type": "frozen" }),
            json!({ "id": "f3", "at": "2026-01-01T00:00:00Z", "type": "policy_published", "policy": EscalationPolicy::standard() }),
        ];
        for kind in [
            "designated",
            "withdrawn",
            "remediation_completed",
            "demotion_confirmed",
            "reinstated",
            "appeal_opened",
            "appeal_closed",
            "frozen",
            "thawed",
        ] {
            facts.push(line(kind, json!({})));
        }
        facts
    }

    fn refusal(line: &Value) -> String {
        Fact::parse(&line.to_string()).unwrap_err().to_string()
    }

    #[test]
    fn every_type_comes_back_as_it_was() {
        for value in every_type() {
            let fact = Fact::parse(&value.to_string()).unwrap();
            assert_eq!(fact.kind.name(), value["type"]);
            assert_eq!(serde_json::to_value(&fact).unwrap(), value);
        }
    }

    #[test]
    fn each_field_is_needed_and_must_be_what_it_is() {
        for value in every_type() {
            for name in value.as_object().unwrap().keys() {
                let optional = name == "app" && ["frozen", "thawed"].contains(&value["type"].as_str().unwrap());
                let mut missing = value.clone();
                missing.as_object_mut().unwrap().remove(name);
                if !optional {
                    assert!(refusal(&missing).contains(&format!("`{name}`")), "{missing}");
                }
                for wrong in [
                    json!(""),
                    json!(-1),
                    json!(1.5),
                    json!(true),
                    json!(null),
                    json!(["x"]),
                    json!({ "x": 1 }),
                ] {
                    let mut mistyped = value.clone();
                    mistyped[name] = wrong;
                    refusal(&mistyped);
                }
            }
        }
    }

    #[test]
    fn further_fields_are_left_aside_whatever_they_hold() {
        let fact = line(
            "designated",
            json!({ "breach": 5, "extend_days": "x", "policy": 1, "note": { "a": [1] } }),
        );
        assert_eq!(Fact::parse(&fact.to_string()).unwrap().kind, FactKind::Designated);
    }

    #[test]
    fn what_is_no_fact_is_refused() {
        for text in [
            "",
            " ",
            "null",
            "7",
            "[\"f1\",\"2026-01-01T00:00:00Z\",\"designated\",\"a\"]",
            "{\"id\":",
            "{} {}",
        ] {
            Fact::parse(text).unwrap_err();
        }
        assert_eq!(refusal(&line("promoted", json!({}))), "`type` \"promoted\" is unknown");
        let policy = json!({ "policy": EscalationPolicy::standard() });
        assert!(refusal(&line("policy_published", policy)).starts_with("`app`"));
        let mut never = EscalationPolicy::standard();
        never.remediation.breaches = 0;
        let published = json!({ "id": "f", "at": "2026-01-01T00:00:00Z", "type": "policy_published", "policy": never });
        assert_eq!(refusal(&published), "`policy`: remediation.breaches must be 1 or more");
    }

    #[test]
    fn a_time_has_one_form() {
        let time = parse_time("2024-02-29T23:59:59Z").unwrap();
        assert_eq!(show_time(time), "2024-02-29T23:59:59Z");
        for wrong in [
            "2026-01-01T00:00:00.0Z",
            "2026-01-01T00:00:00+00:00",
            "2026-01-01T00:00:00z",
            "2026-01-01 00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00Z",
            "+026-01-01T00:00:00Z",
            "",
        ] {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn texts_with_escapes_are_read() {
        let fact = Fact::parse(r#"{"id":"fé","at":"2026-01-01T00:00:00Z","type":"designated","app":"a\"b"}"#).unwrap();
        assert_eq!((fact.id.as_str(), fact.app.as_deref()), ("fé", Some("a\"b")));
    }
}
