//! The exclusion ledger: which minutes of which series are not held against an app, and why (SPEC section 5).

mod entry;
mod ingest_gap;
mod intervals;
mod ledger;
mod own_outage;

pub use entry::{ExclusionKind, LedgerEntry, SeriesRef};
pub use ingest_gap::{IngestGap, STARVED_FOR, USUAL_DAYS, ingest_gap, usual_hours, usual_volume};
pub use ledger::{Adjusted, ExcludedRange, Ledger};
pub use own_outage::{OwnOutage, ROUND_SECONDS, Round, own_outages};
