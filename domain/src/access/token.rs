use crate::sli::text_key;

text_key! {
    /// What an API token opens (SPEC section 2.2).
    pub enum TokenScope, "token scope" {
        /// Events of every app, as the platform saw them.
        Ingest = "ingest",
        /// Synthetic results of the apps of one partner.
        SyntheticWrite = "synthetic:write",
    }
}

/// The longest time for which a token can be made, in days.
pub const LONGEST_TOKEN_DAYS: i64 = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_stable() {
        let keys: Vec<_> = TokenScope::ALL.iter().map(|scope| scope.as_str()).collect();
        assert_eq!(keys, ["ingest", "synthetic:write"]);
    }
}
