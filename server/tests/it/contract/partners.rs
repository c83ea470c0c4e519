use rampart_domain::{access::PartnerRole, id::PartnerId};
use rampart_server::store::{Scope, accounts, apps, partners};

use super::{NASTY, Neighbours, TICK, a_member, a_partner, an_app, commit, id, now, refused, scope_of, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_partner_comes_back_as_it_was_written,
    a_name_belongs_to_one_partner_in_whatever_case,
    a_rename_needs_the_version_that_was_read,
    a_partner_is_archived_and_taken_back,
    the_list_counts_what_is_active,
    partners_are_listed_by_name,
    partners_are_seen_by_their_members_only,
);

async fn a_partner_comes_back_as_it_was_written(database: TestDatabase) {
    let db = &database.store.portal;
    for name in [NASTY, "Ærøskøbing Software ApS"] {
        let written = a_partner(db, name).await;
        let found = partners::find(db, Scope::system(), written).await.unwrap().unwrap();
        assert_eq!(
            (found.id, found.name.as_str(), found.version, found.archived_at),
            (written, name, 1, None)
        );
    }
    assert!(partners::find(db, Scope::system(), id()).await.unwrap().is_none());
}

async fn a_name_belongs_to_one_partner_in_whatever_case(database: TestDatabase) {
    let db = &database.store.portal;
    commit(db, async |tx| partners::insert(tx, id(), "Müller & Söhne", now()).await).await;
    let other = a_partner(db, "Other").await;
    let error = refused(db, async |tx| {
        partners::insert(tx, id(), " MÜLLER & SÖHNE ", now()).await
    })
    .await;
    assert!(error.is_taken("partner", "name_key"), "{error:?}");
    let error = refused(db, async |tx| partners::rename(tx, other, 1, "müller & söhne").await).await;
    assert!(error.is_taken("partner", "name_key"), "{error:?}");
    assert!(
        commit(db, async |tx| partners::rename(tx, other, 1, "OTHER").await).await,
        "its own name it may have"
    );
}

async fn a_rename_needs_the_version_that_was_read(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "Before").await;
    let bystander = a_partner(db, "Bystander").await;
    let rename = async |id, version, name| commit(db, async |tx| partners::rename(tx, id, version, name).await).await;
    assert!(rename(partner, 1, "After").await);
    assert!(!rename(partner, 1, "Too late").await);
    assert!(!rename(id(), 1, "Nobody").await);
    let found = partners::find(db, Scope::system(), partner).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.version), ("After", 2));
    assert_eq!(
        partners::find(db, Scope::system(), bystander)
            .await
            .unwrap()
            .unwrap()
            .name,
        "Bystander"
    );
    a_partner(db, "Before").await; // the old name is free again
}

async fn a_partner_is_archived_and_taken_back(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    for (at, version) in [(Some(now() + TICK), 2), (None, 3)] {
        commit(db, async |tx| partners::set_archived(tx, partner, at).await).await;
        let found = partners::find(db, Scope::system(), partner).await.unwrap().unwrap();
        assert_eq!((found.archived_at, found.version), (at, version));
        assert_eq!(
            partners::active(db, Scope::system()).await.unwrap().is_empty(),
            at.is_some()
        );
        assert_eq!(partners::list(db, Scope::system()).await.unwrap()[0].archived_at, at);
    }
}

async fn the_list_counts_what_is_active(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let archived = an_app(db, world.ours.partner, "com.example.archived").await;
    commit(db, async |tx| apps::set_archived(tx, archived, Some(now())).await).await;
    an_app(db, world.ours.partner, "com.example.second").await;
    a_member(db, "Ada", world.ours.partner, PartnerRole::Member).await;
    let gone = a_member(db, "Gone", world.ours.partner, PartnerRole::Member).await;
    commit(db, async |tx| accounts::set_disabled(tx, gone, Some(now())).await).await;

    let listed = partners::list(db, Scope::system()).await.unwrap();
    let shown: Vec<_> = listed
        .iter()
        .map(|p| (p.id, p.name.as_str(), p.apps, p.members))
        .collect();
    assert_eq!(
        shown,
        [
            (world.ours.partner, "ours", 2, 2),
            (world.theirs.partner, "theirs", 1, 0)
        ]
    );
    let members = accounts::members(db, Scope::system(), world.ours.partner)
        .await
        .unwrap();
    assert_eq!(members.len(), 2, "the list and the page of the partner agree");
}

async fn partners_are_listed_by_name(database: TestDatabase) {
    let db = &database.store.portal;
    let archived = a_partner(db, "Aardvark").await;
    for name in ["beta", "Alpha", "Gamma"] {
        a_partner(db, name).await;
    }
    commit(db, async |tx| partners::set_archived(tx, archived, Some(now())).await).await;
    let active: Vec<_> = partners::active(db, Scope::system())
        .await
        .unwrap()
        .into_iter()
        .map(|p| p.name)
        .collect();
    assert_eq!(active, ["Alpha", "beta", "Gamma"]);
    let listed: Vec<_> = partners::list(db, Scope::system())
        .await
        .unwrap()
        .into_iter()
        .map(|p| p.name)
        .collect();
    assert_eq!(listed, ["Alpha", "beta", "Gamma", "Aardvark"], "the archived ones last");
}

async fn partners_are_seen_by_their_members_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let member = a_member(db, "Mia", world.ours.partner, PartnerRole::Member).await;
    let found = async |scope, id: PartnerId| partners::find(db, scope, id).await.unwrap().is_some();
    let active = async |scope| {
        partners::active(db, scope)
            .await
            .unwrap()
            .into_iter()
            .map(|p| p.name)
            .collect::<Vec<_>>()
    };
    let listed = async |scope| {
        partners::list(db, scope)
            .await
            .unwrap()
            .into_iter()
            .map(|p| p.name)
            .collect::<Vec<_>>()
    };

    for scope in [Scope::system(), scope_of_staff(id())] {
        assert!(found(scope, world.theirs.partner).await);
        assert_eq!(active(scope).await, ["ours", "theirs"]);
        assert_eq!(listed(scope).await, ["ours", "theirs"]);
    }
    for scope in [world.scope(), scope_of(member)] {
        assert!(found(scope, world.ours.partner).await && !found(scope, world.theirs.partner).await);
        assert_eq!(active(scope).await, ["ours"]);
        assert_eq!(listed(scope).await, ["ours"]);
    }
    world.leave(db).await;
    assert!(!found(world.scope(), world.ours.partner).await);
    assert!(active(world.scope()).await.is_empty() && listed(world.scope()).await.is_empty());
    assert!(found(scope_of(member), world.ours.partner).await, "the others stay");
}
