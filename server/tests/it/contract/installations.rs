use chrono::{DateTime, Utc};
use rampart_domain::id::{AppId, InstallationId};
use rampart_server::store::{
    Db, Scope,
    installations::{self, Installation, New, Sealed},
};

use uuid::Uuid;

use super::{NASTY, Neighbours, TICK, a_partner, after, an_app, commit, id, now, nth, refused, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    an_installation_comes_back_as_it_was_made,
    a_place_has_one_installation_at_a_time,
    a_change_needs_the_version_it_was_based_on,
    a_secret_that_is_replaced_stays_for_a_time,
    an_installation_ends_once,
    secrets_whose_time_is_over_are_deleted,
    a_signer_is_found_by_its_key_letter_for_letter,
    installations_are_seen_by_members_only,
);

fn at<'a>(id: InstallationId, app: AppId, site: &'a str) -> New<'a> {
    New {
        id,
        app,
        product: "jira",
        site,
        grp: "prod",
        module_types: &[],
    }
}

async fn add(db: &Db, id: InstallationId, app: AppId, site: &str) {
    commit(db, async |tx| {
        installations::insert(tx, &at(id, app, site), now()).await
    })
    .await;
}

async fn of_app(db: &Db, app: AppId) -> Vec<Installation> {
    installations::of_app(db, Scope::system(), app).await.unwrap()
}

fn secret(n: u128, installation: InstallationId) -> Sealed {
    Sealed {
        id: nth(n),
        installation_id: installation,
        sealed: vec![0, 255, u8::try_from(n).unwrap()],
        key_id: "key".to_owned(),
        created_at: after(i64::try_from(n).unwrap()) + TICK,
        valid_until: None,
    }
}

async fn keep(db: &Db, secret: &Sealed) {
    commit(db, async |tx| installations::insert_secret(tx, secret).await).await;
}

async fn secrets(db: &Db, app: AppId) -> Vec<Sealed> {
    installations::secrets_of_app(db, Scope::system(), app).await.unwrap()
}

async fn an_app_of_one(db: &Db) -> AppId {
    an_app(db, a_partner(db, "One").await, "com.example.Key").await
}

async fn an_installation_comes_back_as_it_was_made(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app_of_one(db).await;
    let module_types = vec!["generalPages".to_owned(), NASTY.to_owned()];
    let new = New {
        product: "confluence",
        site: NASTY,
        grp: "dfr",
        module_types: &module_types,
        ..at(nth(1), app, "")
    };
    commit(db, async |tx| installations::insert(tx, &new, now() + TICK).await).await;
    let [found] = &of_app(db, app).await[..] else { panic!() };
    assert_eq!((found.id, found.app_id, found.version), (nth(1), app, 1));
    assert_eq!(
        (found.product.as_str(), found.site.as_str(), found.grp.as_str()),
        ("confluence", NASTY, "dfr")
    );
    assert_eq!(found.module_types.0, module_types);
    assert_eq!((found.created_at, found.ended_at), (now() + TICK, None));

    let kept = Sealed {
        valid_until: Some(after(1)),
        ..secret(7, nth(1))
    };
    keep(db, &kept).await;
    assert_eq!(secrets(db, app).await, [kept]);
}

async fn a_place_has_one_installation_at_a_time(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    let (app, neighbour) = (an_app(db, partner, "app").await, an_app(db, partner, "neighbour").await);
    add(db, nth(1), app, "acme").await;
    let error = refused(db, async |tx| {
        installations::insert(tx, &at(nth(2), app, "acme"), now()).await
    })
    .await;
    assert!(error.is_taken("installation", "app_id"), "{error:?}");
    add(db, nth(3), app, "other").await;
    add(db, nth(4), neighbour, "acme").await;
    for (id, product, grp) in [(5, "confluence", "prod"), (6, "jira", "dfr")] {
        let new = New {
            product,
            grp,
            ..at(nth(id), app, "acme")
        };
        commit(db, async |tx| installations::insert(tx, &new, now()).await).await;
    }
    assert!(commit(db, async |tx| installations::end(tx, nth(1), after(1)).await).await);
    add(db, nth(7), app, "acme").await;
    let ids: Vec<InstallationId> = of_app(db, app).await.iter().map(|i| i.id).collect();
    assert_eq!(
        ids,
        [nth(5), nth(6), nth(7), nth(3), nth(1)],
        "those that ended come last"
    );
}

async fn a_change_needs_the_version_it_was_based_on(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app_of_one(db).await;
    add(db, nth(1), app, "acme").await;
    add(db, nth(2), app, "other").await;
    let types = ["adminPages".to_owned()];
    let set = async |version| {
        commit(db, async |tx| {
            installations::set_module_types(tx, nth(1), version, &types).await
        })
        .await
    };
    assert!(!set(2).await);
    assert!(set(1).await);
    assert!(!set(1).await);
    assert!(!commit(db, async |tx| installations::retire_secrets(tx, nth(1), 1, now()).await).await);
    assert!(commit(db, async |tx| installations::retire_secrets(tx, nth(1), 2, now()).await).await);
    assert!(commit(db, async |tx| installations::end(tx, nth(1), now()).await).await);
    assert!(!set(4).await, "it is over");
    assert!(!commit(db, async |tx| installations::retire_secrets(tx, nth(1), 4, now()).await).await);
    let found = of_app(db, app).await;
    let versions: Vec<_> = found
        .iter()
        .map(|i| (i.id, i.version, i.module_types.0.len()))
        .collect();
    assert_eq!(versions, [(nth(2), 1, 0), (nth(1), 4, 1)]);
}

async fn a_secret_that_is_replaced_stays_for_a_time(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app_of_one(db).await;
    add(db, nth(1), app, "acme").await;
    add(db, nth(2), app, "other").await;
    keep(db, &secret(1, nth(1))).await;
    keep(db, &secret(9, nth(2))).await;
    let retire = async |version, until| {
        assert!(
            commit(db, async |tx| installations::retire_secrets(tx, nth(1), version, until)
                .await)
            .await
        );
    };
    let until = async || -> Vec<(u128, Option<DateTime<Utc>>)> {
        let own = secrets(db, app)
            .await
            .into_iter()
            .filter(|s| s.installation_id == nth(1));
        own.map(|s| (s.id.as_u128(), s.valid_until)).collect()
    };
    retire(1, after(60) + TICK).await;
    keep(db, &secret(2, nth(1))).await;
    assert_eq!(until().await, [(2, None), (1, Some(after(60) + TICK))]);
    // A later replacement never makes an older secret valid for longer, but may end it sooner.
    retire(2, after(90)).await;
    assert_eq!(until().await, [(2, Some(after(90))), (1, Some(after(60) + TICK))]);
    retire(3, after(30)).await;
    assert_eq!(until().await, [(2, Some(after(30))), (1, Some(after(30)))]);
    let others = secrets(db, app)
        .await
        .into_iter()
        .find(|s| s.id == nth::<Uuid>(9))
        .unwrap();
    assert_eq!(others.valid_until, None);
}

async fn an_installation_ends_once(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app_of_one(db).await;
    add(db, nth(1), app, "acme").await;
    add(db, nth(2), app, "other").await;
    let end = async |at| commit(db, async |tx| installations::end(tx, nth(1), at).await).await;
    assert!(end(after(1) + TICK).await);
    assert!(!end(after(2)).await);
    let ended: Vec<_> = of_app(db, app).await.iter().map(|i| (i.id, i.ended_at)).collect();
    assert_eq!(ended, [(nth(2), None), (nth(1), Some(after(1) + TICK))]);
}

async fn secrets_whose_time_is_over_are_deleted(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app_of_one(db).await;
    add(db, nth(1), app, "acme").await;
    for (n, valid_until) in [(1, Some(after(1))), (2, Some(after(1) + TICK)), (3, None)] {
        let secret = Sealed {
            valid_until,
            ..secret(n, nth(1))
        };
        keep(db, &secret).await;
    }
    let delete = async |at| commit(db, async |tx| installations::delete_retired_secrets(tx, at).await).await;
    assert_eq!(delete(after(1) - TICK).await, 0);
    assert_eq!(delete(after(1)).await, 1);
    let left: Vec<Uuid> = secrets(db, app).await.iter().map(|s| s.id).collect();
    assert_eq!(left, [nth::<Uuid>(3), nth(2)]);
    assert_eq!(installations::sealed_by_others(db, "key").await.unwrap(), 0);
    assert_eq!(installations::sealed_by_others(db, "another").await.unwrap(), 2);
}

async fn a_signer_is_found_by_its_key_letter_for_letter(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app_of_one(db).await;
    let find = async |key| installations::signer(db, key).await.unwrap();
    let found = find("com.example.Key").await.unwrap();
    assert_eq!((found.id, found.archived), (app, false));
    assert_eq!(find("com.example.key").await, None);
    assert_eq!(find("com.example").await, None);
    assert_eq!(find("").await, None);
    commit(db, async |tx| {
        rampart_server::store::apps::set_archived(tx, app, Some(now())).await
    })
    .await;
    assert!(find("com.example.Key").await.unwrap().archived);
}

async fn installations_are_seen_by_members_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    for (n, app) in [(1, world.ours.app), (2, world.theirs.app)] {
        add(db, nth(n), app, "acme").await;
        keep(db, &secret(n, nth(n))).await;
    }
    let seen = async |scope| {
        let mut seen = Vec::new();
        for app in [world.ours.app, world.theirs.app] {
            let installations = installations::of_app(db, scope, app).await.unwrap().len();
            seen.push((
                installations,
                installations::secrets_of_app(db, scope, app).await.unwrap().len(),
            ));
        }
        seen
    };
    assert_eq!(seen(Scope::system()).await, [(1, 1), (1, 1)]);
    assert_eq!(seen(scope_of_staff(id())).await, [(1, 1), (1, 1)]);
    assert_eq!(seen(world.scope()).await, [(1, 1), (0, 0)]);
    world.leave(db).await;
    assert_eq!(seen(world.scope()).await, [(0, 0), (0, 0)]);
}
