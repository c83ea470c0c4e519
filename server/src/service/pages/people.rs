//! Partners and people.

use std::collections::HashMap;

use rampart_app::model::{
    InvitationRow, MemberRow, PartnerPage, PartnerRow, PartnersPage, PeoplePage, PersonRow, TokenRow, TokensPage,
};
use rampart_domain::access::{Action, Actor, StaffRole};

use super::super::{Error, Result, Service, access::require};
use crate::store::{Scope, accounts, invitations, invitations::Invitation, partners, tokens};

impl Service {
    pub(super) async fn partners_page(&self, actor: &Actor) -> Result<PartnersPage> {
        if !actor.may_somewhere(Action::ViewPartner) {
            return Err(Error::NotFound);
        }
        let small = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        let rows = partners::list(&self.store.portal, Scope::of(actor, Action::ViewPartner)).await?;
        Ok(PartnersPage {
            rows: rows
                .into_iter()
                .map(|p| PartnerRow {
                    id: p.id.to_string(),
                    name: p.name,
                    apps: small(p.apps),
                    members: small(p.members),
                    archived_at: p.archived_at,
                })
                .collect(),
            may_create: actor.may_everywhere(Action::ManagePartners),
        })
    }

    pub(super) async fn partner_page(&self, actor: &Actor, id: &str) -> Result<PartnerPage> {
        let partner = self.visible_partner(actor, id).await?;
        let scope = Scope::of(actor, Action::ViewPartner);
        let members = accounts::members(&self.store.portal, scope, partner.id).await?;
        let may_manage_members = actor.may_in(Action::ManageMembers, partner.id) && partner.archived_at.is_none();
        let invitations = match may_manage_members {
            true => invitations::of_partner(&self.store.portal, scope, partner.id).await?,
            false => Vec::new(),
        };
        let may_manage_tokens = actor.may_in(Action::ManagePartnerTokens, partner.id) && partner.archived_at.is_none();
        let tokens = match may_manage_tokens {
            true => tokens::of_partner(&self.store.portal, scope, partner.id).await?,
            false => Vec::new(),
        };
        Ok(PartnerPage {
            id: partner.id.to_string(),
            name: partner.name,
            version: partner.version,
            archived_at: partner.archived_at,
            members: members
                .into_iter()
                .map(|m| MemberRow {
                    is_self: m.id == actor.user,
                    id: m.id.to_string(),
                    name: m.name,
                    mail: m.mail,
                    role: m.role,
                    last_seen: m.last_seen,
                })
                .collect(),
            invitations: invitations.iter().map(|i| self.invitation_row(i)).collect(),
            may_edit: actor.may_everywhere(Action::ManagePartners),
            may_manage_members,
            tokens: may_manage_tokens.then(|| tokens.into_iter().map(|t| self.token_row(t)).collect()),
        })
    }

    pub(super) async fn platform_tokens_page(&self, actor: &Actor) -> Result<TokensPage> {
        require(actor, Action::ManagePlatformTokens)?;
        let tokens = tokens::of_platform(&self.store.portal).await?;
        Ok(TokensPage {
            tokens: tokens.into_iter().map(|t| self.token_row(t)).collect(),
        })
    }

    fn token_row(&self, token: tokens::Token) -> TokenRow {
        TokenRow {
            id: token.id.to_string(),
            name: token.name,
            scope: token.scope.as_str().to_owned(),
            created_by: token.created_by,
            created_at: token.created_at,
            expires_at: token.expires_at,
            expired: token.expires_at <= self.clock.now(),
            last_used_at: token.last_used_at,
        }
    }

    pub(super) async fn people_page(&self, actor: &Actor) -> Result<PeoplePage> {
        require(actor, Action::ManagePeople)?;
        let mut roles: HashMap<_, Vec<String>> = HashMap::new();
        for (account, role) in accounts::staff_roles(&self.store.portal).await? {
            roles.entry(account).or_default().push(role.as_str().to_owned());
        }
        let staff = accounts::staff(&self.store.portal).await?;
        let invitations = invitations::of_staff(&self.store.portal).await?;
        Ok(PeoplePage {
            staff: staff
                .into_iter()
                .map(|s| PersonRow {
                    roles: roles.remove(&s.id).unwrap_or_default(),
                    is_self: s.id == actor.user,
                    id: s.id.to_string(),
                    name: s.name,
                    mail: s.mail,
                    disabled_at: s.disabled_at,
                    last_seen: s.last_seen,
                })
                .collect(),
            invitations: invitations.iter().map(|i| self.invitation_row(i)).collect(),
            roles: StaffRole::ALL
                .iter()
                .map(|r| (r.as_str().to_owned(), r.label().to_owned()))
                .collect(),
        })
    }

    fn invitation_row(&self, invitation: &Invitation) -> InvitationRow {
        InvitationRow {
            id: invitation.id.to_string(),
            mail: invitation.mail.clone(),
            roles: role_names(invitation),
            invited_by: invitation.invited_by.clone(),
            expires_at: invitation.expires_at,
            expired: invitation.expires_at <= self.clock.now(),
        }
    }
}

/// The roles that come with an invitation, readable.
pub(super) fn role_names(invitation: &Invitation) -> String {
    match invitation.partner {
        Some((_, role)) => role.label().to_owned(),
        None if invitation.sets_password => "A new password".to_owned(),
        None => invitation
            .staff
            .iter()
            .map(|r| r.label())
            .collect::<Vec<_>>()
            .join(", "),
    }
}
