use rampart_domain::{
    alert::{Assessment, Closing, Occurrence, OpenEpisode},
    count::{Counts, Minute, MinuteRange},
    id::{AppId, SeriesId},
    sli::{Product, Sli},
};
use rampart_server::store::{
    Db, Error, Result, Scope,
    episodes::{self, Assessed, Episode},
    occurrences,
};

use super::{Neighbours, Side, a_series, commit, id, key, nth, refused, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    an_episode_comes_back_as_it_was_written,
    a_series_has_one_open_episode_at_most,
    an_incident_id_names_one_episode,
    an_open_episode_takes_what_an_evaluation_changed,
    a_closed_episode_never_changes,
    open_episodes_are_those_not_closed,
    the_history_of_an_app_is_paged_the_latest_first,
    episodes_of_a_series_are_those_that_reach_into_the_time_asked_for,
    episodes_are_seen_by_members_only,
    openings_of_a_series_are_counted_from_a_tick_on,
    a_closing_that_does_not_exist_is_reported,
    an_episode_takes_what_the_ledger_leaves_of_it,
    episodes_near_an_entry_are_those_it_may_touch,
    the_episodes_of_an_occurrence_are_seen_by_members_only,
);

fn opened(at: i64) -> OpenEpisode {
    OpenEpisode {
        opened_at: Minute(at),
        window_start: Minute(at - 15),
        last_held: Minute(at),
        last_defined: Minute(at),
        last_mail: Minute(at),
        last_value: Counts::new(90, 10),
        worst_value: Counts::new(90, 10),
        counted_at: None,
    }
}

/// What no field shares with [`opened`].
fn changed(at: i64) -> OpenEpisode {
    OpenEpisode {
        last_held: Minute(at + 1),
        last_defined: Minute(at + 2),
        last_mail: Minute(at + 3),
        last_value: Counts::new(4_000_000_000_000, 5),
        worst_value: Counts::new(6, 7_000_000_000_000),
        counted_at: Some(Minute(at + 8)),
        ..opened(at)
    }
}

async fn open(db: &Db, n: u128, series: SeriesId, app: AppId, at: i64) {
    let incident = format!("incident-{n}");
    commit(db, async |tx| {
        episodes::insert(tx, nth(n), series, app, &incident, &opened(at)).await
    })
    .await;
}

async fn close(db: &Db, n: u128, opened_at: i64, at: i64) {
    let closed = Some((Minute(at), Closing::Ok));
    commit(db, async |tx| {
        episodes::update(tx, nth(n), &opened(opened_at), closed).await
    })
    .await;
}

async fn find(db: &Db, side: Side, n: u128) -> Episode {
    episodes::by_incident_id(db, Scope::system(), side.app, &format!("incident-{n}"))
        .await
        .unwrap()
        .unwrap()
}

fn ids(found: Result<Vec<Episode>>) -> Vec<u128> {
    found.unwrap().into_iter().map(|e| e.id.0.as_u128()).collect()
}

async fn an_episode_comes_back_as_it_was_written(database: TestDatabase) {
    let db = &database.store.portal;
    let ours = Neighbours::new(db).await.ours;
    let other = a_series(db, ours.app, Sli::WebhookDelivery).await;
    for (n, series, sli, episode) in [
        (1, ours.series, Sli::IframeLoad, opened(100)),
        (2, other, Sli::WebhookDelivery, changed(29_000_000)),
    ] {
        let incident = format!("incident-{n}");
        commit(db, async |tx| {
            episodes::insert(tx, nth(n), series, ours.app, &incident, &episode).await
        })
        .await;
        let found = find(db, ours, n).await;
        assert_eq!((found.id, found.series, found.app), (nth(n), series, ours.app));
        assert_eq!((found.incident_id, found.key), (incident, key(Product::Jira, sli)));
        assert_eq!((found.episode, found.closed), (episode, None));
    }
    assert!(
        episodes::by_incident_id(db, Scope::system(), ours.app, "incident-3")
            .await
            .unwrap()
            .is_none()
    );
}

async fn a_series_has_one_open_episode_at_most(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    open(db, 1, ours.series, ours.app, 100).await;
    open(db, 2, theirs.series, theirs.app, 100).await;
    let error = refused(db, async |tx| {
        episodes::insert(tx, nth(3), ours.series, ours.app, "another", &opened(200)).await
    })
    .await;
    assert!(error.is_taken("episode", "series_id"), "{error:?}");
    close(db, 1, 100, 150).await;
    open(db, 3, ours.series, ours.app, 200).await;
    assert_eq!(
        ids(episodes::open(db).await),
        [2, 3],
        "once closed, the next one may open"
    );
}

async fn an_incident_id_names_one_episode(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    open(db, 1, ours.series, ours.app, 100).await;
    let error = refused(db, async |tx| {
        episodes::insert(tx, nth(2), theirs.series, theirs.app, "incident-1", &opened(1)).await
    })
    .await;
    assert!(error.is_taken("episode", "incident_id"), "{error:?}");
    let elsewhere = episodes::by_incident_id(db, Scope::system(), theirs.app, "incident-1")
        .await
        .unwrap();
    assert!(elsewhere.is_none(), "it is found in its app only");
}

async fn an_open_episode_takes_what_an_evaluation_changed(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    open(db, 1, ours.series, ours.app, 100).await;
    open(db, 2, theirs.series, theirs.app, 100).await;
    for episode in [changed(100), opened(100)] {
        commit(db, async |tx| episodes::update(tx, nth(1), &episode, None).await).await;
        let found = find(db, ours, 1).await;
        assert_eq!((found.episode, found.closed), (episode, None));
    }
    // When it opened is history already.
    commit(db, async |tx| episodes::update(tx, nth(1), &changed(500), None).await).await;
    let found = find(db, ours, 1).await.episode;
    assert_eq!((found.opened_at, found.window_start), (Minute(100), Minute(85)));
    assert_eq!(find(db, theirs, 2).await.episode, opened(100));
}

async fn a_closed_episode_never_changes(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    for (n, side, closing) in [(1, ours, Closing::Ok), (2, theirs, Closing::Unknown)] {
        open(db, n, side.series, side.app, 100).await;
        let closed = Some((Minute(150), closing));
        commit(db, async |tx| episodes::update(tx, nth(n), &changed(100), closed).await).await;
        for later in [
            None,
            Some((Minute(160), Closing::Ok)),
            Some((Minute(160), Closing::Unknown)),
        ] {
            commit(db, async |tx| episodes::update(tx, nth(n), &opened(100), later).await).await;
        }
        let found = find(db, side, n).await;
        assert_eq!((found.episode, found.closed), (changed(100), closed));
    }
}

async fn open_episodes_are_those_not_closed(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let Neighbours { ours, theirs, .. } = world;
    let other = a_series(db, ours.app, Sli::WebhookDelivery).await;
    open(db, 4, ours.series, ours.app, 50).await;
    close(db, 4, 50, 60).await;
    open(db, 3, ours.series, ours.app, 100).await;
    open(db, 2, other, ours.app, 90).await;
    open(db, 1, theirs.series, theirs.app, 110).await;
    assert_eq!(ids(episodes::open(db).await), [1, 2, 3]);

    let of_apps = async |scope, apps: &[AppId]| ids(episodes::open_of_apps(db, scope, apps).await);
    let both = [ours.app, theirs.app];
    assert_eq!(
        of_apps(Scope::system(), &both).await,
        [2, 3, 1],
        "the one that opened first comes first"
    );
    assert_eq!(of_apps(scope_of_staff(id()), &both).await, [2, 3, 1]);
    assert_eq!(of_apps(Scope::system(), &[theirs.app]).await, [1]);
    assert_eq!(of_apps(Scope::system(), &[]).await, []);
    assert_eq!(of_apps(world.scope(), &both).await, [2, 3]);
    assert_eq!(of_apps(world.scope(), &[theirs.app]).await, []);
    world.leave(db).await;
    assert_eq!(of_apps(world.scope(), &both).await, []);
}

async fn the_history_of_an_app_is_paged_the_latest_first(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    open(db, 99, theirs.series, theirs.app, 100).await;
    // Two series of one app, whose episodes open in the same minutes.
    let other = a_series(db, ours.app, Sli::WebhookDelivery).await;
    for n in 1..=7 {
        let at = 100 * i64::try_from(n / 2).unwrap();
        open(db, n, if n % 2 == 0 { ours.series } else { other }, ours.app, at).await;
        close(db, n, at, at + 50).await;
    }
    let page = async |offset, limit| ids(episodes::of_app(db, Scope::system(), ours.app, offset, limit).await);
    assert_eq!(page(0, 3).await, [7, 6, 5]);
    assert_eq!(page(3, 3).await, [4, 3, 2]);
    assert_eq!(page(6, 3).await, [1]);
    assert_eq!(page(7, 3).await, []);
    assert_eq!(episodes::count_of_app(db, Scope::system(), ours.app).await.unwrap(), 7);
}

async fn episodes_of_a_series_are_those_that_reach_into_the_time_asked_for(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, .. } = Neighbours::new(db).await;
    let other = a_series(db, ours.app, Sli::WebhookDelivery).await;
    open(db, 9, other, ours.app, 100).await;
    for (n, from, to) in [(1, 100, 150), (2, 200, 250), (3, 300, 350)] {
        open(db, n, ours.series, ours.app, from).await;
        close(db, n, from, to).await;
    }
    open(db, 4, ours.series, ours.app, 400).await;
    let since = async |from| ids(episodes::of_series_since(db, Scope::system(), ours.series, Minute(from)).await);
    assert_eq!(since(0).await, [1, 2, 3, 4]);
    assert_eq!(
        since(150).await,
        [1, 2, 3, 4],
        "the minute of the closing still belongs to it"
    );
    assert_eq!(since(151).await, [2, 3, 4]);
    assert_eq!(since(1_000).await, [4], "what is open reaches everywhere");
}

async fn episodes_are_seen_by_members_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    open(db, 1, world.ours.series, world.ours.app, 100).await;
    open(db, 2, world.theirs.series, world.theirs.app, 100).await;
    // How many of the four functions show the episode of a side.
    let seen = async |scope, side: Side, incident: &str| {
        let count = usize::try_from(episodes::count_of_app(db, scope, side.app).await.unwrap()).unwrap();
        let found = episodes::by_incident_id(db, scope, side.app, incident).await.unwrap();
        let of_series = episodes::of_series_since(db, scope, side.series, Minute(0))
            .await
            .unwrap();
        count
            + usize::from(found.is_some())
            + of_series.len()
            + episodes::of_app(db, scope, side.app, 0, 9).await.unwrap().len()
    };
    let both = async |scope| {
        (
            seen(scope, world.ours, "incident-1").await,
            seen(scope, world.theirs, "incident-2").await,
        )
    };
    assert_eq!(both(Scope::system()).await, (4, 4));
    assert_eq!(both(scope_of_staff(id())).await, (4, 4));
    assert_eq!(both(world.scope()).await, (4, 0));
    world.leave(db).await;
    assert_eq!(both(world.scope()).await, (0, 0));
}

async fn a_closing_that_does_not_exist_is_reported(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, .. } = Neighbours::new(db).await;
    open(db, 1, ours.series, ours.app, 100).await;
    close(db, 1, 100, 150).await;
    sql(db, "update episode set closing = 'nonsense'").await.unwrap();
    let error = episodes::of_app(db, Scope::system(), ours.app, 0, 1).await.unwrap_err();
    assert!(
        matches!(&error, Error::Corrupt { what: "episode", value } if value == "nonsense"),
        "{error:?}"
    );
}

async fn openings_of_a_series_are_counted_from_a_tick_on(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    for (n, at) in [(1, 100), (2, 200)] {
        open(db, n, ours.series, ours.app, at).await;
        close(db, n, at, at + 50).await;
    }
    open(db, 3, ours.series, ours.app, 300).await;
    open(db, 4, theirs.series, theirs.app, 300).await;
    let since = async |at| episodes::opened_since(db, ours.series, Minute(at)).await.unwrap();
    assert_eq!(
        (since(0).await, since(200).await, since(201).await, since(301).await),
        (3, 2, 1, 0)
    );
}

async fn an_episode_takes_what_the_ledger_leaves_of_it(database: TestDatabase) {
    let db = &database.store.portal;
    let ours = Neighbours::new(db).await.ours;
    open(db, 1, ours.series, ours.app, 100).await;
    let fresh = find(db, ours, 1).await;
    assert_eq!((fresh.excused, fresh.assessed, fresh.occurrence), (false, None, None));
    let assessment = Assessment {
        raw: Counts::new(1, 4_000_000_000_000),
        adjusted: Counts::new(2, 3),
        holds_adjusted: true,
        excused: true,
    };
    close(db, 1, 100, 200).await;
    commit(db, async |tx| episodes::assess(tx, nth(1), &assessment).await).await;
    let found = find(db, ours, 1).await;
    assert!(found.excused, "a closed one too");
    let (raw, adjusted) = (assessment.raw, assessment.adjusted);
    assert_eq!(found.assessed, Some(Assessed { raw, adjusted }));
}

async fn episodes_near_an_entry_are_those_it_may_touch(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    // The window begins at 85; it is counted at 108, and closed at 200.
    open(db, 1, ours.series, ours.app, 100).await;
    commit(db, async |tx| {
        episodes::update(tx, nth(1), &changed(100), Some((Minute(200), Closing::Ok))).await
    })
    .await;
    open(db, 2, theirs.series, theirs.app, 100).await;
    let near = async |app, from, to, after| {
        let range = MinuteRange::new(Minute(from), Minute(to));
        let found = episodes::near(db, app, range, after).await.unwrap();
        found.into_iter().map(|e| e.id.0.as_u128()).collect::<Vec<_>>()
    };
    let app = Some(ours.app);
    assert_eq!(near(app, 0, 85, 0).await, [0_u128; 0]);
    assert_eq!(near(app, 0, 86, 0).await, [1]);
    assert_eq!(near(app, 199, 999, 0).await, [1]);
    assert_eq!(near(app, 200, 999, 0).await, [0_u128; 0]);
    assert_eq!(near(app, 0, 60, 48).await, [0_u128; 0]);
    assert_eq!(
        near(app, 0, 60, 49).await,
        [1],
        "it began to count within so many minutes"
    );
    assert_eq!(near(None, 150, 151, 0).await, [1, 2]);
    assert_eq!(near(None, 900, 999, 0).await, [2], "one that is open has no end");
}

async fn the_episodes_of_an_occurrence_are_seen_by_members_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let ours = world.ours;
    for (n, at) in [(1, 200), (2, 100)] {
        let series = a_series(
            db,
            ours.app,
            [Sli::WebhookDelivery, Sli::InstallationCallback][n as usize - 1],
        )
        .await;
        open(db, n, series, ours.app, at).await;
    }
    let span = Occurrence::of(Minute(100), None);
    commit(db, async |tx| {
        occurrences::begin(tx, nth(7), ours.app, "incident-2", span, Minute(100)).await?;
        occurrences::join(tx, nth(7), nth(1)).await?;
        occurrences::join(tx, nth(7), nth(2)).await
    })
    .await;
    let seen = async |scope| {
        let found = episodes::of_occurrence(db, scope, nth(7)).await.unwrap();
        found
            .iter()
            .map(|e| (e.id.0.as_u128(), e.occurrence))
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(world.scope()).await, [(2, Some(nth(7))), (1, Some(nth(7)))]);
    world.leave(db).await;
    assert_eq!(seen(world.scope()).await, []);
    assert_eq!(seen(Scope::system()).await.len(), 2);
}
