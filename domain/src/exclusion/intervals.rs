use crate::count::{Minute, MinuteRange};

/// Finds the intervals that overlap a range without looking at all of them: a balanced search tree, laid out in a
/// sorted vector. The root of `lo..hi` is in its middle.
#[derive(Debug, Clone, Default)]
pub(super) struct Intervals {
    /// Interval and what it stands for, by start.
    sorted: Vec<(MinuteRange, usize)>,
    /// For each root, the furthest end in its subtree; what ends before a range cannot overlap it.
    furthest: Vec<Minute>,
}

impl Intervals {
    pub(super) fn new(mut sorted: Vec<(MinuteRange, usize)>) -> Self {
        sorted.sort_unstable_by_key(|(range, value)| (range.start, *value));
        let mut furthest = vec![Minute(i64::MIN); sorted.len()];
        measure(&sorted, &mut furthest);
        Self { sorted, furthest }
    }

    /// Calls `visit` for each interval that shares a minute with `range`.
    pub(super) fn overlapping(&self, range: MinuteRange, visit: &mut impl FnMut(MinuteRange, usize)) {
        if !range.is_empty() {
            self.search(0, self.sorted.len(), range, visit);
        }
    }

    fn search(&self, lo: usize, hi: usize, range: MinuteRange, visit: &mut impl FnMut(MinuteRange, usize)) {
        let root = usize::midpoint(lo, hi);
        if lo >= hi || self.furthest[root] <= range.start {
            return;
        }
        self.search(lo, root, range, visit);
        let (interval, value) = self.sorted[root];
        if interval.start < range.end {
            if interval.intersect(range).is_some() {
                visit(interval, value);
            }
            self.search(root + 1, hi, range, visit);
        }
    }
}

/// Fills in the furthest end of every subtree and returns that of the whole. Splits at the same roots as the search:
/// the middle of `lo..hi` is `lo` plus the middle of its length.
fn measure(sorted: &[(MinuteRange, usize)], furthest: &mut [Minute]) -> Minute {
    if sorted.is_empty() {
        return Minute(i64::MIN);
    }
    let root = sorted.len() / 2;
    let left = measure(&sorted[..root], &mut furthest[..root]);
    let right = measure(&sorted[root + 1..], &mut furthest[root + 1..]);
    furthest[root] = sorted[root].0.end.max(left).max(right);
    furthest[root]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range() -> impl Strategy<Value = MinuteRange> {
        (0_i64..60, 0_i64..25).prop_map(|(start, length)| MinuteRange::new(Minute(start), Minute(start + length)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn finds_exactly_the_overlapping_ones(ranges in prop::collection::vec(range(), 0..40), asked in range()) {
            let index = Intervals::new(ranges.iter().copied().enumerate().map(|(i, r)| (r, i)).collect());
            let mut found = Vec::new();
            index.overlapping(asked, &mut |_, i| found.push(i));
            found.sort_unstable();
            let overlapping = |i: &usize| ranges[*i].iter().any(|minute| asked.contains(minute));
            prop_assert_eq!(found, (0..ranges.len()).filter(overlapping).collect::<Vec<_>>());
        }
    }
}
