//! The reader's own account, and the pages behind one-time links.

use rampart_app::model::{AccountPage, AlertConfirmationPage, InvitationAsks, InvitationPage, SessionRow};
use rampart_domain::access::{Action, Actor};

use super::{
    super::{Error, Result, Service},
    people::role_names,
};
use crate::{
    random,
    store::{Scope, accounts, alert_addresses, invitations, partners, sessions},
};

impl Service {
    pub(super) async fn account_page(&self, actor: &Actor) -> Result<AccountPage> {
        let listed = sessions::of_account(&self.store.portal, actor.user, self.clock.now()).await?;
        let own = partners::active(&self.store.portal, Scope::of(actor, Action::ViewPartner)).await?;
        let memberships = actor.memberships.iter().filter_map(|m| {
            let partner = own.iter().find(|p| p.id == m.partner)?;
            Some(format!("{} at {}", m.role.label(), partner.name))
        });
        Ok(AccountPage {
            name: actor.name.clone(),
            mail: actor.mail.clone(),
            roles: memberships
                .chain(actor.staff.iter().map(|r| r.label().to_owned()))
                .collect(),
            sessions: listed
                .into_iter()
                .map(|s| SessionRow {
                    is_current: actor.session == Some(s.id),
                    id: s.id.to_string(),
                    address: s.address,
                    agent: s.agent,
                    created_at: s.created_at,
                    last_seen: s.last_seen_at,
                })
                .collect(),
        })
    }

    pub(super) async fn invitation_page(&self, token: &str) -> Result<InvitationPage> {
        let now = self.clock.now();
        let invitation = invitations::by_token(&self.store.portal, &random::hash_token(token), now)
            .await?
            .ok_or(Error::NotFound)?;
        let partner = match invitation.partner {
            Some((id, _)) => partners::find(&self.store.portal, Scope::system(), id).await?,
            None => None,
        };
        let asks = match accounts::by_mail(&self.store.portal, &invitation.mail).await? {
            _ if invitation.sets_password => InvitationAsks::NewPassword,
            Some(_) => InvitationAsks::Password,
            None => InvitationAsks::NewAccount,
        };
        let names = role_names(&invitation);
        Ok(InvitationPage {
            token: token.to_owned(),
            asks,
            mail: invitation.mail,
            name: invitation.name,
            roles: partner.map_or(names.clone(), |p| format!("{names} at {}", p.name)),
            invited_by: invitation.invited_by,
        })
    }

    pub(super) async fn alert_confirmation_page(&self, token: &str) -> Result<AlertConfirmationPage> {
        let now = self.clock.now();
        let pending = alert_addresses::by_token(&self.store.portal, &random::hash_token(token), now)
            .await?
            .ok_or(Error::NotFound)?;
        Ok(AlertConfirmationPage {
            token: token.to_owned(),
            address: pending.address,
            app_name: pending.app_name,
            partner_name: pending.partner_name,
        })
    }
}
