//! What a page knows of the request it answers; the server provides these values as context.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use rampart_domain::access::Actor;

use crate::services::Services;

/// The services, as every page gets them.
pub type ServicesRef = Arc<dyn Services>;

/// Who reads the page, when, and how the installation is named.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The signed-in person; `None` on the pages that need no sign-in.
    pub actor: Option<Actor>,
    /// The time of the request. Pages never read a clock.
    pub now: DateTime<Utc>,
    /// One sentence that says what the request before this one did; shown once.
    pub flash: Option<String>,
    /// Why what the person asked for was not done, when the form that would say it is no longer on the page.
    pub alert: Option<String>,
    pub platform: Platform,
    /// Whether people, companies and figures are made up, which every page says.
    pub demonstration: bool,
    /// File names of the built style sheet and script, as they stand under `/pkg/`.
    pub assets: Assets,
    /// A reference that the person can quote; it stands on error pages and in the log.
    pub request_id: String,
}

/// How the programme is named here (`platform.name`, `program.designation`).
#[derive(Clone, Debug)]
pub struct Platform {
    pub name: String,
    pub designation: String,
}

/// Names of the built files without their endings, `rampart-<hash>`.
#[derive(Clone, Debug)]
pub struct Assets {
    pub script: String,
    pub style: String,
}

/// The viewer of this request.
pub fn viewer() -> Viewer {
    expect_context()
}

/// The signed-in person. The server lets nobody else reach the pages that call this.
pub fn actor() -> Actor {
    viewer().actor.expect("the page is behind the sign-in")
}

/// The services of this request.
pub fn services() -> ServicesRef {
    expect_context()
}
