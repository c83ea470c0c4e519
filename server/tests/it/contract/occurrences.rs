use rampart_domain::{
    alert::{Assessment, Closing, Occurrence, OpenEpisode},
    count::{Counts, Minute},
    id::{AppId, EpisodeId, SeriesId},
    sli::Sli,
};
use rampart_server::store::{
    Db, Scope, episodes,
    occurrences::{self, Stored},
};

use super::{Neighbours, Side, a_series, commit, nth, refused};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    an_occurrence_is_what_its_episodes_are,
    it_is_excused_when_all_of_them_are,
    it_is_due_six_hours_after_the_last_end,
    an_open_episode_that_may_belong_to_it_keeps_it,
    closed_once_it_takes_nothing_more,
    a_name_is_used_once,
    an_occurrence_is_seen_by_members_only,
    an_occurrence_is_found_by_its_name_in_facts,
);

fn episode(at: i64, counted: bool) -> OpenEpisode {
    OpenEpisode {
        opened_at: Minute(at),
        window_start: Minute(at - 15),
        last_held: Minute(at),
        last_defined: Minute(at),
        last_mail: Minute(at),
        last_value: Counts::new(90, 10),
        worst_value: Counts::new(90, 10),
        counted_at: counted.then_some(Minute(at)),
    }
}

async fn open(db: &Db, n: u128, series: SeriesId, app: AppId, at: i64, counted: bool) {
    let incident = format!("incident-{n}");
    commit(db, async |tx| {
        episodes::insert(tx, nth(n), series, app, &incident, &episode(at, counted)).await
    })
    .await;
}

async fn close(db: &Db, n: u128, at: i64, tick: i64) {
    let closed = Some((Minute(tick), Closing::Ok));
    commit(db, async |tx| {
        episodes::update(tx, nth(n), &episode(at, true), closed).await
    })
    .await;
}

async fn begin(db: &Db, n: u128, app: AppId, at: i64) {
    let span = Occurrence::of(Minute(at), None);
    commit(db, async |tx| {
        occurrences::begin(tx, nth(n), app, &format!("breach-{n}"), span, Minute(at + 1)).await
    })
    .await;
}

async fn join(db: &Db, n: u128, episode: u128) {
    commit(db, async |tx| {
        occurrences::join(tx, nth(n), nth::<EpisodeId>(episode)).await
    })
    .await;
}

async fn refresh(db: &Db, n: u128) -> Option<Stored> {
    commit(db, async |tx| occurrences::refresh(tx, nth(n)).await).await
}

async fn find(db: &Db, n: u128) -> Stored {
    occurrences::find(db, Scope::system(), nth(n)).await.unwrap().unwrap()
}

async fn due(db: &Db, tick: i64) -> Vec<u128> {
    let due = commit(db, async |tx| occurrences::due(tx, Minute(tick)).await).await;
    due.iter().map(|o| o.id.0.as_u128()).collect()
}

/// An occurrence of two episodes, of which the first opened at 100 and the second at 200.
async fn a_pair(db: &Db, side: Side) {
    let second = a_series(db, side.app, Sli::WebhookDelivery).await;
    open(db, 1, side.series, side.app, 100, true).await;
    open(db, 2, second, side.app, 200, true).await;
    begin(db, 7, side.app, 100).await;
    join(db, 7, 1).await;
    join(db, 7, 2).await;
}

async fn an_occurrence_is_what_its_episodes_are(database: TestDatabase) {
    let db = &database.store.portal;
    let ours = Neighbours::new(db).await.ours;
    a_pair(db, ours).await;
    let fresh = find(db, 7).await;
    assert_eq!(
        (fresh.app, fresh.app_key.as_str(), fresh.breach.as_str()),
        (ours.app, "com.example.ours", "breach-7")
    );
    assert_eq!(
        (fresh.counted_at, fresh.closed_at, fresh.excused),
        (Minute(101), None, false)
    );

    close(db, 1, 100, 300).await;
    assert_eq!(refresh(db, 7).await, None);
    assert_eq!(
        find(db, 7).await.span,
        Occurrence::of(Minute(100), None),
        "the second is open"
    );
    close(db, 2, 200, 250).await;
    refresh(db, 7).await;
    assert_eq!(find(db, 7).await.span, Occurrence::of(Minute(100), Some(Minute(300))));
    open(db, 3, ours.series, ours.app, 90, true).await;
    join(db, 7, 3).await;
    refresh(db, 7).await;
    assert_eq!(find(db, 7).await.span, Occurrence::of(Minute(90), None));
    assert_eq!(occurrences::find(db, Scope::system(), nth(8)).await.unwrap(), None);
}

async fn it_is_excused_when_all_of_them_are(database: TestDatabase) {
    let db = &database.store.portal;
    a_pair(db, Neighbours::new(db).await.ours).await;
    let excuse = async |n, excused| {
        let assessment = Assessment {
            excused,
            ..Assessment::default()
        };
        commit(db, async |tx| episodes::assess(tx, nth(n), &assessment).await).await;
        refresh(db, 7).await.map(|now| now.excused)
    };
    assert_eq!(excuse(1, true).await, None);
    assert_eq!(excuse(2, true).await, Some(true));
    assert_eq!(excuse(2, true).await, None, "it was already");
    assert!(find(db, 7).await.excused);
    assert_eq!(excuse(1, false).await, Some(false));
    assert_eq!(excuse(2, false).await, None);
}

async fn it_is_due_six_hours_after_the_last_end(database: TestDatabase) {
    let db = &database.store.portal;
    a_pair(db, Neighbours::new(db).await.ours).await;
    refresh(db, 7).await;
    assert_eq!(
        (due(db, 100_000).await, occurrences::next_due(db).await.unwrap()),
        (vec![], None),
        "open"
    );
    close(db, 1, 100, 300).await;
    close(db, 2, 200, 250).await;
    refresh(db, 7).await;
    assert_eq!(due(db, 659).await, [0_u128; 0]);
    assert_eq!(due(db, 660).await, [7]);
    assert_eq!(occurrences::next_due(db).await.unwrap(), Some(Minute(660)));
}

async fn an_open_episode_that_may_belong_to_it_keeps_it(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    a_pair(db, ours).await;
    close(db, 1, 100, 300).await;
    close(db, 2, 200, 250).await;
    refresh(db, 7).await;
    // Of another app; too late; counted, so that it is known where it belongs.
    open(db, 3, theirs.series, theirs.app, 400, false).await;
    for (n, at, counted) in [(4, 661, false), (5, 400, true)] {
        let series = a_series(
            db,
            ours.app,
            [Sli::InstallationCallback, Sli::Availability][n as usize - 4],
        )
        .await;
        open(db, n, series, ours.app, at, counted).await;
        assert_eq!(due(db, 700).await, [7], "{n}");
    }
    open(db, 6, ours.series, ours.app, 660, false).await;
    assert_eq!(
        (due(db, 700).await, occurrences::next_due(db).await.unwrap()),
        (vec![], None)
    );
    let blip = episode(660, false);
    commit(db, async |tx| {
        episodes::update(tx, nth(6), &blip, Some((Minute(690), Closing::Ok))).await
    })
    .await;
    assert_eq!(due(db, 700).await, [7]);
}

async fn closed_once_it_takes_nothing_more(database: TestDatabase) {
    let db = &database.store.portal;
    let ours = Neighbours::new(db).await.ours;
    begin(db, 7, ours.app, 200).await;
    begin(db, 8, ours.app, 100).await;
    let unclosed = async || {
        let found = commit(db, async |tx| occurrences::unclosed(tx, ours.app).await).await;
        found.iter().map(|o| o.id.0.as_u128()).collect::<Vec<_>>()
    };
    assert_eq!(unclosed().await, [8, 7], "the first one first");
    for tick in [900, 950] {
        commit(db, async |tx| occurrences::close(tx, nth(8), Minute(tick)).await).await;
    }
    assert_eq!(unclosed().await, [7]);
    assert_eq!(find(db, 8).await.closed_at, Some(Minute(900)), "and stays so");
}

async fn a_name_is_used_once(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    begin(db, 7, ours.app, 100).await;
    let span = Occurrence::of(Minute(100), None);
    let error = refused(db, async |tx| {
        occurrences::begin(tx, nth(8), theirs.app, "breach-7", span, Minute(100)).await
    })
    .await;
    assert!(error.is_taken("occurrence", "breach"), "{error:?}");
}

async fn an_occurrence_is_seen_by_members_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    begin(db, 7, world.ours.app, 100).await;
    begin(db, 8, world.theirs.app, 100).await;
    let seen = async |n| occurrences::find(db, world.scope(), nth(n)).await.unwrap().is_some();
    assert!(seen(7).await && !seen(8).await);
    world.leave(db).await;
    assert!(!seen(7).await);
}

async fn an_occurrence_is_found_by_its_name_in_facts(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    begin(db, 1, world.ours.app, 100).await;
    begin(db, 2, world.theirs.app, 100).await;
    let found = async |scope, app, breach: &str| occurrences::by_breach(db, scope, app, breach).await.unwrap();
    let ours = found(world.scope(), world.ours.app, "breach-1").await;
    assert_eq!(ours, Some(find(db, 1).await));
    assert_eq!(found(world.scope(), world.ours.app, "breach-2").await, None);
    assert_eq!(
        found(world.scope(), world.theirs.app, "breach-2").await,
        None,
        "a stranger's"
    );
    assert!(found(Scope::system(), world.theirs.app, "breach-2").await.is_some());
}
