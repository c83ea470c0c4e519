//! Tokens of the API: made, revoked, and recognised when they come in. A token's value is shown once, to whoever made it.

use chrono::TimeDelta;
use rampart_domain::{
    access::{Action, Actor, LONGEST_TOKEN_DAYS, TokenScope},
    id::{PartnerId, TokenId},
};
use serde_json::{Value, json};

use super::{
    Checks, Error, Result, Service,
    access::{require, require_in},
    audit::{self, Change},
};
use crate::{
    random,
    store::{Scope, tokens, tokens::Token},
};

const NAME_LENGTH: usize = 80;
/// What every token begins with, so that those who search for leaked secrets know one.
const PREFIX: &str = "rampart_";
/// Use within this time is not noted again.
const NOTED_FOR: TimeDelta = TimeDelta::hours(1);

impl Service {
    /// Makes a token with which a partner publishes synthetic results. Returns its value, which is stored nowhere.
    pub async fn make_partner_token(&self, actor: &Actor, partner: &str, name: &str, days: &str) -> Result<String> {
        let partner = self.visible_partner(actor, partner).await?;
        require_in(actor, Action::ManagePartnerTokens, partner.id)?;
        if partner.archived_at.is_some() {
            return Err(Error::Conflict("This partner is archived.".to_owned()));
        }
        self.make_token(actor, Some(partner.id), TokenScope::SyntheticWrite, name, days)
            .await
    }

    /// Makes a token with which the platform sends its events. Returns its value, which is stored nowhere.
    pub async fn make_platform_token(&self, actor: &Actor, name: &str, days: &str) -> Result<String> {
        require(actor, Action::ManagePlatformTokens)?;
        self.make_token(actor, None, TokenScope::Ingest, name, days).await
    }

    /// Revokes a token of a partner: it no longer opens anything.
    pub async fn revoke_partner_token(&self, actor: &Actor, partner: &str, token: &str) -> Result<()> {
        let partner = self.visible_partner(actor, partner).await?;
        require_in(actor, Action::ManagePartnerTokens, partner.id)?;
        let scope = Scope::of(actor, Action::ManagePartnerTokens);
        let tokens = tokens::of_partner(&self.store.portal, scope, partner.id).await?;
        self.revoke(actor, tokens, token).await
    }

    /// Revokes a token of the platform.
    pub async fn revoke_platform_token(&self, actor: &Actor, token: &str) -> Result<()> {
        require(actor, Action::ManagePlatformTokens)?;
        let tokens = tokens::of_platform(&self.store.portal).await?;
        self.revoke(actor, tokens, token).await
    }

    /// The token behind a value that came in, when it still is good for anything.
    pub async fn token(&self, value: &str) -> Result<Option<Token>> {
        let now = self.clock.now();
        let Some(token) = tokens::valid(&self.store.portal, &random::hash_token(value), now).await? else {
            return Ok(None);
        };
        if token.last_used_at.is_none_or(|used| now - used >= NOTED_FOR)
            && let Err(error) = self.note_token(token.id).await
        {
            // What came with the token is worth more than the note.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "that a token was used could not be noted"
            );
        }
        Ok(Some(token))
    }

    async fn note_token(&self, id: TokenId) -> Result<()> {
        let mut tx = self.store.portal.begin().await?;
        tokens::note_use(&mut tx, id, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    async fn make_token(
        &self,
        actor: &Actor,
        partner: Option<PartnerId>,
        scope: TokenScope,
        name: &str,
        days: &str,
    ) -> Result<String> {
        let mut checks = Checks::default();
        let name = checks.line("name", "what the token is for", name, NAME_LENGTH);
        let days = days.trim().parse::<i64>().ok();
        let days = days.filter(|days| (1..=LONGEST_TOKEN_DAYS).contains(days));
        if days.is_none() {
            checks.note(
                "days",
                format!("Enter a number of days from 1 to {LONGEST_TOKEN_DAYS}."),
            );
        }
        let (Some(name), Some(days)) = (name, days) else {
            return Err(checks.error());
        };
        let now = self.clock.now();
        let token = Token {
            id: TokenId(random::id(now)),
            partner,
            scope,
            name,
            created_by: actor.name.clone(),
            created_at: now,
            expires_at: now + TimeDelta::days(days),
            last_used_at: None,
            revoked_at: None,
        };
        let value = format!("{PREFIX}{}", random::Token::new().as_str());
        let mut tx = self.store.portal.begin().await?;
        tokens::insert(&mut tx, &token, &random::hash_token(&value)).await?;
        audit::by(&mut tx, actor, &self.clock, change("token.made", &token)).await?;
        tx.commit().await?;
        Ok(value)
    }

    async fn revoke(&self, actor: &Actor, tokens: Vec<Token>, id: &str) -> Result<()> {
        let token = tokens
            .into_iter()
            .find(|token| token.id.to_string() == id)
            .ok_or(Error::NotFound)?;
        let mut tx = self.store.portal.begin().await?;
        if !tokens::revoke(&mut tx, token.id, self.clock.now()).await? {
            return Err(Error::NotFound);
        }
        audit::by(&mut tx, actor, &self.clock, change("token.revoked", &token)).await?;
        Ok(tx.commit().await?)
    }
}

fn change<'a>(action: &'static str, token: &'a Token) -> Change<'a> {
    let described = json!({ "scope": token.scope.as_str(), "expires": token.expires_at });
    let (before, after) = match action {
        "token.revoked" => (described, Value::Null),
        _ => (Value::Null, described),
    };
    Change {
        action,
        subject: ("token", token.id.to_string(), &token.name),
        partner: token.partner,
        before,
        after,
        why: None,
    }
}
