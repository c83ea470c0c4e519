//! Signing in and out.

use std::net::IpAddr;

use chrono::TimeDelta;
use rampart_domain::{access::Actor, id::UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Checks, Error, Result, Service,
    audit::{self, Change},
    passwords,
};
use crate::store::{accounts, audit::Who, sessions};

impl Service {
    /// Checks a password. An unknown account, a disabled one and a wrong password answer alike, after the same work.
    pub async fn sign_in(&self, mail: &str, password: &str, address: Option<IpAddr>) -> Result<UserId> {
        self.limits.sign_in(&accounts::mail_key(mail), address)?;
        let account = accounts::by_mail(&self.store.portal, mail)
            .await?
            .filter(|a| a.disabled_at.is_none());
        let hash = account.as_ref().map(|a| a.password_hash.clone());
        let matches = self.passwords.verify(password.to_owned(), hash).await?;
        let Some(account) = account.filter(|_| matches) else {
            return Err(Error::field("password", "The mail address or the password is wrong."));
        };
        let mut tx = self.store.portal.begin().await?;
        audit::write(
            &mut tx,
            Who::Outside {
                name: &account.name,
                address,
            },
            &self.clock,
            Change {
                action: "account.signed_in",
                subject: ("account", account.id.to_string(), &account.name),
                partner: None,
                before: Value::Null,
                after: Value::Null,
                why: None,
            },
        )
        .await?;
        tx.commit().await?;
        Ok(account.id)
    }

    /// The person behind a session, with the roles they hold now; nobody once the account is disabled.
    pub async fn actor(&self, id: UserId, session: Option<Uuid>, address: Option<IpAddr>) -> Result<Option<Actor>> {
        let Some(account) = accounts::by_id(&self.store.portal, id)
            .await?
            .filter(|a| a.disabled_at.is_none())
        else {
            return Ok(None);
        };
        let roles = accounts::roles(&self.store.portal, id).await?;
        Ok(Some(Actor {
            user: id,
            name: account.name,
            mail: account.mail,
            memberships: roles.memberships,
            staff: roles.staff,
            address,
            session,
        }))
    }

    /// Notes that a session is in use, which moves its end.
    pub async fn note_session(&self, id: Uuid) -> Result<()> {
        let now = self.clock.now();
        let idle = TimeDelta::from_std(self.config.session.idle).unwrap_or(TimeDelta::hours(12));
        let mut tx = self.store.portal.begin().await?;
        sessions::touch(&mut tx, id, now, now + idle).await?;
        Ok(tx.commit().await?)
    }

    /// Changes the actor's own password and ends their sessions, this one too.
    pub async fn change_password(&self, actor: &Actor, current: &str, password: &str, again: &str) -> Result<()> {
        let mut checks = Checks::default();
        passwords::check_new(&mut checks, password, again);
        if !checks.is_fine() {
            return Err(checks.error());
        }
        self.limits.sign_in(&accounts::mail_key(&actor.mail), actor.address)?;
        let account = accounts::by_id(&self.store.portal, actor.user)
            .await?
            .ok_or(Error::NotFound)?;
        if !self
            .passwords
            .verify(current.to_owned(), Some(account.password_hash))
            .await?
        {
            return Err(Error::field("current", "This is not your present password."));
        }
        let hash = self.passwords.hash(password.to_owned()).await?;
        let mut tx = self.store.portal.begin().await?;
        accounts::set_password(&mut tx, actor.user, &hash).await?;
        let ended = sessions::revoke_all(&mut tx, actor.user).await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            own(actor, "account.password_changed", ended),
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Ends all sessions of the actor, this one too.
    pub async fn sign_out_everywhere(&self, actor: &Actor) -> Result<()> {
        let mut tx = self.store.portal.begin().await?;
        let ended = sessions::revoke_all(&mut tx, actor.user).await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            own(actor, "account.signed_out_everywhere", ended),
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Ends one session of the actor.
    pub async fn revoke_session(&self, actor: &Actor, id: &str) -> Result<()> {
        let id = id.parse().map_err(|_| Error::NotFound)?;
        let mut tx = self.store.portal.begin().await?;
        if !sessions::revoke(&mut tx, actor.user, id).await? {
            return Err(Error::NotFound);
        }
        audit::by(&mut tx, actor, &self.clock, own(actor, "account.session_ended", 1)).await?;
        Ok(tx.commit().await?)
    }
}

fn own<'a>(actor: &'a Actor, action: &'static str, sessions_ended: u64) -> Change<'a> {
    Change {
        action,
        subject: ("account", actor.user.to_string(), &actor.name),
        partner: None,
        before: Value::Null,
        after: json!({ "sessions ended": sessions_ended }),
        why: None,
    }
}
