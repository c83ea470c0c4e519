//! Counting: minutes, good and bad events per minute, and latency histograms (SPEC section 2).

mod counts;
mod histogram;
mod minute;
mod packed;
mod varint;

pub use counts::{Counts, Marked, MinuteCounts, MinuteRecord};
pub use histogram::{CorruptHistogram, Histogram};
pub use minute::{MINUTES_PER_DAY, Minute, MinuteRange};
pub use packed::{CorruptDay, DayMinutes, PackedDay};
