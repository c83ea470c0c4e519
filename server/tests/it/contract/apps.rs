use rampart_domain::{access::PartnerRole, id::AppId};
use rampart_server::store::{
    Db, Scope,
    apps::{self, App, Details, Filter, HealthCheck},
};

use super::{
    NASTY, Neighbours, TICK, a_member, a_partner, an_app, commit, details, health_check, id, long_text, now, nth,
    refused, scope_of, scope_of_staff,
};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    apps_are_found_by_their_ids_as_far_as_they_are_seen,
    excluded_sites_are_those_of_the_version_that_was_seen,
    burn_rate_alerts_are_switched_in_the_version_that_was_seen,
    events_are_received_for_apps_that_are_not_archived,
    an_app_comes_back_as_it_was_written,
    a_key_belongs_to_one_app_in_whatever_case,
    details_change_only_from_the_version_that_was_read,
    the_health_check_changes_only_from_the_version_that_was_read,
    measuring_starts_and_stops_once,
    an_app_is_archived_and_taken_back_once,
    a_partner_has_active_apps_until_the_last_is_archived,
    a_search_finds_name_key_and_partner_in_whatever_case,
    a_search_takes_wildcards_for_what_they_are,
    archived_apps_are_listed_apart,
    pages_are_in_order_and_do_not_overlap,
    apps_are_seen_by_members_of_their_partner_only,
    apps_of_one_partner_are_told_apart,
);

const ALL: Filter<'static> = Filter {
    search: "",
    archived: false,
    partner: None,
};

async fn find(db: &Db, key: &str) -> App {
    apps::by_key(db, Scope::system(), key).await.unwrap().unwrap()
}

/// The keys of the apps that a search finds; their number is what `count` says.
async fn keys(db: &Db, filter: Filter<'_>) -> Vec<String> {
    let found: Vec<_> = apps::list(db, Scope::system(), filter, 0, 100)
        .await
        .unwrap()
        .into_iter()
        .map(|a| a.key)
        .collect();
    assert_eq!(
        apps::count(db, Scope::system(), filter).await.unwrap(),
        i64::try_from(found.len()).unwrap()
    );
    found
}

async fn insert(db: &Db, partner: rampart_domain::id::PartnerId, key: &str, name: &str) -> AppId {
    let app = id();
    commit(db, async |tx| {
        apps::insert(tx, app, partner, key, &details(name), &health_check(), now()).await
    })
    .await;
    app
}

async fn an_app_comes_back_as_it_was_written(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, NASTY).await;
    let app = id();
    let details = Details {
        name: NASTY.to_owned(),
        kind: "forge".to_owned(),
        products: vec!["jira".to_owned(), NASTY.to_owned()],
        support_contact: long_text(),
        operations_contacts: "a@example.com\nb@example.com\n".to_owned(),
    };
    let health = HealthCheck {
        path: "/health?a='b'&c=\"d\"".to_owned(),
        base_urls: vec![
            "https://eu.example.com".to_owned(),
            "https://us.example.com/ü".to_owned(),
        ],
        fails_when_down: false,
    };
    commit(db, async |tx| {
        apps::insert(tx, app, partner, "Com.Example.App", &details, &health, now()).await
    })
    .await;

    let found = find(db, "Com.Example.App").await;
    assert_eq!(
        (found.id, found.partner_id, found.partner_name.as_str()),
        (app, partner, NASTY)
    );
    assert_eq!((found.key.as_str(), found.version), ("Com.Example.App", 1));
    assert_eq!(details_of(&found), details);
    assert_eq!(health_check_of(&found), health);
    assert_eq!((found.measuring_since, found.archived_at), (None, None));
    assert_eq!(find(db, "com.example.APP").await.id, app);
    assert!(
        apps::by_key(db, Scope::system(), "com_example_app")
            .await
            .unwrap()
            .is_none(),
        "no wildcards"
    );

    let listed = apps::list(db, Scope::system(), ALL, 0, 10).await.unwrap().remove(0);
    assert_eq!(format!("{listed:?}"), format!("{found:?}"), "the list shows the same");
}

fn details_of(app: &App) -> Details {
    Details {
        name: app.name.clone(),
        kind: app.kind.clone(),
        products: app.products.0.clone(),
        support_contact: app.support_contact.clone(),
        operations_contacts: app.operations_contacts.clone(),
    }
}

fn health_check_of(app: &App) -> HealthCheck {
    HealthCheck {
        path: app.health_path.clone(),
        base_urls: app.base_urls.0.clone(),
        fails_when_down: app.fails_when_down,
    }
}

async fn a_key_belongs_to_one_app_in_whatever_case(database: TestDatabase) {
    let db = &database.store.portal;
    let (one, two) = (a_partner(db, "One").await, a_partner(db, "Two").await);
    an_app(db, one, "com.example.app").await;
    let again = async |key| {
        refused(db, async |tx| {
            apps::insert(tx, id(), two, key, &details("x"), &health_check(), now()).await
        })
        .await
    };
    for key in ["com.example.app", "COM.Example.App"] {
        let error = again(key).await;
        assert!(error.is_taken("app", "key_key"), "{error:?}");
        assert!(!error.is_taken("app", "key") && !error.is_taken("partner", "key_key"));
    }
}

async fn details_change_only_from_the_version_that_was_read(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    let (app, bystander) = (an_app(db, partner, "app").await, an_app(db, partner, "bystander").await);
    let new = Details {
        products: vec![],
        kind: "forge".to_owned(),
        ..details(NASTY)
    };
    let set = async |version, details: &Details| {
        commit(db, async |tx| apps::set_details(tx, app, version, details).await).await
    };
    assert!(set(1, &new).await);
    assert!(!set(1, &details("too late")).await);
    assert!(!set(3, &details("too early")).await);
    let found = find(db, "app").await;
    assert_eq!((details_of(&found), found.version), (new, 2));
    assert_eq!(health_check_of(&found), health_check());
    let untouched = find(db, "bystander").await;
    assert_eq!(
        (untouched.id, untouched.version, details_of(&untouched)),
        (bystander, 1, details("bystander"))
    );
}

async fn the_health_check_changes_only_from_the_version_that_was_read(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app(db, a_partner(db, "One").await, "app").await;
    let new = HealthCheck {
        path: "/up".to_owned(),
        base_urls: vec![],
        fails_when_down: false,
    };
    let set = async |version, health: &HealthCheck| {
        commit(db, async |tx| apps::set_health_check(tx, app, version, health).await).await
    };
    assert!(set(1, &new).await);
    assert!(!set(1, &health_check()).await);
    let found = find(db, "app").await;
    assert_eq!((health_check_of(&found), found.version), (new, 2));
    assert_eq!(details_of(&found), details("app"));
}

async fn measuring_starts_and_stops_once(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app(db, a_partner(db, "One").await, "app").await;
    let set = async |since| commit(db, async |tx| apps::set_measuring(tx, app, since).await).await;
    assert!(!set(None).await, "it is not measured");
    assert!(set(Some(now() + TICK)).await);
    assert!(!set(Some(now())).await, "it is measured already");
    let found = find(db, "app").await;
    assert_eq!((found.measuring_since, found.version), (Some(now() + TICK), 2));
    assert!(set(None).await);
    assert_eq!(find(db, "app").await.measuring_since, None);
    assert!(
        !commit(db, async |tx| apps::set_measuring(tx, id(), Some(now())).await).await,
        "there is no such app"
    );
}

async fn an_app_is_archived_and_taken_back_once(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app(db, a_partner(db, "One").await, "app").await;
    let set = async |at| commit(db, async |tx| apps::set_archived(tx, app, at).await).await;
    assert!(!set(None).await);
    assert!(set(Some(now() + TICK)).await);
    assert!(!set(Some(now())).await);
    let found = find(db, "app").await;
    assert_eq!((found.archived_at, found.version), (Some(now() + TICK), 2));
    assert!(set(None).await);
    assert_eq!(find(db, "app").await.archived_at, None);
}

async fn a_partner_has_active_apps_until_the_last_is_archived(database: TestDatabase) {
    let db = &database.store.portal;
    let (one, two) = (a_partner(db, "One").await, a_partner(db, "Two").await);
    let any = async || commit(db, async |tx| apps::any_active(tx, one).await).await;
    an_app(db, two, "stranger").await;
    assert!(!any().await);
    for app in [an_app(db, one, "first").await, an_app(db, one, "second").await] {
        assert!(any().await);
        commit(db, async |tx| apps::set_archived(tx, app, Some(now())).await).await;
    }
    assert!(!any().await);
}

async fn a_search_finds_name_key_and_partner_in_whatever_case(database: TestDatabase) {
    let db = &database.store.portal;
    let (one, two) = (a_partner(db, "Große Öfen GmbH").await, a_partner(db, "Two").await);
    insert(db, one, "com.example.first", "Calendar").await;
    insert(db, two, "com.example.Second", "Time sheets").await;
    let found = async |search| {
        keys(
            db,
            Filter {
                search,
                archived: false,
                partner: None,
            },
        )
        .await
        .join(" ")
    };
    assert_eq!(found("").await, "com.example.first com.example.Second");
    assert_eq!(found(" \t").await, "com.example.first com.example.Second");
    assert_eq!(found(" cALEN ").await, "com.example.first");
    assert_eq!(found("example.sec").await, "com.example.Second");
    assert_eq!(found("EXAMPLE.SEC").await, "com.example.Second");
    assert_eq!(found("große öfen").await, "com.example.first");
    assert_eq!(found("ÖFEN").await, "com.example.first");
    assert_eq!(found("time  sheets").await, "");
    assert_eq!(found("'; drop table app; --").await, "");
}

async fn a_search_takes_wildcards_for_what_they_are(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    for (key, name) in [
        ("percent", "100% done"),
        ("underscore", "snake_case"),
        ("backslash", r"back\slash"),
        ("plain", "1000 snakecase"),
    ] {
        insert(db, partner, key, name).await;
    }
    let found = async |search| {
        keys(
            db,
            Filter {
                search,
                archived: false,
                partner: None,
            },
        )
        .await
        .join(" ")
    };
    assert_eq!(found("%").await, "percent");
    assert_eq!(found("0% d").await, "percent");
    assert_eq!(found("_").await, "underscore");
    assert_eq!(found("snake_").await, "underscore");
    assert_eq!(found(r"\").await, "backslash");
    assert_eq!(found(r"k\s").await, "backslash");
    assert_eq!(found(r"\%").await, "");
    assert_eq!(found("%snake%").await, "");
}

async fn archived_apps_are_listed_apart(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    an_app(db, partner, "active").await;
    let old = an_app(db, partner, "archived").await;
    commit(db, async |tx| apps::set_archived(tx, old, Some(now())).await).await;
    assert_eq!(keys(db, ALL).await, ["active"]);
    assert_eq!(
        keys(
            db,
            Filter {
                search: "",
                archived: true,
                partner: None,
            }
        )
        .await,
        ["archived"]
    );
    assert!(
        keys(
            db,
            Filter {
                search: "archived",
                archived: false,
                partner: None,
            }
        )
        .await
        .is_empty()
    );
}

async fn pages_are_in_order_and_do_not_overlap(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    // Many names are equal, in the order of their ids then; written in another order than they are read.
    let mut names: Vec<(String, AppId)> = (0..23)
        .map(|n| (["beta", "Alpha", "gamma"][n % 3].to_owned(), nth(n as u128 + 1)))
        .collect();
    for (name, app) in names.iter().rev() {
        let key = format!("key-{app}");
        commit(db, async |tx| {
            apps::insert(tx, *app, partner, &key, &details(name), &health_check(), now()).await
        })
        .await;
    }
    names.sort_by_key(|(name, id)| (name.to_lowercase(), *id));
    let mut read = Vec::new();
    for page in 0..5 {
        let apps = apps::list(db, Scope::system(), ALL, page * 5, 5).await.unwrap();
        read.extend(apps.into_iter().map(|a| (a.name, a.id)));
    }
    assert_eq!(read, names);
    assert!(apps::list(db, Scope::system(), ALL, 23, 5).await.unwrap().is_empty());
    assert_eq!(apps::count(db, Scope::system(), ALL).await.unwrap(), 23);
}

async fn apps_are_seen_by_members_of_their_partner_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let member = a_member(db, "Mia", world.ours.partner, PartnerRole::Member).await;
    let seen = async |scope| {
        let mut seen = Vec::new();
        for key in ["com.example.ours", "com.example.theirs"] {
            seen.extend(apps::by_key(db, scope, key).await.unwrap().map(|a| a.id));
        }
        for search in ["", "com.example"] {
            let filter = Filter {
                search,
                archived: false,
                partner: None,
            };
            let listed: Vec<_> = apps::list(db, scope, filter, 0, 10)
                .await
                .unwrap()
                .into_iter()
                .map(|a| a.id)
                .collect();
            assert_eq!(listed, seen);
            assert_eq!(
                apps::count(db, scope, filter).await.unwrap(),
                i64::try_from(seen.len()).unwrap()
            );
        }
        seen
    };
    let (ours, theirs) = (world.ours.app, world.theirs.app);
    assert_eq!(seen(Scope::system()).await, [ours, theirs]);
    assert_eq!(seen(scope_of_staff(id())).await, [ours, theirs]);
    assert_eq!(seen(world.scope()).await, [ours]);
    assert_eq!(seen(scope_of(member)).await, [ours]);
    assert_eq!(seen(scope_of(id())).await, []);
    world.leave(db).await;
    assert_eq!(seen(world.scope()).await, []);
}

async fn excluded_sites_are_those_of_the_version_that_was_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app(db, a_partner(db, "One").await, "com.example.App").await;
    let sites = ["a.example.net".to_owned(), NASTY.to_owned()];
    let stored = async || {
        apps::by_key(db, Scope::system(), "com.example.app")
            .await
            .unwrap()
            .unwrap()
    };
    assert_eq!(stored().await.excluded_sites.0, Vec::<String>::new());
    assert!(commit(db, async |tx| apps::set_excluded_sites(tx, app, 1, &sites).await).await);
    assert!(
        !commit(db, async |tx| apps::set_excluded_sites(tx, app, 1, &[]).await).await,
        "it has changed since"
    );
    assert_eq!(
        (stored().await.excluded_sites.0, stored().await.version),
        (sites.to_vec(), 2)
    );
}

async fn events_are_received_for_apps_that_are_not_archived(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let archived = an_app(db, world.ours.partner, "com.example.archived").await;
    commit(db, async |tx| apps::set_archived(tx, archived, Some(now())).await).await;
    let sites = ["a.example.net".to_owned()];
    commit(db, async |tx| {
        apps::set_excluded_sites(tx, world.ours.app, 1, &sites).await
    })
    .await;
    let keys: Vec<String> = ["ours", "theirs", "archived", "nobody"]
        .map(|key| format!("com.example.{key}"))
        .to_vec();
    let received = async |partner| {
        let mut found = apps::receiving(db, partner, &keys).await.unwrap();
        found.sort_by(|a, b| a.key_key.cmp(&b.key_key));
        found
            .into_iter()
            .map(|app| (app.id, app.key_key, app.excluded_sites.0))
            .collect::<Vec<_>>()
    };
    let ours = (world.ours.app, "com.example.ours".to_owned(), sites.to_vec());
    let theirs = (world.theirs.app, "com.example.theirs".to_owned(), Vec::new());
    assert_eq!(received(None).await, [ours.clone(), theirs.clone()]);
    assert_eq!(received(Some(world.ours.partner)).await, [ours]);
    assert_eq!(received(Some(world.theirs.partner)).await, [theirs]);
    assert_eq!(received(Some(id())).await, []);
    assert!(apps::receiving(db, None, &[]).await.unwrap().is_empty());
    let many: Vec<String> = (0..25_000).map(|n| n.to_string()).chain(keys.clone()).collect();
    assert_eq!(
        apps::receiving(db, None, &many).await.unwrap().len(),
        2,
        "more than one statement can name"
    );
}

async fn apps_are_found_by_their_ids_as_far_as_they_are_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let both = [world.ours.app, world.theirs.app, AppId(nth(9))];
    let found = async |scope, ids: &[AppId]| -> Vec<String> {
        let apps = apps::by_ids(db, scope, ids).await.unwrap();
        apps.into_iter().map(|app| app.key).collect()
    };
    assert_eq!(found(Scope::system(), &both).await.len(), 2);
    assert_eq!(found(world.scope(), &both).await, ["com.example.ours"]);
    assert!(found(Scope::system(), &[]).await.is_empty());
}

async fn burn_rate_alerts_are_switched_in_the_version_that_was_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let app = Neighbours::new(db).await.ours.app;
    let switch =
        async |version, on| commit(db, async |tx| apps::set_burn_rate_alerts(tx, app, version, on).await).await;
    assert!(switch(1, true).await);
    assert!(!switch(1, false).await, "somebody else was faster");
    let of_app = rampart_server::store::burn_rates::of_app(db, Scope::system(), app).await;
    assert!(of_app.unwrap().on);
    assert!(switch(2, false).await);
}

async fn apps_of_one_partner_are_told_apart(database: TestDatabase) {
    let db = &database.store.portal;
    let (one, two) = (a_partner(db, "One").await, a_partner(db, "Two").await);
    insert(db, one, "com.example.first", "Calendar").await;
    insert(db, two, "com.example.second", "Time sheets").await;
    let of = |partner, search| Filter {
        search,
        archived: false,
        partner: Some(partner),
    };
    assert_eq!(keys(db, of(one, "")).await, ["com.example.first"]);
    assert_eq!(keys(db, of(two, "example")).await, ["com.example.second"]);
    assert!(keys(db, of(two, "Calendar")).await.is_empty());
    assert!(keys(db, of(id(), "")).await.is_empty());
}
