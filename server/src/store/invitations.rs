//! Invitations: one-time links by which people get an account or a role.

use chrono::{DateTime, Utc};
use rampart_domain::{
    access::{PartnerRole, StaffRole},
    id::{InvitationId, PartnerId},
};
use sqlx::{FromRow, query, query_as, types::Json};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
};

#[derive(Clone, Debug)]
pub struct Invitation {
    pub id: InvitationId,
    pub mail: String,
    pub name: String,
    pub partner: Option<(PartnerId, PartnerRole)>,
    pub staff: Vec<StaffRole>,
    pub invited_by: String,
    /// Whether the holder of an account chooses a new password, instead of proving the present one.
    pub sets_password: bool,
    pub expires_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    mail: String,
    name: String,
    partner_id: Option<Uuid>,
    partner_role: Option<String>,
    staff_roles: Json<Vec<String>>,
    invited_by: String,
    sets_password: bool,
    expires_at: DateTime<Utc>,
}

impl TryFrom<Row> for Invitation {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |e: rampart_domain::access::UnknownRole| Error::corrupt("role", e.0);
        let partner = match (row.partner_id, row.partner_role) {
            (Some(id), Some(role)) => Some((PartnerId(id), role.parse().map_err(corrupt)?)),
            _ => None,
        };
        Ok(Self {
            id: InvitationId(row.id),
            mail: row.mail,
            name: row.name,
            partner,
            staff: row
                .staff_roles
                .0
                .iter()
                .map(|r| r.parse().map_err(corrupt))
                .collect::<Result<_>>()?,
            invited_by: row.invited_by,
            sets_password: row.sets_password,
            expires_at: row.expires_at,
        })
    }
}

pub async fn insert(tx: &mut Tx, invitation: &Invitation, token_hash: &[u8], now: DateTime<Utc>) -> Result<()> {
    let roles: Vec<&str> = invitation.staff.iter().map(|r| r.as_str()).collect();
    write!(tx, c => query(
        "insert into invitation (id, token_hash, mail, name, partner_id, partner_role, staff_roles, invited_by, sets_password, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $11, $9, $10)")
        .bind(invitation.id.0).bind(token_hash).bind(&invitation.mail).bind(&invitation.name)
        .bind(invitation.partner.map(|p| p.0.0)).bind(invitation.partner.map(|p| p.1.as_str())).bind(Json(&roles))
        .bind(&invitation.invited_by).bind(now).bind(invitation.expires_at)
        .bind(invitation.sets_password)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The open invitation behind a token; whoever holds the token may see it.
pub async fn by_token(db: &Db, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<Invitation>> {
    let row: Option<Row> = read!(db, pool => query_as(
        "select id, mail, name, partner_id, partner_role, staff_roles, invited_by, sets_password, expires_at from invitation
         where token_hash = $1 and expires_at > $2 and ended_at is null")
        .bind(token_hash).bind(now).fetch_optional(pool).await?);
    row.map(Invitation::try_from).transpose()
}

/// Ends an invitation; says whether it still was open, so that it works once only.
pub async fn end(tx: &mut Tx, id: InvitationId, now: DateTime<Utc>) -> Result<bool> {
    Ok(
        write!(tx, c => query("update invitation set ended_at = $2 where id = $1 and ended_at is null")
        .bind(id.0).bind(now).execute(c).await?.rows_affected())
            == 1,
    )
}

/// The open invitations into a partner.
pub async fn of_partner(db: &Db, scope: Scope, partner: PartnerId) -> Result<Vec<Invitation>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select id, mail, name, partner_id, partner_role, staff_roles, invited_by, sets_password, expires_at from invitation
         where ($1 or partner_id in (select partner_id from membership where account_id = $2))
           and partner_id = $3 and ended_at is null
         order by created_at, id")
        .bind(scope.everything()).bind(scope.account()).bind(partner.0).fetch_all(pool).await?);
    rows.into_iter().map(Invitation::try_from).collect()
}

/// The open invitations of staff.
pub async fn of_staff(db: &Db) -> Result<Vec<Invitation>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select id, mail, name, partner_id, partner_role, staff_roles, invited_by, sets_password, expires_at from invitation
         where partner_id is null and ended_at is null order by created_at, id")
        .fetch_all(pool).await?);
    rows.into_iter().map(Invitation::try_from).collect()
}
