use serde::{Deserialize, Serialize};

use super::text_key;

text_key! {
    /// A service level indicator: a kind of event that is good or bad (SPEC section 2).
    pub enum Sli, "SLI" {
        /// The health check answered 200 within 3 s.
        Availability = "availability",
        /// The app's page connected to the host within 12 s, or the app says that it loaded.
        IframeLoad = "iframe_load",
        /// The app answered an installation callback with 200 or 204.
        InstallationCallback = "installation_callback",
        /// The app answered a webhook with 200 or 204.
        WebhookDelivery = "webhook_delivery",
        /// A synthetic test of the partner; charted, never an SLO.
        Synthetic = "synthetic",
    }
}

impl Sli {
    /// Whether an objective exists for this SLI; synthetic results are only charted (SPEC section 2).
    pub const fn is_slo(self) -> bool {
        !matches!(self, Self::Synthetic)
    }

    /// The name shown to people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Availability => "App availability",
            Self::IframeLoad => "Iframe load",
            Self::InstallationCallback => "Installation callback",
            Self::WebhookDelivery => "Webhook delivery",
            Self::Synthetic => "Synthetic tests",
        }
    }
}

text_key! {
    /// The host product in which an event happened.
    pub enum Product, "product" {
        /// Jira.
        Jira = "jira",
        /// Confluence.
        Confluence = "confluence",
        /// Bitbucket.
        Bitbucket = "bitbucket",
        /// Jira Service Management.
        Jsm = "jsm",
        /// Compass.
        Compass = "compass",
        /// No product: the health check asks the app itself.
        None = "none",
    }
}

impl Product {
    /// The name shown to people; empty for [`Product::None`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jira => "Jira",
            Self::Confluence => "Confluence",
            Self::Bitbucket => "Bitbucket",
            Self::Jsm => "Jira Service Management",
            Self::Compass => "Compass",
            Self::None => "",
        }
    }
}

text_key! {
    /// The group of installations in which an event happened.
    pub enum Group, "group" {
        /// Production.
        Prod = "prod",
        /// Developer first rollout: gets changes of the products early, never assessed.
        Dfr = "dfr",
    }
}

impl Group {
    /// The name shown to people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prod => "Production",
            Self::Dfr => "Developer first rollout",
        }
    }
}

/// Names one series of an app: the unit that is counted, evaluated and charted (SPEC section 2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesKey {
    /// The host product; `none` for the health check.
    pub product: Product,
    /// What is counted.
    pub sli: Sli,
    /// Where it happened.
    pub group: Group,
    /// The base URL for availability, else empty.
    pub target: String,
}

impl SeriesKey {
    /// Whether the series is held to an objective: an SLI that has one, in production (SPEC section 2).
    pub fn is_slo(&self) -> bool {
        self.sli.is_slo() && self.group == Group::Prod
    }

    /// The name of the metric; see [`metric_name`](super::metric_name).
    pub fn metric_name(&self) -> String {
        super::metric_name(self.sli, self.product)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use serde::de::value::{Error, StrDeserializer};
    use serde::de::{DeserializeOwned, IntoDeserializer};

    use super::*;

    /// serde writes strings and unit variants into a formatter, which is all that a key needs.
    struct Written<'a, T>(&'a T);

    impl<T: Serialize> fmt::Display for Written<'_, T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.serialize(f)
        }
    }

    fn check<T>(all: &[T], as_str: fn(T) -> &'static str, keys: &[&str])
    where
        T: Copy + PartialEq + fmt::Debug + fmt::Display + Serialize + DeserializeOwned + std::str::FromStr,
        T::Err: fmt::Debug,
    {
        assert_eq!(all.iter().map(|v| as_str(*v)).collect::<Vec<_>>(), keys);
        for value in all {
            let key = as_str(*value);
            assert_eq!(value.to_string(), key);
            assert_eq!(key.parse::<T>().unwrap(), *value);
            assert_eq!(Written(value).to_string(), key);
            let read: StrDeserializer<'_, Error> = key.into_deserializer();
            assert_eq!(T::deserialize(read).unwrap(), *value);
        }
    }

    #[test]
    fn keys_are_stable_and_the_same_everywhere() {
        check(
            Sli::ALL,
            Sli::as_str,
            &[
                "availability",
                "iframe_load",
                "installation_callback",
                "webhook_delivery",
                "synthetic",
            ],
        );
        check(
            Product::ALL,
            Product::as_str,
            &["jira", "confluence", "bitbucket", "jsm", "compass", "none"],
        );
        check(Group::ALL, Group::as_str, &["prod", "dfr"]);
    }

    #[test]
    fn unknown_keys_are_errors_that_name_them() {
        let error = "Availability".parse::<Sli>().unwrap_err();
        assert_eq!(error.to_string(), r#""Availability" is not a known SLI"#);
        assert!("".parse::<Product>().is_err());
    }

    #[test]
    fn only_production_series_with_an_objective_are_slos() {
        let key = |sli, group| SeriesKey {
            product: Product::Jira,
            sli,
            group,
            target: String::new(),
        };
        assert!(key(Sli::IframeLoad, Group::Prod).is_slo());
        assert!(!key(Sli::IframeLoad, Group::Dfr).is_slo());
        assert!(!key(Sli::Synthetic, Group::Prod).is_slo());
    }
}
