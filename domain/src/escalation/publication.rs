use chrono::{DateTime, Utc};

use super::EscalationPolicy;

/// A version of the policy, and when it takes over (SPEC section 6: its fact is filed then).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    pub starts: DateTime<Utc>,
    pub policy: EscalationPolicy,
}

/// Those of `versions` that are still to be published, the next first: newer than `published`, the version in force, and not
/// replaced by a newer one that takes over at the same time or before.
pub fn pending(mut versions: Vec<Publication>, published: u64) -> Vec<Publication> {
    versions.retain(|version| version.policy.version > published);
    versions.sort_unstable_by_key(|version| std::cmp::Reverse(version.policy.version));
    let mut earliest = DateTime::<Utc>::MAX_UTC;
    versions.retain(|version| {
        let comes = version.starts < earliest;
        earliest = earliest.min(version.starts);
        comes
    });
    versions.reverse();
    versions
}
