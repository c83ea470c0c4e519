//! Tells partners that the approval of a readiness document expires (SPEC section 3).

use rampart_domain::readiness::{expiring_until, notice_due};

use super::{Result, Service, readiness::page};
use crate::{
    mail::ReadinessNews,
    store::{Scope, accounts, apps, readiness},
};

impl Service {
    /// Sends the notices that are due and were not sent yet, here or by another server. Says how many mails that were.
    ///
    /// # Errors
    /// When the database cannot be reached; what was sent until then is sent.
    pub async fn tell_of_expiring_readiness(&self) -> Result<usize> {
        let now = self.clock.now();
        let mut mails = 0;
        for expiring in readiness::expiring(&self.store.portal, expiring_until(now)).await? {
            let Some(days) = notice_due(expiring.expires_at, now) else {
                continue;
            };
            if expiring.noticed.is_some_and(|noticed| noticed <= days) {
                continue;
            }
            let apps = apps::by_ids(&self.store.portal, Scope::system(), &[expiring.app]).await?;
            let Some(app) = apps.into_iter().next() else {
                continue;
            };
            let mut tx = self.store.portal.begin().await?;
            if !readiness::notice(&mut tx, &expiring, days, now).await? {
                continue;
            }
            let expires = expiring.expires_at;
            let news = match days {
                0 => ReadinessNews::Expired { expires },
                _ => ReadinessNews::Expires { expires },
            };
            for owner in accounts::owner_mails(&mut tx, app.partner_id).await? {
                self.tell_of_readiness(&mut tx, &app, news, &page(&app), &owner).await?;
                mails += 1;
            }
            tx.commit().await?;
        }
        if mails > 0 {
            self.wake.outbox.notify_one();
        }
        Ok(mails)
    }
}
