use crate::sli::text_key;

text_key! {
    /// What the partner made of a breach (SPEC section 2).
    pub enum Verdict, "verdict" {
        /// Nobody has looked at it, or whoever had took back what they said.
        NotLookedAt = "not_looked_at",
        /// Looked at, and no reason for an emergency response; a note says why.
        NoEmergency = "no_emergency",
    }
}

impl Verdict {
    /// The name shown to people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotLookedAt => "not looked at",
            Self::NoEmergency => "no emergency",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_stable() {
        let keys: Vec<_> = Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect();
        assert_eq!(keys, ["not_looked_at", "no_emergency"]);
    }
}
