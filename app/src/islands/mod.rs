//! The few parts of a page that also run in the browser. Every page says and does the same without them.
//!
//! Everything in here is compiled to WebAssembly; it names as few browser interfaces as it can and no chrono, so that the
//! first visit stays small.
#![allow(unreachable_pub, reason = "the component macro writes public items")]

mod autosave;
mod chart_reader;
#[cfg(feature = "hydrate")]
mod fetch;
mod fresh;
mod local_times;

pub use autosave::Autosave;
pub use chart_reader::ChartReader;
pub use fresh::{Fresh, Progress};
pub use local_times::LocalTimes;
