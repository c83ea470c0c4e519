//! Times: always UTC and always said so. The island `LocalTimes` adds the reader's own zone as a tooltip.

use chrono::{DateTime, Datelike, Utc};
use leptos::prelude::*;

use crate::request::viewer;

/// How much of a time is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeStyle {
    /// "23 Nov 2026, 13:50 UTC"
    #[default]
    Full,
    /// "23 Nov, 13:50 UTC"; with the year when it is not this one.
    Short,
    /// "23 Nov, 13:50" in a table whose head names the zone.
    Cell,
    /// "23 Nov 2026"
    Date,
    /// "13:50 UTC"
    Clock,
    /// "13:50" in a table whose head names the zone.
    ClockCell,
    /// "13:50:07" in a table whose head names the zone.
    Second,
    /// "in 3 days", "2 h ago", seen from the time of the request.
    Relative,
}

/// "23 Nov 2026, 13:50 UTC", for places that take a text only.
pub fn full_time(at: DateTime<Utc>) -> String {
    text(at, at, TimeStyle::Full)
}

fn text(at: DateTime<Utc>, now: DateTime<Utc>, style: TimeStyle) -> String {
    let pattern = match style {
        TimeStyle::Full => "%-d\u{a0}%b\u{a0}%Y, %H:%M\u{a0}UTC",
        TimeStyle::Short if at.year() != now.year() => "%-d\u{a0}%b\u{a0}%Y, %H:%M\u{a0}UTC",
        TimeStyle::Short => "%-d\u{a0}%b, %H:%M\u{a0}UTC",
        TimeStyle::Cell if at.year() != now.year() => "%-d\u{a0}%b\u{a0}%Y, %H:%M",
        TimeStyle::Cell => "%-d\u{a0}%b, %H:%M",
        TimeStyle::Date => "%-d\u{a0}%b\u{a0}%Y",
        TimeStyle::Clock => "%H:%M\u{a0}UTC",
        TimeStyle::ClockCell => "%H:%M",
        TimeStyle::Second => "%H:%M:%S",
        TimeStyle::Relative => return relative(at, now),
    };
    at.format(pattern).to_string()
}

/// "in 3 days", "2 h ago", "just now".
pub fn relative(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (at - now).num_seconds();
    let amount = match seconds.unsigned_abs() {
        0..60 => {
            return if seconds > 0 {
                "in a moment".to_owned()
            } else {
                "just now".to_owned()
            };
        }
        s @ 60..3_600 => format!("{}\u{a0}min", s / 60),
        s @ 3_600..172_800 => format!("{}\u{a0}h", s / 3_600),
        s => format!("{}\u{a0}days", s / 86_400),
    };
    if seconds > 0 {
        format!("in {amount}")
    } else {
        format!("{amount} ago")
    }
}

/// A point in time.
#[component]
pub fn Time(at: DateTime<Utc>, #[prop(optional)] style: TimeStyle) -> impl IntoView {
    let machine = at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    // A relative time hides the exact one, so that one stands in the tooltip even with scripts off.
    let title = (style == TimeStyle::Relative).then(|| full_time(at));
    view! { <time datetime=machine title=title>{text(at, viewer().now, style)}</time> }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone};

    use super::*;

    #[test]
    fn styles() {
        let at = Utc.with_ymd_and_hms(2026, 11, 3, 13, 50, 7).unwrap();
        let later = Utc.with_ymd_and_hms(2027, 1, 1, 0, 0, 0).unwrap();
        let plain = |now, style| text(at, now, style).replace('\u{a0}', " ");
        assert_eq!(plain(at, TimeStyle::Full), "3 Nov 2026, 13:50 UTC");
        assert_eq!(plain(at, TimeStyle::Short), "3 Nov, 13:50 UTC");
        assert_eq!(plain(later, TimeStyle::Short), "3 Nov 2026, 13:50 UTC");
        assert_eq!(plain(at, TimeStyle::Second), "13:50:07");
    }

    #[test]
    fn relative_times() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap();
        let plain = |delta| relative(now + delta, now).replace('\u{a0}', " ");
        assert_eq!(plain(TimeDelta::days(3)), "in 3 days");
        assert_eq!(plain(TimeDelta::hours(-2)), "2 h ago");
        assert_eq!(plain(TimeDelta::seconds(-20)), "just now");
    }
}
