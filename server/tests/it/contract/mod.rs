//! The contract of the store: every function does the same on both engines.

mod progress;
