//! Connect's signed requests: a JWT whose claim `qsh` is a hash over the request's method, path and query (SPEC section 2.2).
//!
//! The hash does not cover the body: what keeps the body whole is TLS.

mod canonical;
mod problem;
mod token;

pub use canonical::{canonical_request, qsh, token_in};
pub use problem::Problem;
pub use token::Token;
