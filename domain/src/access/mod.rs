//! Who may do what (SPEC section 1).
//!
//! [`grant`] is the whole table: one row per action, one column per role. Everything else asks it.

mod action;
mod actor;
mod token;

pub use action::{Action, Grant, grant};
pub use actor::{Actor, Membership, PartnerRole, Role, StaffRole, UnknownRole};
pub use token::{LONGEST_TOKEN_DAYS, TokenScope};
