//! What the tests share.

pub mod database;
pub mod html;
pub mod portal;
pub mod server;
pub mod smtp;
