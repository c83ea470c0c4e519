//! The exclusion ledger (SPEC section 5). Whether a minute is excluded is decided by `domain::exclusion` alone.

use chrono::{DateTime, Utc};
use rampart_domain::{
    count::{Minute, MinuteRange},
    exclusion::{ExclusionKind, Ledger, LedgerEntry},
    id::{AppId, UserId},
    sli::{Product, Sli},
};
use sqlx::{FromRow, QueryBuilder, query, query_as};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
    dialect::pattern,
};

/// From where, and under which conditions, a list reads.
macro_rules! narrow {
    ($query:ident, $scope:ident, $filter:ident) => {
        $query.push(
            " from ledger l left join app a on a.id = l.app_id left join account b on b.id = l.entered_by
              left join account r on r.id = l.revoked_by where (l.app_id is null or ",
        );
        $query
            .push_bind($scope.everything())
            .push(" or a.partner_id in (select partner_id from membership where account_id = ")
            .push_bind($scope.account())
            .push("))");
        if let Some(app) = $filter.app {
            $query
                .push(" and (l.app_id is null or l.app_id = ")
                .push_bind(app.0)
                .push(")");
        }
        if let Some(kind) = $filter.kind {
            $query.push(" and l.kind = ").push_bind(ExclusionKind::as_str(kind));
        }
        if let Some(revoked) = $filter.revoked {
            $query.push(if revoked {
                " and l.revoked_at is not null"
            } else {
                " and l.revoked_at is null"
            });
        }
        if let Some(id) = $filter.id {
            $query.push(" and l.id = ").push_bind(id);
        }
        let pattern = pattern($filter.search);
        if !pattern.is_empty() {
            $query
                .push(" and (a.key_key like ")
                .push_bind(pattern.clone())
                .push(" escape '\\' or a.name_key like ")
                .push_bind(pattern)
                .push(" escape '\\')");
        }
    };
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    app_id: Option<Uuid>,
    sli: Option<String>,
    product: Option<String>,
    target: Option<String>,
    from_minute: i64,
    to_minute: i64,
    kind: String,
    authority: String,
    revoked: bool,
}

impl TryFrom<Row> for LedgerEntry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |value: &str| Error::corrupt("ledger entry", value);
        Ok(Self {
            id: row.id,
            app: row.app_id,
            sli: row.sli.map(|s| s.parse().map_err(|_| corrupt(&s))).transpose()?,
            product: row.product.map(|p| p.parse().map_err(|_| corrupt(&p))).transpose()?,
            target: row.target,
            range: MinuteRange::new(Minute(row.from_minute), Minute(row.to_minute)),
            kind: row.kind.parse().map_err(|_| corrupt(&row.kind))?,
            authority: row.authority,
            revoked: row.revoked,
        })
    }
}

/// What is in force within `range`: of one app (and of all), or of everything when no app is named.
pub async fn in_force(db: &Db, app: Option<AppId>, range: MinuteRange) -> Result<Ledger> {
    Ok(Ledger::new(entries(db, app, range).await?))
}

/// The entries that are in force within `range`; see [`in_force`].
pub async fn entries(db: &Db, app: Option<AppId>, range: MinuteRange) -> Result<Vec<LedgerEntry>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select id, app_id, sli, product, target, from_minute, to_minute, kind, authority, false as revoked from ledger
         where revoked_at is null and ($1 is null or app_id is null or app_id = $1) and to_minute > $2 and from_minute < $3")
        .bind(app.map(|a| a.0)).bind(range.start.0).bind(range.end.0).fetch_all(pool).await?);
    rows.into_iter().map(LedgerEntry::try_from).collect()
}

/// An entry by its id, revoked or not; for who changes it.
pub async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<LedgerEntry>> {
    let row: Option<Row> = write!(tx, c => query_as(
        "select id, app_id, sli, product, target, from_minute, to_minute, kind, authority, revoked_at is not null as revoked
         from ledger where id = $1")
        .bind(id).fetch_optional(c).await?);
    row.map(LedgerEntry::try_from).transpose()
}

/// The data gap of every app and of an SLI, revoked or not, within which or at whose end this minute lies: what Rampart itself
/// filed of the same cause.
pub async fn gap_at(db: &Db, sli: Sli, minute: Minute) -> Result<Option<LedgerEntry>> {
    let row: Option<Row> = read!(db, pool => query_as(
        "select id, app_id, sli, product, target, from_minute, to_minute, kind, authority, revoked_at is not null as revoked
         from ledger where app_id is null and sli = $1 and product is null and kind = 'data_gap' and entered_by is null
           and from_minute <= $2 and to_minute >= $2 order by from_minute, id limit 1")
        .bind(sli.as_str()).bind(minute.0).fetch_optional(pool).await?);
    row.map(LedgerEntry::try_from).transpose()
}

/// Enters an interval, on a person's authority or on Rampart's own.
pub async fn enter(tx: &mut Tx, entry: &LedgerEntry, by: Option<UserId>, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query(
        "insert into ledger (id, app_id, sli, product, target, from_minute, to_minute, kind, authority, entered_at, entered_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(entry.id).bind(entry.app).bind(entry.sli.map(Sli::as_str)).bind(entry.product.map(Product::as_str))
        .bind(&entry.target).bind(entry.range.start.0).bind(entry.range.end.0).bind(ExclusionKind::as_str(entry.kind))
        .bind(&entry.authority).bind(now).bind(by.map(|b| b.0)).execute(c).await?.rows_affected());
    Ok(())
}

/// Extends an interval to `end`, on this authority.
pub async fn extend(tx: &mut Tx, id: Uuid, end: Minute, authority: &str) -> Result<()> {
    write!(tx, c => query("update ledger set to_minute = $2, authority = $3 where id = $1 and to_minute < $2 and revoked_at is null")
        .bind(id).bind(end.0).bind(authority).execute(c).await?.rows_affected());
    Ok(())
}

/// Revokes an entry; says whether it was in force.
pub async fn revoke(tx: &mut Tx, id: Uuid, by: Option<UserId>, why: &str, now: DateTime<Utc>) -> Result<bool> {
    let revoked = write!(tx, c => query(
        "update ledger set revoked_at = $2, revoked_by = $3, revoked_why = $4 where id = $1 and revoked_at is null")
        .bind(id).bind(now).bind(by.map(|b| b.0)).bind(why).execute(c).await?.rows_affected());
    Ok(revoked == 1)
}

/// An entry with who made it what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Filed {
    pub entry: LedgerEntry,
    /// (key, name) of the app; `None` for all apps.
    pub app: Option<(String, String)>,
    /// The person; `None` when Rampart entered it by itself.
    pub entered_by: Option<String>,
    pub entered_at: DateTime<Utc>,
    pub revocation: Option<Revocation>,
}

/// That an entry was revoked.
#[derive(Clone, Debug, PartialEq)]
pub struct Revocation {
    pub at: DateTime<Utc>,
    pub by: Option<String>,
    pub why: String,
}

#[derive(FromRow)]
struct FiledRow {
    #[sqlx(flatten)]
    entry: Row,
    app_key: Option<String>,
    app_name: Option<String>,
    entered_name: Option<String>,
    entered_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_name: Option<String>,
    revoked_why: Option<String>,
}

impl TryFrom<FiledRow> for Filed {
    type Error = Error;

    fn try_from(row: FiledRow) -> Result<Self> {
        Ok(Self {
            entry: row.entry.try_into()?,
            app: row.app_key.zip(row.app_name),
            entered_by: row.entered_name,
            entered_at: row.entered_at,
            revocation: row.revoked_at.map(|at| Revocation {
                at,
                by: row.revoked_name,
                why: row.revoked_why.unwrap_or_default(),
            }),
        })
    }
}

/// What a list of entries is narrowed to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Part of the name or key of the app.
    pub search: &'a str,
    /// What concerns this app: its own entries and those of all apps.
    pub app: Option<AppId>,
    pub kind: Option<ExclusionKind>,
    /// Only those in force, or only the revoked ones.
    pub revoked: Option<bool>,
    /// Only this one.
    pub id: Option<Uuid>,
}

/// The entries that pass the filter, the latest first. Entries about all apps are everybody's to see.
pub async fn list(db: &Db, scope: Scope, filter: Filter<'_>, offset: i64, limit: i64) -> Result<Vec<Filed>> {
    let rows: Vec<FiledRow> = read!(db, pool => {
        let mut query = QueryBuilder::new(
            "select l.id, l.app_id, l.sli, l.product, l.target, l.from_minute, l.to_minute, l.kind, l.authority,
                    l.revoked_at is not null as revoked, a.key as app_key, a.name as app_name, b.name as entered_name,
                    l.entered_at, l.revoked_at, r.name as revoked_name, l.revoked_why");
        narrow!(query, scope, filter);
        query.push(" order by l.entered_at desc, l.id desc limit ").push_bind(limit).push(" offset ").push_bind(offset);
        query.build_query_as().fetch_all(pool).await?
    });
    rows.into_iter().map(Filed::try_from).collect()
}

/// How many entries pass the filter.
pub async fn count(db: &Db, scope: Scope, filter: Filter<'_>) -> Result<i64> {
    read!(db, pool => {
        let mut query = QueryBuilder::new("select count(*)");
        narrow!(query, scope, filter);
        let total: i64 = query.build_query_scalar().fetch_one(pool).await?;
        Ok(total)
    })
}
