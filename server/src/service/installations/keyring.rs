//! The opened secrets of installations, kept in memory so that a signed request costs no query.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::{
    id::{AppId, InstallationId},
    jwt::Token,
    sli::{Group, Product},
};

use super::super::{Result, Service};
use crate::{
    config::Secret,
    store::{Scope, installations},
};

/// How long what is kept is believed. This server notices its own changes at once; those of others after so long.
const BELIEVED: TimeDelta = TimeDelta::seconds(10);

/// An app that signs requests, with its installations: those that are valid first.
pub struct Signer {
    pub app: AppId,
    /// No installation of an archived app is valid.
    pub archived: bool,
    pub installations: Vec<Installed>,
    /// Whether there are secrets that `secrets.key` does not open.
    pub sealed: bool,
}

pub struct Installed {
    pub id: InstallationId,
    pub product: Product,
    pub group: Group,
    pub module_types: Vec<String>,
    pub ended: bool,
    secrets: Vec<Known>,
}

struct Known {
    secret: Secret<Vec<u8>>,
    valid_until: Option<DateTime<Utc>>,
}

impl Signer {
    /// Which of the installations has the secret, valid at `now`, that signed the token.
    pub fn installation_of(&self, token: &Token<'_>, now: DateTime<Utc>) -> Option<usize> {
        self.installations
            .iter()
            .position(|i| i.has(now, |secret| token.is_signed_with(secret)))
    }

    /// Whether an installation that is valid has this secret.
    pub fn knows(&self, secret: &[u8], now: DateTime<Utc>) -> bool {
        self.installations
            .iter()
            .any(|i| !i.ended && i.has(now, |known| known == secret))
    }
}

impl Installed {
    fn has(&self, now: DateTime<Utc>, is_it: impl Fn(&[u8]) -> bool) -> bool {
        self.secrets
            .iter()
            .filter(|known| known.valid_until.is_none_or(|until| now < until))
            .any(|known| is_it(&known.secret.0))
    }
}

/// What is kept, by the key of the app.
#[derive(Default)]
pub struct Keyring(RwLock<Kept>);

#[derive(Default)]
struct Kept {
    signers: HashMap<String, (DateTime<Utc>, Arc<Signer>)>,
    /// How often something was forgotten: what was read before that is not kept.
    forgotten: u64,
}

impl Keyring {
    /// Forgets an app, since something about it has changed.
    pub(in super::super) fn forget(&self, app_key: &str) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        kept.signers.remove(app_key);
        kept.forgotten += 1;
    }

    /// The app as it is kept, when that can still be believed; and how often something was forgotten so far.
    fn get(&self, app_key: &str, now: DateTime<Utc>) -> (Option<Arc<Signer>>, u64) {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let signer = kept.signers.get(app_key);
        // A clock that was set back says nothing about the age.
        let signer = signer.filter(|(read_at, _)| (TimeDelta::zero()..BELIEVED).contains(&(now - *read_at)));
        (signer.map(|(_, signer)| signer.clone()), kept.forgotten)
    }

    fn keep(&self, app_key: &str, read_at: DateTime<Utc>, signer: &Arc<Signer>, forgotten: u64) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.forgotten == forgotten {
            kept.signers.insert(app_key.to_owned(), (read_at, signer.clone()));
        }
    }
}

impl Service {
    /// The app that `app_key` names, letter for letter; `None` where there is none.
    pub async fn signer(&self, app_key: &str) -> Result<Option<Arc<Signer>>> {
        let now = self.clock.now();
        let (kept, forgotten) = self.keyring.get(app_key, now);
        if kept.is_some() {
            return Ok(kept);
        }
        let portal = &self.store.portal;
        let Some(app) = installations::signer(portal, app_key).await? else {
            return Ok(None);
        };
        let mut secrets = installations::secrets_of_app(portal, Scope::system(), app.id).await?;
        let mut signer = Signer {
            app: app.id,
            archived: app.archived,
            installations: Vec::new(),
            sealed: false,
        };
        for row in installations::of_app(portal, Scope::system(), app.id).await? {
            let (own, others) = secrets.into_iter().partition(|secret| secret.installation_id == row.id);
            secrets = others;
            let opened = self.open(own);
            signer.sealed |= opened.is_none();
            let (Ok(product), Ok(group)) = (row.product.parse(), row.grp.parse()) else {
                tracing::error!(installation = %row.id, "an installation has an unknown product or group");
                continue;
            };
            signer.installations.push(Installed {
                id: row.id,
                product,
                group,
                module_types: row.module_types.0,
                ended: row.ended_at.is_some(),
                secrets: opened.unwrap_or_default(),
            });
        }
        let signer = Arc::new(signer);
        self.keyring.keep(app_key, now, &signer, forgotten);
        Ok(Some(signer))
    }

    /// The secrets, or nothing when one of them cannot be opened.
    fn open(&self, secrets: Vec<installations::Sealed>) -> Option<Vec<Known>> {
        let opened = secrets.into_iter().map(|secret| {
            let key = self.config.secrets.key.as_ref()?;
            let opened = key.open(&secret.sealed, secret.id).inspect_err(|error| {
                let installation = secret.installation_id.to_string();
                tracing::error!(installation, sealed_by = secret.key_id, key = key.id(), "{error}");
            });
            Some(Known {
                secret: Secret(opened.ok()?),
                valid_until: secret.valid_until,
            })
        });
        opened.collect()
    }
}
