use std::collections::HashMap;

use rampart_domain::{
    id::{AppId, SeriesId},
    sli::{Group, Product, SeriesKey, Sli},
};
use rampart_server::store::{
    Db, Error, Scope, apps,
    series::{self, Series, Source},
};

use super::{
    NASTY, Neighbours, TICK, a_partner, a_series, after, an_app, commit, details, health_check, id, key, now, nth,
    scope_of_staff,
};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    a_series_comes_back_as_it_was_begun,
    a_series_that_ended_is_taken_up_again,
    a_series_ends_once,
    the_series_of_an_app_are_in_a_fixed_order,
    series_of_apps_are_seen_by_members_only,
    every_series_is_kept_though_it_ended,
    replaced_events_have_a_series_beside_the_one_that_counts,
    only_what_is_being_measured_is_measured,
    series_are_found_by_id_whether_measured_or_not,
    a_key_that_does_not_exist_is_reported,
);

async fn of_app(db: &Db, app: AppId) -> Vec<Series> {
    commit(db, async |tx| series::of_app(tx, app).await).await
}

async fn begin(db: &Db, id: SeriesId, app: AppId, key: &SeriesKey) {
    commit(db, async |tx| series::begin(tx, id, app, key, now()).await).await;
}

async fn end(db: &Db, id: SeriesId) {
    commit(db, async |tx| series::end(tx, id, after(1)).await).await;
}

fn ids(series: &[Series]) -> Vec<SeriesId> {
    series.iter().map(|s| s.id).collect()
}

async fn a_series_comes_back_as_it_was_begun(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app(db, a_partner(db, "One").await, "app").await;
    for sli in Sli::ALL {
        for product in Product::ALL {
            for group in Group::ALL {
                let key = SeriesKey {
                    product: *product,
                    sli: *sli,
                    group: *group,
                    target: NASTY.to_owned(),
                };
                let id = id();
                begin(db, id, app, &key).await;
                let found = of_app(db, app).await.into_iter().find(|s| s.id == id).unwrap();
                assert_eq!(
                    (found.app, found.key, found.created_at, found.ended_at),
                    (app, key, now(), None)
                );
            }
        }
    }
}

async fn a_series_that_ended_is_taken_up_again(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app(db, a_partner(db, "One").await, "app").await;
    let key = key(Product::Jira, Sli::IframeLoad);
    begin(db, nth(1), app, &key).await;
    end(db, nth(1)).await;
    for _ in 0..2 {
        commit(db, async |tx| series::begin(tx, nth(2), app, &key, after(5)).await).await;
        let found = of_app(db, app).await;
        assert_eq!(ids(&found), [nth(1)], "it keeps its id, so its history stays with it");
        assert_eq!((found[0].created_at, found[0].ended_at), (now(), None));
    }
}

async fn a_series_ends_once(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app(db, a_partner(db, "One").await, "app").await;
    let (one, two) = (
        a_series(db, app, Sli::IframeLoad).await,
        a_series(db, app, Sli::WebhookDelivery).await,
    );
    for at in [after(1) + TICK, after(2)] {
        commit(db, async |tx| series::end(tx, one, at).await).await;
    }
    let found = of_app(db, app).await;
    assert_eq!((found[0].id, found[0].ended_at), (one, Some(after(1) + TICK)));
    assert_eq!((found[1].id, found[1].ended_at), (two, None));
}

async fn the_series_of_an_app_are_in_a_fixed_order(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    let (app, other) = (an_app(db, partner, "app").await, an_app(db, partner, "other").await);
    let with_target = |target: &str| SeriesKey {
        target: target.to_owned(),
        ..key(Product::None, Sli::Availability)
    };
    begin(db, nth(9), app, &key(Product::Jira, Sli::WebhookDelivery)).await;
    begin(db, nth(8), app, &key(Product::Jira, Sli::IframeLoad)).await;
    begin(db, nth(7), app, &key(Product::Confluence, Sli::IframeLoad)).await;
    begin(db, nth(6), app, &with_target("https://b.example.com")).await;
    begin(db, nth(5), app, &with_target("https://a.example.com")).await;
    begin(db, nth(4), other, &with_target("https://a.example.com")).await;
    end(db, nth(8)).await;

    let order = [5, 6, 7, 8, 9].map(nth::<SeriesId>);
    assert_eq!(ids(&of_app(db, app).await), order, "those that ended too");
    assert_eq!(ids(&series::of_apps(db, Scope::system(), &[app]).await.unwrap()), order);
    let both = series::of_apps(db, Scope::system(), &[other, app]).await.unwrap();
    assert_eq!(both.len(), 6);
    assert!(both.is_sorted_by_key(|s| s.app), "app by app");
}

async fn series_of_apps_are_seen_by_members_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let (ours, theirs) = (world.ours, world.theirs);
    let seen = async |scope, apps: &[AppId]| {
        let mut seen = ids(&series::of_apps(db, scope, apps).await.unwrap());
        seen.sort_by_key(|id| *id != ours.series);
        seen
    };
    let both = [ours.app, theirs.app];
    assert_eq!(seen(Scope::system(), &both).await, [ours.series, theirs.series]);
    assert_eq!(seen(scope_of_staff(id()), &both).await, [ours.series, theirs.series]);
    assert_eq!(seen(Scope::system(), &[theirs.app]).await, [theirs.series]);
    assert_eq!(seen(world.scope(), &both).await, [ours.series]);
    assert_eq!(seen(world.scope(), &[theirs.app]).await, []);
    assert_eq!(seen(Scope::system(), &[]).await, [], "of no apps there are none");
    world.leave(db).await;
    assert_eq!(seen(world.scope(), &both).await, []);
}

async fn every_series_is_kept_though_it_ended(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(series::ids(db).await.unwrap(), []);
    let partner = a_partner(db, "One").await;
    let (app, idle) = (an_app(db, partner, "app").await, an_app(db, partner, "idle").await);
    begin(db, nth(2), app, &key(Product::Jira, Sli::IframeLoad)).await;
    begin(db, nth(1), idle, &key(Product::Jira, Sli::IframeLoad)).await;
    end(db, nth(1)).await;
    assert_eq!(series::ids(db).await.unwrap(), [1, 2].map(nth::<SeriesId>));
}

async fn replaced_events_have_a_series_beside_the_one_that_counts(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let (app, counted) = (world.ours.app, world.ours.series);
    commit(db, async |tx| apps::set_measuring(tx, app, Some(now())).await).await;
    let key = key(Product::Jira, Sli::IframeLoad);
    let begin = async |id, source| {
        commit(db, async |tx| {
            series::begin_from(tx, id, app, &key, source, after(5)).await
        })
        .await
    };
    assert_eq!(begin(nth(7), Source::Counted).await, counted, "the one that there was");
    assert_eq!(series::replaced(db, &[counted]).await.unwrap(), HashMap::new());
    assert_eq!(begin(nth(7), Source::Replaced).await, nth(7));
    assert_eq!(begin(nth(8), Source::Replaced).await, nth(7));
    assert_eq!(
        series::by_ids(db, &[nth(7)]).await.unwrap().len(),
        0,
        "no rule looks at what was replaced"
    );

    assert_eq!(
        series::replaced(db, &[counted, world.theirs.series, nth(7)])
            .await
            .unwrap(),
        HashMap::from([(counted, nth(7))])
    );
    assert_eq!(series::replaced(db, &[]).await.unwrap(), HashMap::new());
    let mut both: Vec<_> = series::sources(db, &[app, id()])
        .await
        .unwrap()
        .into_iter()
        .map(|(series, source)| (series.id, series.app, series.key, source))
        .collect();
    both.sort_by_key(|found| found.0);
    assert_eq!(
        both,
        [
            (nth(7), app, key.clone(), Source::Replaced),
            (counted, app, key.clone(), Source::Counted)
        ]
    );
    assert!(series::sources(db, &[]).await.unwrap().is_empty());
    // Nobody measures, shows or evaluates it; its figures are kept small like any other's.
    assert_eq!(ids(&of_app(db, app).await), [counted]);
    assert_eq!(
        ids(&series::of_apps(db, Scope::system(), &[app]).await.unwrap()),
        [counted]
    );
    let measured = series::measured(db).await.unwrap();
    assert_eq!(measured.iter().map(|m| m.series.id).collect::<Vec<_>>(), [counted]);
    assert!(series::ids(db).await.unwrap().contains(&nth(7)));
}

async fn only_what_is_being_measured_is_measured(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, NASTY).await;
    let (app, idle) = (
        an_app(db, partner, "com.example.App").await,
        an_app(db, partner, "idle").await,
    );
    begin(db, nth(2), app, &key(Product::Jira, Sli::IframeLoad)).await;
    begin(db, nth(1), app, &key(Product::Jira, Sli::WebhookDelivery)).await;
    begin(db, nth(3), app, &key(Product::Jira, Sli::Synthetic)).await;
    begin(db, nth(4), idle, &key(Product::Jira, Sli::IframeLoad)).await;
    end(db, nth(3)).await;
    let measured = async || {
        series::measured(db)
            .await
            .unwrap()
            .into_iter()
            .map(|m| m.series.id)
            .collect::<Vec<_>>()
    };
    assert!(measured().await.is_empty());

    commit(db, async |tx| apps::set_measuring(tx, app, Some(now())).await).await;
    let new = apps::HealthCheck {
        path: "/up".to_owned(),
        ..health_check()
    };
    assert!(commit(db, async |tx| apps::set_health_check(tx, app, 2, &new).await).await);
    assert!(commit(db, async |tx| apps::set_details(tx, app, 3, &details(NASTY)).await).await);
    assert_eq!(
        measured().await,
        [nth(1), nth(2)],
        "not what ended, nor of other apps; in the order of ids"
    );
    let found = series::measured(db).await.unwrap().remove(1);
    assert_eq!(
        (found.series.app, found.series.key),
        (app, key(Product::Jira, Sli::IframeLoad))
    );
    assert_eq!(
        (found.app_key.as_str(), found.app_name.as_str()),
        ("com.example.App", NASTY)
    );
    assert_eq!(
        (found.partner, found.partner_name.as_str(), found.health_path.as_str()),
        (partner, NASTY, "/up")
    );

    commit(db, async |tx| apps::set_archived(tx, app, Some(now())).await).await;
    assert!(measured().await.is_empty());
}

async fn series_are_found_by_id_whether_measured_or_not(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    end(db, world.ours.series).await;
    commit(db, async |tx| {
        apps::set_archived(tx, world.theirs.app, Some(now())).await
    })
    .await;
    let found = series::by_ids(db, &[world.theirs.series, id(), world.ours.series])
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    assert!(found.is_sorted_by_key(|m| m.series.id));
    let ours = found.iter().find(|m| m.series.id == world.ours.series).unwrap();
    assert_eq!(
        (ours.partner, ours.partner_name.as_str(), ours.series.ended_at),
        (world.ours.partner, "ours", Some(after(1)))
    );
    assert!(
        series::by_ids(db, &[]).await.unwrap().is_empty(),
        "of no ids there are none"
    );

    let ids = [world.theirs.series, world.ours.series];
    let sli = ours.series.key.sli;
    let others: Vec<Sli> = Sli::ALL.iter().copied().filter(|other| *other != sli).collect();
    let theirs = a_series(db, world.theirs.app, others[0]).await;
    let ids = [ids[0], ids[1], theirs];
    let named = async |slis: &[Sli]| {
        let found = series::by_ids_of(db, &ids, slis).await.unwrap();
        found.iter().map(|m| m.series.id).collect::<Vec<_>>()
    };
    let mut both = vec![ids[0], ids[1]];
    both.sort();
    assert_eq!(named(&[sli]).await, both);
    assert_eq!(named(&others).await, [theirs]);
    assert_eq!(named(Sli::ALL).await.len(), 3);
}

async fn a_key_that_does_not_exist_is_reported(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    for (column, good) in [("product", "jira"), ("sli", "iframe_load"), ("grp", "prod")] {
        sql(db, &format!("update series set {column} = 'nonsense'"))
            .await
            .unwrap();
        let error = series::by_ids(db, &[world.ours.series]).await.unwrap_err();
        assert!(
            matches!(&error, Error::Corrupt { what: "series key", value } if value == "nonsense"),
            "{error:?}"
        );
        sql(db, &format!("update series set {column} = '{good}'"))
            .await
            .unwrap();
    }
}
