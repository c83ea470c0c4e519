//! The rules of the programme as pure functions: no I/O, no async, no clock, no storage.
//!
//! What depends on the outside (the time, the counts, the ledger) comes in as an argument, so every rule can be tested
//! with plain values and replayed on another machine.

pub mod access;
pub mod action;
pub mod alert;
pub mod app;
pub mod count;
pub mod escalation;
pub mod exclusion;
pub mod id;
pub mod jwt;
pub mod onboarding;
pub mod policy;
pub mod publish;
pub mod readiness;
pub mod sli;
pub mod slo;
pub mod thread;
