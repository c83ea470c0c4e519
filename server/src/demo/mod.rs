//! Demonstration data: a year of a marketplace that does not exist, for looking at Rampart and for trying it out.
//!
//! People, apps and what becomes of them are written down ([`people`], [`apps`]); what their health checks answered follows
//! from a seed ([`story`]); breaches follow from that by the real rules ([`breaches`]). Some have events of products as well ([`events`]). All of it is put into the database by
//! the use cases that people and jobs use, with a clock that is moved through the year ([`fill`]). The same seed and the same
//! end give the same database.

mod apps;
mod breaches;
mod events;
mod fill;
mod history;
mod people;
mod plan;
mod story;
mod target;

use chrono::{DateTime, Utc};
use rampart_domain::{app::BaseUrl, count::Minute};

pub use self::{
    fill::fill,
    people::{PASSWORD, sign_ins},
    target::Target,
};
use crate::store::{self, Db, Scope, accounts, partners, progress};

/// The port at which the apps of a demonstration answer, unless another is asked for.
pub const PORT: u16 = 3101;
/// How many days of history there are at least: fewer would not hold what the stories tell.
pub const FEWEST_DAYS: i64 = 40;
/// And at most: figures by the hour are kept no longer (SPEC section 2).
pub const MOST_DAYS: i64 = 390;

/// What a demonstration is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The end of the history.
    pub until: DateTime<Utc>,
    /// How many days of history the oldest apps have.
    pub days: i64,
    /// The port of the apps, on this machine.
    pub port: u16,
}

impl Settings {
    /// The minute that is running at the end; those before it are in the history.
    fn end(&self) -> Minute {
        Minute::of(self.until)
    }

    /// A base URL in its normal form.
    fn base_url(&self, app_key: &str, url: &story::Url) -> String {
        let text = format!("http://127.0.0.1:{}/{app_key}{}", self.port, url.path);
        text.parse::<BaseUrl>().map_or(text, |url| url.as_str().to_owned())
    }
}

/// What a database is, to the demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// It can be filled.
    Nothing,
    /// It was filled with this; `days` are not kept.
    Demonstration { seed: u64, until: DateTime<Utc>, port: u16 },
    /// Filling it was interrupted.
    Half,
    /// Accounts, partners or apps of somebody's.
    Something,
}

/// Marks of a demonstration, kept with the marks of how far rules have come: the minute up to which it was filled, written
/// last, and what it was filled with, written first.
const FILLED: &str = "demonstration";
const SEED: &str = "demonstration seed";
const PORTS: &str = "demonstration port";

/// Whether the database holds a demonstration, whole or half.
pub async fn is_demonstration(db: &Db) -> store::Result<bool> {
    Ok(progress::last(db, SEED).await?.is_some())
}

/// What the database holds.
pub async fn contents(db: &Db) -> store::Result<Contents> {
    let marks = (
        progress::last(db, SEED).await?,
        progress::last(db, PORTS).await?,
        progress::last(db, FILLED).await?,
    );
    Ok(match marks {
        (Some(seed), Some(port), Some(filled)) => Contents::Demonstration {
            seed: seed.0.cast_unsigned(),
            until: filled.start(),
            port: u16::try_from(port.0).unwrap_or(PORT),
        },
        (Some(_), ..) => Contents::Half,
        // An app belongs to a partner, and who is no member of one is listed with the staff.
        _ if accounts::staff(db).await?.is_empty() && partners::list(db, Scope::system()).await?.is_empty() => {
            Contents::Nothing
        }
        _ => Contents::Something,
    })
}
