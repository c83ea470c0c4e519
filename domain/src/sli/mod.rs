//! What is measured: SLIs, products, groups, and the series they span (SPEC section 2).

mod key;
mod name;
mod own_events;
mod series;

pub use key::UnknownKey;
pub use name::metric_name;
pub use own_events::{covered_by, covering};
pub use series::{Group, Product, SeriesKey, Sli};

pub(crate) use key::text_key;
