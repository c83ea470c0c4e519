//! Apps: register, change, archive.

use rampart_domain::{
    access::{Action, Actor},
    app::{AppKey, AppKind, BaseUrl, HealthPath, MAX_BASE_URLS, MAX_EXCLUDED_SITES, MailAddress, Site},
    escalation::State,
    id::{AppId, PartnerId},
    sli::Product,
};
use serde_json::{Value, json};

use super::{
    Checks, Error, Result, Service,
    access::require_in,
    audit::{self, Change},
};
use crate::{
    probe::guard::Guard,
    random,
    store::{
        self,
        apps::{self, App, Details, HealthCheck},
        escalation,
    },
};

const NAME_LENGTH: usize = 120;
const CONTACT_LENGTH: usize = 2_000;

/// What the form of a new app sends.
pub struct NewApp<'a> {
    pub partner: &'a str,
    pub key: &'a str,
    pub details: DetailsForm<'a>,
    pub health: HealthCheckForm<'a>,
    pub alert_address: &'a str,
}

pub struct DetailsForm<'a> {
    pub name: &'a str,
    pub kind: &'a str,
    pub products: Vec<&'a str>,
    pub support_contact: &'a str,
    pub operations_contacts: &'a str,
}

pub struct HealthCheckForm<'a> {
    pub path: &'a str,
    /// One per line.
    pub base_urls: &'a str,
    pub fails_when_down: bool,
}

impl Service {
    /// Registers an app of one of the actor's partners.
    pub async fn register_app(&self, actor: &Actor, form: &NewApp<'_>) -> Result<AppKey> {
        let partner: PartnerId = form
            .partner
            .parse()
            .map_err(|_| Error::field("partner", "Choose a partner."))?;
        let partner = self.visible_partner(actor, &partner.to_string()).await?;
        require_in(actor, Action::RegisterApp, partner.id)?;
        if partner.archived_at.is_some() {
            return Err(Error::field(
                "partner",
                "This partner is archived; it cannot register apps.",
            ));
        }
        let mut checks = Checks::default();
        let key = checks.take("key", form.key.parse::<AppKey>());
        let details = check_details(&mut checks, &form.details);
        let health = self.check_health(&mut checks, &form.health);
        let alert_address = match form.alert_address.trim() {
            "" => Some(None),
            text => checks.take("alert_address", text.parse::<MailAddress>()).map(Some),
        };
        let (Some(key), Some(details), Some(health), Some(alert_address), true) =
            (key, details, health, alert_address, checks.is_fine())
        else {
            return Err(checks.error());
        };

        if alert_address.is_some() {
            self.limits.mail(&partner.id.to_string())?;
        }
        let now = self.clock.now();
        let app = App {
            id: AppId(random::id(now)),
            partner_id: partner.id,
            partner_name: partner.name.clone(),
            key: key.as_str().to_owned(),
            name: details.name.clone(),
            kind: details.kind.clone(),
            products: stored(&details.products),
            support_contact: details.support_contact.clone(),
            operations_contacts: details.operations_contacts.clone(),
            health_path: health.path.clone(),
            base_urls: stored(&health.base_urls),
            fails_when_down: health.fails_when_down,
            excluded_sites: stored(&[]),
            version: 1,
            measuring_since: None,
            archived_at: None,
        };
        let mut tx = self.store.portal.begin().await?;
        apps::insert(&mut tx, app.id, partner.id, key.as_str(), &details, &health, now)
            .await
            .map_err(key_taken)?;
        if let Some(address) = &alert_address {
            self.send_drill(&mut tx, &app, address).await?;
        }
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "app.registered",
                subject: ("app", app.id.to_string(), &app.name),
                partner: Some(partner.id),
                before: Value::Null,
                after: json!({
                    "key": key.as_str(),
                    "details": details_json(&details),
                    "health check": health_json(&health),
                    "alert address asked for": alert_address.as_ref().map(MailAddress::as_str),
                }),
                why: None,
            },
        )
        .await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(key)
    }

    /// Changes an app's details, when they still are those that the form was based on.
    pub async fn change_details(&self, actor: &Actor, key: &str, version: i64, form: &DetailsForm<'_>) -> Result<()> {
        let app = self.app_for(actor, key, Action::EditApp).await?;
        let mut checks = Checks::default();
        let Some(details) = check_details(&mut checks, form) else {
            return Err(checks.error());
        };
        let before = Details {
            name: app.name.clone(),
            kind: app.kind.clone(),
            products: app.products.0.clone(),
            support_contact: app.support_contact.clone(),
            operations_contacts: app.operations_contacts.clone(),
        };
        let mut tx = self.store.portal.begin().await?;
        if !apps::set_details(&mut tx, app.id, version, &details).await? {
            return Err(stale());
        }
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "app.details_changed",
                subject: ("app", app.id.to_string(), &details.name),
                partner: Some(app.partner_id),
                before: details_json(&before),
                after: details_json(&details),
                why: None,
            },
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Changes how an app's health is checked; what is measured follows at once.
    pub async fn change_health_check(
        &self,
        actor: &Actor,
        key: &str,
        version: i64,
        form: &HealthCheckForm<'_>,
    ) -> Result<()> {
        let app = self.app_for(actor, key, Action::EditApp).await?;
        let mut checks = Checks::default();
        let health = self.check_health(&mut checks, form);
        if app.measuring_since.is_some() && health.as_ref().is_some_and(|h| h.base_urls.is_empty()) {
            checks.note("base_urls", "The app is being measured: keep at least one base URL.");
        }
        let (Some(health), true) = (health, checks.is_fine()) else {
            return Err(checks.error());
        };
        let before = HealthCheck {
            path: app.health_path.clone(),
            base_urls: app.base_urls.0.clone(),
            fails_when_down: app.fails_when_down,
        };
        let mut tx = self.store.portal.begin().await?;
        if !apps::set_health_check(&mut tx, app.id, version, &health).await? {
            return Err(stale());
        }
        if app.measuring_since.is_some() {
            self.measure_exactly(&mut tx, app.id, &health.base_urls).await?;
        }
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "app.health_check_changed",
                subject: ("app", app.id.to_string(), &app.name),
                partner: Some(app.partner_id),
                before: health_json(&before),
                after: health_json(&health),
                why: None,
            },
        )
        .await?;
        tx.commit().await?;
        self.wake.prober.notify_one();
        Ok(())
    }

    /// Changes whose events are counted as excluded, from now on.
    pub async fn change_excluded_sites(&self, actor: &Actor, key: &str, version: i64, sites: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::EditApp).await?;
        let mut checks = Checks::default();
        let mut excluded: Vec<String> = Vec::new();
        for line in sites.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(site) = checks.take("excluded_sites", line.parse::<Site>())
                && !excluded.iter().any(|known| known == site.as_str())
            {
                excluded.push(site.as_str().to_owned());
            }
        }
        if excluded.len() > MAX_EXCLUDED_SITES {
            let message = format!(
                "An app has at most {MAX_EXCLUDED_SITES} excluded sites; these are {}.",
                excluded.len()
            );
            checks.note("excluded_sites", message);
        }
        if !checks.is_fine() {
            return Err(checks.error());
        }
        let mut tx = self.store.portal.begin().await?;
        if !apps::set_excluded_sites(&mut tx, app.id, version, &excluded).await? {
            return Err(stale());
        }
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "app.excluded_sites_changed",
                subject: ("app", app.id.to_string(), &app.name),
                partner: Some(app.partner_id),
                before: json!({ "excluded sites": app.excluded_sites.0 }),
                after: json!({ "excluded sites": excluded }),
                why: None,
            },
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Archives an app; measuring stops, its history stays.
    pub async fn archive_app(&self, actor: &Actor, key: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::ArchiveApp).await?;
        let mut tx = self.store.portal.begin().await?;
        if let Some(standing) = escalation::standing_for(&mut tx, app.id).await?
            && matches!(
                standing.state,
                State::Notified | State::Remediation | State::DemotionProposed
            )
        {
            // It would leave the board, and with it whoever has to decide.
            return Err(Error::Conflict(format!(
                "This app is {}. It can be archived once that is over, or a program manager has withdrawn the designation.",
                standing.state.label()
            )));
        }
        apps::set_measuring(&mut tx, app.id, None).await?;
        self.measure_exactly(&mut tx, app.id, &[]).await?;
        apps::set_archived(&mut tx, app.id, Some(self.clock.now())).await?;
        audit::by(&mut tx, actor, &self.clock, archived(&app, true)).await?;
        tx.commit().await?;
        self.keyring.forget(&app.key);
        self.wake.prober.notify_one();
        Ok(())
    }

    /// Takes an archived app back; measuring has to be started again.
    pub async fn restore_app(&self, actor: &Actor, key: &str) -> Result<()> {
        let app = self.app(actor, key).await?;
        require_in(actor, Action::ArchiveApp, app.partner_id)?;
        if self
            .visible_partner(actor, &app.partner_id.to_string())
            .await?
            .archived_at
            .is_some()
        {
            return Err(Error::Conflict("The partner of this app is archived.".to_owned()));
        }
        let mut tx = self.store.portal.begin().await?;
        if !apps::set_archived(&mut tx, app.id, None).await? {
            return Err(Error::Conflict("This app is not archived.".to_owned()));
        }
        audit::by(&mut tx, actor, &self.clock, archived(&app, false)).await?;
        tx.commit().await?;
        self.keyring.forget(&app.key);
        Ok(())
    }

    pub(super) fn check_health(&self, checks: &mut Checks, form: &HealthCheckForm<'_>) -> Option<HealthCheck> {
        let guard = Guard::new(
            self.config.probe.allow_networks.clone(),
            self.config.probe.allow_ports.clone(),
        );
        let path = checks.take("health_path", form.path.parse::<HealthPath>());
        let lines: Vec<&str> = form
            .base_urls
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .collect();
        let mut base_urls: Vec<String> = Vec::new();
        let mut fine = true;
        for line in &lines {
            let url = line
                .parse::<BaseUrl>()
                .map_err(|error| error.to_string())
                .and_then(|base| {
                    // With a wrong path the base URL alone is checked, so that everything is said at once.
                    let url = match &path {
                        Some(path) => base.join(path).map_err(|error| error.to_string())?.into_url(),
                        None => base.as_url().clone(),
                    };
                    guard.check_url(&url).map_err(|error| error.to_string())?;
                    Ok(base.as_str().to_owned())
                });
            match url {
                Ok(url) if base_urls.contains(&url) => {}
                Ok(url) => base_urls.push(url),
                Err(message) => {
                    fine = false;
                    checks.note(
                        "base_urls",
                        if lines.len() > 1 {
                            format!("{line}: {message}")
                        } else {
                            message
                        },
                    );
                }
            }
        }
        if base_urls.len() > MAX_BASE_URLS {
            fine = false;
            checks.note(
                "base_urls",
                format!(
                    "An app has at most {MAX_BASE_URLS} base URLs; these are {}.",
                    base_urls.len()
                ),
            );
        }
        let path = path?.as_str().to_owned();
        fine.then_some(HealthCheck {
            path,
            base_urls,
            fails_when_down: form.fails_when_down,
        })
    }
}

fn check_details(checks: &mut Checks, form: &DetailsForm<'_>) -> Option<Details> {
    let name = checks.line("name", "the app's name", form.name, NAME_LENGTH);
    let kind = checks.take("kind", form.kind.parse::<AppKind>());
    let mut products = Vec::new();
    for key in &form.products {
        match key.parse::<Product>() {
            Ok(product) if product != Product::None => products.push(product.as_str().to_owned()),
            _ => checks.note("products", format!("There is no product \"{key}\".")),
        }
    }
    if form.products.is_empty() {
        checks.note("products", "Choose at least one product that the app works with.");
    }
    let support_contact = checks.optional_text("support_contact", form.support_contact, CONTACT_LENGTH);
    let operations_contacts = checks.optional_text("operations_contacts", form.operations_contacts, CONTACT_LENGTH);
    checks.is_fine().then_some(())?;
    Some(Details {
        name: name?,
        kind: kind?.as_str().to_owned(),
        products,
        support_contact: support_contact?,
        operations_contacts: operations_contacts?,
    })
}

fn details_json(details: &Details) -> Value {
    json!({
        "name": details.name,
        "kind": details.kind,
        "products": details.products,
        "support contact": details.support_contact,
        "operations contacts": details.operations_contacts,
    })
}

fn health_json(health: &HealthCheck) -> Value {
    json!({ "path": health.path, "base URLs": health.base_urls, "fails when down": health.fails_when_down })
}

fn archived(app: &App, now_archived: bool) -> Change<'_> {
    Change {
        action: if now_archived { "app.archived" } else { "app.restored" },
        subject: ("app", app.id.to_string(), &app.name),
        partner: Some(app.partner_id),
        before: json!({ "archived": !now_archived, "measured": app.measuring_since.is_some() }),
        after: json!({ "archived": now_archived, "measured": false }),
        why: None,
    }
}

fn key_taken(error: store::Error) -> Error {
    if error.is_taken("app", "key_key") {
        // It says nothing about whose key it is.
        Error::field(
            "key",
            "This key cannot be registered. If it is your app's key, ask the platform's staff.",
        )
    } else {
        error.into()
    }
}

pub(super) fn stale() -> Error {
    let message = "Somebody else saved this form after you opened it. Nothing was overwritten: compare both below, then save again.";
    Error::Stale(message.to_owned())
}

fn stored(values: &[String]) -> store::Json<Vec<String>> {
    store::Json(values.to_vec())
}
