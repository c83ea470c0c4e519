//! Starting and stopping to measure an app (SPEC section 3: data collection begins when staff start it).

use rampart_domain::{
    access::{Action, Actor},
    id::{AppId, SeriesId},
    sli::{Group, Product, SeriesKey, Sli},
};
use serde_json::{Value, json};

use super::{
    Checks, Error, Result, Service,
    audit::{self, Change},
};
use crate::{
    random,
    store::{Tx, apps, series},
};

/// The availability series of a base URL.
pub fn availability(base_url: &str) -> SeriesKey {
    SeriesKey {
        product: Product::None,
        sli: Sli::Availability,
        group: Group::Prod,
        target: base_url.to_owned(),
    }
}

impl Service {
    pub async fn start_measuring(&self, actor: &Actor, key: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::MeasureApp).await?;
        if app.base_urls.0.is_empty() {
            return Err(Error::Conflict(
                "This app has no base URL yet, so there is nothing to measure. The partner enters one in the settings."
                    .to_owned(),
            ));
        }
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        if !apps::set_measuring(&mut tx, app.id, Some(now)).await? {
            return Err(Error::Conflict("This app is being measured already.".to_owned()));
        }
        self.measure_exactly(&mut tx, app.id, &app.base_urls.0).await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "app.measuring_started",
                subject: ("app", app.id.to_string(), &app.name),
                partner: Some(app.partner_id),
                before: Value::Null,
                after: json!({ "base URLs": app.base_urls.0, "path": app.health_path }),
                why: None,
            },
        )
        .await?;
        tx.commit().await?;
        self.wake.prober.notify_one();
        Ok(())
    }

    /// Stops measuring; the history stays. A reason is asked for, since the partner reads it in the audit log.
    pub async fn stop_measuring(&self, actor: &Actor, key: &str, why: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::MeasureApp).await?;
        let mut checks = Checks::default();
        let Some(why) = checks.text("why", "why measuring stops", why, 1_000) else {
            return Err(checks.error());
        };
        let mut tx = self.store.portal.begin().await?;
        if !apps::set_measuring(&mut tx, app.id, None).await? {
            return Err(Error::Conflict("This app is not being measured.".to_owned()));
        }
        self.measure_exactly(&mut tx, app.id, &[]).await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "app.measuring_stopped",
                subject: ("app", app.id.to_string(), &app.name),
                partner: Some(app.partner_id),
                before: json!({ "measuring since": app.measuring_since }),
                after: Value::Null,
                why: Some(&why),
            },
        )
        .await?;
        tx.commit().await?;
        self.wake.prober.notify_one();
        Ok(())
    }

    /// Makes the availability series of an app those of `base_urls`: begins what is new, ends what is gone.
    pub(super) async fn measure_exactly(&self, tx: &mut Tx, app: AppId, base_urls: &[String]) -> Result<()> {
        let now = self.clock.now();
        for known in series::of_app(tx, app).await? {
            let gone = known.key.sli == Sli::Availability && !base_urls.contains(&known.key.target);
            if gone && known.ended_at.is_none() {
                series::end(tx, known.id, now).await?;
            }
        }
        for url in base_urls {
            series::begin(tx, SeriesId(random::id(now)), app, &availability(url), now).await?;
        }
        Ok(())
    }
}
