//! The public record of the designation (SPEC section 7).

use std::net::IpAddr;

use super::{Error, Result, Service};
use crate::store::designations::{self, Designation};

impl Service {
    /// What anybody may know of an app, from this network address.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an app that never carried the designation, and for one that does not exist;
    /// [`Error::Limited`] when there were too many requests from this address.
    pub async fn designation(&self, key: &str, address: Option<IpAddr>) -> Result<Designation> {
        self.limits.public(address)?;
        designations::find(&self.store.portal, key)
            .await?
            .ok_or(Error::NotFound)
    }
}
