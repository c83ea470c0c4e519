//! The exclusion ledger: which minutes of which series are not held against an app, and why (SPEC section 5).

mod entry;
mod intervals;
mod ledger;

pub use entry::{ExclusionKind, LedgerEntry, SeriesRef};
pub use ledger::{Adjusted, ExcludedRange, Ledger};
