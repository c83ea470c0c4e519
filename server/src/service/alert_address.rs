//! The address that gets an app's alerts, confirmed by a drill mail (SPEC section 2.3).

use std::net::IpAddr;

use rampart_domain::{
    access::{Action, Actor},
    app::MailAddress,
    id::AlertAddressId,
};
use serde_json::{Value, json};

use super::{
    Error, Result, Service,
    audit::{self, Change},
    invitations::LINK_LIFETIME,
};
use crate::{
    mail::{self, Drill},
    random::{self, Token},
    store::{
        Scope, Tx,
        alert_addresses::{self, Request},
        apps::App,
        audit::Who,
        outbox,
    },
};

impl Service {
    /// Asks that alerts go to `address`, by a drill mail to it.
    pub async fn request_alert_address(&self, actor: &Actor, key: &str, address: &str) -> Result<MailAddress> {
        let app = self.app_for(actor, key, Action::EditApp).await?;
        let address: MailAddress = address.parse().map_err(|error| Error::field("address", error))?;
        self.limits.mail(&app.partner_id.to_string())?;
        let mut tx = self.store.portal.begin().await?;
        self.send_drill(&mut tx, &app, &address).await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "alert_address.requested",
                subject: ("app", app.id.to_string(), &app.name),
                partner: Some(app.partner_id),
                before: Value::Null,
                after: json!({ "address": address.as_str() }),
                why: None,
            },
        )
        .await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(address)
    }

    /// Sends the drill to the address that waits for its confirmation once more, with a new link.
    pub async fn resend_drill(&self, actor: &Actor, key: &str) -> Result<MailAddress> {
        let app = self.app_for(actor, key, Action::EditApp).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let current = alert_addresses::current(&self.store.portal, scope, app.id).await?;
        let pending = current.into_iter().find(|a| a.confirmed_at.is_none()).ok_or_else(|| {
            Error::Conflict("No address waits for its confirmation; it may have been confirmed just now.".to_owned())
        })?;
        self.request_alert_address(actor, key, &pending.address).await
    }

    /// Confirms an address by the link in its drill mail. Whoever holds the link may.
    pub async fn confirm_alert_address(&self, token: &str, address: Option<IpAddr>) -> Result<String> {
        self.limits.link(address)?;
        let now = self.clock.now();
        let pending = alert_addresses::by_token(&self.store.portal, &random::hash_token(token), now)
            .await?
            .ok_or(Error::NotFound)?;
        let mut tx = self.store.portal.begin().await?;
        if !alert_addresses::confirm(&mut tx, &pending, now).await? {
            return Err(Error::NotFound);
        }
        audit::write(
            &mut tx,
            Who::Outside {
                name: &pending.address,
                address,
            },
            &self.clock,
            Change {
                action: "alert_address.confirmed",
                subject: ("app", pending.app_id.to_string(), &pending.app_name),
                partner: Some(pending.partner_id),
                before: Value::Null,
                after: json!({ "address": pending.address }),
                why: None,
            },
        )
        .await?;
        tx.commit().await?;
        Ok(pending.app_name)
    }

    pub(super) async fn send_drill(&self, tx: &mut Tx, app: &App, address: &MailAddress) -> Result<()> {
        let now = self.clock.now();
        let (token, incident_id) = (Token::new(), random::incident_id());
        let id = AlertAddressId(random::id(now));
        let request = Request {
            id,
            app: app.id,
            address: address.as_str(),
            token_hash: &token.hash(),
            drill_id: &incident_id,
            expires_at: now + LINK_LIFETIME,
        };
        alert_addresses::request(tx, &request, now).await?;
        let policy = self.policy_now().await?;
        let drill = Drill {
            app: app.id,
            app_key: &app.key,
            app_name: &app.name,
            partner: app.partner_id,
            partner_name: &app.partner_name,
            address: address.as_str(),
            incident_id: &incident_id,
            policy: &policy.slis.availability,
            confirm_link: &self.link(&format!("/alert-address/{}", token.as_str())),
            expires_at: request.expires_at,
        };
        Ok(outbox::push(tx, &mail::drill(&self.stationery(), &drill), now).await?)
    }
}
