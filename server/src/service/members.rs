//! The members of a partner.

use rampart_domain::{
    access::{Action, Actor, Membership, PartnerRole},
    id::PartnerId,
};
use serde_json::{Value, json};

use super::{
    Error, Result, Service,
    access::require_in,
    audit::{self, Change},
};
use crate::store::{Scope, Tx, accounts, accounts::Member, partners::Partner};

impl Service {
    /// Gives a member another role within the partner.
    pub async fn set_member_role(&self, actor: &Actor, partner: &str, member: &str, role: &str) -> Result<()> {
        let (partner, member) = self.member(actor, partner, member).await?;
        let role = role
            .parse::<PartnerRole>()
            .map_err(|error| Error::field("role", error))?;
        let mut tx = self.store.portal.begin().await?;
        if role != PartnerRole::Owner {
            keep_an_owner(&mut tx, partner.id, &member).await?;
        }
        accounts::set_membership(
            &mut tx,
            member.id,
            Membership {
                partner: partner.id,
                role,
            },
        )
        .await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "member.role_changed",
                subject: ("account", member.id.to_string(), &member.name),
                partner: Some(partner.id),
                before: json!({ "role": member.role }),
                after: json!({ "role": role.as_str() }),
                why: None,
            },
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Takes somebody out of the partner; from the next request on they see nothing of it.
    pub async fn remove_member(&self, actor: &Actor, partner: &str, member: &str) -> Result<()> {
        let (partner, member) = self.member(actor, partner, member).await?;
        let mut tx = self.store.portal.begin().await?;
        keep_an_owner(&mut tx, partner.id, &member).await?;
        accounts::remove_membership(&mut tx, member.id, partner.id).await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "member.removed",
                subject: ("account", member.id.to_string(), &member.name),
                partner: Some(partner.id),
                before: json!({ "role": member.role }),
                after: Value::Null,
                why: None,
            },
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// The member to be changed, who is somebody else than the actor (SPEC section 1: nobody changes their own roles).
    async fn member(&self, actor: &Actor, partner: &str, member: &str) -> Result<(Partner, Member)> {
        let partner = self.visible_partner(actor, partner).await?;
        require_in(actor, Action::ManageMembers, partner.id)?;
        let members = accounts::members(&self.store.portal, Scope::of(actor, Action::ViewPartner), partner.id).await?;
        let member = members
            .into_iter()
            .find(|m| m.id.to_string() == member)
            .ok_or(Error::NotFound)?;
        if member.id == actor.user {
            return Err(Error::Forbidden(
                "Nobody changes their own role. Ask another owner.".to_owned(),
            ));
        }
        Ok((partner, member))
    }
}

async fn keep_an_owner(tx: &mut Tx, partner: PartnerId, member: &Member) -> Result<()> {
    if member.role == PartnerRole::Owner.as_str() && accounts::owner_count(tx, partner).await? <= 1 {
        return Err(Error::Conflict(
            "A partner needs at least one owner. Make somebody else an owner first.".to_owned(),
        ));
    }
    Ok(())
}
