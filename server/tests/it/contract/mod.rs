//! The contract of the store: every function does the same on both engines.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod accounts;
mod actions;
mod alert_addresses;
mod appeals;
mod approvals;
mod apps;
mod assessments;
mod audit;
mod audit_chain;
mod bundles;
mod burn_rates;
mod checklists;
mod compaction;
mod complete;
mod conversations;
mod counts;
mod designations;
mod episodes;
mod errors;
mod escalation;
mod escalation_policies;
mod facts;
mod failing_together;
mod freezes;
mod idempotency;
mod imports;
mod ingest_gaps;
mod inspection;
mod installations;
mod invitations;
mod layers;
mod leases;
mod ledger;
mod migrations;
mod misses;
mod occurrences;
mod outbox;
mod overviews;
mod own_minutes;
mod partners;
mod plans;
mod policies;
mod probes;
mod progress;
mod readiness;
mod rounds;
mod series;
mod sessions;
mod threads;
mod tokens;
mod volumes;
mod what_ifs;
mod withdrawals;

use std::fmt::Debug;

use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::{
    access::{Action, Actor, Membership, PartnerRole, StaffRole},
    id::{AppId, PartnerId, SeriesId, UserId},
    sli::{Group, Product, SeriesKey, Sli},
};
use rampart_server::{
    random,
    store::{
        Db, Error, Result, Scope, Tx, accounts as account_store, apps as app_store, partners as partner_store,
        series as series_store,
    },
};
use uuid::Uuid;

/// A text that any carelessness with quoting, escaping or encoding would change.
const NASTY: &str = "O'Brien \"&\" <b>\\ 100 % _ $1 ?1 ; drop table app; -- \u{1F6A2} Grüße العربية \u{200d}\r\n\tend ";

/// A text far longer than a page of either database.
fn long_text() -> String {
    "Überlänge ".repeat(30_000)
}

/// When the tests take place; with microseconds, which is what both databases keep.
fn now() -> DateTime<Utc> {
    "2026-11-23T10:20:30.123456Z".parse().unwrap()
}

/// So many minutes after [`now`].
fn after(minutes: i64) -> DateTime<Utc> {
    now() + TimeDelta::minutes(minutes)
}

/// The smallest step of time that is kept.
const TICK: TimeDelta = TimeDelta::microseconds(1);

/// A new id.
fn id<T: From<Uuid>>() -> T {
    random::id(now()).into()
}

/// Ids whose order is known.
fn nth<T: From<Uuid>>(n: u128) -> T {
    Uuid::from_u128(n).into()
}

/// Compares two values of a type that only can be printed.
#[track_caller]
fn assert_same<T: Debug>(found: &T, expected: &T) {
    assert_eq!(format!("{found:#?}"), format!("{expected:#?}"));
}

/// Does something in a transaction of its own.
async fn commit<T>(db: &Db, change: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> T {
    let mut tx = db.begin().await.unwrap();
    let done = change(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    done
}

/// Tries something that the database refuses.
async fn refused<T: Debug>(db: &Db, change: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Error {
    let mut tx = db.begin().await.unwrap();
    change(&mut tx).await.unwrap_err()
}

async fn a_partner(db: &Db, name: &str) -> PartnerId {
    let id = id();
    commit(db, async |tx| partner_store::insert(tx, id, name, now()).await).await;
    id
}

async fn an_account(db: &Db, name: &str) -> UserId {
    let account = account_store::Account {
        id: id(),
        mail: format!("{}@example.com", name.to_lowercase()),
        name: name.to_owned(),
        password_hash: "$argon2id$".to_owned(),
        disabled_at: None,
    };
    commit(db, async |tx| account_store::insert(tx, &account, now()).await).await;
    account.id
}

async fn a_member(db: &Db, name: &str, partner: PartnerId, role: PartnerRole) -> UserId {
    let id = an_account(db, name).await;
    commit(db, async |tx| {
        account_store::set_membership(tx, id, Membership { partner, role }).await
    })
    .await;
    id
}

fn details(name: &str) -> app_store::Details {
    app_store::Details {
        name: name.to_owned(),
        kind: "connect".to_owned(),
        products: vec!["jira".to_owned()],
        support_contact: "support@example.com".to_owned(),
        operations_contacts: String::new(),
    }
}

fn health_check() -> app_store::HealthCheck {
    app_store::HealthCheck {
        path: "/health".to_owned(),
        base_urls: vec!["https://app.example.com".to_owned()],
        fails_when_down: true,
    }
}

async fn an_app(db: &Db, partner: PartnerId, key: &str) -> AppId {
    let id = id();
    commit(db, async |tx| {
        app_store::insert(tx, id, partner, key, &details(key), &health_check(), now()).await
    })
    .await;
    id
}

fn key(product: Product, sli: Sli) -> SeriesKey {
    SeriesKey {
        product,
        sli,
        group: Group::Prod,
        target: String::new(),
    }
}

async fn a_series(db: &Db, app: AppId, sli: Sli) -> SeriesId {
    let id = id();
    commit(db, async |tx| {
        series_store::begin(tx, id, app, &key(Product::Jira, sli), now()).await
    })
    .await;
    id
}

fn actor(user: UserId) -> Actor {
    Actor {
        user,
        name: "Ada".to_owned(),
        mail: "ada@example.com".to_owned(),
        memberships: Vec::new(),
        staff: Vec::new(),
        address: None,
        session: None,
    }
}

/// What somebody without a staff role sees.
fn scope_of(user: UserId) -> Scope {
    Scope::of(&actor(user), Action::ViewApp)
}

/// What somebody of the staff sees who may see every app.
fn scope_of_staff(user: UserId) -> Scope {
    Scope::of(
        &Actor {
            staff: vec![StaffRole::Reviewer],
            ..actor(user)
        },
        Action::ViewApp,
    )
}

/// Two partners with an app and a series each, and an owner of the first.
struct Neighbours {
    ours: Side,
    theirs: Side,
    owner: UserId,
}

#[derive(Clone, Copy)]
struct Side {
    partner: PartnerId,
    app: AppId,
    series: SeriesId,
}

impl Side {
    async fn new(db: &Db, name: &str) -> Self {
        let partner = a_partner(db, name).await;
        let app = an_app(db, partner, &format!("com.example.{name}")).await;
        Self {
            partner,
            app,
            series: a_series(db, app, Sli::IframeLoad).await,
        }
    }
}

impl Neighbours {
    async fn new(db: &Db) -> Self {
        let (ours, theirs) = (Side::new(db, "ours").await, Side::new(db, "theirs").await);
        Self {
            ours,
            theirs,
            owner: a_member(db, "Olivia", ours.partner, PartnerRole::Owner).await,
        }
    }

    /// What the owner of the first partner sees.
    fn scope(&self) -> Scope {
        scope_of(self.owner)
    }

    /// The owner leaves the partner.
    async fn leave(&self, db: &Db) {
        commit(db, async |tx| {
            account_store::remove_membership(tx, self.owner, self.ours.partner).await
        })
        .await;
    }
}
