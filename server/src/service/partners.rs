//! Partners: create, rename, archive.

use rampart_domain::{
    access::{Action, Actor, PartnerRole},
    app::MailAddress,
    id::PartnerId,
};
use serde_json::{Value, json};

use super::{
    Checks, Error, Result, Service,
    access::require,
    audit::{self, Change},
};
use crate::{
    random,
    store::{self, apps, partners},
};

const NAME_LENGTH: usize = 120;

impl Service {
    /// Creates a partner and, when a mail address is given, invites its first owner.
    pub async fn create_partner(&self, actor: &Actor, name: &str, owner_mail: &str) -> Result<PartnerId> {
        require(actor, Action::ManagePartners)?;
        let mut checks = Checks::default();
        let name = checks.line("name", "the partner's name", name, NAME_LENGTH);
        let owner = match owner_mail.trim() {
            "" => Some(None),
            mail => checks.take("owner_mail", mail.parse::<MailAddress>()).map(Some),
        };
        let (Some(name), Some(owner)) = (name, owner) else {
            return Err(checks.error());
        };

        let now = self.clock.now();
        let id = PartnerId(random::id(now));
        let mut tx = self.store.portal.begin().await?;
        partners::insert(&mut tx, id, &name, now).await.map_err(name_taken)?;
        if let Some(mail) = &owner {
            self.send_member_invitation(&mut tx, actor, (id, &name), mail, PartnerRole::Owner)
                .await?;
        }
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "partner.created",
                subject: ("partner", id.to_string(), &name),
                partner: Some(id),
                before: Value::Null,
                after: json!({ "name": name, "owner invited": owner.as_ref().map(MailAddress::as_str) }),
                why: None,
            },
        )
        .await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(id)
    }

    pub async fn rename_partner(&self, actor: &Actor, id: &str, version: i64, name: &str) -> Result<()> {
        let partner = self.visible_partner(actor, id).await?;
        require(actor, Action::ManagePartners)?;
        let mut checks = Checks::default();
        let Some(name) = checks.line("name", "the partner's name", name, NAME_LENGTH) else {
            return Err(checks.error());
        };

        let mut tx = self.store.portal.begin().await?;
        if !partners::rename(&mut tx, partner.id, version, &name)
            .await
            .map_err(name_taken)?
        {
            let message = "Somebody else renamed this partner after you opened the page. Nothing was overwritten: compare both, then save again.";
            return Err(Error::Stale(message.to_owned()));
        }
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "partner.renamed",
                subject: ("partner", partner.id.to_string(), &name),
                partner: Some(partner.id),
                before: json!({ "name": partner.name }),
                after: json!({ "name": name }),
                why: None,
            },
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Archives a partner that has no active app left.
    pub async fn archive_partner(&self, actor: &Actor, id: &str) -> Result<()> {
        let partner = self.visible_partner(actor, id).await?;
        require(actor, Action::ManagePartners)?;
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        if apps::any_active(&mut tx, partner.id).await? {
            return Err(Error::Conflict(
                "This partner still has active apps. Archive them first.".to_owned(),
            ));
        }
        partners::set_archived(&mut tx, partner.id, Some(now)).await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "partner.archived",
                subject: ("partner", partner.id.to_string(), &partner.name),
                partner: Some(partner.id),
                before: json!({ "archived": false }),
                after: json!({ "archived": true }),
                why: None,
            },
        )
        .await?;
        Ok(tx.commit().await?)
    }
}

fn name_taken(error: store::Error) -> Error {
    if error.is_taken("partner", "name_key") {
        Error::field("name", "There is a partner of this name already.")
    } else {
        error.into()
    }
}
