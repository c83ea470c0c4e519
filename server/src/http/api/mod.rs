//! The API under `/api/v1`.

mod body;
mod designations;
mod event;
mod events;

pub(super) use designations::designation;
pub(super) use events::events;
