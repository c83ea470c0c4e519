use serde_json::Value;

/// Why a token is refused (SPEC section 2.2). Each message says what was found and what belongs there.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    #[error("There is no token. Send it as \"Authorization: JWT <token>\".")]
    Missing,
    #[error("A token has three parts with a dot between them; this one has {0}.")]
    Parts(usize),
    #[error("The {0} of the token is no JSON object in base64url without padding.")]
    Unreadable(&'static str),
    #[error("The token is signed with the algorithm {0}; it must be \"HS256\".")]
    Algorithm(Value),
    #[error("The header of the token has \"crit\": it asks for something that is not supported.")]
    Critical,
    #[error("The claim \"{0}\" is missing.")]
    MissingClaim(&'static str),
    #[error("The claim \"{claim}\" must be {must_be}; it is {found}.")]
    ClaimType {
        claim: &'static str,
        must_be: &'static str,
        found: Value,
    },
    #[error("The token expired {seconds} s ago (\"exp\" {exp}); {leeway} s are allowed for clocks that differ.")]
    Expired { exp: f64, seconds: i64, leeway: i64 },
    #[error("The token expires in {seconds} s (\"exp\" {exp}); at most {most} s are allowed.")]
    ExpiresLate { exp: f64, seconds: i64, most: i64 },
    #[error("The token is not valid yet: \"nbf\" is {nbf}.")]
    TooEarly { nbf: f64 },
    #[error("The token ends before it begins: \"exp\" {exp} is not after \"nbf\" {nbf}.")]
    NeverValid { exp: f64, nbf: f64 },
    #[error(
        "\"qsh\" is \"context-qsh\": this is the token of a page's context, which signs no request. Sign this request."
    )]
    ContextQsh,
    #[error("\"qsh\" is {found:?}, but this request has {expected:?}.")]
    Qsh { found: String, expected: String },
    #[error("The signature was not made with this secret.")]
    Signature,
}
