//! The API under `/api/v1`.

mod body;
mod event;
mod events;

pub(super) use events::events;
