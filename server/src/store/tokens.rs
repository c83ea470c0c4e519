//! Tokens of the API. The value of a token is never stored, only its hash.

use chrono::{DateTime, Utc};
use rampart_domain::{
    access::TokenScope,
    id::{PartnerId, TokenId},
};
use sqlx::{FromRow, query, query_as};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
};

#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub id: TokenId,
    /// Whose it is; `None` for the platform's own.
    pub partner: Option<PartnerId>,
    pub scope: TokenScope,
    pub name: String,
    /// Who made it.
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// About when it was used last.
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    partner_id: Option<Uuid>,
    scope: String,
    name: String,
    created_by: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Token {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: TokenId(row.id),
            partner: row.partner_id.map(PartnerId),
            scope: row
                .scope
                .parse()
                .map_err(|_| Error::corrupt("token scope", &row.scope))?,
            name: row.name,
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        })
    }
}

pub async fn insert(tx: &mut Tx, token: &Token, token_hash: &[u8]) -> Result<()> {
    write!(tx, c => query(
        "insert into api_token (id, token_hash, partner_id, scope, name, created_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(token.id.0).bind(token_hash).bind(token.partner.map(|p| p.0)).bind(token.scope.as_str()).bind(&token.name)
        .bind(&token.created_by).bind(token.created_at).bind(token.expires_at).execute(c).await?.rows_affected());
    Ok(())
}

/// The token with this hash, unless it expired or was revoked, or its partner is archived. Whoever holds it may know that.
pub async fn valid(db: &Db, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<Token>> {
    let row: Option<Row> = read!(db, pool => query_as(
        "select t.id, t.partner_id, t.scope, t.name, t.created_by, t.created_at, t.expires_at, t.last_used_at, t.revoked_at
         from api_token t left join partner p on p.id = t.partner_id
         where t.token_hash = $1 and t.expires_at > $2 and t.revoked_at is null and p.archived_at is null")
        .bind(token_hash).bind(now).fetch_optional(pool).await?);
    row.map(Token::try_from).transpose()
}

/// The tokens of a partner that were not revoked, the newest first.
pub async fn of_partner(db: &Db, scope: Scope, partner: PartnerId) -> Result<Vec<Token>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select id, partner_id, scope, name, created_by, created_at, expires_at, last_used_at, revoked_at from api_token
         where ($1 or partner_id in (select partner_id from membership where account_id = $2))
           and partner_id = $3 and revoked_at is null
         order by created_at desc, id desc")
        .bind(scope.everything()).bind(scope.account()).bind(partner.0).fetch_all(pool).await?);
    rows.into_iter().map(Token::try_from).collect()
}

/// The platform's own tokens that were not revoked, the newest first.
pub async fn of_platform(db: &Db) -> Result<Vec<Token>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select id, partner_id, scope, name, created_by, created_at, expires_at, last_used_at, revoked_at from api_token
         where partner_id is null and revoked_at is null order by created_at desc, id desc")
        .fetch_all(pool).await?);
    rows.into_iter().map(Token::try_from).collect()
}

/// Notes when a token was used.
pub async fn note_use(tx: &mut Tx, id: TokenId, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query("update api_token set last_used_at = $2 where id = $1")
        .bind(id.0).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Revokes a token; says whether it was not before.
pub async fn revoke(tx: &mut Tx, id: TokenId, now: DateTime<Utc>) -> Result<bool> {
    Ok(
        write!(tx, c => query("update api_token set revoked_at = $2 where id = $1 and revoked_at is null")
        .bind(id.0).bind(now).execute(c).await?.rows_affected())
            == 1,
    )
}
