//! A rate over time, drawn on the server as SVG.
//!
//! The plot stretches to the width there is while its labels keep their size: shapes that may be stretched stand in an
//! inner SVG without an aspect ratio, everything else is placed by percentages. So a chart is readable at 320 px.

mod columns;
mod latency;
mod path;
mod scale;
mod spark;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use leptos::prelude::*;

use self::{columns::Columns, scale::Scale};
pub use self::{latency::LatencyChart, spark::Spark};
use super::figure::{counted, duration, percent, target};
use crate::{islands::ChartReader, model::Chart as Model};

/// Height of the plot, in CSS pixels.
const HEIGHT: f64 = 172.0;
/// Width of the stretched plot, in units of its own.
const WIDTH: f64 = 1_000.0;

/// Draws a chart with its caption.
#[component]
pub fn Chart(chart: Model) -> impl IntoView {
    let (chart, since) = without_empty_beginning(chart);
    let columns = Columns::of(&chart);
    let lowest = columns.points.iter().map(|p| p.low).fold(chart.slo, f64::min);
    let scale = Scale::for_lowest(lowest, HEIGHT);
    let span = (chart.to - chart.from).num_seconds().max(1) as f64;
    let share = move |at: DateTime<Utc>| ((at - chart.from).num_seconds() as f64 / span).clamp(0.0, 1.0);
    let label = describe(&chart, &columns);
    let drawn = path::draw(
        &columns,
        |slot| (slot as f64 + 0.5) * columns.step as f64 / span * WIDTH,
        |rate| scale.y(rate),
    );
    let slo = scale.y(chart.slo);
    let spans = |from, to| {
        let (from, to) = (share(from) * 100.0, share(to) * 100.0);
        // Even a minute in a month is seen.
        (format!("{from:.2}%"), format!("{:.2}%", (to - from).max(0.5)))
    };
    let breaches = chart
        .breaches
        .iter()
        .map(|(from, to)| spans(*from, *to))
        .map(|(x, width)| {
            view! { <rect class="breach" x=x y="0" width=width height=HEIGHT></rect> }
        });
    let excluded = chart.excluded.iter().map(|e| spans(e.from, e.to)).map(|(x, width)| {
        view! { <rect class="excluded" fill="url(#hatch)" x=x y="0" width=width height=HEIGHT></rect> }
    });
    let lines = scale.ticks().into_iter().map(|rate| scale.y(rate)).map(|y| {
        view! { <line class="rule" x1="0" x2="100%" y1=y y2=y></line> }
    });
    let rates = scale.labels(chart.slo).into_iter().map(|rate| {
        let class = if rate == chart.slo { "target" } else { "" };
        view! { <text class=class x="100%" y=format!("{:.1}", scale.y(rate) + 4.0) text-anchor="end">{target(rate)}</text> }
    });
    let days = day_labels(chart.from, chart.to).into_iter().map(|(at, text, minor)| {
        let x = share(at) * 100.0;
        let anchor = if x < 3.0 { "start" } else if x > 96.0 { "end" } else { "middle" };
        view! { <text class=if minor { "minor" } else { "" } x=format!("{x:.2}%") y="12" text-anchor=anchor>{text}</text> }
    });
    view! {
        <figure class="chart">
            <div class="plot-area">
                <svg class="rates" height=HEIGHT aria-hidden="true">{rates.collect_view()}</svg>
                <div class="plot">
                    <svg height=HEIGHT role="img" aria-label=label>
                        {breaches.collect_view()}
                        {excluded.collect_view()}
                        {lines.collect_view()}
                        <line class="target" x1="0" x2="100%" y1=slo y2=slo></line>
                        <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") width="100%" height=HEIGHT preserveAspectRatio="none">
                            <path class="band" d=drawn.band></path>
                            <path class="low" d=drawn.low></path>
                        </svg>
                    </svg>
                    <ChartReader
                        label=format!("Read values: {}", chart.title)
                        from=chart.from.timestamp()
                        step=columns.step
                        columns=columns.encode()
                    />
                </div>
                <svg class="days" height="16" aria-hidden="true">{days.collect_view()}</svg>
            </div>
            <Caption chart=chart since step=columns.step stretched=scale.is_stretched()/>
        </figure>
    }
}

/// Begins the axis with the first figure when all figures would be a sliver of it; then also says when that was.
fn without_empty_beginning(mut chart: Model) -> (Model, Option<DateTime<Utc>>) {
    let (Some(first), Some(last)) = (chart.points.first(), chart.points.last()) else {
        return (chart, None);
    };
    let first = first.at;
    let covered = (last.at - first).num_seconds() + chart.step;
    if first <= chart.from || covered * 4 >= (chart.to - chart.from).num_seconds() {
        return (chart, None);
    }
    chart.from = first;
    chart.breaches.retain(|(_, to)| *to > first);
    chart.excluded.retain(|span| span.to > first);
    (chart, Some(first))
}

/// When the first figures were, as exactly as the columns tell.
fn first_figures(at: DateTime<Utc>, step: i64) -> String {
    let pattern = if step > 300 {
        "%-d\u{a0}%b"
    } else {
        "%-d\u{a0}%b, %H:%M\u{a0}UTC"
    };
    at.format(pattern).to_string()
}

/// Says what the shapes mean: only those that occur.
#[component]
fn Caption(chart: Model, since: Option<DateTime<Utc>>, step: i64, stretched: bool) -> impl IntoView {
    let (kind, unit) = match chart.resolution {
        ..3_600 => ("five-minute", "five minutes"),
        3_600..86_400 => ("hourly", "hour"),
        _ => ("daily", "day"),
    };
    let line = if step > chart.resolution {
        format!("lowest and highest {kind} rate per {}", duration(step))
    } else {
        format!("rate per {unit}")
    };
    let mut reasons: Vec<_> = chart.excluded.iter().map(|e| e.reason.clone()).collect();
    reasons.sort();
    reasons.dedup();
    let open = chart.breaches.iter().any(|(_, to)| *to >= chart.to);
    view! {
        <figcaption>
            <span class="key line">{line}</span>
            <span class="key dash">{format!("target {}", target(chart.slo))}</span>
            {(!reasons.is_empty()).then(|| view! { <span class="key hatch">{format!("excused: {}", reasons.join(", "))}</span> })}
            {(!chart.breaches.is_empty())
                .then(|| view! { <span class="key breach">{if open { "breach open, the last one still is" } else { "breach open" }}</span> })}
            {since.map(|at| view! { <span>{format!("begins with the first figures, {}", first_figures(at, step))}</span> })}
            {stretched.then(|| view! { <span>"The scale is stretched near 100\u{202f}%"</span> })}
        </figcaption>
    }
}

/// The chart in a sentence, for those who do not see it.
fn describe(chart: &Model, columns: &Columns) -> String {
    let mut text = chart.title.clone();
    match columns.points.iter().min_by(|a, b| a.low.total_cmp(&b.low)) {
        Some(worst) => {
            text += &format!(
                ". Lowest rate {} on {} UTC, target {}",
                percent(worst.low),
                worst.at.format("%-d %b %Y, %H:%M"),
                target(chart.slo),
            );
            text += &format!(". {}", counted(chart.breaches.len() as u64, "breach", "breaches"));
            if !chart.excluded.is_empty() {
                text += &format!(
                    ", {}",
                    counted(chart.excluded.len() as u64, "excused interval", "excused intervals")
                );
            }
        }
        None => text += ": nothing was measured",
    }
    text + "."
}

/// Where labels stand on the time axis: (time, text, whether it is left out where there is little room).
fn day_labels(from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<(DateTime<Utc>, String, bool)> {
    let hours = (to - from).num_hours();
    let mut labels = Vec::new();
    if hours <= 12 {
        return labels_every(from, to, TimeDelta::hours(1), |at| {
            (at.format("%H:%M").to_string(), at.hour() % 3 != 0)
        });
    }
    if hours <= 48 {
        return labels_every(from, to, TimeDelta::hours(3), |at| {
            (at.format("%H:%M").to_string(), at.hour() % 6 != 0)
        });
    }
    let step = if hours <= 10 * 24 { 1 } else { 4 };
    let mut day = from.date_naive();
    if from.num_seconds_from_midnight() > 0 {
        day = day.succ_opt().unwrap_or(day);
    }
    let mut index = 0;
    while let Some(at) = day.and_hms_opt(0, 0, 0).map(|t| t.and_utc()).filter(|at| *at <= to) {
        labels.push((at, at.format("%-d\u{a0}%b").to_string(), index % 2 == 1));
        index += 1;
        let Some(next) = chrono::NaiveDate::from_num_days_from_ce_opt(day.num_days_from_ce() + step) else {
            break;
        };
        day = next;
    }
    labels
}

fn labels_every(
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    step: TimeDelta,
    text: impl Fn(DateTime<Utc>) -> (String, bool),
) -> Vec<(DateTime<Utc>, String, bool)> {
    let seconds = step.num_seconds();
    let first = (from.timestamp() + seconds - 1).div_euclid(seconds) * seconds;
    (0..)
        .map_while(|i| DateTime::from_timestamp(first + i * seconds, 0).filter(|at| *at <= to))
        .map(|at| {
            let (text, minor) = text(at);
            (at, text, minor)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::model::ChartPoint;

    fn month(first_day: i64) -> Model {
        let from = Utc.with_ymd_and_hms(2026, 10, 26, 0, 0, 0).unwrap();
        let day = |i: i64| from + TimeDelta::days(i);
        Model {
            title: String::new(),
            from,
            to: day(28),
            step: 86_400,
            resolution: 86_400,
            slo: 99.9,
            points: (first_day..28)
                .map(|i| ChartPoint {
                    at: day(i),
                    low: 100.0,
                    high: 100.0,
                })
                .collect(),
            excluded: Vec::new(),
            breaches: vec![(day(2), day(3)), (day(20), day(25))],
        }
    }

    #[test]
    fn a_sliver_of_figures_gets_the_whole_width() {
        let (chart, since) = without_empty_beginning(month(24));
        assert_eq!(since, Some(chart.points[0].at));
        assert_eq!(chart.from, chart.points[0].at);
        assert_eq!(chart.breaches.len(), 1, "what ended before is not drawn at the edge");
        assert_eq!(without_empty_beginning(month(14)), (month(14), None));
        assert_eq!(without_empty_beginning(month(28)), (month(28), None), "nothing at all");
    }
}
