//! Invitations: how people get an account, or a role for the account they have.

use std::net::IpAddr;

use chrono::TimeDelta;
use rampart_domain::{
    access::{Action, Actor, Membership, PartnerRole, StaffRole},
    app::MailAddress,
    id::{InvitationId, PartnerId, UserId},
};
use serde_json::{Value, json};

use super::{
    Checks, Error, Result, Service,
    access::{require, require_in},
    audit::{self, Change},
    passwords,
};
use crate::{
    mail,
    random::{self, Token},
    store::{
        Tx, accounts,
        accounts::Account,
        audit::Who,
        invitations::{self, Invitation},
        outbox, sessions,
    },
};

/// How long a one-time link works (SPEC section 9).
pub const LINK_LIFETIME: TimeDelta = TimeDelta::days(7);
const NAME_LENGTH: usize = 120;
/// Who acts when somebody at a terminal does.
const COMMAND_LINE: &str = "the command line";

/// What the holder of an invitation sends.
pub struct Acceptance<'a> {
    pub name: &'a str,
    pub password: &'a str,
    pub password_again: &'a str,
}

impl Service {
    /// Invites somebody into a partner.
    pub async fn invite_member(&self, actor: &Actor, partner: &str, mail: &str, role: &str) -> Result<()> {
        let partner = self.visible_partner(actor, partner).await?;
        require_in(actor, Action::ManageMembers, partner.id)?;
        let mut checks = Checks::default();
        let mail = checks.take("mail", mail.parse::<MailAddress>());
        let role = checks.take("role", role.parse::<PartnerRole>());
        not_oneself(&mut checks, actor, mail.as_ref());
        let (Some(mail), Some(role), true) = (mail, role, checks.is_fine()) else {
            return Err(checks.error());
        };
        self.limits.mail(&partner.id.to_string())?;

        let mut tx = self.store.portal.begin().await?;
        let id = self
            .send_member_invitation(&mut tx, actor, (partner.id, &partner.name), &mail, role)
            .await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "member.invited",
                subject: ("invitation", id.to_string(), mail.as_str()),
                partner: Some(partner.id),
                before: Value::Null,
                after: json!({ "mail": mail.as_str(), "role": role.as_str() }),
                why: None,
            },
        )
        .await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(())
    }

    /// Invites somebody to the platform's staff.
    pub async fn invite_staff(&self, actor: &Actor, mail: &str, name: &str, roles: &[&str]) -> Result<()> {
        require(actor, Action::ManagePeople)?;
        let (invitation, token) = self.staff_invitation(&actor.name, mail, name, roles)?;
        let mut checks = Checks::default();
        not_oneself(&mut checks, actor, invitation.mail.parse().ok().as_ref());
        if !checks.is_fine() {
            return Err(checks.error());
        }
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        invitations::insert(&mut tx, &invitation, &token.hash(), now).await?;
        let mail = mail::invitation(
            &self.stationery(),
            &invitation,
            None,
            &self.link(&format!("/invitation/{}", token.as_str())),
        );
        outbox::push(&mut tx, &mail, now).await?;
        audit::by(&mut tx, actor, &self.clock, staff_invited(&invitation)).await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(())
    }

    /// Invites somebody from the command line and returns the link, which is sent to nobody.
    pub async fn invite_from_command_line(&self, mail: &str, name: &str, roles: &[&str]) -> Result<String> {
        let (invitation, token) = self.staff_invitation(COMMAND_LINE, mail, name, roles)?;
        let mut tx = self.store.portal.begin().await?;
        invitations::insert(&mut tx, &invitation, &token.hash(), self.clock.now()).await?;
        let who = Who::Outside {
            name: COMMAND_LINE,
            address: None,
        };
        audit::write(&mut tx, who, &self.clock, staff_invited(&invitation)).await?;
        tx.commit().await?;
        Ok(self.link(&format!("/invitation/{}", token.as_str())))
    }

    /// A one-time link by which the holder of an account chooses a new password, for somebody who forgot theirs. It is
    /// printed at the command line and sent to nobody.
    pub async fn password_link(&self, mail: &str) -> Result<String> {
        let account = accounts::by_mail(&self.store.portal, mail).await?;
        let Some(account) = account.filter(|a| a.disabled_at.is_none()) else {
            return Err(Error::field(
                "mail",
                "There is no account with this address that is enabled.",
            ));
        };
        let now = self.clock.now();
        let token = Token::new();
        let invitation = Invitation {
            id: InvitationId(random::id(now)),
            mail: account.mail.clone(),
            name: account.name.clone(),
            partner: None,
            staff: Vec::new(),
            invited_by: COMMAND_LINE.to_owned(),
            sets_password: true,
            expires_at: now + LINK_LIFETIME,
        };
        let mut tx = self.store.portal.begin().await?;
        invitations::insert(&mut tx, &invitation, &token.hash(), now).await?;
        let who = Who::Outside {
            name: COMMAND_LINE,
            address: None,
        };
        let change = Change {
            action: "account.password_link_made",
            subject: ("account", account.id.to_string(), &account.name),
            partner: None,
            before: Value::Null,
            after: Value::Null,
            why: None,
        };
        audit::write(&mut tx, who, &self.clock, change).await?;
        tx.commit().await?;
        Ok(self.link(&format!("/invitation/{}", token.as_str())))
    }

    fn staff_invitation(&self, by: &str, mail: &str, name: &str, roles: &[&str]) -> Result<(Invitation, Token)> {
        let mut checks = Checks::default();
        let mail = checks.take("mail", mail.parse::<MailAddress>());
        let name = checks.line("name", "the person's name", name, NAME_LENGTH);
        let mut staff = Vec::new();
        for role in roles {
            staff.extend(checks.take("roles", role.parse::<StaffRole>()));
        }
        if roles.is_empty() {
            checks.note("roles", "Choose at least one role.");
        }
        let (Some(mail), Some(name), true) = (mail, name, checks.is_fine()) else {
            return Err(checks.error());
        };
        let now = self.clock.now();
        let invitation = Invitation {
            id: InvitationId(random::id(now)),
            mail: mail.as_str().to_owned(),
            name,
            partner: None,
            staff,
            invited_by: by.to_owned(),
            sets_password: false,
            expires_at: now + LINK_LIFETIME,
        };
        Ok((invitation, Token::new()))
    }

    pub(super) async fn send_member_invitation(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (partner, partner_name): (PartnerId, &str),
        mail: &MailAddress,
        role: PartnerRole,
    ) -> Result<InvitationId> {
        let now = self.clock.now();
        let token = Token::new();
        let invitation = Invitation {
            id: InvitationId(random::id(now)),
            mail: mail.as_str().to_owned(),
            name: String::new(),
            partner: Some((partner, role)),
            staff: Vec::new(),
            invited_by: actor.name.clone(),
            sets_password: false,
            expires_at: now + LINK_LIFETIME,
        };
        invitations::insert(tx, &invitation, &token.hash(), now).await?;
        let link = self.link(&format!("/invitation/{}", token.as_str()));
        outbox::push(
            tx,
            &mail::invitation(&self.stationery(), &invitation, Some(partner_name), &link),
            now,
        )
        .await?;
        Ok(invitation.id)
    }

    /// Withdraws an invitation into a partner.
    pub async fn withdraw_member_invitation(&self, actor: &Actor, partner: &str, id: &str) -> Result<()> {
        let partner = self.visible_partner(actor, partner).await?;
        require_in(actor, Action::ManageMembers, partner.id)?;
        let scope = crate::store::Scope::of(actor, Action::ViewPartner);
        let open = invitations::of_partner(&self.store.portal, scope, partner.id).await?;
        self.withdraw(actor, open, id, Some(partner.id)).await
    }

    /// Withdraws an invitation of staff.
    pub async fn withdraw_staff_invitation(&self, actor: &Actor, id: &str) -> Result<()> {
        require(actor, Action::ManagePeople)?;
        let open = invitations::of_staff(&self.store.portal).await?;
        self.withdraw(actor, open, id, None).await
    }

    async fn withdraw(&self, actor: &Actor, open: Vec<Invitation>, id: &str, partner: Option<PartnerId>) -> Result<()> {
        let invitation = open
            .into_iter()
            .find(|i| i.id.to_string() == id)
            .ok_or(Error::NotFound)?;
        let mut tx = self.store.portal.begin().await?;
        invitations::end(&mut tx, invitation.id, self.clock.now()).await?;
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "invitation.withdrawn",
                subject: ("invitation", invitation.id.to_string(), &invitation.mail),
                partner,
                before: json!({ "open": true }),
                after: json!({ "open": false }),
                why: None,
            },
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Accepts an invitation: makes the account, or proves that it is the holder's, and gives the roles. Returns whose it
    /// is.
    pub async fn accept_invitation(
        &self,
        token: &str,
        form: Acceptance<'_>,
        address: Option<IpAddr>,
    ) -> Result<UserId> {
        self.limits.link(address)?;
        let now = self.clock.now();
        let invitation = invitations::by_token(&self.store.portal, &random::hash_token(token), now)
            .await?
            .ok_or(Error::NotFound)?;
        let existing = accounts::by_mail(&self.store.portal, &invitation.mail).await?;
        let account = match &existing {
            Some(account) if invitation.sets_password && account.disabled_at.is_none() => {
                let mut checks = Checks::default();
                passwords::check_new(&mut checks, form.password, form.password_again);
                if !checks.is_fine() {
                    return Err(checks.error());
                }
                Account {
                    password_hash: self.passwords.hash(form.password.to_owned()).await?,
                    ..account.clone()
                }
            }
            Some(account) => {
                self.limits.sign_in(&accounts::mail_key(&account.mail), address)?;
                let hash = account.disabled_at.is_none().then(|| account.password_hash.clone());
                if !self.passwords.verify(form.password.to_owned(), hash).await? {
                    return Err(Error::field(
                        "password",
                        "This is not the password of the account. Try again.",
                    ));
                }
                account.clone()
            }
            None => self.new_account(&invitation, &form).await?,
        };

        let mut tx = self.store.portal.begin().await?;
        if !invitations::end(&mut tx, invitation.id, now).await? {
            return Err(Error::NotFound);
        }
        if existing.is_none() {
            accounts::insert(&mut tx, &account, now).await.map_err(|error| {
                if error.is_taken("account", "mail_key") {
                    Error::Conflict(
                        "An account for this address was made at this moment. Load the page again.".to_owned(),
                    )
                } else {
                    error.into()
                }
            })?;
        }
        if existing.is_some() && invitation.sets_password {
            accounts::set_password(&mut tx, account.id, &account.password_hash).await?;
            sessions::revoke_all(&mut tx, account.id).await?;
        }
        let held = accounts::roles(&self.store.portal, account.id).await?;
        let is_owner = |partner| {
            held.memberships
                .iter()
                .any(|m| m.partner == partner && m.role == PartnerRole::Owner)
        };
        // An invitation gives roles and takes none: an owner who is invited as a member stays an owner.
        if let Some((partner, role)) = invitation.partner.filter(|(partner, _)| !is_owner(*partner)) {
            accounts::set_membership(&mut tx, account.id, Membership { partner, role }).await?;
        }
        if !invitation.staff.is_empty() {
            let mut all: Vec<StaffRole> = held
                .staff
                .iter()
                .copied()
                .chain(invitation.staff.iter().copied())
                .collect();
            all.sort();
            all.dedup();
            accounts::set_staff_roles(&mut tx, account.id, &all).await?;
        }
        let roles: Vec<&str> = invitation.staff.iter().map(|r| r.as_str()).collect();
        audit::write(
            &mut tx,
            Who::Outside {
                name: &account.name,
                address,
            },
            &self.clock,
            Change {
                action: if invitation.sets_password {
                    "account.password_changed"
                } else {
                    "invitation.accepted"
                },
                subject: ("account", account.id.to_string(), &account.name),
                partner: invitation.partner.map(|p| p.0),
                before: Value::Null,
                after: json!({
                    "mail": account.mail,
                    "account": if existing.is_some() { "existing" } else { "new" },
                    "partner role": invitation.partner.map(|p| p.1.as_str()),
                    "staff roles": roles,
                }),
                why: None,
            },
        )
        .await?;
        tx.commit().await?;
        Ok(account.id)
    }

    async fn new_account(&self, invitation: &Invitation, form: &Acceptance<'_>) -> Result<Account> {
        let mut checks = Checks::default();
        let name = checks.line("name", "your name", form.name, NAME_LENGTH);
        passwords::check_new(&mut checks, form.password, form.password_again);
        let (Some(name), true) = (name, checks.is_fine()) else {
            return Err(checks.error());
        };
        Ok(Account {
            id: UserId(random::id(self.clock.now())),
            mail: invitation.mail.clone(),
            name,
            password_hash: self.passwords.hash(form.password.to_owned()).await?,
            disabled_at: None,
        })
    }
}

/// Nobody changes their own roles (SPEC section 1), not by inviting themselves either.
fn not_oneself(checks: &mut Checks, actor: &Actor, mail: Option<&MailAddress>) {
    if mail.is_some_and(|mail| accounts::mail_key(mail.as_str()) == accounts::mail_key(&actor.mail)) {
        checks.note(
            "mail",
            "This is your own address. Nobody changes their own roles; ask somebody else to.",
        );
    }
}

fn staff_invited(invitation: &Invitation) -> Change<'_> {
    let roles: Vec<&str> = invitation.staff.iter().map(|r| r.as_str()).collect();
    Change {
        action: "staff.invited",
        subject: ("invitation", invitation.id.to_string(), &invitation.mail),
        partner: None,
        before: Value::Null,
        after: json!({ "mail": invitation.mail, "roles": roles }),
        why: None,
    }
}
