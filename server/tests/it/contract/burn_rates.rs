use rampart_domain::{alert::BurnRateAlert, count::Minute};
use rampart_server::store::{Scope, apps, burn_rates, burn_rates::OfApp};

use super::{Neighbours, commit, now};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    apps_that_are_archived_are_not_watched,
    a_series_keeps_its_latest_alert,
    burn_rates_are_seen_by_members_only,
);

fn alert(at: i64) -> BurnRateAlert {
    BurnRateAlert {
        started_at: Minute(at),
        last_fast: Minute(at + 7),
    }
}

async fn apps_that_are_archived_are_not_watched(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    let watched = async || burn_rates::watched(db).await.unwrap().into_iter().collect::<Vec<_>>();
    assert_eq!(watched().await, [], "off by default");
    for app in [ours.app, theirs.app] {
        assert!(commit(db, async |tx| apps::set_burn_rate_alerts(tx, app, 1, true).await).await);
    }
    commit(db, async |tx| apps::set_archived(tx, theirs.app, Some(now())).await).await;
    assert_eq!(watched().await, [ours.app]);
}

async fn a_series_keeps_its_latest_alert(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    commit(db, async |tx| {
        burn_rates::put(tx, ours.series, &alert(100), None).await?;
        burn_rates::put(tx, ours.series, &alert(200), None).await?;
        burn_rates::put(tx, theirs.series, &alert(100), Some(Minute(150))).await
    })
    .await;
    let open = burn_rates::open(db).await.unwrap();
    assert_eq!((open.len(), open[&ours.series]), (1, alert(200)));
    commit(db, async |tx| {
        burn_rates::put(tx, ours.series, &alert(200), Some(Minute(250))).await
    })
    .await;
    assert!(burn_rates::open(db).await.unwrap().is_empty());
}

async fn burn_rates_are_seen_by_members_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    for side in [world.ours, world.theirs] {
        commit(db, async |tx| {
            apps::set_burn_rate_alerts(tx, side.app, 1, true).await?;
            burn_rates::put(tx, side.series, &alert(100), None).await
        })
        .await;
    }
    let seen = async |scope, app| burn_rates::of_app(db, scope, app).await.unwrap();
    let all = OfApp {
        on: true,
        last: Some(Minute(100)),
        is_open: true,
    };
    assert_eq!(seen(world.scope(), world.ours.app).await, all);
    assert_eq!(seen(Scope::system(), world.theirs.app).await, all);
    assert_eq!(seen(world.scope(), world.theirs.app).await, OfApp::default());
    commit(db, async |tx| {
        burn_rates::put(tx, world.ours.series, &alert(100), Some(Minute(130))).await
    })
    .await;
    assert_eq!(
        seen(world.scope(), world.ours.app).await,
        OfApp { is_open: false, ..all }
    );
    world.leave(db).await;
    assert_eq!(seen(world.scope(), world.ours.app).await, OfApp::default());
}
