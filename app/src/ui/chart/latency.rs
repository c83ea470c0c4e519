//! Latencies over time: three lines that differ in their strokes.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::{super::figure::millis, HEIGHT, WIDTH, day_labels};
use crate::model::{LatencyChart as Model, LatencyPoint};

/// The highest value on the axis: the next of 1, 2, 5, 10 … milliseconds.
fn ceiling(highest: f64) -> f64 {
    let mut ceiling = 1.0;
    for factor in [2.0, 2.5, 2.0].into_iter().cycle() {
        if ceiling >= highest {
            break;
        }
        ceiling *= factor;
    }
    ceiling
}

/// Draws the 50th, 95th and 99th percentiles.
#[component]
pub fn LatencyChart(chart: Model) -> impl IntoView {
    let highest = chart.points.iter().map(|p| p.p99).fold(1.0, f64::max);
    let top = ceiling(highest);
    let span = (chart.to - chart.from).num_seconds().max(1) as f64;
    let share = move |at: DateTime<Utc>| ((at - chart.from).num_seconds() as f64 / span).clamp(0.0, 1.0);
    let y = move |value: f64| 7.0 + (1.0 - value / top) * (HEIGHT - 9.0);
    let path = |value: fn(&LatencyPoint) -> f64| {
        let half = chart.step as f64 / span / 2.0;
        let mut path = String::new();
        let mut before = None;
        for point in &chart.points {
            let follows = before.is_some_and(|at: DateTime<Utc>| (point.at - at).num_seconds() <= chart.step);
            let x = (share(point.at) + half) * WIDTH;
            let _ = write!(path, "{}{x:.1} {:.1}", if follows { 'L' } else { 'M' }, y(value(point)));
            if chart.points.len() == 1 {
                path.push_str("h1");
            }
            before = Some(point.at);
        }
        path
    };
    let ticks = [top, top / 2.0, 0.0];
    let lines = ticks.map(|value| view! { <line class="rule" x1="0" x2="100%" y1=y(value) y2=y(value)></line> });
    let labels = ticks.map(|value| {
        view! { <text x="100%" y=format!("{:.1}", y(value) + 4.0) text-anchor="end">{millis(value)}</text> }
    });
    let days = day_labels(chart.from, chart.to).into_iter().map(|(at, text, minor)| {
        let x = share(at) * 100.0;
        let anchor = if x < 3.0 { "start" } else if x > 96.0 { "end" } else { "middle" };
        view! { <text class=if minor { "minor" } else { "" } x=format!("{x:.2}%") y="12" text-anchor=anchor>{text}</text> }
    });
    let label = format!(
        "{}: the 99th percentile is at most {}. The table has all values.",
        chart.title,
        millis(highest)
    );
    view! {
        <figure class="chart">
            <div class="plot-area">
                <svg class="rates" height=HEIGHT aria-hidden="true">{labels.collect_view()}</svg>
                <div class="plot">
                    <svg height=HEIGHT role="img" aria-label=label>
                        {lines.collect_view()}
                        <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") width="100%" height=HEIGHT preserveAspectRatio="none">
                            <path class="p99" d=path(|p| p.p99)></path>
                            <path class="p95" d=path(|p| p.p95)></path>
                            <path class="p50" d=path(|p| p.p50)></path>
                        </svg>
                    </svg>
                </div>
                <svg class="days" height="16" aria-hidden="true">{days.collect_view()}</svg>
            </div>
            <figcaption>
                <span class="key p50">"p50: half are faster"</span>
                <span class="key p95">"p95"</span>
                <span class="key p99">"p99"</span>
                <span>"within 10\u{202f}% of the exact value"</span>
            </figcaption>
        </figure>
    }
}

#[cfg(test)]
mod tests {
    use super::ceiling;

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!(
            [0.5, 1.0, 84.0, 100.0, 312.0, 2_999.0].map(ceiling),
            [1.0, 1.0, 100.0, 100.0, 500.0, 5_000.0]
        );
    }
}
