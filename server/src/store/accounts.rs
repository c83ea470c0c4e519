//! Accounts, staff roles and memberships.

use chrono::{DateTime, Utc};
use rampart_domain::{
    access::{Membership, PartnerRole, StaffRole},
    app::MailAddress,
    id::{PartnerId, UserId},
};
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
};

#[derive(Clone, Debug, FromRow)]
pub struct Account {
    #[sqlx(try_from = "Uuid")]
    pub id: UserId,
    pub mail: String,
    pub name: String,
    pub password_hash: String,
    pub disabled_at: Option<DateTime<Utc>>,
}

/// What an account may do: its roles on both sides.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    pub memberships: Vec<Membership>,
    pub staff: Vec<StaffRole>,
}

/// One member of a partner.
#[derive(Clone, Debug, FromRow)]
pub struct Member {
    #[sqlx(try_from = "Uuid")]
    pub id: UserId,
    pub name: String,
    pub mail: String,
    pub role: String,
    pub last_seen: Option<DateTime<Utc>>,
}

/// Somebody with a staff role, now or before.
#[derive(Clone, Debug, FromRow)]
pub struct Staff {
    #[sqlx(try_from = "Uuid")]
    pub id: UserId,
    pub name: String,
    pub mail: String,
    pub disabled_at: Option<DateTime<Utc>>,
    pub last_seen: Option<DateTime<Utc>>,
}

/// Addresses are compared without regard to case.
pub fn mail_key(mail: &str) -> String {
    mail.trim().to_lowercase()
}

pub async fn insert(tx: &mut Tx, account: &Account, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query(
        "insert into account (id, mail, mail_key, name, password_hash, created_at) values ($1, $2, $3, $4, $5, $6)")
        .bind(account.id.0).bind(&account.mail).bind(mail_key(&account.mail)).bind(&account.name)
        .bind(&account.password_hash).bind(now)
        .execute(c).await?.rows_affected());
    Ok(())
}

pub async fn by_mail(db: &Db, mail: &str) -> Result<Option<Account>> {
    read!(db, pool => Ok(query_as(
        "select id, mail, name, password_hash, disabled_at from account where mail_key = $1")
        .bind(mail_key(mail)).fetch_optional(pool).await?))
}

pub async fn by_id(db: &Db, id: UserId) -> Result<Option<Account>> {
    read!(db, pool => Ok(query_as(
        "select id, mail, name, password_hash, disabled_at from account where id = $1")
        .bind(id.0).fetch_optional(pool).await?))
}

/// The roles of an account, in one query.
pub async fn roles(db: &Db, id: UserId) -> Result<Roles> {
    let rows: Vec<(Option<Uuid>, String)> = read!(db, pool => query_as(
        "select partner_id, role from membership where account_id = $1
         union all select null, role from staff_role where account_id = $1")
        .bind(id.0).fetch_all(pool).await?);
    let mut roles = Roles::default();
    for (partner, role) in rows {
        let corrupt = |_| Error::corrupt("role", &role);
        match partner {
            Some(partner) => {
                let role = role.parse::<PartnerRole>().map_err(corrupt)?;
                roles.memberships.push(Membership {
                    partner: PartnerId(partner),
                    role,
                });
            }
            None => roles.staff.push(role.parse::<StaffRole>().map_err(corrupt)?),
        }
    }
    roles.staff.sort();
    Ok(roles)
}

pub async fn set_password(tx: &mut Tx, id: UserId, hash: &str) -> Result<()> {
    write!(tx, c => query("update account set password_hash = $2 where id = $1")
        .bind(id.0).bind(hash).execute(c).await?.rows_affected());
    Ok(())
}

pub async fn set_disabled(tx: &mut Tx, id: UserId, at: Option<DateTime<Utc>>) -> Result<()> {
    write!(tx, c => query("update account set disabled_at = $2 where id = $1")
        .bind(id.0).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Replaces the staff roles of an account.
pub async fn set_staff_roles(tx: &mut Tx, id: UserId, roles: &[StaffRole]) -> Result<()> {
    write!(tx, c => query("delete from staff_role where account_id = $1").bind(id.0).execute(c).await?.rows_affected());
    for role in roles {
        write!(tx, c => query("insert into staff_role (account_id, role) values ($1, $2)")
            .bind(id.0).bind(role.as_str()).execute(c).await?.rows_affected());
    }
    Ok(())
}

/// Gives the account a role within the partner, in place of the one it has there.
pub async fn set_membership(tx: &mut Tx, id: UserId, membership: Membership) -> Result<()> {
    write!(tx, c => query(
        "insert into membership (account_id, partner_id, role) values ($1, $2, $3)
         on conflict (account_id, partner_id) do update set role = excluded.role")
        .bind(id.0).bind(membership.partner.0).bind(membership.role.as_str()).execute(c).await?.rows_affected());
    Ok(())
}

pub async fn remove_membership(tx: &mut Tx, id: UserId, partner: PartnerId) -> Result<()> {
    write!(tx, c => query("delete from membership where account_id = $1 and partner_id = $2")
        .bind(id.0).bind(partner.0).execute(c).await?.rows_affected());
    Ok(())
}

/// The members of a partner, owners first.
pub async fn members(db: &Db, scope: Scope, partner: PartnerId) -> Result<Vec<Member>> {
    read!(db, pool => Ok(query_as(
        "select a.id, a.name, a.mail, m.role,
                (select max(last_seen_at) from session where session.account_id = a.id) as last_seen
         from membership m join account a on a.id = m.account_id
         where ($1 or m.partner_id in (select partner_id from membership where account_id = $2))
           and m.partner_id = $3 and a.disabled_at is null
         order by m.role desc, lower(a.name), a.id")
        .bind(scope.everything()).bind(scope.account()).bind(partner.0).fetch_all(pool).await?))
}

/// Inside the transaction, so that two people cannot remove the last two owners at once.
pub async fn owner_count(tx: &mut Tx, partner: PartnerId) -> Result<i64> {
    // The row of the partner is the lock that changes of its members take.
    write!(tx, c => query("update partner set version = version where id = $1").bind(partner.0).execute(c).await?.rows_affected());
    Ok(write!(tx, c => query_scalar(
        "select count(*) from membership m join account a on a.id = m.account_id
         where m.partner_id = $1 and m.role = 'owner' and a.disabled_at is null")
        .bind(partner.0).fetch_one(c).await?))
}

/// The mail addresses of a partner's owners: who gets what has no other address.
pub async fn owner_mails(tx: &mut Tx, partner: PartnerId) -> Result<Vec<MailAddress>> {
    let mails: Vec<String> = write!(tx, c => query_scalar(
        "select a.mail from membership m join account a on a.id = m.account_id
         where m.partner_id = $1 and m.role = 'owner' and a.disabled_at is null order by a.id")
        .bind(partner.0).fetch_all(c).await?);
    mails
        .into_iter()
        .map(|m| m.parse().map_err(|_| Error::corrupt("mail address", m)))
        .collect()
}

/// The mail address of a member of a partner; none once they left it.
pub async fn member_mail(tx: &mut Tx, partner: PartnerId, id: UserId) -> Result<Option<MailAddress>> {
    let mail: Option<String> = write!(tx, c => query_scalar(
        "select a.mail from membership m join account a on a.id = m.account_id
         where m.partner_id = $1 and a.id = $2 and a.disabled_at is null")
        .bind(partner.0).bind(id.0).fetch_optional(c).await?);
    mail.map(|m| m.parse().map_err(|_| Error::corrupt("mail address", m)))
        .transpose()
}

/// The mail addresses of everybody with a staff role.
pub async fn staff_mails(tx: &mut Tx, role: StaffRole) -> Result<Vec<MailAddress>> {
    let mails: Vec<String> = write!(tx, c => query_scalar(
        "select a.mail from staff_role r join account a on a.id = r.account_id
         where r.role = $1 and a.disabled_at is null order by a.id")
        .bind(role.as_str()).fetch_all(c).await?);
    mails
        .into_iter()
        .map(|m| m.parse().map_err(|_| Error::corrupt("mail address", m)))
        .collect()
}

pub async fn staff(db: &Db) -> Result<Vec<Staff>> {
    read!(db, pool => Ok(query_as(
        "select a.id, a.name, a.mail, a.disabled_at,
                (select max(last_seen_at) from session where session.account_id = a.id) as last_seen
         from account a
         where exists (select 1 from staff_role r where r.account_id = a.id)
            or not exists (select 1 from membership m where m.account_id = a.id)
         order by lower(a.name), a.id")
        .fetch_all(pool).await?))
}

/// The staff roles of everybody who has one.
pub async fn staff_roles(db: &Db) -> Result<Vec<(UserId, StaffRole)>> {
    let rows: Vec<(Uuid, String)> = read!(db, pool => query_as("select account_id, role from staff_role order by account_id, role").fetch_all(pool).await?);
    rows.into_iter()
        .map(|(id, role)| Ok((UserId(id), role.parse().map_err(|_| Error::corrupt("role", role))?)))
        .collect()
}

/// How many enabled administrators there are; read in the transaction that takes one away.
pub async fn administrator_count(tx: &mut Tx) -> Result<i64> {
    // The head of the audit log is the lock: whatever changes roles writes it too.
    write!(tx, c => query("update audit_head set seq = seq where id = 1").execute(c).await?.rows_affected());
    Ok(write!(tx, c => query_scalar(
        "select count(*) from staff_role r join account a on a.id = r.account_id
         where r.role = 'administrator' and a.disabled_at is null")
        .fetch_one(c).await?))
}
