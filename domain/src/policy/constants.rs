use super::Ppm;
use crate::count::MINUTES_PER_DAY;

/// Length of the window over which an objective is assessed, in minutes: 28 days (SPEC section 2, column "SLO (28 d)").
pub const SLO_WINDOW: u32 = 28 * 24 * 60;

/// An episode closes OK when no defined evaluation of the last so many minutes held (SPEC section 2).
pub const CLOSE_AFTER: i64 = 15;

/// An episode closes UNKNOWN after so many minutes without a defined evaluation: 24 h (SPEC section 2).
pub const UNKNOWN_AFTER: i64 = 24 * 60;

/// Least number of minutes between the mails of an open episode: 24 h (SPEC section 2).
pub const REMIND_EVERY: i64 = 24 * 60;

/// How many openings of a series within [`FLAPPING_WITHIN`] are mailed one by one; with one more it flaps (SPEC section 2).
pub const FLAPPING_OPENINGS: u64 = 5;

/// Minutes within which too many openings are flapping: 6 h (SPEC section 2).
pub const FLAPPING_WITHIN: i64 = 6 * 60;

/// Minutes after which a series that flaps is stable: 1 h (SPEC section 2).
pub const STABLE_AFTER: i64 = 60;

/// Least number of bad events with which an episode counts (SPEC section 2: "max(2, 5 % of the error budget)").
pub const COUNTING_MINIMUM: u64 = 2;

/// Share of the 28-day error budget with which an episode counts (SPEC section 2: "max(2, 5 % of the error budget)").
pub const COUNTING_SHARE: Ppm = Ppm(50_000);

/// Least number of bad events, none of them excluded, with which a miss opens (SPEC section 2).
pub const MISS_MINIMUM: u64 = 3;

/// A miss ends after so many minutes at or above the objective: 24 h (SPEC section 2).
pub const MET_FOR: i64 = 24 * 60;

/// For how many minutes, its own among them, an own event of an app replaces the generic ones (SPEC section 2).
pub const OWN_EVENTS_COVER: i64 = 15;

/// How long it is kept in which minutes an app sent own events, in minutes: 3 days, longer than any event may be late.
pub const OWN_MINUTES_KEPT: i64 = 3 * MINUTES_PER_DAY;

/// How long counts per minute are kept, in minutes: 100 days (SPEC section 2).
pub const MINUTES_KEPT: i64 = 100 * MINUTES_PER_DAY;

/// How long counts per hour and failed probes are kept, in minutes: 13 months (SPEC section 2).
pub const HOURS_KEPT: i64 = 396 * MINUTES_PER_DAY;

/// How long good probes are kept in full detail, in minutes: 48 h (SPEC section 2).
pub const GOOD_PROBES_KEPT: i64 = 48 * 60;

/// How long the volumes of minutes are kept, in minutes: 3 days, longer than missed evaluations are made up for.
pub const VOLUME_MINUTES_KEPT: i64 = 3 * MINUTES_PER_DAY;

/// How long the volumes of hours are kept, in minutes: 10 days, for the median of seven days at a missed evaluation too.
pub const VOLUME_HOURS_KEPT: i64 = 10 * MINUTES_PER_DAY;
