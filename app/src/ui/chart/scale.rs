//! Where a rate stands on the vertical axis.
//!
//! Rates live near 100 %. While all of them stay above 95 % the axis is linear from 100 down to a round number; with
//! deeper falls it is stretched near 100 by a square root, so that an outage leaves the everyday readable.

/// Room above the line of 100 %, for its stroke and label.
const TOP: f64 = 7.0;
/// Labels closer than this would touch.
const APART: f64 = 13.0;

#[derive(Clone, Copy)]
pub(super) struct Scale {
    /// Percent between the top and the bottom.
    depth: f64,
    height: f64,
}

impl Scale {
    pub(super) fn for_lowest(lowest: f64, height: f64) -> Self {
        let needed = 100.0 - lowest;
        let depth = [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0]
            .into_iter()
            .find(|d| needed <= *d)
            .unwrap_or(100.0);
        Self { depth, height }
    }

    pub(super) fn is_stretched(self) -> bool {
        self.depth > 5.0
    }

    pub(super) fn y(self, rate: f64) -> f64 {
        let share = ((100.0 - rate) / self.depth).clamp(0.0, 1.0);
        let share = if self.is_stretched() { share.sqrt() } else { share };
        let y = TOP + share * (self.height - TOP - 2.0);
        (y * 10.0).round() / 10.0
    }

    /// Rates that have a line.
    pub(super) fn ticks(self) -> Vec<f64> {
        match self.depth {
            10.0 => vec![100.0, 99.0, 95.0, 90.0],
            20.0 => vec![100.0, 99.0, 95.0, 90.0, 80.0],
            50.0 => vec![100.0, 99.0, 90.0, 75.0, 50.0],
            100.0 => vec![100.0, 99.0, 90.0, 50.0, 0.0],
            depth => vec![100.0, 100.0 - depth / 2.0, 100.0 - depth],
        }
    }

    /// Rates that have a label: the target first, then every line whose label has room.
    pub(super) fn labels(self, slo: f64) -> Vec<f64> {
        let mut labels = vec![100.0];
        for rate in std::iter::once(slo).chain(self.ticks()) {
            if labels
                .iter()
                .all(|other| (self.y(*other) - self.y(rate)).abs() >= APART)
            {
                labels.push(rate);
            }
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_months_are_linear_and_outages_stretched() {
        assert!(!Scale::for_lowest(99.9, 172.0).is_stretched());
        assert!(Scale::for_lowest(60.0, 172.0).is_stretched());
        let scale = Scale::for_lowest(0.0, 172.0);
        assert!(scale.y(99.0) - scale.y(100.0) > APART);
        assert!(scale.y(0.0) <= 172.0);
    }

    #[test]
    fn labels_do_not_touch() {
        assert_eq!(
            Scale::for_lowest(60.0, 172.0).labels(99.9),
            [100.0, 99.0, 90.0, 75.0, 50.0]
        );
        assert_eq!(Scale::for_lowest(97.0, 172.0).labels(99.0), [100.0, 99.0, 97.5, 95.0]);
    }
}
