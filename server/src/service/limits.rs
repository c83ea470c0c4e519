use std::{net::IpAddr, num::NonZeroU32};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{Error, Result};
use crate::random::hash_token;

/// How often what may be tried. Kept in memory: a restart forgets it, which helps nobody who guesses passwords much.
pub struct Limits {
    sign_in_by_mail: DefaultKeyedRateLimiter<Vec<u8>>,
    sign_in_by_address: DefaultKeyedRateLimiter<Option<IpAddr>>,
    links_by_address: DefaultKeyedRateLimiter<Option<IpAddr>>,
    public_by_address: DefaultKeyedRateLimiter<Option<IpAddr>>,
    tests_by_app: DefaultKeyedRateLimiter<String>,
    mails_by_partner: DefaultKeyedRateLimiter<String>,
}

fn per_minute(times: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN))
}

fn per_hour(times: u32) -> Quota {
    Quota::per_hour(NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN))
}

impl Limits {
    pub fn new() -> Self {
        Self {
            sign_in_by_mail: RateLimiter::keyed(per_minute(10)),
            sign_in_by_address: RateLimiter::keyed(per_minute(60)),
            links_by_address: RateLimiter::keyed(per_minute(60)),
            public_by_address: RateLimiter::keyed(per_minute(600)),
            tests_by_app: RateLimiter::keyed(per_minute(10)),
            mails_by_partner: RateLimiter::keyed(per_hour(60)),
        }
    }

    /// Forgets whoever has not tried anything lately, so that memory does not grow with every address ever seen.
    pub fn tidy(&self) {
        self.sign_in_by_mail.retain_recent();
        self.sign_in_by_mail.shrink_to_fit();
        for by_text in [&self.tests_by_app, &self.mails_by_partner] {
            by_text.retain_recent();
            by_text.shrink_to_fit();
        }
        for by_address in [
            &self.sign_in_by_address,
            &self.links_by_address,
            &self.public_by_address,
        ] {
            by_address.retain_recent();
            by_address.shrink_to_fit();
        }
    }

    /// A try to sign in.
    ///
    /// # Errors
    /// [`Error::Limited`] when there were too many for this mail address or from this network address.
    pub fn sign_in(&self, mail: &str, address: Option<IpAddr>) -> Result<()> {
        // The address first, so that one who tries too often does not fill the memory with mail addresses; and what is
        // remembered of those is of fixed length.
        let fine = self.sign_in_by_address.check_key(&network(address)).is_ok()
            && self.sign_in_by_mail.check_key(&hash_token(mail)).is_ok();
        limited(fine, "Too many tries to sign in. Wait a minute, then try again.")
    }

    /// A try of a one-time link.
    ///
    /// # Errors
    /// [`Error::Limited`] when there were too many from this network address.
    pub fn link(&self, address: Option<IpAddr>) -> Result<()> {
        limited(
            self.links_by_address.check_key(&network(address)).is_ok(),
            "Too many tries. Wait a minute, then try again.",
        )
    }

    /// A request for what anybody may read.
    ///
    /// # Errors
    /// [`Error::Limited`] when there were too many from this network address.
    pub fn public(&self, address: Option<IpAddr>) -> Result<()> {
        limited(
            self.public_by_address.check_key(&network(address)).is_ok(),
            "Too many requests. Wait a minute, then try again.",
        )
    }

    /// A health check tested on the spot.
    ///
    /// # Errors
    /// [`Error::Limited`] when the app was tested too often.
    pub fn test(&self, app_key: &str) -> Result<()> {
        let fine = self.tests_by_app.check_key(&app_key.to_owned()).is_ok();
        limited(
            fine,
            "This health check was tested often in the last minute. Wait a minute, then test again.",
        )
    }

    /// A mail that somebody asks Rampart to send to an address they typed.
    ///
    /// # Errors
    /// [`Error::Limited`] when the partner did so too often.
    pub fn mail(&self, partner: &str) -> Result<()> {
        let fine = self.mails_by_partner.check_key(&partner.to_owned()).is_ok();
        limited(
            fine,
            "Too many mails were asked for in the last hour. Nothing was sent; try again later.",
        )
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// Who a network address belongs to: of IPv6 the /64, of which one customer has at least one whole.
fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    address.map(|address| match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6((six.to_bits() & (!0_u128 << 64)).into()),
    })
}

fn limited(fine: bool, message: &str) -> Result<()> {
    if fine {
        Ok(())
    } else {
        Err(Error::Limited(message.to_owned()))
    }
}
