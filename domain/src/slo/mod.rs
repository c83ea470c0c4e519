//! Objectives: the windows they look at and the error budget they leave (SPEC section 2).

mod budget;
mod miss;
mod projection;
mod window;

pub use budget::{Budget, counting_threshold_reached};
pub use miss::{Assessed, MissStep, OpenMiss, assess};
pub use projection::{DayCounts, exhausted_on, met_again_on};
pub use window::{first_tick, is_late, slo_window, window};
