//! Numbers as people read them, each with its unit.
//!
//! Rates are cut, never rounded up: 99.999 % is shown as 99.99 %, because a page that says 100 % says that nothing failed.

use leptos::prelude::*;

/// Between a number and its unit: narrow, and never the end of a line.
const GAP: char = '\u{202f}';

/// Digits of a rate without its unit: two decimals from 99 up, where they matter, and one below.
fn rate_digits(percent: f64) -> String {
    let decimals: usize = if percent >= 99.0 { 2 } else { 1 };
    let scale = 10f64.powi(decimals as i32);
    // The small addition undoes binary fractions such as 99.92 = 99.91999…, not a rate that is truly lower.
    let mut cut = (percent * scale + 1e-6).floor() / scale;
    if percent < 100.0 && cut >= 100.0 {
        cut = 99.99;
    }
    if cut >= 100.0 {
        "100".to_owned()
    } else {
        format!("{:.decimals$}", cut.max(0.0))
    }
}

/// A measured rate: "99.92 %".
pub fn percent(value: f64) -> String {
    format!("{}{GAP}%", rate_digits(value))
}

/// A target, which is a plain number: "99.9 %".
pub fn target(value: f64) -> String {
    let digits = format!("{value:.3}");
    format!("{}{GAP}%", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// A rate in a table; a dash where nothing was counted.
pub fn percent_or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), percent)
}

/// "1,204".
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// "1 app", "3 apps".
pub fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{}\u{a0}{}", count(value), if value == 1 { one } else { many })
}

/// A part of a budget: whole from ten up, with one decimal below, cut towards zero. What is not nothing never reads "0".
pub fn amount(value: f64) -> String {
    let value = value.abs();
    if value > 0.0 && value + 1e-6 < 0.1 {
        return "<0.1".to_owned();
    }
    if value >= 10.0 {
        return count(value as u64);
    }
    let cut = (value * 10.0 + 1e-6).floor() / 10.0;
    format!("{cut:.1}").trim_end_matches(".0").to_owned()
}

/// "1 h 20 min". Days from two days up; seconds only below a minute.
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let parts = if days >= 2 {
        [(days, "d"), (hours, "h")]
    } else if seconds >= 3_600 {
        [(seconds / 3_600, "h"), (minutes, "min")]
    } else if seconds >= 60 {
        [(minutes, "min"), (0, "")]
    } else {
        [(seconds, "s"), (0, "")]
    };
    let shown: Vec<_> = parts
        .iter()
        .enumerate()
        .filter(|(i, (n, _))| *i == 0 || *n > 0)
        .map(|(_, (n, unit))| format!("{n}{GAP}{unit}"))
        .collect();
    shown.join("\u{a0}")
}

/// "84 ms", "1.24 s".
pub fn millis(value: f64) -> String {
    if value >= 1_000.0 {
        format!("{:.2}{GAP}s", value / 1_000.0)
    } else if value >= 10.0 || value == 0.0 {
        format!("{value:.0}{GAP}ms")
    } else {
        format!("{value:.1}{GAP}ms")
    }
}

/// Milliseconds in a table; a dash where nothing was measured.
pub fn millis_or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), millis)
}

/// A count in a table; zero is quiet.
#[component]
pub fn Count(value: u64) -> impl IntoView {
    let class = if value == 0 { "quiet" } else { "" };
    view! { <span class=class>{count(value)}</span> }
}

/// A rate as the thing one came to read: the number large, its unit small.
#[component]
pub fn Rate(
    value: Option<f64>,
    /// What to say instead of a number.
    #[prop(default = "no data")]
    none: &'static str,
) -> impl IntoView {
    match value {
        Some(value) => {
            view! { <span class="figure">{rate_digits(value)}<small>{format!("{GAP}%")}</small></span> }.into_any()
        }
        None => view! { <span class="figure none">{none}</span> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_cut() {
        assert_eq!(percent(100.0), "100\u{202f}%");
        assert_eq!(percent(99.999_999_999), "99.99\u{202f}%");
        assert_eq!(percent(99.92), "99.92\u{202f}%");
        assert_eq!(percent(99.896), "99.89\u{202f}%");
        assert_eq!(percent(98.19), "98.1\u{202f}%");
        assert_eq!(percent(98.999), "98.9\u{202f}%");
        assert_eq!(percent(0.0), "0.0\u{202f}%");
        assert_eq!(target(99.9), "99.9\u{202f}%");
        assert_eq!(target(95.0), "95\u{202f}%");
    }

    #[test]
    fn counts_have_separators() {
        assert_eq!(count(7), "7");
        assert_eq!(count(1_204), "1,204");
        assert_eq!(count(12_345_678), "12,345,678");
        assert_eq!(counted(1, "app", "apps"), "1\u{a0}app");
        assert_eq!(amount(8.29), "8.2");
        assert_eq!(amount(-12.7), "12");
        assert_eq!(amount(3.0), "3");
        assert_eq!(amount(0.0), "0");
        assert_eq!(amount(-0.03), "<0.1");
    }

    #[test]
    fn durations_name_two_units_at_most() {
        let plain = |s| duration(s).replace(['\u{a0}', GAP], " ");
        assert_eq!(plain(42), "42 s");
        assert_eq!(plain(42 * 60), "42 min");
        assert_eq!(plain(80 * 60), "1 h 20 min");
        assert_eq!(plain(2 * 3_600), "2 h");
        assert_eq!(plain(30 * 3_600), "30 h");
        assert_eq!(plain(3 * 86_400 + 4 * 3_600 + 59), "3 d 4 h");
    }
}
