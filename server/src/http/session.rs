//! Sessions in our own tables, so that they can be listed and ended.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::id::UserId;
use sha2::{Digest, Sha256};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::SameSite,
    session::{Id, Record},
    session_store,
};
use uuid::Uuid;

use crate::{
    clock::Clock,
    config,
    service::Service,
    store::{self, Store, sessions},
};

/// Key of the account in a session.
pub(super) const ACCOUNT: &str = "account";
/// Key of the sentence that is shown once.
pub(super) const FLASH: &str = "flash";
/// Key of the address from which the session began.
pub(super) const ADDRESS: &str = "address";
/// Key of the browser's own name.
pub(super) const AGENT: &str = "agent";

/// Key of the time at which the session was last noted to be in use.
pub(super) const SEEN: &str = "seen";

/// The id under which a session is listed; it says nothing about the cookie's value.
pub(super) fn listed_id(id: Id) -> Uuid {
    let hash = hash(id);
    Uuid::from_slice(&hash[..16]).unwrap_or_default()
}

fn hash(id: Id) -> Vec<u8> {
    Sha256::digest(id.0.to_be_bytes()).to_vec()
}

/// The layer that gives every request its session.
pub(super) fn layer(service: &Service) -> SessionManagerLayer<Sessions> {
    let secure = service.config.server.public_url.scheme() == "https";
    let lifetime = time::Duration::try_from(service.config.session.lifetime).unwrap_or(time::Duration::DAY);
    SessionManagerLayer::new(Sessions::of(service))
        .with_name(if secure { "__Host-rampart" } else { "rampart" })
        .with_secure(secure)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(lifetime))
}

/// Takes the sentence that is shown once out of a session. This is written apart from what else a request does to its session:
/// a page is shown even while nothing can be written, then with the sentence once more.
pub(super) async fn take_flash(service: &Service, session: &Session) -> Option<String> {
    let flash = session.get::<String>(FLASH).await.ok().flatten()?;
    let stored = Session::new(session.id(), Arc::new(Sessions::of(service)), None);
    let taken = async {
        stored.remove_value(FLASH).await?;
        stored.save().await
    };
    if let Err(error) = taken.await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a message that was shown could not be taken away"
        );
    }
    Some(flash)
}

/// Keeps sessions in the portal's database. When they end is decided here, by the [`Clock`], not by the cookie.
#[derive(Clone)]
pub(super) struct Sessions {
    store: Store,
    clock: Clock,
    settings: config::Session,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

impl Sessions {
    fn of(service: &Service) -> Self {
        Self {
            store: service.store.clone(),
            clock: service.clock.clone(),
            settings: service.config.session.clone(),
        }
    }

    fn idle_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + TimeDelta::from_std(self.settings.idle).unwrap_or(TimeDelta::hours(12))
    }

    async fn write(&self, record: &Record, is_new: bool) -> store::Result<()> {
        let now = self.clock.now();
        let data: sessions::Data = record.data.clone().into_iter().collect();
        let text = |key: &str| data.get(key).and_then(|v| v.as_str());
        let id_hash = hash(record.id);
        let session = sessions::Session {
            id_hash: &id_hash,
            id: listed_id(record.id),
            account: text(ACCOUNT).and_then(|id| id.parse().ok()).map(UserId),
            data: &data,
            address: text(ADDRESS),
            agent: text(AGENT).unwrap_or_default(),
            expires_at: self.idle_until(now),
        };
        let mut tx = self.store.portal.begin().await?;
        if is_new {
            sessions::create(&mut tx, &session, now).await?;
        } else {
            sessions::save(&mut tx, &session, now).await?;
        }
        tx.commit().await
    }

    async fn read(&self, id: Id) -> store::Result<Option<sessions::Data>> {
        let now = self.clock.now();
        let oldest = now - TimeDelta::from_std(self.settings.lifetime).unwrap_or(TimeDelta::days(30));
        let id_hash = hash(id);
        let Some(loaded) = sessions::load(&self.store.portal, &id_hash, now, oldest).await? else {
            return Ok(None);
        };
        let mut data = loaded.data.0;
        data.insert(SEEN.to_owned(), loaded.last_seen_at.to_rfc3339().into());
        Ok(Some(data))
    }
}

fn backend(error: store::Error) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        // 128 random bits do not collide.
        self.write(record, true).await.map_err(backend)
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.write(record, false).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let data = self.read(*id).await.map_err(backend)?;
        // The layer's own expiry must never be the stricter one.
        let expiry_date = time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(365 * 1_000);
        Ok(data.map(|data| Record {
            id: *id,
            data: data.into_iter().collect(),
            expiry_date,
        }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let delete = async {
            let mut tx = self.store.portal.begin().await?;
            sessions::delete(&mut tx, &hash(*id)).await?;
            tx.commit().await
        };
        delete.await.map_err(backend)
    }
}
