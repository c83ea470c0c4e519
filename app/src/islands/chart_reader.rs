//! Reads values off a chart, by pointer and by arrow keys.

use leptos::{ev, prelude::*, web_sys};

/// Lies over the plot of a chart. `columns` is what `ui::chart` encodes; `from` and `step` are seconds.
#[island]
pub fn ChartReader(label: String, from: i64, step: i64, columns: String) -> impl IntoView {
    let columns = StoredValue::new(decode(&columns));
    let last = columns.with_value(Vec::len).saturating_sub(1);
    // Without scripts this is an empty layer that nothing can reach.
    let ready = RwSignal::new(false);
    let at = RwSignal::new(None::<usize>);
    Effect::new(move || ready.set(true));

    let text = move || {
        let slot = at.get()?;
        Some(reading(
            from + slot as i64 * step,
            step,
            columns.with_value(|c| c.get(slot).copied().flatten()),
        ))
    };
    let point = move |event: ev::PointerEvent| {
        let width = event_target::<web_sys::Element>(&event).client_width().max(1);
        let share = f64::from(event.offset_x()) / f64::from(width);
        at.set(Some(((share * (last + 1) as f64).max(0.0) as usize).min(last)));
    };
    let press = move |event: ev::KeyboardEvent| {
        let now = at.get_untracked().unwrap_or(last);
        let leap = (last / 28).max(1);
        let next = match event.key().as_str() {
            "ArrowLeft" | "ArrowDown" => now.saturating_sub(1),
            "ArrowRight" | "ArrowUp" => now + 1,
            "PageDown" => now.saturating_sub(leap),
            "PageUp" => now + leap,
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        at.set(Some(next.min(last)));
    };
    let place = move || {
        at.get()
            .map(|slot| format!("{}%", (slot * 2 + 1) as f32 * 50.0 / (last + 1) as f32))
    };

    view! {
        <div
            class="reader"
            role=move || ready.get().then_some("slider")
            tabindex=move || ready.get().then_some("0")
            aria-label=move || ready.get().then(|| label.clone())
            aria-valuemin=move || ready.get().then_some("0")
            aria-valuemax=move || ready.get().then(|| last.to_string())
            aria-valuenow=move || ready.get().then(|| at.get().unwrap_or(last).to_string())
            aria-valuetext=text
            on:pointermove=point
            on:pointerdown=point
            on:pointerleave=move |_| at.set(None)
            on:focus=move |_| if at.get_untracked().is_none() { at.set(Some(last)) }
            on:blur=move |_| at.set(None)
            on:keydown=press
        >
            <svg aria-hidden="true">
                <line x1=place x2=place y1="0" y2="100%" class=move || at.get().map(|_| "shown")></line>
            </svg>
            <p aria-hidden="true">{text}</p>
        </div>
    }
}

/// Per column the lowest and highest rate as thousandths of a percent below 100.
fn decode(columns: &str) -> Vec<Option<(u32, u32)>> {
    columns
        .split(',')
        .map(|column| {
            let (low, high) = column.split_once('.').unwrap_or((column, column));
            Some((low.parse().ok()?, high.parse().ok()?))
        })
        .collect()
}

/// "23 Nov, 13:50–14:40 UTC: 91.0 % to 98.2 %"
fn reading(from: i64, step: i64, rates: Option<(u32, u32)>) -> String {
    let what = match rates {
        None => "no data".to_owned(),
        Some((low, high)) if low == high => rate(low),
        Some((low, high)) => format!("{} to {}", rate(low), rate(high)),
    };
    format!("{}, {}–{} UTC: {what}", day(from), clock(from), clock(from + step))
}

/// Cut, never rounded up, in step with `ui::figure::percent`.
fn rate(below: u32) -> String {
    let value = 100_000_u32.saturating_sub(below);
    match value {
        100_000 => "100\u{202f}%".to_owned(),
        99_000.. => format!("{}.{:02}\u{202f}%", value / 1_000, value % 1_000 / 10),
        _ => format!("{}.{}\u{202f}%", value / 1_000, value % 1_000 / 100),
    }
}

fn clock(seconds: i64) -> String {
    format!(
        "{:02}:{:02}",
        seconds.rem_euclid(86_400) / 3_600,
        seconds.rem_euclid(3_600) / 60
    )
}

/// The day of a Unix time in the Gregorian calendar, as "23 Nov".
fn day(seconds: i64) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    // Days since 1 March of the year 0, where leap days end a year.
    let days = seconds.div_euclid(86_400) + 719_468;
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    format!("{day} {}", MONTHS[((month + 2) % 12) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_column() {
        let columns = decode("0,,9000.1800");
        assert_eq!(columns, [Some((0, 0)), None, Some((9_000, 1_800))]);
        let plain = |i: usize| reading(1_795_441_800, 3_000, columns[i]).replace('\u{202f}', " ");
        assert_eq!(plain(2), "23 Nov, 13:50–14:40 UTC: 91.0 % to 98.2 %");
        assert_eq!(plain(1), "23 Nov, 13:50–14:40 UTC: no data");
        assert_eq!(rate(1), "99.99\u{202f}%");
    }

    #[test]
    fn days_of_leap_years() {
        assert_eq!(day(1_709_164_800), "29 Feb");
        assert_eq!(day(1_709_251_200), "1 Mar");
        assert_eq!(day(0), "1 Jan");
    }
}
