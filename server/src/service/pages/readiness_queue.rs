//! The readiness documents that wait for somebody (SPEC section 3).

use std::collections::HashMap;

use rampart_app::model::{PartnerRef, ReadinessFilter, ReadinessQueue, ReadinessRow};
use rampart_domain::{
    access::{Action, Actor},
    id::AppId,
    readiness::{Group, expiring_until, may_withdraw_from},
};

use super::{
    super::{Result, Service, access::require},
    count, pages, slice,
};
use crate::store::{
    Scope, apps,
    readiness::{self, Standing},
    withdrawals,
};

impl Service {
    pub(super) async fn readiness_queue(&self, actor: &Actor, mut filter: ReadinessFilter) -> Result<ReadinessQueue> {
        require(actor, Action::ReviewReadiness)?;
        let (db, scope) = (&self.store.portal, Scope::of(actor, Action::ViewApp));
        let now = self.clock.now();
        let ids = readiness::pending(db, scope, expiring_until(now)).await?;
        let mut standings: HashMap<AppId, Standing> =
            readiness::standings(db, scope, &ids).await?.into_iter().collect();
        let announced = withdrawals::of_apps(db, scope, &ids).await?.into_iter();
        let announced: HashMap<AppId, _> = announced.map(|open| (open.app, open.effective_at)).collect();
        let mut rows = Vec::new();
        for app in apps::by_ids(db, scope, &ids).await? {
            let Some(standing) = standings.remove(&app.id) else {
                continue;
            };
            let expires = standing.approval.map(|approval| approval.expires_at);
            let Some(group) = Group::of(standing.document.state, expires, now) else {
                continue;
            };
            let at = match group {
                Group::Review => standing.submitted_at,
                Group::Changes => standing.decided_at,
                Group::Expired | Group::Expiring => expires,
            };
            let Some(at) = at else { continue };
            rows.push(ReadinessRow {
                withdrawal: announced.get(&app.id).copied(),
                may_withdraw_from: expires.filter(|_| group == Group::Expired).map(may_withdraw_from),
                app_key: app.key,
                app_name: app.name,
                partner: PartnerRef {
                    id: app.partner_id.to_string(),
                    name: app.partner_name,
                },
                group,
                at,
                days: (at - now).num_days(),
            });
        }
        rows.sort_by(|one, other| (one.group, one.at, &one.app_key).cmp(&(other.group, other.at, &other.app_key)));
        let groups = Group::ALL.iter().map(|group| {
            let number = rows.iter().filter(|row| row.group == *group).count();
            (*group, number as u64)
        });
        let groups = groups.collect();
        let wanted: Option<Group> = filter.group.parse().ok();
        if wanted.is_none() {
            filter.group = String::new();
        }
        let search = filter.search.trim().to_lowercase();
        rows.retain(|row| {
            let texts = [&row.app_name, &row.app_key, &row.partner.name];
            wanted.is_none_or(|wanted| wanted == row.group)
                && texts.iter().any(|text| text.to_lowercase().contains(&search))
        });
        let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        filter.page = filter.page.clamp(1, pages(total));
        let (offset, limit) = slice(filter.page);
        let within = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
        Ok(ReadinessQueue {
            rows: rows.into_iter().skip(within(offset)).take(within(limit)).collect(),
            total: count(total),
            page: filter.page,
            pages: pages(total),
            filter,
            groups,
        })
    }
}
