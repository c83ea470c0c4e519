use std::fmt;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Kind, Question};
use crate::{action::TrackerLink, sli::text_key};

/// How many characters an answer in words has at most.
pub const LONGEST_ANSWER: usize = 20_000;
/// The longest length of time that is an answer, in minutes: ten years.
const LONGEST_DURATION: u64 = 10 * 365 * 24 * 60;

text_key! {
    /// In what a length of time is given.
    pub enum Unit, "unit of time" {
        Minutes = "minutes",
        Hours = "hours",
        Days = "days",
        Weeks = "weeks",
    }
}

impl Unit {
    const fn minutes(self) -> u64 {
        match self {
            Self::Minutes => 1,
            Self::Hours => 60,
            Self::Days => 24 * 60,
            Self::Weeks => 7 * 24 * 60,
        }
    }

    /// The unit of one of them: "hour".
    fn singular(self) -> &'static str {
        self.as_str().trim_end_matches('s')
    }
}

text_key! {
    /// A day of the week.
    pub enum Day, "day of the week" {
        Monday = "mon",
        Tuesday = "tue",
        Wednesday = "wed",
        Thursday = "thu",
        Friday = "fri",
        Saturday = "sat",
        Sunday = "sun",
    }
}

impl Day {
    pub const fn label(self) -> &'static str {
        match self {
            Self::Monday => "Monday",
            Self::Tuesday => "Tuesday",
            Self::Wednesday => "Wednesday",
            Self::Thursday => "Thursday",
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
        }
    }
}

/// What was answered. Its JSON is stored and signed, and therefore never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// Markdown.
    Text {
        text: String,
    },
    Choice {
        key: String,
    },
    Number {
        number: f64,
    },
    Duration {
        amount: u64,
        unit: Unit,
    },
    Hours(Hours),
    Date {
        day: NaiveDate,
    },
    Link {
        link: String,
    },
}

/// Hours in which somebody responds, on each of these days; from 22:00 to 06:00 they end on the day after, and from a time to
/// the same time they are the whole day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// In the order of the week, each once; never empty.
    pub days: Vec<Day>,
    /// Minutes after midnight.
    pub from: u16,
    /// Minutes after midnight.
    pub to: u16,
    /// The name of the time zone, as "Europe/Berlin".
    pub zone: String,
}

impl Hours {
    /// Whether somebody responds at any time.
    pub fn is_always(&self) -> bool {
        self.from == self.to && self.days.len() == Day::ALL.len()
    }
}

/// An answer as it is typed; every field is empty where it does not belong to the kind of question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// The text, the key of the choice, the number, the amount of a duration, the day or the address.
    pub value: String,
    /// Of a duration.
    pub unit: String,
    /// Of hours.
    pub days: Vec<String>,
    pub from: String,
    pub to: String,
    pub zone: String,
}

impl Typed {
    /// The [`fingerprint`] of the fields.
    pub fn fingerprint(&self) -> String {
        let Self {
            value,
            unit,
            days,
            from,
            to,
            zone,
        } = self;
        fingerprint([value, unit, from, to, zone].into_iter().chain(days))
    }
}

/// Tells what a form showed from what comes back from it: the same for the same fields, in hexadecimal.
pub fn fingerprint(fields: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut hash = Sha256::new();
    for field in fields {
        hash.update(field.as_ref());
        // No text that can be stored has this byte, so that no two lists of fields are one text.
        hash.update([0]);
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why an answer cannot be used, for whoever typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AnswerError {
    /// The field of [`Typed`] that needs another look.
    pub field: &'static str,
    pub message: String,
}

fn wrong<T>(field: &'static str, message: impl Into<String>) -> Result<T, AnswerError> {
    Err(AnswerError {
        field,
        message: message.into(),
    })
}

impl Answer {
    /// What was typed as an answer to the question; `None` where nothing was.
    ///
    /// # Errors
    /// What cannot be used, and what would be.
    pub fn parse(question: &Question, typed: &Typed) -> Result<Option<Self>, AnswerError> {
        let value = typed.value.trim();
        if value.is_empty() && question.kind != Kind::Hours {
            return Ok(None);
        }
        let answer = match &question.kind {
            Kind::Text => text(&typed.value)?,
            Kind::Choice { options } => match options.iter().find(|option| option.key == value) {
                Some(option) => Self::Choice {
                    key: option.key.clone(),
                },
                None => return wrong("value", "Choose one of the answers."),
            },
            Kind::Number { unit, min, max } => number(value, unit, (*min, *max))?,
            Kind::Duration => duration(value, &typed.unit)?,
            Kind::Date => match value.parse() {
                Ok(day) => Self::Date { day },
                Err(_) => return wrong("value", "Enter a day as year-month-day, for example 2026-11-23."),
            },
            Kind::Link => match value.parse::<TrackerLink>() {
                Ok(link) => Self::Link { link: link.to_string() },
                Err(error) => return wrong("value", error.to_string()),
            },
            Kind::Hours => return hours(typed),
        };
        Ok(Some(answer))
    }

    /// What one would type to give this answer.
    pub fn typed(&self) -> Typed {
        let of = |value: String| Typed {
            value,
            ..Typed::default()
        };
        match self {
            Self::Text { text } => of(text.clone()),
            Self::Choice { key } => of(key.clone()),
            Self::Number { number } => of(number.to_string()),
            Self::Duration { amount, unit } => Typed {
                unit: unit.to_string(),
                ..of(amount.to_string())
            },
            Self::Hours(hours) => Typed {
                days: hours.days.iter().map(Day::to_string).collect(),
                from: clock(hours.from),
                to: clock(hours.to),
                zone: hours.zone.clone(),
                ..Typed::default()
            },
            Self::Date { day } => of(day.to_string()),
            Self::Link { link } => of(link.clone()),
        }
    }

    /// The length of time in minutes, where it is one.
    pub fn minutes(&self) -> Option<u64> {
        match self {
            Self::Duration { amount, unit } => Some(amount * unit.minutes()),
            _ => None,
        }
    }

    /// The answer in words, as it stands in a document; a text is Markdown.
    pub fn in_words(&self, question: &Question) -> String {
        match (self, &question.kind) {
            (Self::Choice { key }, Kind::Choice { options }) => {
                let label = options
                    .iter()
                    .find(|option| option.key == *key)
                    .map(|option| &option.label);
                label.unwrap_or(key).clone()
            }
            (Self::Number { number }, Kind::Number { unit, .. }) => format!("{number} {unit}"),
            (Self::Duration { amount: 1, unit }, _) => format!("1 {}", unit.singular()),
            (Self::Duration { amount, unit }, _) => format!("{amount} {unit}"),
            (Self::Hours(hours), _) => hours.to_string(),
            (other, _) => other.typed().value,
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_always() {
            return f.write_str("Around the clock, every day");
        }
        let days = match self.days.as_slice() {
            days if days.len() == Day::ALL.len() => "Every day".to_owned(),
            days if days == &Day::ALL[..5] => "Monday to Friday".to_owned(),
            days => days.iter().map(|day| day.label()).collect::<Vec<_>>().join(", "),
        };
        match self.from == self.to {
            true => write!(f, "{days}, around the clock ({})", self.zone),
            false => write!(
                f,
                "{days}, {}\u{2013}{} ({})",
                clock(self.from),
                clock(self.to),
                self.zone
            ),
        }
    }
}

/// Minutes after midnight as "09:30".
fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn text(value: &str) -> Result<Answer, AnswerError> {
    let text = value.trim_end();
    let length = text.chars().count();
    if length > LONGEST_ANSWER {
        let message = format!("This has {length} characters; at most {LONGEST_ANSWER} fit.");
        return wrong("value", message);
    }
    Ok(Answer::Text { text: text.to_owned() })
}

fn number(value: &str, unit: &str, (min, max): (f64, f64)) -> Result<Answer, AnswerError> {
    match value.parse::<f64>() {
        Ok(number) if number.is_finite() && (min..=max).contains(&number) => Ok(Answer::Number { number }),
        Ok(number) if number.is_finite() => wrong("value", format!("Enter a number from {min} to {max} {unit}.")),
        _ => wrong(
            "value",
            format!("Enter a number of {unit}, in digits only: 2500 or 0.5."),
        ),
    }
}

fn duration(value: &str, unit: &str) -> Result<Answer, AnswerError> {
    let Ok(amount) = value.parse::<u64>() else {
        return wrong("value", "Enter a whole number, for example 4, and choose its unit.");
    };
    let Ok(unit) = unit.trim().parse::<Unit>() else {
        return wrong("unit", "Choose minutes, hours, days or weeks.");
    };
    match amount.checked_mul(unit.minutes()) {
        Some(minutes) if minutes <= LONGEST_DURATION => Ok(Answer::Duration { amount, unit }),
        _ => wrong("value", "Enter at most ten years."),
    }
}

fn hours(typed: &Typed) -> Result<Option<Answer>, AnswerError> {
    let words = [&typed.from, &typed.to, &typed.zone];
    if typed.days.is_empty() && words.iter().all(|word| word.trim().is_empty()) {
        return Ok(None);
    }
    let Ok(mut days) = typed
        .days
        .iter()
        .map(|day| day.trim().parse::<Day>())
        .collect::<Result<Vec<_>, _>>()
    else {
        return wrong("days", "Choose days of the week.");
    };
    days.sort_unstable();
    days.dedup();
    if days.is_empty() {
        return wrong("days", "Choose the days on which somebody responds.");
    }
    let Some(from) = minutes_of(&typed.from) else {
        return wrong("from", "Enter a time from 00:00 to 23:59, for example 09:00.");
    };
    let Some(to) = minutes_of(&typed.to) else {
        return wrong("to", "Enter a time from 00:00 to 23:59, for example 17:30.");
    };
    let Ok(zone) = typed.zone.trim().parse::<Tz>() else {
        return wrong(
            "zone",
            "Enter the name of a time zone, for example Europe/Berlin or UTC.",
        );
    };
    let zone = zone.name().to_owned();
    Ok(Some(Answer::Hours(Hours { days, from, to, zone })))
}

/// "09:30", also "9:30", as minutes after midnight.
fn minutes_of(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let digits = |part: &str, max: u16| {
        let is_number = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u16>().ok().filter(|n| is_number && *n <= max)
    };
    Some(digits(hours, 23)? * 60 + digits(minutes, 59)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readiness::Choice;

    fn asking(kind: Kind) -> Question {
        Question {
            key: "q".to_owned(),
            text: "Q?".to_owned(),
            help: String::new(),
            required: true,
            when: None,
            kind,
        }
    }

    fn typed(value: &str) -> Typed {
        Typed {
            value: value.to_owned(),
            ..Typed::default()
        }
    }

    #[test]
    fn a_fingerprint_is_of_each_field_by_itself() {
        let same = typed("x").fingerprint();
        assert_eq!(same, typed("x").fingerprint());
        let others = [
            Typed::default(),
            typed("y"),
            Typed {
                unit: "x".to_owned(),
                ..Typed::default()
            },
            Typed {
                days: vec!["x".to_owned()],
                ..Typed::default()
            },
        ];
        for other in others {
            assert_ne!(other.fingerprint(), same, "{other:?}");
        }
        let (one, two) = (vec!["mon".to_owned(), "tue".to_owned()], vec!["montue".to_owned()]);
        let of = |days| Typed {
            days,
            ..Typed::default()
        };
        assert_ne!(of(one).fingerprint(), of(two).fingerprint());
    }

    /// The answer in words, or what is wrong with it.
    fn said(kind: Kind, typed: &Typed) -> String {
        let question = asking(kind);
        match Answer::parse(&question, typed) {
            Ok(Some(answer)) => {
                let again = Answer::parse(&question, &answer.typed());
                assert_eq!(again, Ok(Some(answer.clone())), "what was saved can be saved again");
                let stored = serde_json::to_string(&answer).expect("it can be stored");
                assert_eq!(serde_json::from_str::<Answer>(&stored).ok(), Some(answer.clone()));
                answer.in_words(&question)
            }
            Ok(None) => "nothing".to_owned(),
            Err(error) => format!("{}: {error}", error.field),
        }
    }

    #[test]
    fn text_is_kept_as_it_was_typed() {
        assert_eq!(said(Kind::Text, &typed("  - a\n  - b\n\n")), "  - a\n  - b");
        assert_eq!(said(Kind::Text, &typed(" \n ")), "nothing");
        let long = "ä".repeat(LONGEST_ANSWER);
        assert_eq!(said(Kind::Text, &typed(&long)), long);
        assert_eq!(
            said(Kind::Text, &typed(&format!("{long}ä"))),
            "value: This has 20001 characters; at most 20000 fit."
        );
    }

    #[test]
    fn a_choice_is_one_of_those_offered() {
        let kind = || {
            let option = |key: &str, label: &str| Choice {
                key: key.to_owned(),
                label: label.to_owned(),
            };
            Kind::Choice {
                options: vec![option("yes", "Yes, we do"), option("no", "No")],
            }
        };
        assert_eq!(said(kind(), &typed("yes")), "Yes, we do");
        assert_eq!(said(kind(), &typed("")), "nothing");
        assert_eq!(said(kind(), &typed("maybe")), "value: Choose one of the answers.");
    }

    #[test]
    fn a_number_has_bounds_and_a_unit() {
        let said = |value| {
            let unit = "users".to_owned();
            said(
                Kind::Number {
                    unit,
                    min: 0.0,
                    max: 5_000.0,
                },
                &typed(value),
            )
        };
        assert_eq!(said(" 2500 "), "2500 users");
        assert_eq!(said("0.5"), "0.5 users");
        assert_eq!(said("5001"), "value: Enter a number from 0 to 5000 users.");
        assert_eq!(said("-1"), "value: Enter a number from 0 to 5000 users.");
        for bad in ["many", "1,000", "NaN", "inf"] {
            let expected = "value: Enter a number of users, in digits only: 2500 or 0.5.";
            assert_eq!(said(bad), expected, "{bad}");
        }
    }

    #[test]
    fn a_length_of_time_has_a_unit_and_can_be_compared() {
        let of = |value: &str, unit: &str| Typed {
            unit: unit.to_owned(),
            ..typed(value)
        };
        assert_eq!(said(Kind::Duration, &of("4", "hours")), "4 hours");
        assert_eq!(said(Kind::Duration, &of("1", "weeks")), "1 week");
        assert_eq!(said(Kind::Duration, &of("", "hours")), "nothing");
        assert_eq!(
            said(Kind::Duration, &of("4", "moons")),
            "unit: Choose minutes, hours, days or weeks."
        );
        assert_eq!(
            said(Kind::Duration, &of("soon", "hours")),
            "value: Enter a whole number, for example 4, and choose its unit."
        );
        for far in ["3651", "18446744073709551615"] {
            assert_eq!(
                said(Kind::Duration, &of(far, "days")),
                "value: Enter at most ten years."
            );
        }
        let minutes = |unit| Answer::Duration { amount: 2, unit }.minutes();
        let all: Vec<_> = Unit::ALL.iter().map(|unit| minutes(*unit)).collect();
        assert_eq!(all, [Some(2), Some(120), Some(2_880), Some(20_160)]);
        assert_eq!(Answer::Number { number: 2.0 }.minutes(), None);
    }

    #[test]
    fn hours_have_days_times_and_a_zone() {
        let of = |days: &[&str], from: &str, to: &str, zone: &str| {
            let typed = Typed {
                value: String::new(),
                unit: String::new(),
                days: days.iter().map(|day| (*day).to_owned()).collect(),
                from: from.to_owned(),
                to: to.to_owned(),
                zone: zone.to_owned(),
            };
            said(Kind::Hours, &typed)
        };
        let week = ["mon", "tue", "wed", "thu", "fri"];
        let all = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
        assert_eq!(
            of(&week, "9:00", "17:30", "Europe/Berlin"),
            "Monday to Friday, 09:00\u{2013}17:30 (Europe/Berlin)"
        );
        assert_eq!(
            of(&["sun", "mon", "mon"], "22:00", "06:00", "UTC"),
            "Monday, Sunday, 22:00\u{2013}06:00 (UTC)"
        );
        assert_eq!(of(&all, "00:00", "00:00", "UTC"), "Around the clock, every day");
        assert_eq!(of(&all, "08:00", "20:00", "UTC"), "Every day, 08:00\u{2013}20:00 (UTC)");
        assert_eq!(
            of(&week, "0:00", "0:00", "UTC"),
            "Monday to Friday, around the clock (UTC)"
        );
        assert_eq!(of(&[], "", "", " "), "nothing");
        assert!(of(&[], "", "", "UTC").contains("Choose the days"));
        assert_eq!(
            of(&[], "9:00", "", "UTC"),
            "days: Choose the days on which somebody responds."
        );
        assert_eq!(
            of(&["someday"], "9:00", "17:00", "UTC"),
            "days: Choose days of the week."
        );
        for bad in ["", "nine", "24:00", "9:60", "+9:00", "9"] {
            let expected = "from: Enter a time from 00:00 to 23:59, for example 09:00.";
            assert_eq!(of(&week, bad, "17:00", "UTC"), expected, "{bad}");
        }
        assert_eq!(
            of(&week, "9:00", "later", "UTC"),
            "to: Enter a time from 00:00 to 23:59, for example 17:30."
        );
        assert_eq!(
            of(&week, "9:00", "17:00", "Berlin"),
            "zone: Enter the name of a time zone, for example Europe/Berlin or UTC."
        );
    }

    #[test]
    fn a_day_and_an_address_are_checked() {
        assert_eq!(said(Kind::Date, &typed("2026-02-28")), "2026-02-28");
        assert_eq!(
            said(Kind::Date, &typed("2026-02-30")),
            "value: Enter a day as year-month-day, for example 2026-11-23."
        );
        let link = "https://status.example.com/";
        assert_eq!(said(Kind::Link, &typed(link)), link);
        assert_eq!(
            said(Kind::Link, &typed("javascript:alert(1)")),
            "value: An address begins with http:// or https://."
        );
    }
}
