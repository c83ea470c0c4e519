//! Synthetic tests of several partners that start failing on one product: a change of it may be breaking apps (SPEC section 2).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rampart_domain::{
    access::StaffRole,
    alert::{Together, failing_together, starting_range, starts_failing, synthetic_range},
    count::Minute,
    id::{AlertAddressId, PartnerId, SeriesId},
    sli::{Product, Sli},
};
use serde_json::{Value, json};

use super::{
    Result, Service,
    audit::{self, Change},
    mails::alert_recipients,
};
use crate::{
    mail::{self, FailingApp, FailingSynthetics},
    store::{
        Tx, accounts,
        audit::Who,
        counts, failing_together as states, outbox,
        series::{self, Measured},
    },
};

/// What an evaluation has to tell about one product.
pub(crate) struct Failing {
    product: Product,
    together: Together,
    /// The series that start failing.
    series: Vec<Measured>,
}

impl Service {
    /// The products on which the synthetic tests of several partners start failing.
    pub(super) async fn failing_synthetics(&self, tick: Minute) -> Result<Vec<Failing>> {
        let bad = counts::with_bad_events(&self.store.metrics, starting_range(tick)).await?;
        if bad.is_empty() {
            return Ok(Vec::new());
        }
        let bad = series::by_ids(&self.store.portal, &Vec::from_iter(bad)).await?;
        let synthetic: Vec<Measured> = bad
            .into_iter()
            .filter(|s| s.is_measured && s.series.key.sli == Sli::Synthetic && s.series.key.product != Product::None)
            .collect();
        let ids: Vec<SeriesId> = synthetic.iter().map(|s| s.series.id).collect();
        let results = counts::minutes_of(&self.store.metrics, &ids, synthetic_range(tick)).await?;
        let mut by_product: BTreeMap<Product, Vec<Measured>> = BTreeMap::new();
        for measured in synthetic {
            let results = results.get(&measured.series.id).map(Vec::as_slice).unwrap_or_default();
            if starts_failing(tick, results) {
                by_product
                    .entry(measured.series.key.product)
                    .or_default()
                    .push(measured);
            }
        }
        if by_product.is_empty() {
            return Ok(Vec::new());
        }
        let known = states::all(&self.store.portal).await?;
        let failing = by_product.into_iter().filter_map(|(product, series)| {
            let partners: BTreeSet<PartnerId> = series.iter().map(|s| s.partner).collect();
            let together = failing_together(known.get(&product), tick, &partners)?;
            Some(Failing {
                product,
                together,
                series,
            })
        });
        Ok(failing.collect())
    }

    /// Tells whoever has to know, and writes that they were told. Says how many mails were queued.
    pub(super) async fn apply_synthetics(&self, tx: &mut Tx, tick: Minute, failing: &[Failing]) -> Result<usize> {
        let mut mails = 0;
        for failing in failing {
            states::put(tx, failing.product, &failing.together.state).await?;
            for partner in &failing.together.tell {
                mails += self.tell_partner(tx, tick, failing, *partner).await?;
            }
            if failing.together.begins {
                mails += self.tell_staff(tx, tick, failing).await?;
            }
        }
        for failing in failing
            .iter()
            .filter(|f| f.together.begins || !f.together.tell.is_empty())
        {
            self.audit_synthetics(tx, tick, failing).await?;
        }
        Ok(mails)
    }

    /// One partner hears of its own apps alone.
    async fn tell_partner(&self, tx: &mut Tx, tick: Minute, failing: &Failing, partner: PartnerId) -> Result<usize> {
        let own: Vec<&Measured> = failing.series.iter().filter(|s| s.partner == partner).collect();
        let mut recipients: BTreeMap<String, Option<AlertAddressId>> = BTreeMap::new();
        for measured in &own {
            let (addresses, id) = alert_recipients(tx, measured.series.app, partner).await?;
            recipients.extend(addresses.into_iter().map(|address| (address, id)));
        }
        let apps = apps(own.into_iter());
        let mails = recipients.len();
        for (recipient, alert_address) in recipients {
            let about = FailingSynthetics {
                product: failing.product,
                tick,
                apps: &apps,
                partner: Some(partner),
                recipient,
                alert_address,
            };
            let mail = mail::failing_synthetics(&self.stationery(), about);
            outbox::push(tx, &mail, self.clock.now()).await?;
        }
        Ok(mails)
    }

    async fn tell_staff(&self, tx: &mut Tx, tick: Minute, failing: &Failing) -> Result<usize> {
        let staff = accounts::staff_mails(tx, StaffRole::IncidentManager).await?;
        if staff.is_empty() {
            tracing::warn!(
                product = failing.product.as_str(),
                "synthetic tests of several partners fail, and there is no incident manager to tell"
            );
        }
        let apps = apps(failing.series.iter());
        let mails = staff.len();
        for recipient in staff {
            let about = FailingSynthetics {
                product: failing.product,
                tick,
                apps: &apps,
                partner: None,
                recipient: recipient.as_str().to_owned(),
                alert_address: None,
            };
            let mail = mail::failing_synthetics(&self.stationery(), about);
            outbox::push(tx, &mail, self.clock.now()).await?;
        }
        Ok(mails)
    }

    /// The row names several partners, so it belongs to none of them.
    async fn audit_synthetics(&self, tx: &mut Tx, tick: Minute, failing: &Failing) -> Result<()> {
        let names: HashMap<PartnerId, &str> = failing
            .series
            .iter()
            .map(|s| (s.partner, s.partner_name.as_str()))
            .collect();
        let mut told: Vec<&str> = failing
            .together
            .tell
            .iter()
            .filter_map(|p| names.get(p).copied())
            .collect();
        told.sort_unstable();
        let apps: Vec<String> = apps(failing.series.iter()).into_iter().map(|app| app.key).collect();
        audit::write(
            tx,
            Who::System,
            &self.clock,
            Change {
                action: "synthetics.failing_together",
                subject: ("product", failing.product.as_str().to_owned(), failing.product.name()),
                partner: None,
                before: Value::Null,
                after: json!({ "partners told": told, "incident managers told": failing.together.begins,
                               "apps": apps, "tick": tick.start() }),
                why: None,
            },
        )
        .await
    }
}

/// Each app once, by name.
fn apps<'a>(series: impl Iterator<Item = &'a Measured>) -> Vec<FailingApp> {
    let mut apps: Vec<FailingApp> = series
        .map(|s| FailingApp {
            key: s.app_key.clone(),
            name: s.app_name.clone(),
            partner: s.partner_name.clone(),
        })
        .collect();
    apps.sort();
    apps.dedup();
    apps
}
