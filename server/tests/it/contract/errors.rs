use rampart_domain::access::{Membership, PartnerRole};
use rampart_server::store::{Error, accounts, partners, series};

use super::{Neighbours, a_partner, an_account, an_app, commit, details, health_check, id, key, now, refused};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_taken_id_is_named_like_any_unique_column,
    a_taken_value_is_told_from_what_does_not_exist,
    a_refused_change_leaves_nothing_behind,
);

async fn a_taken_id_is_named_like_any_unique_column(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let partner = world.ours.partner;
    let error = refused(db, async |tx| partners::insert(tx, partner, "Other", now()).await).await;
    assert!(error.is_taken("partner", "id"), "{error:?}");
    assert_eq!(error.to_string(), "partner.id exists already");

    let (app, details, health) = (world.ours.app, details("x"), health_check());
    let error = refused(db, async |tx| {
        rampart_server::store::apps::insert(tx, app, partner, "other", &details, &health, now()).await
    })
    .await;
    assert!(error.is_taken("app", "id"), "{error:?}");

    let key = key(
        rampart_domain::sli::Product::Compass,
        rampart_domain::sli::Sli::IframeLoad,
    );
    let error = refused(db, async |tx| {
        series::begin(tx, world.ours.series, app, &key, now()).await
    })
    .await;
    assert!(error.is_taken("series", "id"), "{error:?}");
}

async fn a_taken_value_is_told_from_what_does_not_exist(database: TestDatabase) {
    let db = &database.store.portal;
    let (account, partner) = (an_account(db, "Ada").await, a_partner(db, "One").await);
    let unknown = Membership {
        partner: id(),
        role: PartnerRole::Member,
    };
    let error = refused(db, async |tx| accounts::set_membership(tx, account, unknown).await).await;
    assert!(
        matches!(&error, Error::Database(e) if e.as_database_error().unwrap().is_foreign_key_violation()),
        "{error:?}"
    );
    let nobody = Membership {
        partner,
        role: PartnerRole::Member,
    };
    let error = refused(db, async |tx| accounts::set_membership(tx, id(), nobody).await).await;
    assert!(matches!(&error, Error::Database(_)), "{error:?}");
}

async fn a_refused_change_leaves_nothing_behind(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    an_app(db, partner, "app").await;
    refused(db, async |tx| {
        partners::rename(tx, partner, 1, "Renamed").await?;
        partners::insert(tx, id(), "renamed", now()).await
    })
    .await;
    let found = partners::find(db, rampart_server::store::Scope::system(), partner)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.name.as_str(), found.version), ("One", 1));
    assert!(
        commit(db, async |tx| partners::rename(tx, partner, 1, "Renamed").await).await,
        "the connection is as good as before"
    );
}
