//! The columns that are drawn: at most [`LIMIT`], however many points there are.

use std::fmt::Write as _;

use chrono::TimeDelta;

use crate::model::{Chart, ChartPoint};

/// No chart draws more columns than this (SPEC section 8).
pub(super) const LIMIT: i64 = 1_100;

pub(super) struct Columns {
    /// Seconds per column.
    pub(super) step: i64,
    /// How many columns there are from the beginning to the end, empty ones too.
    pub(super) slots: i64,
    /// Columns with data, in order.
    pub(super) points: Vec<ChartPoint>,
    from: i64,
}

impl Columns {
    /// Joins neighbouring points until they are few enough; the lowest and the highest rate survive.
    pub(super) fn of(chart: &Chart) -> Self {
        let from = chart.from.timestamp();
        let span = (chart.to - chart.from).num_seconds().max(1);
        let own = chart.step.max(1);
        let factor = (span + own * LIMIT - 1) / (own * LIMIT);
        let step = own * factor.max(1);
        let slots = (span + step - 1) / step;
        let mut points: Vec<ChartPoint> = Vec::new();
        let mut last = -1;
        for point in &chart.points {
            let slot = (point.at.timestamp() - from).div_euclid(step);
            if !(0..slots).contains(&slot) {
                continue;
            }
            match points.last_mut().filter(|_| slot == last) {
                Some(column) => {
                    column.low = column.low.min(point.low);
                    column.high = column.high.max(point.high);
                }
                None => points.push(ChartPoint {
                    at: chart.from + TimeDelta::seconds(slot * step),
                    ..*point
                }),
            }
            last = slot;
        }
        Self {
            step,
            slots,
            points,
            from,
        }
    }

    /// The index of the column that holds `point`.
    pub(super) fn slot(&self, point: &ChartPoint) -> i64 {
        (point.at.timestamp() - self.from) / self.step
    }

    /// All columns as a short text for the island `ChartReader`: per column the distance of its lowest and highest rate
    /// from 100 % in thousandths of a percent, `low.high`, or one number when they are equal, or nothing without data.
    pub(super) fn encode(&self) -> String {
        let mut out = String::with_capacity(self.slots as usize * 2);
        let mut points = self.points.iter().peekable();
        for slot in 0..self.slots {
            if slot > 0 {
                out.push(',');
            }
            let Some(point) = points.next_if(|p| self.slot(p) == slot) else {
                continue;
            };
            // Rounded up, so that no reader is told 100 % where something failed.
            let distance = |rate: f64| ((100.0 - rate) * 1_000.0 - 1e-6).ceil().max(0.0) as u32;
            let (low, high) = (distance(point.low), distance(point.high));
            let _ = if low == high {
                write!(out, "{low}")
            } else {
                write!(out, "{low}.{high}")
            };
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;

    fn chart(points: i64, step: i64) -> Chart {
        let from = Utc.with_ymd_and_hms(2026, 10, 26, 0, 0, 0).unwrap();
        let at = |i: i64| from + TimeDelta::seconds(i * step);
        Chart {
            title: String::new(),
            from,
            to: at(points),
            step,
            resolution: 300,
            slo: 99.9,
            points: (0..points)
                .map(|i| ChartPoint {
                    at: at(i),
                    low: if i == 777 { 40.0 } else { 99.0 },
                    high: 100.0,
                })
                .collect(),
            excluded: Vec::new(),
            breaches: Vec::new(),
        }
    }

    #[test]
    fn a_month_of_five_minutes_fits_and_keeps_its_extremes() {
        let columns = Columns::of(&chart(8_064, 300));
        assert!(columns.points.len() as i64 <= LIMIT && columns.slots <= LIMIT);
        assert!(columns.points.iter().any(|p| p.low == 40.0));
    }

    #[test]
    fn few_points_stay_as_they_are() {
        let mut chart = chart(4, 300);
        chart.points.remove(1);
        chart.points[2].low = 100.0;
        let columns = Columns::of(&chart);
        assert_eq!((columns.step, columns.slots, columns.points.len()), (300, 4, 3));
        assert_eq!(columns.encode(), "1000.0,,1000.0,0");
    }
}
