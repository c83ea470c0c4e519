//! Alert episodes: when one opens, stays open, closes and counts (SPEC section 2). Pure functions from one evaluation
//! to the next; storing, mailing and bundling are the caller's.

mod condition;
mod episode;
mod verdict;

pub use condition::{Evaluated, WindowState, alert_window};
pub use episode::{Closing, OpenEpisode, Step, advance, counts_now};
pub use verdict::Verdict;
