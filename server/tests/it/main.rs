//! Tests of the server against real parts: both databases, the real router, a mail server. One binary, so that it is
//! linked once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod command;
mod contract;
mod demo;
mod faults;
mod http;
mod operate;
mod replay;
mod rules;
mod support;
