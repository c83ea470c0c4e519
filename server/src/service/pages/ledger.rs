//! The exclusion ledger: every entry for staff, those of one app for its partner, and what a change of it does.

use std::collections::HashMap;

use rampart_app::{
    model::{
        AppLedger, BreachEffect, LedgerEffect, LedgerEntryPage, LedgerFilter, LedgerPage, LedgerRow, MissEffect,
        Revoked, SeriesEffect, WaiverDraft, WaiverPage,
    },
    ui::link,
};
use rampart_domain::{
    access::{Action, Actor},
    count::MinuteRange,
    exclusion::{ExclusionKind, Ledger, LedgerEntry},
    id::{AppId, SeriesId},
    sli::{Product, Sli},
    slo,
};

use super::{
    super::{
        Error, Result, Service,
        access::require,
        figures::{look_back, series_ref},
        reassessment::LedgerChange,
        waivers::WaiverForm,
    },
    count, pages, rows, slice,
};
use crate::store::{
    Scope, counts,
    ledger::{self, Filed, Filter},
    series::{self, Series},
};

/// How many series the effect of a change lists.
const LISTED: usize = 100;
/// How many series are asked for in one statement.
const AT_ONCE: usize = 10_000;

impl Service {
    pub(super) async fn ledger_page(&self, actor: &Actor, mut filter: LedgerFilter) -> Result<LedgerPage> {
        require(actor, Action::ViewApp)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let narrowed = Filter {
            search: &filter.search,
            kind: filter.kind.parse().ok(),
            revoked: match filter.state.as_str() {
                "in_force" => Some(false),
                "revoked" => Some(true),
                _ => None,
            },
            ..Filter::default()
        };
        let total = ledger::count(&self.store.portal, scope, narrowed).await?;
        let page = filter.page.clamp(1, pages(total));
        let (offset, limit) = slice(page);
        let filed = ledger::list(&self.store.portal, scope, narrowed, offset, limit).await?;
        filter.page = page;
        Ok(LedgerPage {
            rows: filed.iter().map(|f| row(f, staff_href(f))).collect(),
            total: count(total),
            page,
            pages: pages(total),
            filter,
            kinds: ExclusionKind::ALL
                .iter()
                .map(|kind| (kind.as_str().to_owned(), kind_name(*kind)))
                .collect(),
            may_file: actor.may_everywhere(Action::ManageLedger),
        })
    }

    pub(super) async fn app_ledger_page(
        &self,
        actor: &Actor,
        key: &str,
        entry: Option<String>,
        page: u32,
    ) -> Result<AppLedger> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let head = self.head(actor, &app).await?.head;
        let only = match &entry {
            Some(id) => Some(id.parse().map_err(|_| Error::NotFound)?),
            None => None,
        };
        let filter = Filter {
            app: Some(app.id),
            id: only,
            ..Filter::default()
        };
        let total = ledger::count(&self.store.portal, scope, filter).await?;
        if entry.is_some() && total == 0 {
            return Err(Error::NotFound);
        }
        let page = page.clamp(1, pages(total));
        let (offset, limit) = slice(page);
        let filed = ledger::list(&self.store.portal, scope, filter, offset, limit).await?;
        let is_staff = actor.may_everywhere(Action::ViewApp);
        let href = |filed: &Filed| match is_staff {
            true => staff_href(filed),
            false => entry_href(&app.key, &filed.entry),
        };
        Ok(AppLedger {
            head,
            rows: filed.iter().map(|f| row(f, href(f))).collect(),
            total: count(total),
            page,
            pages: pages(total),
            narrowed: entry.is_some(),
        })
    }

    pub(super) async fn ledger_entry_page(&self, actor: &Actor, id: &str) -> Result<LedgerEntryPage> {
        require(actor, Action::ViewApp)?;
        let id = id.parse().map_err(|_| Error::NotFound)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let filed = self.filed(scope, id).await?.ok_or(Error::NotFound)?;
        let effect = match actor.may_everywhere(Action::ManageLedger) && !filed.entry.revoked {
            true => Some(
                self.effect(&filed.entry, &LedgerChange::Revoke(&filed.entry, ""))
                    .await?,
            ),
            false => None,
        };
        Ok(LedgerEntryPage {
            row: row(&filed, staff_href(&filed)),
            effect,
        })
    }

    pub(super) async fn waiver_page(&self, actor: &Actor, draft: WaiverDraft) -> Result<WaiverPage> {
        require(actor, Action::ManageLedger)?;
        let form = WaiverForm {
            app: &draft.app,
            all_apps: draft.all_apps,
            sli: &draft.sli,
            product: &draft.product,
            target: &draft.target,
            from: &draft.from,
            to: &draft.to,
            why: &draft.why,
        };
        // An address that does not hold a whole waiver shows what it holds; what is wrong is said when the form is sent.
        let effect = match self.waiver(actor, &form).await {
            Ok(waiver) => Some(self.effect(&waiver.entry, &LedgerChange::Enter(&waiver.entry)).await?),
            Err(Error::Invalid(_)) => None,
            Err(other) => return Err(other),
        };
        let slis = Sli::ALL.iter().filter(|sli| sli.is_slo());
        let products = Product::ALL.iter().filter(|product| **product != Product::None);
        Ok(WaiverPage {
            slis: slis
                .map(|sli| (sli.as_str().to_owned(), sli.name().to_owned()))
                .collect(),
            products: products
                .map(|product| (product.as_str().to_owned(), product.name().to_owned()))
                .collect(),
            draft,
            effect,
        })
    }

    /// What a change of the ledger does: to the figures over 28 days of each series with events in its minutes, and to breaches.
    async fn effect(&self, entry: &LedgerEntry, change: &LedgerChange<'_>) -> Result<LedgerEffect> {
        let (affected, names) = self.affected(entry).await?;
        let now = self.clock.minute();
        let policy = self.policy_now().await?;
        let entries = ledger::entries(&self.store.portal, entry.app.map(AppId), look_back(now)).await?;
        let with = change.applied_to(entries.clone());
        let without = Ledger::new(entries);
        let mut series = Vec::new();
        for one in affected.iter().take(LISTED) {
            let Some(policy) = policy.for_sli(one.key.sli) else {
                continue;
            };
            let month = slo::slo_window(now, policy);
            let sums = |ledger| self.sums(std::slice::from_ref(one), month, ledger);
            let (before, after) = (sums(&without).await?, sums(&with).await?);
            let before = before.get(&one.id).copied().unwrap_or_default();
            let after = after.get(&one.id).copied().unwrap_or_default();
            series.push(SeriesEffect {
                app: names.get(&one.app).cloned().unwrap_or_default(),
                indicator: rows::indicator(&one.key),
                target: (!one.key.target.is_empty()).then(|| rows::short_url(&one.key.target)),
                slo: policy.slo.percent(),
                raw: before.raw.percent(),
                before: before.adjusted.percent(),
                after: after.adjusted.percent(),
                bad_before: before.adjusted.bad,
                bad_after: after.adjusted.bad,
            });
        }
        let plan = self.plan(change).await?;
        let breaches = plan.breaches.iter().filter(|b| b.changes_standing());
        Ok(LedgerEffect {
            series,
            total_series: affected.len() as u64,
            breaches: breaches
                .map(|breach| BreachEffect {
                    app: breach.series.app_name.clone(),
                    row: rows::breach(&breach.series.app_key, &breach.episode, None),
                    after: rows::standing(true, breach.assessment.excused),
                    bad_after: breach.assessment.adjusted.bad,
                })
                .collect(),
            misses: plan
                .misses
                .iter()
                .map(|(miss, measured)| MissEffect {
                    app: measured.app_name.clone(),
                    indicator: rows::indicator(&miss.key),
                    since: miss.miss.opened_at.start(),
                    excused: miss.excused,
                })
                .collect(),
        })
    }

    /// The series that an entry is about and that have events in its minutes, by app, with the names of the apps.
    async fn affected(&self, entry: &LedgerEntry) -> Result<(Vec<Series>, HashMap<AppId, String>)> {
        let db = &self.store.portal;
        let ids = match entry.app {
            Some(app) => {
                let all = series::of_apps(db, Scope::system(), &[AppId(app)]).await?;
                all.into_iter().map(|s| s.id).collect()
            }
            None => series::ids(db).await?,
        };
        let range = MinuteRange::new(entry.range.start, entry.range.end.min(self.clock.minute() + 1));
        let mut with_events: Vec<SeriesId> = Vec::new();
        for some in ids.chunks(AT_ONCE) {
            let sums = counts::sums(&self.store.metrics, some, range).await?;
            with_events.extend(sums.iter().filter(|(_, counts)| counts.is_defined()).map(|(id, _)| *id));
        }
        let mut found = series::by_ids(db, &with_events).await?;
        found.retain(|m| m.series.key.is_slo() && entry.is_about(series_ref(&m.series)));
        found.sort_by(|a, b| (&a.app_name, &a.series.key).cmp(&(&b.app_name, &b.series.key)));
        let names = found.iter().map(|m| (m.series.app, m.app_name.clone())).collect();
        Ok((found.into_iter().map(|m| m.series).collect(), names))
    }
}

fn kind_name(kind: ExclusionKind) -> String {
    kind.as_str().replace('_', " ")
}

fn staff_href(filed: &Filed) -> String {
    format!("/ledger/{}", filed.entry.id)
}

/// An entry on the page of an app.
fn entry_href(app_key: &str, entry: &LedgerEntry) -> String {
    link::with_query(&link::app(app_key, "/ledger"), &[("entry", &entry.id.to_string())])
}

/// What excludes something, in words, and where it stands.
pub(super) fn entry_link(app_key: &str, entry: &LedgerEntry) -> (String, String) {
    let words = format!("{}: {}", kind_name(entry.kind), entry.authority);
    (words, entry_href(app_key, entry))
}

fn row(filed: &Filed, href: String) -> LedgerRow {
    let entry = &filed.entry;
    let product = entry.product.filter(|p| *p != Product::None).map(Product::name);
    let series = match (entry.sli.map(Sli::name), product) {
        (Some(sli), Some(product)) => format!("{sli}, {product}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => "all series".to_owned(),
    };
    LedgerRow {
        id: entry.id.to_string(),
        app: filed.app.clone(),
        series,
        target: entry.target.as_deref().filter(|t| !t.is_empty()).map(rows::short_url),
        from: entry.range.start.start(),
        to: entry.range.end.start(),
        kind: kind_name(entry.kind),
        authority: entry.authority.clone(),
        entered_by: filed.entered_by.clone(),
        entered_at: filed.entered_at,
        revoked: filed.revocation.as_ref().map(|revocation| Revoked {
            at: revocation.at,
            by: revocation.by.clone(),
            why: revocation.why.clone(),
        }),
        href,
    }
}
