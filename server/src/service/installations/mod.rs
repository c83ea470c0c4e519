//! Where apps are installed, and the shared secrets that sign their requests (SPEC section 2.2).

mod keyring;

use chrono::{DateTime, TimeDelta, Utc};
use rampart_app::model::{InstallationRow, Installations, NewSecret};
use rampart_domain::{
    access::{Action, Actor},
    id::InstallationId,
    sli::{Group, Product},
};
use serde_json::{Value, json};

pub use keyring::{Installed, Keyring, Signer};

use super::{
    Checks, Error, Result, Service,
    audit::{self, Change},
};
use crate::{
    random::{self, Token},
    seal::SealingKey,
    store::{
        self, Scope, Tx,
        apps::App,
        installations::{self, Installation, New, Sealed},
    },
};

/// As long as the hash under which it signs: a shorter one could be guessed from a token.
const SHORTEST_SECRET: usize = 32;
const LONGEST_SECRET: usize = 512;
/// Each request may have to be tried with the secret of each installation.
const MOST_INSTALLATIONS: usize = 100;
const MOST_MODULE_TYPES: usize = 100;
/// Hours, a week.
const LONGEST_OVERLAP: i64 = 168;

/// An installation as it was typed.
pub struct NewInstallation<'a> {
    pub product: &'a str,
    pub site: &'a str,
    pub group: &'a str,
    /// One per line.
    pub module_types: &'a str,
    /// Empty: one is made.
    pub secret: &'a str,
}

/// A new secret as it was typed.
pub struct Rotation<'a> {
    /// Empty: one is made.
    pub secret: &'a str,
    /// For how long the old one stays valid.
    pub overlap_hours: &'a str,
}

impl Service {
    /// Adds an installation. Returns its secret when Rampart made it.
    pub async fn create_installation(
        &self,
        actor: &Actor,
        key: &str,
        form: &NewInstallation<'_>,
    ) -> Result<Option<NewSecret>> {
        let app = self.app_for(actor, key, Action::ManageSecrets).await?;
        let sealing_key = self.sealing_key()?;
        let mut checks = Checks::default();
        let site = checks.line("site", "whose installation it is", form.site, 200);
        let product = form.product.parse::<Product>().ok();
        let product = product.filter(|product| app.products.0.iter().any(|key| key == product.as_str()));
        if product.is_none() {
            checks.note("product", "Choose one of the products that the app runs in.");
        }
        let group = checks.take("group", form.group.parse::<Group>());
        let module_types = check_module_types(&mut checks, form.module_types);
        let secret = self.check_secret(&mut checks, &app, form.secret).await?;
        let (Some(site), Some(product), Some(group), Some(module_types), Some((secret, made)), true) =
            (site, product, group, module_types, secret, checks.is_fine())
        else {
            return Err(checks.error());
        };
        let existing = installations::of_app(&self.store.portal, Scope::of(actor, Action::ViewApp), app.id).await?;
        if existing.iter().filter(|i| i.ended_at.is_none()).count() >= MOST_INSTALLATIONS {
            return Err(Error::Conflict(format!(
                "An app has at most {MOST_INSTALLATIONS} installations. End one that is no longer used."
            )));
        }
        let new = New {
            id: InstallationId(random::id(self.clock.now())),
            app: app.id,
            product: product.as_str(),
            site: &site,
            grp: group.as_str(),
            module_types: &module_types,
        };
        let name = name(product.name(), &site, group.name());
        let mut tx = self.store.portal.begin().await?;
        installations::insert(&mut tx, &new, self.clock.now())
            .await
            .map_err(place_taken)?;
        self.keep_secret(&mut tx, sealing_key, new.id, &secret).await?;
        let change = Change {
            action: "installation.added",
            subject: ("installation", new.id.to_string(), &name),
            partner: Some(app.partner_id),
            before: Value::Null,
            after: json!({
                "app": app.key,
                "product": new.product,
                "site": site,
                "group": new.grp,
                "module types": module_types,
                "secret": origin(made),
            }),
            why: None,
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.keyring.forget(&app.key);
        Ok(made.then_some(NewSecret {
            installation: name,
            secret,
        }))
    }

    /// Replaces the secret of an installation that is still as the form was based on; the old one stays valid for a time.
    /// Returns the new one when Rampart made it.
    pub async fn rotate_secret(
        &self,
        actor: &Actor,
        key: &str,
        id: &str,
        version: i64,
        form: &Rotation<'_>,
    ) -> Result<Option<NewSecret>> {
        let app = self.app_for(actor, key, Action::ManageSecrets).await?;
        let installation = self.installation(actor, &app, id).await?;
        let sealing_key = self.sealing_key()?;
        let mut checks = Checks::default();
        let secret = self.check_secret(&mut checks, &app, form.secret).await?;
        let hours = form.overlap_hours.trim().parse::<i64>().ok();
        let hours = hours.filter(|hours| (0..=LONGEST_OVERLAP).contains(hours));
        if hours.is_none() {
            checks.note(
                "overlap_hours",
                format!("Enter a number of hours, 0 to {LONGEST_OVERLAP}."),
            );
        }
        let (Some((secret, made)), Some(hours), true) = (secret, hours, checks.is_fine()) else {
            return Err(checks.error());
        };
        let until = self.clock.now() + TimeDelta::hours(hours);
        let name = name_of(&installation);
        let mut tx = self.store.portal.begin().await?;
        if !installations::retire_secrets(&mut tx, installation.id, version, until).await? {
            return Err(stale());
        }
        self.keep_secret(&mut tx, sealing_key, installation.id, &secret).await?;
        let change = Change {
            action: "installation.secret_replaced",
            subject: ("installation", installation.id.to_string(), &name),
            partner: Some(app.partner_id),
            before: Value::Null,
            after: json!({ "app": app.key, "secret": origin(made), "old secret valid until": until }),
            why: None,
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.keyring.forget(&app.key);
        Ok(made.then_some(NewSecret {
            installation: name,
            secret,
        }))
    }

    /// Changes which module types the events of an installation may name.
    pub async fn change_module_types(
        &self,
        actor: &Actor,
        key: &str,
        id: &str,
        version: i64,
        module_types: &str,
    ) -> Result<()> {
        let app = self.app_for(actor, key, Action::ManageSecrets).await?;
        let installation = self.installation(actor, &app, id).await?;
        let mut checks = Checks::default();
        let Some(module_types) = check_module_types(&mut checks, module_types) else {
            return Err(checks.error());
        };
        let name = name_of(&installation);
        let mut tx = self.store.portal.begin().await?;
        if !installations::set_module_types(&mut tx, installation.id, version, &module_types).await? {
            return Err(stale());
        }
        let change = Change {
            action: "installation.module_types_changed",
            subject: ("installation", installation.id.to_string(), &name),
            partner: Some(app.partner_id),
            before: json!({ "app": app.key, "module types": installation.module_types.0 }),
            after: json!({ "app": app.key, "module types": module_types }),
            why: None,
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.keyring.forget(&app.key);
        Ok(())
    }

    /// Ends an installation: its requests are refused from now on.
    pub async fn end_installation(&self, actor: &Actor, key: &str, id: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::ManageSecrets).await?;
        let installation = self.installation(actor, &app, id).await?;
        let name = name_of(&installation);
        let mut tx = self.store.portal.begin().await?;
        if !installations::end(&mut tx, installation.id, self.clock.now()).await? {
            return Err(Error::Conflict("This installation has ended already.".to_owned()));
        }
        let change = Change {
            action: "installation.ended",
            subject: ("installation", installation.id.to_string(), &name),
            partner: Some(app.partner_id),
            before: json!({ "app": app.key, "ended": false }),
            after: json!({ "app": app.key, "ended": true }),
            why: None,
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.keyring.forget(&app.key);
        Ok(())
    }

    /// The installations of an app, for its page.
    pub(super) async fn installations(&self, actor: &Actor, app: &App) -> Result<Installations> {
        let scope = Scope::of(actor, Action::ViewApp);
        let secrets = installations::secrets_of_app(&self.store.portal, scope, app.id).await?;
        let now = self.clock.now();
        let rows = installations::of_app(&self.store.portal, scope, app.id).await?;
        Ok(Installations {
            rows: rows.into_iter().map(|row| shown(row, &secrets, now)).collect(),
            products: Product::ALL
                .iter()
                .filter(|p| app.products.0.iter().any(|key| key == p.as_str()))
                .map(|p| (p.as_str().to_owned(), p.name().to_owned()))
                .collect(),
            groups: Group::ALL
                .iter()
                .map(|g| (g.as_str().to_owned(), g.name().to_owned()))
                .collect(),
            may_manage: actor.may_in(Action::ManageSecrets, app.partner_id) && app.archived_at.is_none(),
            can_keep_secrets: self.config.secrets.key.is_some(),
        })
    }

    async fn installation(&self, actor: &Actor, app: &App, id: &str) -> Result<Installation> {
        let id: InstallationId = id.parse().map_err(|_| Error::NotFound)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let all = installations::of_app(&self.store.portal, scope, app.id).await?;
        all.into_iter().find(|i| i.id == id).ok_or(Error::NotFound)
    }

    fn sealing_key(&self) -> Result<&SealingKey> {
        self.config.secrets.key.as_ref().ok_or_else(|| {
            let message = "Shared secrets cannot be kept yet: the operator has to set secrets.key_file (or secrets.key) in the configuration, the key under which they are encrypted.";
            Error::Conflict(message.to_owned())
        })
    }

    /// The secret that was typed, or a new one; and whether it is new.
    async fn check_secret(&self, checks: &mut Checks, app: &App, typed: &str) -> Result<Option<(String, bool)>> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(Some((Token::new().as_str().to_owned(), true)));
        }
        let length = typed.chars().count();
        if !(SHORTEST_SECRET..=LONGEST_SECRET).contains(&length) {
            checks.note(
                "secret",
                format!("A shared secret has {SHORTEST_SECRET} to {LONGEST_SECRET} characters; this one has {length}."),
            );
            return Ok(None);
        }
        // The secret tells which installation a request comes from.
        let signer = self.signer(&app.key).await?;
        if signer.is_some_and(|signer| signer.knows(typed.as_bytes(), self.clock.now())) {
            checks.note(
                "secret",
                "An installation of this app has this secret already. Each needs one of its own.",
            );
            return Ok(None);
        }
        Ok(Some((typed.to_owned(), false)))
    }

    async fn keep_secret(
        &self,
        tx: &mut Tx,
        key: &SealingKey,
        installation: InstallationId,
        secret: &str,
    ) -> Result<()> {
        let now = self.clock.now();
        let id = random::id(now);
        let sealed = Sealed {
            id,
            installation_id: installation,
            sealed: key.seal(secret.as_bytes(), id),
            key_id: key.id().to_owned(),
            created_at: now,
            valid_until: None,
        };
        Ok(installations::insert_secret(tx, &sealed).await?)
    }
}

fn check_module_types(checks: &mut Checks, typed: &str) -> Option<Vec<String>> {
    let mut module_types: Vec<String> = Vec::new();
    for line in typed.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let fits = line.len() <= 80 && line.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c));
        if !fits {
            let shown: String = line.chars().take(80).collect();
            checks.note(
                "module_types",
                format!("\"{shown}\" is no module type: those are keys such as generalPages, one per line."),
            );
            return None;
        }
        if !module_types.iter().any(|known| known == line) {
            module_types.push(line.to_owned());
        }
    }
    if module_types.len() > MOST_MODULE_TYPES {
        checks.note(
            "module_types",
            format!(
                "At most {MOST_MODULE_TYPES} module types; these are {}.",
                module_types.len()
            ),
        );
        return None;
    }
    Some(module_types)
}

fn shown(row: Installation, secrets: &[Sealed], now: DateTime<Utc>) -> InstallationRow {
    let own = || secrets.iter().filter(|s| s.installation_id == row.id);
    let current = own().find(|s| s.valid_until.is_none());
    let old = own().filter_map(|s| s.valid_until).filter(|until| *until > now).max();
    InstallationRow {
        id: row.id.to_string(),
        product: product_name(&row.product),
        group: group_name(&row.grp),
        site: row.site,
        module_types: row.module_types.0,
        version: row.version,
        created_at: row.created_at,
        secret_since: current.map(|s| s.created_at),
        old_secret_until: old,
        ended_at: row.ended_at,
    }
}

fn product_name(key: &str) -> String {
    key.parse::<Product>()
        .map_or_else(|_| key.to_owned(), |p| p.name().to_owned())
}

fn group_name(key: &str) -> String {
    key.parse::<Group>()
        .map_or_else(|_| key.to_owned(), |g| g.name().to_owned())
}

fn name_of(installation: &Installation) -> String {
    let (product, group) = (product_name(&installation.product), group_name(&installation.grp));
    name(&product, &installation.site, &group)
}

/// "Jira at acme.atlassian.net, Production".
fn name(product: &str, site: &str, group: &str) -> String {
    format!("{product} at {site}, {group}")
}

fn origin(made: bool) -> &'static str {
    if made { "made by Rampart" } else { "given" }
}

fn place_taken(error: store::Error) -> Error {
    if error.is_taken("installation", "app_id") {
        Error::field(
            "site",
            "There is an installation of this product, site and group already.",
        )
    } else {
        error.into()
    }
}

fn stale() -> Error {
    let message = "Somebody else changed this installation after you opened the page. Nothing was overwritten: look at it, then send again.";
    Error::Stale(message.to_owned())
}
