//! Who gets the mails about an app, and mails that are sent again.

use chrono::{DateTime, Utc};
use rampart_domain::{
    access::{Action, Actor},
    id::{AlertAddressId, AppId, EpisodeId, MailId, PartnerId},
};
use serde_json::json;

use super::{
    Error, Result, Service,
    access::require,
    audit::{self, Change},
};
use crate::{
    mail::{PATIENCE, Stationery},
    random,
    store::{
        Scope, Tx, accounts, alert_addresses,
        audit::Who,
        outbox::{self, Mail, NewMail},
    },
};

impl Service {
    pub(super) fn stationery(&self) -> Stationery<'_> {
        Stationery {
            config: &self.config,
            now: self.clock.now(),
        }
    }

    /// Sends a mail that failed or waits again, at once.
    pub async fn retry_mail(&self, actor: &Actor, id: &str) -> Result<()> {
        require(actor, Action::ManageMail)?;
        let id: MailId = id.parse().map_err(|_| Error::NotFound)?;
        let mail = outbox::find(&self.store.portal, Scope::system(), id)
            .await?
            .ok_or(Error::NotFound)?;
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        if !outbox::requeue(&mut tx, id, now, now + PATIENCE).await? {
            return Err(Error::Conflict("This mail was sent meanwhile.".to_owned()));
        }
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "mail.queued_again",
                subject: ("mail", id.to_string(), &mail.subject),
                partner: mail.partner_id.map(PartnerId),
                before: json!({ "failed": mail.failed_at.is_some(), "attempts": mail.attempts }),
                after: json!({ "failed": false }),
                why: None,
            },
        )
        .await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(())
    }
}

/// Who gets the alerts of an app: its confirmed address, else the owners of the partner (SPEC section 2.3).
pub(super) async fn alert_recipients(
    tx: &mut Tx,
    app: AppId,
    partner: PartnerId,
) -> Result<(Vec<String>, Option<AlertAddressId>)> {
    if let Some(address) = alert_addresses::in_use(tx, app).await? {
        return Ok((vec![address.address], Some(address.id)));
    }
    let owners = accounts::owner_mails(tx, partner).await?;
    Ok((owners.into_iter().map(|m| m.as_str().to_owned()).collect(), None))
}

impl Service {
    /// A mail that was tried long enough. Nothing is said about its address: it may be our relay that fails.
    pub async fn mail_given_up(&self, mail: &Mail, said: &str) -> Result<()> {
        let mut tx = self.store.portal.begin().await?;
        if outbox::fail(&mut tx, mail.id, said, self.clock.now()).await? {
            tracing::error!(mail = %mail.id, said, "a mail was given up");
        }
        Ok(tx.commit().await?)
    }

    /// A mail whose recipient its relay refuses for good. When it went to an app's confirmed alert
    /// address, that address is used no more and the owners get the mail (SPEC section 2.3).
    pub async fn mail_refused(&self, mail: &Mail, said: &str) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        if !outbox::fail(&mut tx, mail.id, said, now).await? {
            return Ok(());
        }
        tracing::error!(mail = %mail.id, said, "a mail was given up");
        if let (Some(address), Some(partner)) = (
            mail.alert_address_id.map(AlertAddressId),
            mail.partner_id.map(PartnerId),
        ) {
            let is_news = alert_addresses::fail(&mut tx, address, now).await?;
            let owners = accounts::owner_mails(&mut tx, partner).await?;
            for owner in owners {
                outbox::push(&mut tx, &readdressed(mail, owner.as_str().to_owned(), now), now).await?;
            }
            if is_news {
                audit::write(
                    &mut tx,
                    Who::System,
                    &self.clock,
                    Change {
                        action: "alert_address.failed",
                        subject: (
                            "app",
                            mail.app_id.map(|id| id.to_string()).unwrap_or_default(),
                            &mail.recipients.0.join(", "),
                        ),
                        partner: Some(partner),
                        before: json!({ "in use": true }),
                        after: json!({ "in use": false, "the mail server said": said }),
                        why: None,
                    },
                )
                .await?;
            }
        }
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(())
    }
}

/// The same mail to somebody else, as a mail of its own.
fn readdressed(mail: &Mail, recipient: String, now: DateTime<Utc>) -> NewMail {
    let id = MailId(random::id(now));
    let host = mail
        .message_id
        .rsplit('@')
        .next()
        .map_or("rampart", |host| host.trim_end_matches('>'));
    NewMail {
        id,
        message_id: format!("<{}@{host}>", id.0.simple()),
        kind: "alert_to_owners",
        partner: mail.partner_id.map(PartnerId),
        app: mail.app_id.map(AppId),
        episode: mail.episode_id.map(EpisodeId),
        alert_address: None,
        recipients: vec![recipient],
        subject: mail.subject.clone(),
        text: mail.body_text.clone(),
        html: mail.body_html.clone(),
        give_up_at: now + PATIENCE,
    }
}
