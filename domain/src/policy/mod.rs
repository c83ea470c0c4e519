//! The measurement policy: objectives, alert conditions, and the fixed durations of the rules (SPEC section 2).

mod constants;
mod measurement;
mod ppm;
mod published;

pub use constants::{
    CLOSE_AFTER, COUNTING_MINIMUM, COUNTING_SHARE, FLAPPING_OPENINGS, FLAPPING_WITHIN, GOOD_PROBES_KEPT, HOURS_KEPT,
    MET_FOR, MINUTES_KEPT, MISS_MINIMUM, OWN_EVENTS_COVER, OWN_MINUTES_KEPT, REMIND_EVERY, SLO_WINDOW, STABLE_AFTER,
    UNKNOWN_AFTER, VOLUME_HOURS_KEPT, VOLUME_MINUTES_KEPT,
};
pub use measurement::{AlertCondition, MeasurementPolicy, PolicyError, SliPolicies, SliPolicy};
pub use ppm::{NotAShare, Ppm};
pub use published::{Policies, Published};
