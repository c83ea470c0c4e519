//! A month in the space of a word: one step per day, with a mark under the days below the target.

use std::fmt::Write as _;

use leptos::prelude::*;

use super::{
    super::figure::{counted, percent, target},
    scale::Scale,
};

const HEIGHT: f64 = 34.0;
/// What the marks take at the bottom.
const MARKS: f64 = 6.0;
/// Width of a day, in units of the picture.
const DAY: usize = 10;

/// The rates of the days up to today. Days without data are gaps.
#[component]
pub fn Spark(days: Vec<Option<f64>>, slo: Option<f64>) -> impl IntoView {
    let known = || days.iter().copied().flatten();
    let lowest = known().fold(slo.unwrap_or(100.0), f64::min);
    let below = slo.map_or(0, |slo| known().filter(|rate| *rate < slo).count());
    let label = match known().reduce(f64::min) {
        None => "By day: no data in 28 days".to_owned(),
        Some(worst) => {
            let below = slo.map(|slo| format!(", {} below {}", counted(below as u64, "day", "days"), target(slo)));
            format!("By day: lowest {}{}", percent(worst), below.unwrap_or_default())
        }
    };
    let scale = Scale::for_lowest(lowest, HEIGHT - MARKS);
    let mut line = String::new();
    let mut marks = String::new();
    let mut before = None;
    for (i, rate) in days.iter().enumerate() {
        let (x, y) = (i * DAY, rate.map(|rate| scale.y(rate)));
        if let Some(y) = y {
            let _ = match before {
                Some(_) => write!(line, "V{y:.1}h{DAY}"),
                None => write!(line, "M{x} {y:.1}h{DAY}"),
            };
        }
        if slo.zip(*rate).is_some_and(|(slo, rate)| rate < slo) {
            let _ = write!(marks, "M{} {}h{}v4h-{}Z", x + 1, HEIGHT - 4.0, DAY - 2, DAY - 2);
        }
        before = y;
    }
    let width = days.len().max(1) * DAY;
    let slo = slo.map(|slo| scale.y(slo));
    view! {
        <svg class="spark" role="img" aria-label=label viewBox=format!("0 0 {width} {HEIGHT}") preserveAspectRatio="none">
            {slo.map(|y| view! { <line class="target" x1="0" x2=width y1=y y2=y></line> })}
            <path class="low" d=line></path>
            <path class="marks" d=marks></path>
        </svg>
    }
}
