//! Enums whose text key is stored, sent and shown in addresses, and therefore never changes.

/// A text that is not the key of any variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key:?} is not a known {what}")]
pub struct UnknownKey {
    /// What was expected, in words: "SLI", "product".
    pub what: &'static str,
    /// What was found instead.
    pub key: String,
}

/// Declares an enum together with its stable keys. `as_str`, `Display`, `FromStr` and serde all use the one key given
/// here, so that they cannot drift apart.
macro_rules! text_key {
    (
        $(#[$meta:meta])*
        pub enum $name:ident, $what:literal {
            $($(#[$variant_meta:meta])* $variant:ident = $key:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $key)] $variant,)+
        }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable key, as stored and sent.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $key,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::sli::UnknownKey;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($key => Ok(Self::$variant),)+
                    _ => Err($crate::sli::UnknownKey { what: $what, key: text.to_owned() }),
                }
            }
        }
    };
}

pub(crate) use text_key;
