//! The parts that every page is made of. They carry meaning and structure; how they look is decided in `style/`.
#![allow(unreachable_pub, reason = "the component macro writes public items")]

mod agent;
mod badge;
mod card;
pub mod chart;
mod error;
pub mod figure;
pub mod form;
mod layout;
pub mod link;
mod list;
pub mod shell;
mod thread;
mod time;

pub use agent::browser;
pub use badge::{
    AppBadge, Badge, BudgetBar, EscalationBadge, MailBadge, OffStandingBadge, StandingBadge, Tone, capitalized,
};
pub use card::{Card, Crumbs, Empty, Notice, Scroll, Tabs};
pub use error::{NotFoundPage, forbidden, page};
pub use layout::Layout;
pub use list::{GetField, Pager};
pub use shell::shell;
pub use thread::ThreadCard;
pub use time::{Time, TimeStyle, full_time, relative};

/// A text as it must stand in `<title>` and `<textarea>`, whose content the renderer writes as it is.
pub(crate) fn raw_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
