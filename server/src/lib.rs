//! The server: use cases, storage, HTTP, jobs, mail, prober. `main.rs` only starts it.

pub mod clock;
pub mod command;
pub mod config;
pub mod demo;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod markdown;
pub mod probe;
pub mod random;
pub mod seal;
pub mod service;
pub mod store;
pub mod telemetry;
