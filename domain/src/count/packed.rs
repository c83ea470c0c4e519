//! The stored form of the minutes of a day.
//!
//! Two columns, each compressed: the counts as runs of equal minutes, and the latency histograms. A series that is probed
//! once a minute and answers is one run of 1,440 minutes; a chart of rates reads the first column only.

use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};
use thiserror::Error;

use super::counts::{MinuteCounts, MinuteRecord};
use super::minute::MINUTES_PER_DAY;
use super::{Counts, Histogram, Marked, Minute, varint};

/// What a packed day may unfold to at most: far beyond what 1,440 minutes need, so that corrupt bytes do no harm.
const LARGEST: usize = 4 * 1024 * 1024;
/// Where compression gains nothing worth the time.
const LEVEL: u8 = 6;

/// The minutes of one day of a series that have an event, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayMinutes {
    /// The first minute of the day.
    start: Minute,
    records: Vec<MinuteRecord>,
}

/// A day as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedDay {
    /// Good, bad, late and marked events per minute.
    pub counts: Vec<u8>,
    /// Latencies of the same minutes, in the same order.
    pub latency: Vec<u8>,
}

/// Bytes that are no packed day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CorruptDay {
    #[error("the packed day cannot be decompressed")]
    Compression,
    #[error("the packed day ends early, or has a malformed number")]
    Number,
    #[error("the packed day names minutes beyond its end")]
    Minute,
    #[error("the latencies of the packed day do not belong to its minutes")]
    Latency,
}

impl DayMinutes {
    /// A day (numbered since 1970) without any event.
    pub fn new(day: i64) -> Self {
        Self {
            start: Minute::of_day(day),
            records: Vec::new(),
        }
    }

    /// The minutes with an event, in order.
    pub fn records(&self) -> &[MinuteRecord] {
        &self.records
    }

    /// Adds what happened in a minute to what the day has of it. Minutes of another day are not taken; says whether it was.
    pub fn add(&mut self, record: MinuteRecord) -> bool {
        if record.minute.day() != self.start.day() {
            return false;
        }
        match self.records.binary_search_by_key(&record.minute, |r| r.minute) {
            Ok(i) => self.records[i].merge(&record),
            Err(i) => self.records.insert(i, record),
        }
        true
    }

    /// The stored form. Equal days are equal bytes.
    pub fn pack(&self) -> PackedDay {
        let mut counts = Vec::new();
        let mut latency = Vec::new();
        let mut next = self.start;
        for run in self
            .records
            .chunk_by(|a, b| b.minute == a.minute + 1 && a.same_counts(b))
        {
            let first = &run[0];
            varint::write(&mut counts, (first.minute - next).unsigned_abs());
            varint::write(&mut counts, run.len() as u64);
            write_counts(&mut counts, first);
            next = first.minute + run.len() as i64;
        }
        for record in &self.records {
            let bytes = record.latency.to_bytes();
            varint::write(&mut latency, bytes.len() as u64);
            latency.extend(bytes);
        }
        PackedDay {
            counts: compress_to_vec(&counts, LEVEL),
            latency: compress_to_vec(&latency, LEVEL),
        }
    }

    /// Reads the stored form of `day` (numbered since 1970).
    ///
    /// # Errors
    /// When the bytes are not what [`DayMinutes::pack`] writes for a day.
    pub fn unpack(day: i64, packed: &PackedDay) -> Result<Self, CorruptDay> {
        let mut unpacked = Self::new(day);
        read_runs(unpacked.start, &packed.counts, |record| unpacked.records.push(record))?;
        let latency = decompress(&packed.latency)?;
        let mut bytes = latency.as_slice();
        for record in &mut unpacked.records {
            let length = usize::try_from(number(&mut bytes)?).map_err(|_| CorruptDay::Latency)?;
            let (own, rest) = bytes.split_at_checked(length).ok_or(CorruptDay::Latency)?;
            record.latency = Histogram::from_bytes(own).map_err(|_| CorruptDay::Latency)?;
            bytes = rest;
        }
        if bytes.is_empty() {
            Ok(unpacked)
        } else {
            Err(CorruptDay::Latency)
        }
    }

    /// The counts alone, for figures that do not look at latencies.
    ///
    /// # Errors
    /// When the bytes are not what [`DayMinutes::pack`] writes for the counts of a day.
    pub fn unpack_counts(day: i64, counts: &[u8]) -> Result<Vec<MinuteCounts>, CorruptDay> {
        let mut minutes = Vec::new();
        read_runs(Minute::of_day(day), counts, |record| minutes.push(record.counts()))?;
        Ok(minutes)
    }
}

/// The seven numbers of a minute: which of them are not zero, then those.
fn write_counts(out: &mut Vec<u8>, record: &MinuteRecord) {
    let numbers = numbers(record);
    let present = (0..numbers.len())
        .filter(|i| numbers[*i] > 0)
        .fold(0, |bits, i| bits | 1_u64 << i);
    varint::write(out, present);
    numbers.iter().filter(|n| **n > 0).for_each(|n| varint::write(out, *n));
}

fn numbers(record: &MinuteRecord) -> [u64; 7] {
    let MinuteRecord { all, late, marked, .. } = record;
    [
        all.good,
        all.bad,
        late.good,
        late.bad,
        marked.platform_fault,
        marked.excluded_site,
        marked.scanner,
    ]
}

fn read_runs(start: Minute, compressed: &[u8], mut each: impl FnMut(MinuteRecord)) -> Result<(), CorruptDay> {
    let end = start + MINUTES_PER_DAY;
    let bytes = decompress(compressed)?;
    let mut bytes = bytes.as_slice();
    let mut next = start;
    while !bytes.is_empty() {
        let gap = number(&mut bytes)?;
        let length = number(&mut bytes)?;
        let left = (end - next).unsigned_abs();
        if length == 0 || gap.saturating_add(length) > left {
            return Err(CorruptDay::Minute);
        }
        let present = number(&mut bytes)?;
        let mut numbers = [0; 7];
        for (i, value) in numbers.iter_mut().enumerate() {
            if present & (1 << i) != 0 {
                *value = number(&mut bytes)?;
            }
        }
        let [good, bad, late_good, late_bad, platform_fault, excluded_site, scanner] = numbers;
        // Both are at most 1,440.
        let first = next + gap as i64;
        next = first + length as i64;
        for offset in 0..length as i64 {
            each(MinuteRecord {
                minute: first + offset,
                all: Counts::new(good, bad),
                late: Counts::new(late_good, late_bad),
                marked: Marked {
                    platform_fault,
                    excluded_site,
                    scanner,
                },
                latency: Histogram::default(),
            });
        }
    }
    Ok(())
}

fn decompress(bytes: &[u8]) -> Result<Vec<u8>, CorruptDay> {
    decompress_to_vec_with_limit(bytes, LARGEST).map_err(|_| CorruptDay::Compression)
}

fn number(bytes: &mut &[u8]) -> Result<u64, CorruptDay> {
    varint::read(bytes).ok_or(CorruptDay::Number)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 20_000;

    fn probe(minute: i64, good: bool, millis: u64) -> MinuteRecord {
        let mut latency = Histogram::default();
        latency.record(Duration::from_millis(millis));
        MinuteRecord {
            all: Counts::new(u64::from(good), u64::from(!good)),
            latency,
            ..MinuteRecord::new(Minute::of_day(DAY) + minute)
        }
    }

    fn day(records: impl IntoIterator<Item = MinuteRecord>) -> DayMinutes {
        let mut day = DayMinutes::new(DAY);
        for record in records {
            assert!(day.add(record));
        }
        day
    }

    #[test]
    fn a_day_without_trouble_takes_a_few_bytes_of_counts() {
        let quiet = day((0..1_440).map(|m| probe(m, true, 84)));
        let packed = quiet.pack();
        assert!(packed.counts.len() <= 12, "{}", packed.counts.len());
        assert!(packed.latency.len() <= 64, "{}", packed.latency.len());
    }

    #[test]
    fn a_day_of_ever_changing_latencies_stays_below_two_kilobytes() {
        let uneven = day((0..1_440).map(|m| probe(m, m % 97 != 0, 20 + (m * m * 7_919) as u64 % 400)));
        let packed = uneven.pack();
        assert!(packed.counts.len() + packed.latency.len() < 2_048, "{packed:?}");
    }

    #[test]
    fn minutes_of_another_day_are_not_taken() {
        let mut today = DayMinutes::new(DAY);
        assert!(!today.add(probe(-1, true, 1)) && !today.add(probe(1_440, true, 1)));
        assert!(today.records().is_empty() && DayMinutes::unpack(DAY, &today.pack()).unwrap() == today);
    }

    #[test]
    fn corrupt_bytes_are_refused() {
        let good = day([probe(3, true, 1)]).pack();
        let counts = |bytes: &[u8]| DayMinutes::unpack_counts(DAY, &compress_to_vec(bytes, LEVEL));
        assert_eq!(
            DayMinutes::unpack_counts(DAY, &[0xff, 0xff]),
            Err(CorruptDay::Compression)
        );
        assert_eq!(counts(&[0]), Err(CorruptDay::Number));
        assert_eq!(counts(&[0, 0, 0]), Err(CorruptDay::Minute));
        assert_eq!(counts(&[0, 0xa1, 0x0b, 0]), Err(CorruptDay::Minute), "1,441 minutes");
        let without = PackedDay {
            latency: compress_to_vec(&[], LEVEL),
            ..good.clone()
        };
        assert_eq!(DayMinutes::unpack(DAY, &without), Err(CorruptDay::Number));
        let cut = PackedDay {
            latency: compress_to_vec(&[9, 1], LEVEL),
            ..good.clone()
        };
        assert_eq!(DayMinutes::unpack(DAY, &cut), Err(CorruptDay::Latency));
        let surplus = PackedDay {
            latency: compress_to_vec(&[0, 0], LEVEL),
            ..good
        };
        assert_eq!(DayMinutes::unpack(DAY, &surplus), Err(CorruptDay::Latency));
    }

    fn record() -> impl Strategy<Value = MinuteRecord> {
        let events = prop_oneof![Just(0_u64), Just(1), 0_u64..5_000];
        let counts = (events.clone(), events.clone()).prop_map(|(good, bad)| Counts::new(good, bad));
        let marked = (events.clone(), Just(0), events).prop_map(|(platform_fault, excluded_site, scanner)| Marked {
            platform_fault,
            excluded_site,
            scanner,
        });
        let latency = prop::collection::vec(0_u64..70_000, 0..4).prop_map(|all| {
            let mut histogram = Histogram::default();
            all.into_iter()
                .for_each(|ms| histogram.record(Duration::from_millis(ms)));
            histogram
        });
        (0..MINUTES_PER_DAY, counts.clone(), counts, marked, latency).prop_map(
            |(minute, all, late, marked, latency)| MinuteRecord {
                minute: Minute::of_day(DAY) + minute,
                all,
                late,
                marked,
                latency,
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn unpacking_gives_back_what_was_packed(records in prop::collection::vec(record(), 0..200)) {
            let packed = day(records.clone());
            let stored = packed.pack();
            prop_assert_eq!(&DayMinutes::unpack(DAY, &stored).unwrap(), &packed);
            let counts: Vec<_> = packed.records().iter().map(MinuteRecord::counts).collect();
            prop_assert_eq!(DayMinutes::unpack_counts(DAY, &stored.counts).unwrap(), counts);
            // In any order the same day comes out, to the byte.
            prop_assert_eq!(day(records.into_iter().rev()).pack(), stored);
        }

        #[test]
        fn any_bytes_are_read_or_refused(counts: Vec<u8>, latency: Vec<u8>) {
            let counts = compress_to_vec(&counts, 1);
            let packed = PackedDay { counts, latency: compress_to_vec(&latency, 1) };
            if let Ok(day) = DayMinutes::unpack(DAY, &packed) {
                prop_assert!(day.records().is_sorted_by(|a, b| a.minute < b.minute));
            }
        }
    }
}
