//! The platform's staff: roles, disabling, enabling.

use rampart_domain::{
    access::{Action, Actor, StaffRole},
    id::UserId,
};
use serde_json::json;

use super::{
    Checks, Error, Result, Service,
    access::require,
    audit::{self, Change},
};
use crate::store::{Tx, accounts, accounts::Account, sessions};

impl Service {
    /// Replaces the staff roles of somebody else.
    pub async fn set_staff_roles(&self, actor: &Actor, id: &str, roles: &[&str]) -> Result<()> {
        let account = self.other_account(actor, id).await?;
        let mut checks = Checks::default();
        let mut wanted: Vec<StaffRole> = roles
            .iter()
            .filter_map(|r| checks.take("roles", r.parse::<StaffRole>()))
            .collect();
        if !checks.is_fine() {
            return Err(checks.error());
        }
        wanted.sort();
        wanted.dedup();
        let held = accounts::roles(&self.store.portal, account.id).await?.staff;
        let mut tx = self.store.portal.begin().await?;
        if held.contains(&StaffRole::Administrator) && !wanted.contains(&StaffRole::Administrator) {
            keep_an_administrator(&mut tx).await?;
        }
        accounts::set_staff_roles(&mut tx, account.id, &wanted).await?;
        let names = |roles: &[StaffRole]| roles.iter().map(|r| r.as_str()).collect::<Vec<_>>();
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "staff.roles_changed",
                subject: ("account", account.id.to_string(), &account.name),
                partner: None,
                before: json!({ "roles": names(&held) }),
                after: json!({ "roles": names(&wanted) }),
                why: None,
            },
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Disables an account and ends its sessions.
    pub async fn disable_account(&self, actor: &Actor, id: &str) -> Result<()> {
        let account = self.other_account(actor, id).await?;
        let held = accounts::roles(&self.store.portal, account.id).await?.staff;
        let mut tx = self.store.portal.begin().await?;
        if held.contains(&StaffRole::Administrator) && account.disabled_at.is_none() {
            keep_an_administrator(&mut tx).await?;
        }
        accounts::set_disabled(&mut tx, account.id, Some(self.clock.now())).await?;
        let ended = sessions::revoke_all(&mut tx, account.id).await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "account.disabled",
                subject: ("account", account.id.to_string(), &account.name),
                partner: None,
                before: json!({ "disabled": account.disabled_at.is_some() }),
                after: json!({ "disabled": true, "sessions ended": ended }),
                why: None,
            },
        )
        .await?;
        Ok(tx.commit().await?)
    }

    pub async fn enable_account(&self, actor: &Actor, id: &str) -> Result<()> {
        let account = self.other_account(actor, id).await?;
        let mut tx = self.store.portal.begin().await?;
        accounts::set_disabled(&mut tx, account.id, None).await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "account.enabled",
                subject: ("account", account.id.to_string(), &account.name),
                partner: None,
                before: json!({ "disabled": account.disabled_at.is_some() }),
                after: json!({ "disabled": false }),
                why: None,
            },
        )
        .await?;
        Ok(tx.commit().await?)
    }

    async fn other_account(&self, actor: &Actor, id: &str) -> Result<Account> {
        require(actor, Action::ManagePeople)?;
        let id: UserId = id.parse().map_err(|_| Error::NotFound)?;
        let account = accounts::by_id(&self.store.portal, id).await?.ok_or(Error::NotFound)?;
        if account.id == actor.user {
            return Err(Error::Forbidden(
                "Nobody changes their own roles or account. Ask another administrator.".to_owned(),
            ));
        }
        Ok(account)
    }
}

async fn keep_an_administrator(tx: &mut Tx) -> Result<()> {
    if accounts::administrator_count(tx).await? <= 1 {
        return Err(Error::Conflict(
            "Rampart needs at least one administrator. Give somebody else the role first.".to_owned(),
        ));
    }
    Ok(())
}
