//! What makes an app: its key, kind, products, and the URLs that are probed.

mod address;
mod health_check;
mod key;
mod kind;
mod site;

pub use address::{MailAddress, MailAddressError};
pub use health_check::{BaseUrl, HealthCheckUrl, HealthPath, MAX_BASE_URLS, UrlError};
pub use key::{AppKey, AppKeyError};
pub use kind::{AppKind, UnknownKind};
pub use site::{MAX_EXCLUDED_SITES, NotASite, Site};
