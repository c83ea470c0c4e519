//! Tests of the server against real parts: both databases, the real router, a mail server. One binary, so that it is
//! linked once.

mod contract;
mod http;
mod rules;
mod support;
