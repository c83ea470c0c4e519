use std::fmt;

use serde::{Deserialize, Serialize};

/// A share in parts per million: 99.9 % is 999,000. Exact, so that no decision depends on how a fraction is rounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ppm(pub u32);

impl Ppm {
    /// The whole: 100 %.
    pub const ONE: Self = Self(1_000_000);

    /// In percent, for charts and machine-readable output; decisions compare integers instead.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// What is missing to the whole; nothing for values above it.
    pub const fn complement(self) -> Self {
        Self(Self::ONE.0.saturating_sub(self.0))
    }
}

/// In percent with as many decimals as needed: "99.9 %".
impl fmt::Display for Ppm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = format!("{:04}", self.0 % 10_000);
        let text = format!("{}.{decimals}", self.0 / 10_000);
        f.pad(&format!("{} %", text.trim_end_matches('0').trim_end_matches('.')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_with_as_many_decimals_as_needed() {
        let shown = |ppm| Ppm(ppm).to_string();
        assert_eq!(shown(999_000), "99.9 %");
        assert_eq!(shown(950_000), "95 %");
        assert_eq!(shown(999_950), "99.995 %");
        assert_eq!(shown(999_999), "99.9999 %");
        assert_eq!(shown(1_000_000), "100 %");
        assert_eq!(shown(100_000), "10 %");
        assert_eq!(shown(1), "0.0001 %");
        assert_eq!(shown(0), "0 %");
    }

    #[test]
    fn percent_and_complement() {
        assert_eq!(Ppm(999_000).percent(), 99.9);
        assert_eq!(Ppm(999_000).complement(), Ppm(1_000));
        assert_eq!(Ppm(2_000_000).complement(), Ppm(0));
    }
}
