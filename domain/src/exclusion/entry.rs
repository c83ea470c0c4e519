use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::count::MinuteRange;
use crate::sli::{Product, SeriesKey, Sli, text_key};

text_key! {
    /// Why an interval is excluded (SPEC section 5).
    pub enum ExclusionKind, "exclusion kind" {
        /// An accepted downtime window.
        PlannedDowntime = "planned_downtime",
        /// The platform was at fault, by verdict of an incident manager.
        PlatformFault = "platform_fault",
        /// Nothing reliable was measured.
        DataGap = "data_gap",
        /// A program manager let it pass, with a reason.
        Waiver = "waiver",
    }
}

impl ExclusionKind {
    /// Which kind is named when several cover a minute; the lowest wins. What says least about the app goes first: a
    /// minute without reliable measurements tells nothing that anyone could announce or waive.
    pub(super) const fn precedence(self) -> u8 {
        match self {
            Self::DataGap => 0,
            Self::PlatformFault => 1,
            Self::PlannedDowntime => 2,
            Self::Waiver => 3,
        }
    }
}

/// One excluded interval (SPEC section 5). Each of `app`, `sli`, `product` and `target` narrows it down; left out, it
/// covers all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Names the entry.
    pub id: Uuid,
    /// The app; `None` for all apps.
    pub app: Option<Uuid>,
    /// The SLI; `None` for all.
    pub sli: Option<Sli>,
    /// The host product; `None` for all.
    pub product: Option<Product>,
    /// The base URL; `None` for all.
    pub target: Option<String>,
    /// The minutes.
    pub range: MinuteRange,
    /// Why.
    pub kind: ExclusionKind,
    /// On whose authority: the window, the verdict, the detector and who confirmed it, the program manager and reason.
    pub authority: String,
    /// A revoked entry excludes nothing.
    pub revoked: bool,
}

impl LedgerEntry {
    /// Whether it covers series such as this one of the apps it is about.
    pub(super) fn covers(&self, key: &SeriesKey) -> bool {
        self.sli.is_none_or(|sli| sli == key.sli)
            && self.product.is_none_or(|product| product == key.product)
            && self.target.as_ref().is_none_or(|target| *target == key.target)
    }
}

impl LedgerEntry {
    /// Whether it is about this series.
    pub fn is_about(&self, series: SeriesRef<'_>) -> bool {
        self.app.is_none_or(|app| app == series.app) && self.covers(series.key)
    }
}

/// A series of an app, as the ledger is asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesRef<'a> {
    /// The app.
    pub app: Uuid,
    /// Which of its series.
    pub key: &'a SeriesKey,
}
