use chrono::{DateTime, Utc};
use rampart_domain::{
    access::TokenScope,
    id::{PartnerId, TokenId},
};
use rampart_server::store::{
    Db, Scope, partners,
    tokens::{self, Token},
};

use super::{NASTY, Neighbours, TICK, after, commit, id, now, nth, refused, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_token_comes_back_as_it_was_made,
    a_token_is_valid_until_it_ends,
    tokens_of_a_partner_are_seen_by_its_members_only,
    a_token_is_revoked_once,
    a_value_is_taken_once,
);

fn token(id: TokenId, partner: Option<PartnerId>, created_at: DateTime<Utc>) -> Token {
    Token {
        id,
        partner,
        scope: if partner.is_some() {
            TokenScope::SyntheticWrite
        } else {
            TokenScope::Ingest
        },
        name: NASTY.to_owned(),
        created_by: "Ada".to_owned(),
        created_at,
        expires_at: after(100),
        last_used_at: None,
        revoked_at: None,
    }
}

async fn insert(db: &Db, token: &Token, hash: &[u8]) {
    commit(db, async |tx| tokens::insert(tx, token, hash).await).await;
}

async fn a_token_comes_back_as_it_was_made(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let ours = token(nth(1), Some(world.ours.partner), now());
    let platform = token(nth(2), None, now());
    insert(db, &ours, b"ours").await;
    insert(db, &platform, b"platform").await;
    assert_eq!(tokens::valid(db, b"ours", now()).await.unwrap(), Some(ours.clone()));
    assert_eq!(
        tokens::valid(db, b"platform", now()).await.unwrap(),
        Some(platform.clone())
    );
    assert_eq!(tokens::valid(db, b"other", now()).await.unwrap(), None);
    assert_eq!(tokens::of_platform(db).await.unwrap(), [platform]);

    commit(db, async |tx| tokens::note_use(tx, nth(1), after(3)).await).await;
    let used = Token {
        last_used_at: Some(after(3)),
        ..ours
    };
    assert_eq!(
        tokens::of_partner(db, Scope::system(), world.ours.partner)
            .await
            .unwrap(),
        [used]
    );
}

async fn a_token_is_valid_until_it_ends(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    insert(db, &token(nth(1), Some(world.ours.partner), now()), b"one").await;
    let valid = async |at| tokens::valid(db, b"one", at).await.unwrap().is_some();
    assert!(valid(after(100) - TICK).await && !valid(after(100)).await);
    commit(db, async |tx| {
        partners::set_archived(tx, world.ours.partner, Some(now())).await
    })
    .await;
    assert!(!valid(now()).await, "its partner is archived");
}

async fn tokens_of_a_partner_are_seen_by_its_members_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    insert(db, &token(nth(1), Some(world.ours.partner), now()), b"one").await;
    insert(db, &token(nth(2), Some(world.ours.partner), after(1)), b"two").await;
    insert(db, &token(nth(3), Some(world.theirs.partner), now()), b"three").await;
    insert(db, &token(nth(4), None, now()), b"four").await;
    let seen = async |scope, partner| {
        let found = tokens::of_partner(db, scope, partner).await.unwrap();
        found.into_iter().map(|token| token.id).collect::<Vec<TokenId>>()
    };
    let (ours, theirs) = (world.ours.partner, world.theirs.partner);
    assert_eq!(seen(world.scope(), ours).await, [nth(2), nth(1)], "the newest first");
    assert_eq!(seen(world.scope(), theirs).await, []);
    assert_eq!(seen(scope_of_staff(id()), theirs).await, [nth(3)]);
    world.leave(db).await;
    assert_eq!(seen(world.scope(), ours).await, []);
}

async fn a_token_is_revoked_once(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    insert(db, &token(nth(1), Some(world.ours.partner), now()), b"one").await;
    insert(db, &token(nth(2), None, now()), b"two").await;
    for (n, hash) in [(1, b"one"), (2, b"two")] {
        assert!(commit(db, async |tx| tokens::revoke(tx, nth(n), after(1)).await).await);
        assert!(!commit(db, async |tx| tokens::revoke(tx, nth(n), after(2)).await).await);
        assert_eq!(tokens::valid(db, hash, now()).await.unwrap(), None);
    }
    assert_eq!(tokens::of_platform(db).await.unwrap(), []);
    assert_eq!(
        tokens::of_partner(db, Scope::system(), world.ours.partner)
            .await
            .unwrap(),
        []
    );
}

async fn a_value_is_taken_once(database: TestDatabase) {
    let db = &database.store.portal;
    insert(db, &token(nth(1), None, now()), b"one").await;
    let error = refused(db, async |tx| {
        tokens::insert(tx, &token(nth(2), None, now()), b"one").await
    })
    .await;
    assert!(error.is_taken("api_token", "token_hash"), "{error:?}");
}
