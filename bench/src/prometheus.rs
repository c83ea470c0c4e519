//! Reading what Rampart tells a Prometheus.

use anyhow::{Context, Result};

/// One collection.
pub(crate) struct Sample(String);

impl Sample {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The value of a series as it is written, with its labels; zero before its first event.
    pub(crate) fn value(&self, series: &str) -> f64 {
        self.0
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
            .unwrap_or_default()
    }

    /// The upper bounds of a histogram's buckets, each with how many values lie below it since `before`.
    fn buckets(&self, before: &Self, histogram: &str) -> Vec<(f64, f64)> {
        let prefix = format!("{histogram}_bucket{{le=\"");
        let bounds = self.0.lines().filter_map(|line| {
            let (bound, _) = line.strip_prefix(&prefix)?.split_once('"')?;
            Some(bound)
        });
        bounds
            .map(|bound| {
                let series = format!("{prefix}{bound}\"}}");
                let count = self.value(&series) - before.value(&series);
                (bound.parse().unwrap_or(f64::INFINITY), count)
            })
            .collect()
    }

    /// The least upper bound, in seconds, below which at least `share` of the values since `before` lie.
    pub(crate) fn quantile_bound(&self, before: &Self, histogram: &str, share: f64) -> Result<f64> {
        let buckets = self.buckets(before, histogram);
        let total = buckets.last().context("the histogram is empty")?.1;
        let bound = buckets.iter().find(|(_, count)| *count >= share * total);
        Ok(bound.context("the histogram has no end")?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_of_what_came_between_two_collections() {
        let sample = |low, high, all| {
            Sample::new(format!(
                "late_bucket{{le=\"0.1\"}} {low}\nlate_bucket{{le=\"0.5\"}} {high}\nlate_bucket{{le=\"+Inf\"}} {all}\n"
            ))
        };
        let (before, after) = (sample(0, 500, 1_000), sample(99, 599, 1_100));
        assert_eq!(after.quantile_bound(&before, "late", 0.99).unwrap(), 0.1);
        assert_eq!(after.quantile_bound(&before, "late", 0.995).unwrap(), f64::INFINITY);
    }
}
