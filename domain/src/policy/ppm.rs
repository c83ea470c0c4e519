use std::{fmt, str::FromStr};

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

/// A text that is no share of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Enter a percentage from 0 to 100 with at most four decimals, for example 99.95.")]
pub struct NotAShare;

/// Reads a percentage, with or without its sign: "99.9", "99.9 %". Exact; what has more decimals than are kept is refused.
impl FromStr for Ppm {
    type Err = NotAShare;

    fn from_str(text: &str) -> Result<Self, NotAShare> {
        let text = text.trim();
        let text = text.strip_suffix('%').map_or(text, str::trim_end);
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || decimals.len() > 4 || !digits(whole) || !digits(decimals) {
            return Err(NotAShare);
        }
        if decimals.is_empty() && text.ends_with('.') {
            return Err(NotAShare);
        }
        let ppm: u32 = format!("{whole}{decimals:0<4}").parse().map_err(|_| NotAShare)?;
        (ppm <= Self::ONE.0).then_some(Self(ppm)).ok_or(NotAShare)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_percentage_is_refused() {
        for text in [
            "", "%", "x", "-1", "+1", "100.0001", "101", "1000", "99.99999", "99.", ".5", "1e2", "99,9", "9 9", "9.9.9",
        ] {
            assert_eq!(text.parse::<Ppm>(), Err(NotAShare), "{text:?}");
        }
        for (text, ppm) in [
            ("0", 0),
            ("100", 1_000_000),
            (" 99.9 % ", 999_000),
            ("99.9%", 999_000),
            ("0.0001", 1),
            ("007", 70_000),
        ] {
            assert_eq!(text.parse(), Ok(Ppm(ppm)), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn what_is_shown_can_be_read(ppm in 0_u32..=1_000_000) {
            prop_assert_eq!(Ppm(ppm).to_string().parse(), Ok(Ppm(ppm)));
        }
    }

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
