use std::time::Duration;

use thiserror::Error;

use super::varint;

/// Upper edges of all buckets but the last, in microseconds: the first bucket ends at 1 ms, each further one is a fifth
/// wider than the one before, the last edge lies just above 60 s. Integers, so that every machine has the same edges;
/// they are part of the stored form and must not change.
const EDGES: [u64; 62] = {
    let mut edges = [1_000; 62];
    let mut i = 1;
    while i < edges.len() {
        edges[i] = edges[i - 1] * 6 / 5;
        i += 1;
    }
    edges
};

/// Index of the bucket for everything above the last edge.
const LAST: u64 = EDGES.len() as u64;

/// Latencies in buckets: any number of durations in at most 63 numbers. From 1 ms to 60 s a value read back is within
/// 10 % of the one recorded; shorter and longer ones are only known to be so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Bucket and count, ordered by bucket, no count of zero. Sparse, because a minute has a handful of durations.
    buckets: Vec<(u8, u64)>,
}

/// Bytes that are no histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CorruptHistogram {
    /// A number is cut off, too large, or not in its shortest form.
    #[error("the histogram contains a malformed number")]
    Number,
    /// A bucket beyond the last.
    #[error("the histogram names a bucket that does not exist")]
    Bucket,
    /// A bucket is named without anything in it.
    #[error("the histogram contains an empty bucket")]
    Empty,
}

impl Histogram {
    /// Adds one duration.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let bucket = EDGES.partition_point(|edge| *edge <= micros);
        self.add(bucket as u8, 1);
    }

    /// Adds everything that `other` has recorded.
    pub fn merge(&mut self, other: &Self) {
        for &(bucket, count) in &other.buckets {
            self.add(bucket, count);
        }
    }

    /// Takes out everything that `other` has recorded and was merged into this one before.
    pub fn subtract(&mut self, other: &Self) {
        for &(bucket, count) in &other.buckets {
            if let Ok(i) = self.buckets.binary_search_by_key(&bucket, |(b, _)| *b) {
                self.buckets[i].1 = self.buckets[i].1.saturating_sub(count);
            }
        }
        self.buckets.retain(|(_, count)| *count > 0);
    }

    /// How many durations it holds.
    pub fn total(&self) -> u64 {
        self.buckets
            .iter()
            .fold(0, |sum: u64, (_, count)| sum.saturating_add(*count))
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The smallest duration that at least the share `q` (0 to 1, taken to the nearest millionth) of the recorded ones
    /// do not exceed, within the bounds given above. `None` when nothing was recorded or `q` is not a number.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        const MILLION: u128 = 1_000_000;
        if q.is_nan() {
            return None;
        }
        // In integers, because 0.07 x 100 as fractions is more than 7 and would give the next rank.
        let share = (q.clamp(0.0, 1.0) * MILLION as f64).round() as u128;
        let total: u128 = self.buckets.iter().map(|(_, count)| u128::from(*count)).sum();
        let rank = (share * total).div_ceil(MILLION).max(1);

        let mut seen = 0;
        for &(bucket, count) in &self.buckets {
            seen += u128::from(count);
            if seen >= rank {
                return Some(representative(bucket));
            }
        }
        None
    }

    /// The stored form: for each bucket that is not empty the number of empty ones before it and its count, as
    /// variable-length numbers. Nothing recorded is no bytes; equal histograms are equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.buckets.len() * 2);
        let mut next = 0;
        for &(bucket, count) in &self.buckets {
            varint::write(&mut bytes, u64::from(bucket - next));
            varint::write(&mut bytes, count);
            next = bucket + 1;
        }
        bytes
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When the bytes are not what [`Histogram::to_bytes`] writes for any histogram.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, CorruptHistogram> {
        let mut buckets = Vec::new();
        let mut next = 0_u64;
        while !bytes.is_empty() {
            let gap = varint::read(&mut bytes).ok_or(CorruptHistogram::Number)?;
            let count = varint::read(&mut bytes).ok_or(CorruptHistogram::Number)?;
            let bucket = next.saturating_add(gap);
            if bucket > LAST {
                return Err(CorruptHistogram::Bucket);
            }
            if count == 0 {
                return Err(CorruptHistogram::Empty);
            }
            buckets.push((bucket as u8, count));
            next = bucket + 1;
        }
        Ok(Self { buckets })
    }

    fn add(&mut self, bucket: u8, count: u64) {
        match self.buckets.binary_search_by_key(&bucket, |(b, _)| *b) {
            Ok(i) => self.buckets[i].1 = self.buckets[i].1.saturating_add(count),
            Err(i) => self.buckets.insert(i, (bucket, count)),
        }
    }
}

/// The duration that stands for all those of a bucket: the one whose relative distance to both ends is the same, and
/// therefore smallest (an eleventh for a bucket that is a fifth wide).
fn representative(bucket: u8) -> Duration {
    let bucket = usize::from(bucket);
    let micros = match (bucket.checked_sub(1).and_then(|i| EDGES.get(i)), EDGES.get(bucket)) {
        (Some(low), Some(high)) => 2 * low * high / (low + high),
        (Some(low), None) => *low,
        (None, _) => EDGES[0] / 2,
    };
    Duration::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(micros: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in micros {
            histogram.record(Duration::from_micros(*value));
        }
        histogram
    }

    fn ms(value: u64) -> u64 {
        value * 1_000
    }

    #[test]
    fn edges_never_change() {
        assert_eq!(EDGES[..6], [1_000, 1_200, 1_440, 1_728, 2_073, 2_487]);
        assert_eq!(EDGES[60..], [56_279_068, 67_534_881]);
    }

    #[test]
    fn nothing_recorded_has_no_quantile() {
        assert_eq!(Histogram::default().quantile(0.5), None);
        assert_eq!(of(&[1]).quantile(f64::NAN), None);
        assert!(Histogram::default().to_bytes().is_empty());
    }

    #[test]
    fn beyond_the_range_the_nearest_known_duration() {
        assert_eq!(of(&[0]).quantile(0.5), Some(Duration::from_micros(500)));
        let mut long = Histogram::default();
        long.record(Duration::MAX);
        assert_eq!(long.quantile(0.5), Some(Duration::from_micros(EDGES[61])));
    }

    #[test]
    fn ranks_are_exact_at_their_boundaries() {
        // 93 short and 7 long ones: the 93rd of 100 is short, the 94th long.
        let mut histogram = Histogram::default();
        (0..93).for_each(|_| histogram.record(Duration::from_millis(1)));
        (0..7).for_each(|_| histogram.record(Duration::from_secs(10)));
        assert!(histogram.quantile(0.93) < Some(Duration::from_secs(1)));
        assert!(histogram.quantile(0.930_001) > Some(Duration::from_secs(1)));
        assert_eq!(histogram.quantile(-1.0), histogram.quantile(0.0));
        assert_eq!(histogram.quantile(2.0), histogram.quantile(1.0));
        assert_eq!(histogram.total(), 100);
    }

    #[test]
    fn the_stored_form_is_small_and_stable() {
        assert_eq!(of(&[ms(1), ms(1), ms(100), ms(100)]).to_bytes(), [1, 2, 24, 2]);
    }

    #[test]
    fn corrupt_bytes_are_refused() {
        use CorruptHistogram::{Bucket, Empty, Number};
        assert_eq!(Histogram::from_bytes(&[0]), Err(Number));
        assert_eq!(Histogram::from_bytes(&[0x80]), Err(Number));
        assert_eq!(Histogram::from_bytes(&[63, 1]), Err(Bucket));
        assert_eq!(Histogram::from_bytes(&[62, 1, 0, 1]), Err(Bucket));
        assert_eq!(Histogram::from_bytes(&[0, 0]), Err(Empty));
        let huge_gap = [0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1];
        assert_eq!(Histogram::from_bytes(&huge_gap), Err(Bucket));
    }

    #[test]
    fn counts_stop_at_the_largest_number() {
        let mut bytes = vec![3];
        varint::write(&mut bytes, u64::MAX);
        let full = Histogram::from_bytes(&bytes).unwrap();
        let mut twice = full.clone();
        twice.merge(&full);
        assert_eq!(twice, full);
        assert_eq!(twice.quantile(1.0), full.quantile(0.0));
    }

    fn latencies() -> impl Strategy<Value = Vec<u64>> {
        // Powers spread the values over the whole range instead of crowding them at its top.
        prop::collection::vec(
            (0.0_f64..1.0).prop_map(|x| (1_000.0 * 60_000_f64.powf(x)) as u64),
            1..60,
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn merging_is_recording_everything(left in latencies(), right in latencies()) {
            let mut merged = of(&left);
            merged.merge(&of(&right));
            prop_assert_eq!(merged, of(&[left, right].concat()));
        }

        #[test]
        fn what_was_merged_can_be_taken_out(left in latencies(), right in latencies()) {
            let mut merged = of(&left);
            merged.merge(&of(&right));
            merged.subtract(&of(&right));
            prop_assert_eq!(merged, of(&left));
        }

        #[test]
        fn quantiles_are_within_ten_percent(mut values in latencies(), millionths in 0_u32..=1_000_000) {
            let found = of(&values).quantile(f64::from(millionths) / 1e6).unwrap().as_micros() as f64;
            values.sort_unstable();
            let rank = (u64::from(millionths) * values.len() as u64).div_ceil(1_000_000).max(1);
            let exact = values[rank as usize - 1] as f64;
            prop_assert!((found - exact).abs() <= 0.1 * exact, "{found} for {exact}");
        }

        #[test]
        fn quantiles_grow(values in latencies(), a in 0.0_f64..1.0, b in 0.0_f64..1.0) {
            let histogram = of(&values);
            prop_assert!(histogram.quantile(a.min(b)) <= histogram.quantile(a.max(b)));
        }

        #[test]
        fn bytes_give_back_the_histogram(values in latencies()) {
            let histogram = of(&values);
            prop_assert_eq!(Histogram::from_bytes(&histogram.to_bytes()), Ok(histogram));
        }

        #[test]
        fn any_bytes_are_refused_or_exactly_a_histogram(bytes in prop::collection::vec(prop_oneof![0_u8..4, any::<u8>()], 0..24)) {
            if let Ok(histogram) = Histogram::from_bytes(&bytes) {
                prop_assert_eq!(histogram.to_bytes(), bytes);
            }
        }
    }
}
