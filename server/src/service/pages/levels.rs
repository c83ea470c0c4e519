//! Apps by SLIs at a glance. However many apps a page has, the databases are asked the same number of times.

use rampart_app::model::{AppState, LevelCell, LevelsOrder, LevelsPage, LevelsQuery, LevelsRow, PartnerRef};
use rampart_domain::{
    access::{Action, Actor},
    count::Counts,
    id::{AppId, PartnerId},
    policy::MeasurementPolicy,
    sli::{Product, Sli},
    slo::Budget,
};
use uuid::Uuid;

use super::{
    super::{Error, Result, Service, figures::look_back},
    apps::Standing,
    count, rows,
};
use crate::store::{
    Scope,
    apps::{self, App, Filter},
    episodes::{self, Episode},
    ledger, partners,
    series::{self, Series},
};

/// The SLIs that have an objective, in the order of the columns.
const COLUMNS: [Sli; 4] = [
    Sli::Availability,
    Sli::IframeLoad,
    Sli::InstallationCallback,
    Sli::WebhookDelivery,
];

/// How many apps one page has.
const APPS: u32 = 200;

/// Up to so many apps all figures are computed, to put the apps in their order. Beyond, the database orders by name.
const ORDERED: u32 = 300;

impl Service {
    pub(super) async fn levels_page(&self, actor: &Actor, query: LevelsQuery) -> Result<LevelsPage> {
        let scope = Scope::of(actor, Action::ViewApp);
        let partner = match &query.partner {
            Some(id) => {
                let id: Uuid = id.parse().map_err(|_| Error::NotFound)?;
                let scope = Scope::of(actor, Action::ViewPartner);
                let found = partners::find(&self.store.portal, scope, PartnerId(id)).await?;
                Some(found.ok_or(Error::NotFound)?)
            }
            None => None,
        };
        let filter = Filter {
            search: &query.search,
            archived: false,
            partner: partner.as_ref().map(|p| p.id),
        };
        let total = apps::count(&self.store.portal, scope, filter).await?;
        let pages = u32::try_from(total.max(1)).unwrap_or(u32::MAX).div_ceil(APPS);
        let page = query.page.clamp(1, pages);
        let may_order = total <= i64::from(ORDERED);
        let order = if may_order { query.order } else { LevelsOrder::Name };
        let skipped = (page - 1) * APPS;
        let (offset, limit) = if may_order { (0, ORDERED) } else { (skipped, APPS) };
        let apps = apps::list(&self.store.portal, scope, filter, offset.into(), limit.into()).await?;
        let mut rows = self.levels_rows(scope, &apps).await?;
        if may_order {
            put_in_order(&mut rows, order);
            rows = rows.into_iter().skip(skipped as usize).take(APPS as usize).collect();
        }
        Ok(LevelsPage {
            shows_partner: partner.is_none() && (actor.may_everywhere(Action::ViewApp) || actor.memberships.len() > 1),
            partner: partner.map(|p| PartnerRef {
                id: p.id.to_string(),
                name: p.name,
            }),
            search: query.search.trim().to_owned(),
            columns: COLUMNS.iter().map(|sli| sli.name()).collect(),
            rows,
            order,
            may_order,
            total: count(total),
            page,
            pages,
        })
    }

    async fn levels_rows(&self, scope: Scope, apps: &[App]) -> Result<Vec<LevelsRow>> {
        let ids: Vec<AppId> = apps.iter().map(|a| a.id).collect();
        let all = series::of_apps(&self.store.portal, scope, &ids).await?;
        let open = episodes::open_of_apps(&self.store.portal, scope, &ids).await?;
        let policy = self.policy_now().await?;
        let ledger = ledger::in_force(&self.store.portal, None, look_back(self.clock.minute())).await?;
        let standings = self
            .standings(apps, &all, &ledger, |id| open.iter().any(|e| e.app == id))
            .await?;
        // They come ordered by app.
        let of_app = |id: AppId| {
            let first = all.partition_point(|s| s.app < id);
            all[first..].iter().take_while(move |s| s.app == id)
        };
        Ok(apps
            .iter()
            .map(|app| {
                let standing = &standings[&app.id];
                let current: Vec<&Series> = of_app(app.id)
                    .filter(|s| s.ended_at.is_none() && s.key.is_slo())
                    .collect();
                LevelsRow {
                    key: app.key.clone(),
                    name: app.name.clone(),
                    partner: app.partner_name.clone(),
                    state: standing.state,
                    cells: COLUMNS
                        .iter()
                        .map(|sli| cell(&policy, app, *sli, &current, standing, &open))
                        .collect(),
                }
            })
            .collect())
    }
}

/// How the worst of an app's series of one SLI does.
fn cell(
    policy: &MeasurementPolicy,
    app: &App,
    sli: Sli,
    current: &[&Series],
    standing: &Standing,
    open: &[Episode],
) -> Option<LevelCell> {
    let slo = policy.for_sli(sli)?.slo;
    let of_sli = || current.iter().filter(|s| s.key.sli == sli);
    let month = |series: &Series| standing.months.get(&series.id).map(|m| m.adjusted).unwrap_or_default();
    let is_worse = |a: Counts, b: Counts| a.is_defined() && (!b.is_defined() || a.worse_than(b));
    let worst = of_sli()
        .copied()
        .reduce(|a, b| if is_worse(month(b), month(a)) { b } else { a })?;
    let counts = month(worst);
    let name = match worst.key.product {
        Product::None => rows::short_url(&worst.key.target),
        product => product.name().to_owned(),
    };
    Some(LevelCell {
        of: (of_sli().count() > 1 || worst.key.product != Product::None).then_some(name),
        slo: slo.percent(),
        month: counts.percent(),
        is_met: counts.is_defined().then(|| !counts.below(slo)),
        budget_share: Budget::of(slo, counts).remaining_share(),
        breach_since: open
            .iter()
            .filter(|e| e.app == app.id && e.key.sli == sli)
            .map(|e| e.episode.opened_at.start())
            .min(),
        href: format!("/apps/{}/metrics?series={}", app.key, worst.id),
    })
}

/// Stable, so that apps that are equal stay in the order of their names.
fn put_in_order(rows: &mut [LevelsRow], order: LevelsOrder) {
    match order {
        LevelsOrder::Name => {}
        LevelsOrder::State => rows.sort_by_key(|row| std::cmp::Reverse(urgency(row.state))),
        LevelsOrder::Column(column) => rows.sort_by(|a, b| {
            let share = |row: &LevelsRow| {
                let cell = row.cells.get(usize::from(column))?.as_ref()?;
                cell.budget_share
            };
            let (a, b) = (share(a).unwrap_or(f64::INFINITY), share(b).unwrap_or(f64::INFINITY));
            a.total_cmp(&b)
        }),
    }
}

fn urgency(state: AppState) -> u8 {
    match state {
        AppState::Breach => 5,
        AppState::BelowTarget => 4,
        AppState::Unknown => 3,
        AppState::Good => 2,
        AppState::NotMeasured => 1,
        AppState::Archived => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, state: AppState, share: Option<f64>) -> LevelsRow {
        LevelsRow {
            key: name.to_owned(),
            name: name.to_owned(),
            partner: String::new(),
            state,
            cells: vec![share.map(|share| LevelCell {
                of: None,
                slo: 99.9,
                month: None,
                is_met: None,
                budget_share: Some(share),
                breach_since: None,
                href: String::new(),
            })],
        }
    }

    #[test]
    fn the_worst_come_first_and_those_without_figures_last() {
        let mut rows = [
            row("a", AppState::NotMeasured, None),
            row("b", AppState::Good, Some(0.4)),
            row("c", AppState::Breach, Some(0.9)),
            row("d", AppState::BelowTarget, Some(-3.0)),
        ];
        let names = |rows: &[LevelsRow]| rows.iter().map(|r| r.name.clone()).collect::<String>();
        put_in_order(&mut rows, LevelsOrder::Name);
        assert_eq!(names(&rows), "abcd");
        put_in_order(&mut rows, LevelsOrder::Column(0));
        assert_eq!(names(&rows), "dbca");
        put_in_order(&mut rows, LevelsOrder::State);
        assert_eq!(names(&rows), "cdba");
        put_in_order(&mut rows, LevelsOrder::Column(9));
        assert_eq!(names(&rows), "cdba", "there is no such column");
    }
}
