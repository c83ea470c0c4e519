use rampart_domain::{
    count::{Counts, Minute, MinuteRange},
    id::MissId,
    policy::Ppm,
    sli::{Product, Sli},
    slo::OpenMiss,
};
use rampart_server::store::{Scope, misses, misses::Miss};

use super::{Neighbours, Side, commit, key, nth, refused, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_miss_comes_back_as_it_was_opened_and_changed,
    a_series_has_one_open_miss,
    misses_are_seen_by_their_partner_and_staff,
    a_miss_is_excused_and_found_by_when_it_opened,
    a_miss_is_found_by_its_id,
);

fn miss(n: u128, side: Side, tick: i64) -> Miss {
    Miss {
        excused: false,
        id: MissId(nth(n)),
        series: side.series,
        app: side.app,
        key: key(Product::Jira, Sli::IframeLoad),
        miss: OpenMiss {
            opened_at: Minute(tick),
            met_since: None,
        },
        slo: Ppm(950_000),
        opened_with: Counts::new(1 << 40, 3),
        ended: None,
    }
}

async fn a_miss_comes_back_as_it_was_opened_and_changed(database: TestDatabase) {
    let db = &database.store.portal;
    let ours = Neighbours::new(db).await.ours;
    let mut written = miss(1, ours, 100);
    commit(db, async |tx| misses::insert(tx, &written).await).await;
    assert_eq!(misses::open(db).await.unwrap(), [written.clone()]);

    written.miss.met_since = Some(Minute(200));
    commit(db, async |tx| misses::update(tx, written.id, &written.miss, None).await).await;
    assert_eq!(misses::open(db).await.unwrap(), [written.clone()]);

    written.ended = Some(Minute(1_640));
    commit(db, async |tx| {
        misses::update(tx, written.id, &written.miss, written.ended).await
    })
    .await;
    assert_eq!(misses::open(db).await.unwrap(), []);
    assert_eq!(misses::open_of_app(db, Scope::system(), ours.app).await.unwrap(), []);
    let again = OpenMiss {
        met_since: None,
        ..written.miss
    };
    commit(db, async |tx| misses::update(tx, written.id, &again, None).await).await;
    let stored = misses::of_app(db, Scope::system(), ours.app, 9).await.unwrap();
    assert_eq!(stored, [written], "one that ended is not touched again");
}

async fn a_series_has_one_open_miss(database: TestDatabase) {
    let db = &database.store.portal;
    let ours = Neighbours::new(db).await.ours;
    let (first, second) = (miss(1, ours, 100), miss(2, ours, 200));
    commit(db, async |tx| misses::insert(tx, &first).await).await;
    let error = refused(db, async |tx| misses::insert(tx, &second).await).await;
    assert!(error.is_taken("miss", "series_id"), "{error:?}");
    commit(db, async |tx| {
        misses::update(tx, first.id, &first.miss, Some(Minute(150))).await?;
        misses::insert(tx, &second).await
    })
    .await;
    let latest = misses::of_app(db, Scope::system(), ours.app, 1).await.unwrap();
    assert_eq!(latest, [second]);
}

async fn misses_are_seen_by_their_partner_and_staff(database: TestDatabase) {
    let db = &database.store.portal;
    let neighbours = Neighbours::new(db).await;
    let Neighbours { ours, theirs, owner } = neighbours;
    let (mine, other) = (miss(1, ours, 100), miss(2, theirs, 100));
    commit(db, async |tx| {
        misses::insert(tx, &mine).await?;
        misses::insert(tx, &other).await
    })
    .await;
    assert_eq!(misses::open(db).await.unwrap().len(), 2);
    let seen = async |scope, app| misses::of_app(db, scope, app, 9).await.unwrap();
    assert_eq!(seen(neighbours.scope(), ours.app).await, [mine]);
    assert_eq!(seen(neighbours.scope(), theirs.app).await, []);
    let open = async |scope, app| misses::open_of_app(db, scope, app).await.unwrap().len();
    assert_eq!(open(neighbours.scope(), ours.app).await, 1);
    assert_eq!(open(neighbours.scope(), theirs.app).await, 0);
    assert_eq!(open(scope_of_staff(owner), theirs.app).await, 1);
    assert_eq!(seen(scope_of_staff(owner), theirs.app).await, [other]);
    neighbours.leave(db).await;
    assert_eq!(seen(neighbours.scope(), ours.app).await, []);
}

async fn a_miss_is_excused_and_found_by_when_it_opened(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    for miss in [miss(1, ours, 100), miss(2, theirs, 200)] {
        commit(db, async |tx| misses::insert(tx, &miss).await).await;
    }
    let found = async |app, from, to| -> Vec<u128> {
        let range = MinuteRange::new(Minute(from), Minute(to));
        let found = misses::opened_in(db, app, range).await.unwrap();
        found.iter().map(|miss| miss.id.0.as_u128()).collect()
    };
    assert_eq!(found(None, 100, 201).await, [1, 2]);
    assert_eq!(found(None, 101, 200).await, [0_u128; 0]);
    assert_eq!(found(Some(theirs.app), 0, 999).await, [2]);
    commit(db, async |tx| misses::set_excused(tx, MissId(nth(1)), true).await).await;
    let open = misses::open(db).await.unwrap();
    assert_eq!(open.iter().map(|miss| miss.excused).collect::<Vec<_>>(), [true, false]);
}

async fn a_miss_is_found_by_its_id(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let (ours, theirs) = (miss(1, world.ours, 100), miss(2, world.theirs, 100));
    for miss in [&ours, &theirs] {
        commit(db, async |tx| misses::insert(tx, miss).await).await;
    }
    let found = async |scope, app, id| misses::find(db, scope, app, id).await.unwrap();
    assert_eq!(found(world.scope(), world.ours.app, ours.id).await, Some(ours.clone()));
    assert_eq!(found(world.scope(), world.ours.app, theirs.id).await, None);
    assert_eq!(
        found(world.scope(), world.theirs.app, theirs.id).await,
        None,
        "a stranger's"
    );
    let staff = scope_of_staff(world.owner);
    assert_eq!(found(staff, world.theirs.app, theirs.id).await, Some(theirs));
}
