//! Counting: minutes, good and bad events per minute, and latency histograms (SPEC section 2).

mod counts;
mod histogram;
mod minute;
mod varint;

pub use counts::{Counts, MinuteCounts};
pub use histogram::{CorruptHistogram, Histogram};
pub use minute::{Minute, MinuteRange};
