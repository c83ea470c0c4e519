//! The list of apps, the form of a new one, and an app's settings.

use std::collections::HashMap;

use rampart_app::{
    model::{
        AlertAddress, AppHead, AppList, AppPermissions, AppRow, AppSettings, AppState, BurnRates, NewAppPage,
        PartnerRef,
    },
    services::AppQuery,
};
use rampart_domain::{
    access::{Action, Actor, PartnerRole},
    app::AppKind,
    count::Minute,
    exclusion::{Adjusted, Ledger},
    id::{AppId, SeriesId},
    sli::Product,
};

use super::{
    super::{Error, Result, Service, figures::look_back},
    PAGE, count, pages, rows, slice,
};
use crate::store::{
    Scope, accounts, alert_addresses,
    apps::{self, App, Filter},
    burn_rates,
    episodes::{self, Episode},
    escalation, ledger, outbox, overviews, partners,
    series::{self, Series},
};

/// The products that an app can name.
fn products() -> impl Iterator<Item = Product> {
    Product::ALL.iter().copied().filter(|p| *p != Product::None)
}

/// How an app's series are doing now.
pub(super) struct Standing {
    pub state: AppState,
    /// 28-day sums of the series that are assessed.
    pub months: HashMap<SeriesId, Adjusted>,
}

/// The head of a page of an app, with what was read for it.
pub(super) struct Headed {
    pub head: AppHead,
    /// All series of the app, those that ended too.
    pub series: Vec<Series>,
    pub standing: Standing,
    /// The breaches that are open.
    pub open: Vec<Episode>,
    /// What is excluded of the app as far back as a page looks by itself ([`look_back`]).
    pub ledger: Ledger,
    /// The last minute with an event of each series that has not ended.
    pub last_minutes: HashMap<SeriesId, Minute>,
}

impl Service {
    pub(super) async fn app_list(&self, actor: &Actor, query: AppQuery) -> Result<AppList> {
        let scope = Scope::of(actor, Action::ViewApp);
        let filter = Filter {
            search: &query.search,
            archived: query.archived,
            partner: None,
        };
        let total = apps::count(&self.store.portal, scope, filter).await?;
        let page = query.page.clamp(1, pages(total));
        let (offset, limit) = slice(page);
        let apps = apps::list(&self.store.portal, scope, filter, offset, limit).await?;
        let ids: Vec<AppId> = apps.iter().map(|a| a.id).collect();
        let all_series = series::of_apps(&self.store.portal, scope, &ids).await?;
        let open = episodes::open_of_apps(&self.store.portal, scope, &ids).await?;
        let ledger = ledger::in_force(&self.store.portal, None, look_back(self.clock.minute())).await?;
        let standings = self
            .standings(&apps, &all_series, &ledger, |id| open.iter().any(|e| e.app == id))
            .await?;

        let states = escalation::states_of(&self.store.portal, scope, &ids).await?;
        let policy = self.policy_now().await?;
        let rows = apps.iter().map(|app| {
            let standing = &standings[&app.id];
            let slo = policy.slis.availability.slo;
            // The base URL that has used most of its budget.
            let worst = all_series
                .iter()
                .filter(|s| s.app == app.id && s.ended_at.is_none())
                .filter_map(|s| standing.months.get(&s.id).map(|sums| (s, sums.adjusted)))
                .filter(|(_, counts)| counts.is_defined())
                .reduce(|a, b| if b.1.worse_than(a.1) { b } else { a });
            let budget = worst.map(|(series, counts)| rows::budget(slo, counts, series.key.sli));
            AppRow {
                key: app.key.clone(),
                name: app.name.clone(),
                partner: app.partner_name.clone(),
                state: standing.state,
                escalation: states.get(&app.id).copied(),
                availability: worst.and_then(|(_, counts)| counts.percent()),
                budget_left: budget.map(|b| b.left),
                budget_share: budget.and_then(|b| b.share),
                open_breaches: u32::try_from(open.iter().filter(|e| e.app == app.id).count()).unwrap_or(u32::MAX),
                measuring_since: app.measuring_since,
            }
        });
        Ok(AppList {
            rows: rows.collect(),
            total: count(total),
            page,
            pages: pages(total),
            search: query.search.trim().to_owned(),
            shows_partner: actor.may_everywhere(Action::ViewApp) || actor.memberships.len() > 1,
            may_register: actor.may_somewhere(Action::RegisterApp),
            archived: query.archived,
        })
    }

    /// How each app is doing: one query for all of them, not one each.
    pub(super) async fn standings(
        &self,
        apps: &[App],
        all_series: &[Series],
        ledger: &Ledger,
        has_open_breach: impl Fn(AppId) -> bool,
    ) -> Result<HashMap<AppId, Standing>> {
        let policy = self.policy_now().await?;
        let assessed: Vec<Series> = all_series
            .iter()
            .filter(|s| s.key.is_slo() && s.ended_at.is_none())
            .cloned()
            .collect();
        let tick = self.clock.minute();
        let months = self.months(&assessed, tick, ledger).await?;
        let recent = self.windows(&assessed, tick, ledger, |_| 15).await?;

        Ok(apps
            .iter()
            .map(|app| {
                let own: Vec<&Series> = assessed.iter().filter(|s| s.app == app.id).collect();
                let below = own.iter().any(|s| {
                    let target = policy.for_sli(s.key.sli).map(|p| p.slo);
                    months
                        .get(&s.id)
                        .zip(target)
                        .is_some_and(|(sums, slo)| sums.adjusted.is_defined() && sums.adjusted.below(slo))
                });
                let state = if app.archived_at.is_some() {
                    AppState::Archived
                } else if has_open_breach(app.id) {
                    AppState::Breach
                } else if app.measuring_since.is_none() {
                    AppState::NotMeasured
                } else if !own
                    .iter()
                    .any(|s| recent.get(&s.id).is_some_and(|sums| sums.raw.is_defined()))
                {
                    AppState::Unknown
                } else if below {
                    AppState::BelowTarget
                } else {
                    AppState::Good
                };
                let months = own.iter().filter_map(|s| Some((s.id, *months.get(&s.id)?))).collect();
                (app.id, Standing { state, months })
            })
            .collect())
    }

    /// What stands at the head of every page of an app.
    pub(super) async fn head(&self, actor: &Actor, app: &App) -> Result<Headed> {
        let scope = Scope::of(actor, Action::ViewApp);
        let series = series::of_apps(&self.store.portal, scope, &[app.id]).await?;
        let open = episodes::open_of_apps(&self.store.portal, scope, &[app.id]).await?;
        let ledger = ledger::in_force(&self.store.portal, Some(app.id), look_back(self.clock.minute())).await?;
        let mut standings = self
            .standings(std::slice::from_ref(app), &series, &ledger, |_| !open.is_empty())
            .await?;
        let standing = standings.remove(&app.id).ok_or(Error::NotFound)?;
        let current: Vec<SeriesId> = series.iter().filter(|s| s.ended_at.is_none()).map(|s| s.id).collect();
        let last_minutes = overviews::last_minutes(&self.store.metrics, &current).await?;
        let last = last_minutes.values().max().copied();
        let settled = self.clock.minute() - 1;
        let archived = app.archived_at.is_some();
        let head = AppHead {
            key: app.key.clone(),
            name: app.name.clone(),
            kind: app
                .kind
                .parse::<AppKind>()
                .map_or_else(|_| app.kind.clone(), |k| k.label().to_owned()),
            products: products()
                .filter(|p| app.products.0.iter().any(|k| k == p.as_str()))
                .map(|p| p.name().to_owned())
                .collect(),
            partner: PartnerRef {
                id: app.partner_id.to_string(),
                name: app.partner_name.clone(),
            },
            state: standing.state,
            escalation: escalation::states_of(&self.store.portal, scope, &[app.id])
                .await?
                .remove(&app.id),
            measuring_since: app.measuring_since,
            archived_at: app.archived_at,
            complete_until: last.map(|minute| (minute + 1).min(settled).start()),
            open_breaches: u32::try_from(open.len()).unwrap_or(u32::MAX),
            breaches: u32::try_from(episodes::count_of_app(&self.store.portal, scope, app.id).await?)
                .unwrap_or(u32::MAX),
            may: AppPermissions {
                edit: actor.may_in(Action::EditApp, app.partner_id) && !archived,
                archive: actor.may_in(Action::ArchiveApp, app.partner_id),
                measure: actor.may_in(Action::MeasureApp, app.partner_id) && !archived,
            },
        };
        Ok(Headed {
            head,
            series,
            standing,
            open,
            ledger,
            last_minutes,
        })
    }

    pub(super) async fn new_app_page(&self, actor: &Actor) -> Result<NewAppPage> {
        let scope = Scope::of(actor, Action::RegisterApp);
        let partners = partners::active(&self.store.portal, scope).await?;
        let partners: Vec<PartnerRef> = partners
            .into_iter()
            .filter(|p| actor.may_in(Action::RegisterApp, p.id))
            .map(|p| PartnerRef {
                id: p.id.to_string(),
                name: p.name,
            })
            .collect();
        if partners.is_empty() {
            return Err(Error::Forbidden("An owner of a partner registers its apps.".to_owned()));
        }
        Ok(NewAppPage {
            partners,
            products: products()
                .map(|p| (p.as_str().to_owned(), p.name().to_owned()))
                .collect(),
        })
    }

    pub(super) async fn settings_page(&self, actor: &Actor, key: &str) -> Result<AppSettings> {
        let app = self.app(actor, key).await?;
        let head = self.head(actor, &app).await?.head;
        let scope = Scope::of(actor, Action::ViewApp);
        let mails = outbox::of_app(&self.store.portal, scope, app.id, i64::from(PAGE)).await?;
        Ok(AppSettings {
            head,
            version: app.version,
            kind: app.kind.clone(),
            products: products()
                .map(|p| {
                    (
                        p.as_str().to_owned(),
                        p.name().to_owned(),
                        app.products.0.iter().any(|k| k == p.as_str()),
                    )
                })
                .collect(),
            support_contact: app.support_contact.clone(),
            operations_contacts: app.operations_contacts.clone(),
            health_path: app.health_path.clone(),
            base_urls: app.base_urls.0.clone(),
            fails_when_down: app.fails_when_down,
            excluded_sites: app.excluded_sites.0.clone(),
            alert_address: self.alert_address(actor, &app).await?,
            burn_rates: self.burn_rates_of(actor, app.id).await?,
            installations: self.installations(actor, &app).await?,
            mails: mails.iter().map(|m| rows::mail(m, true)).collect(),
        })
    }

    pub(super) async fn burn_rates_of(&self, actor: &Actor, app: AppId) -> Result<BurnRates> {
        let scope = Scope::of(actor, Action::ViewApp);
        let of_app = burn_rates::of_app(&self.store.portal, scope, app).await?;
        Ok(BurnRates {
            on: of_app.on,
            last: of_app.last.map(Minute::start),
            is_open: of_app.is_open,
        })
    }

    /// Where the alerts of an app go.
    pub(super) async fn alert_address(&self, actor: &Actor, app: &App) -> Result<AlertAddress> {
        let scope = Scope::of(actor, Action::ViewApp);
        let current = alert_addresses::current(&self.store.portal, scope, app.id).await?;
        let mut shown = AlertAddress::default();
        for address in current {
            match (address.confirmed_at, address.failed_at) {
                (Some(_), Some(failed_at)) => shown.failed = Some((address.address, failed_at)),
                (Some(at), None) => {
                    shown.confirmed = Some(address.address);
                    shown.confirmed_at = Some(at);
                }
                (None, _) => {
                    shown.pending = Some(address.address);
                    shown.drill_sent_at = Some(address.requested_at);
                }
            }
        }
        shown.recipients = match &shown.confirmed {
            Some(address) => vec![address.clone()],
            None => {
                let members = accounts::members(
                    &self.store.portal,
                    Scope::of(actor, Action::ViewPartner),
                    app.partner_id,
                )
                .await?;
                members
                    .into_iter()
                    .filter(|m| m.role == PartnerRole::Owner.as_str())
                    .map(|m| m.mail)
                    .collect()
            }
        };
        Ok(shown)
    }
}
