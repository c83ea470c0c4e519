use rampart_domain::{
    count::{Minute, MinuteRange},
    sli::{Product, Sli},
};
use rampart_server::store::{
    Db,
    volumes::{self, Volumes},
};

use super::commit;
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    minutes_and_their_hours_add_up,
    more_minutes_than_one_statement_takes_are_written,
    volumes_are_forgotten,
);

const LOADS: (Sli, Product) = (Sli::IframeLoad, Product::Jira);

async fn add(db: &Db, rows: &[(i64, (Sli, Product), u64)]) {
    let volumes: Volumes = rows
        .iter()
        .map(|(m, (sli, product), n)| ((Minute(*m), *sli, *product), *n))
        .collect();
    commit(db, async |tx| volumes::add(tx, &volumes).await).await;
}

async fn minutes(db: &Db, start: i64, end: i64) -> Vec<(i64, Sli, u64)> {
    let found = volumes::minutes(db, MinuteRange::new(Minute(start), Minute(end)))
        .await
        .unwrap();
    found
        .into_iter()
        .map(|((minute, sli, _), events)| (minute.0, sli, events))
        .collect()
}

async fn minutes_and_their_hours_add_up(database: TestDatabase) {
    let db = &database.store.metrics;
    add(db, &[]).await;
    let probes = (Sli::Availability, Product::None);
    add(
        db,
        &[(600, LOADS, 3), (600, probes, 1), (659, LOADS, 4), (660, LOADS, 5)],
    )
    .await;
    add(db, &[(600, LOADS, 7)]).await;
    assert_eq!(
        minutes(db, 600, 660).await,
        [
            (600, Sli::Availability, 1),
            (600, Sli::IframeLoad, 10),
            (659, Sli::IframeLoad, 4)
        ]
    );
    let hours = volumes::hours(db, &[10, 11, 12]).await.unwrap();
    assert_eq!(hours.len(), 2);
    assert_eq!(
        (hours[&LOADS][&10], hours[&LOADS][&11], hours[&LOADS].len()),
        (14, 5, 2)
    );
    assert_eq!(hours[&probes][&10], 1);
    assert!(volumes::hours(db, &[]).await.unwrap().is_empty());
    assert!(!volumes::hours(db, &[11]).await.unwrap().contains_key(&probes));
}

async fn more_minutes_than_one_statement_takes_are_written(database: TestDatabase) {
    let db = &database.store.metrics;
    let many: Vec<_> = (0..5_000).map(|minute| (minute, LOADS, 1)).collect();
    add(db, &many).await;
    assert_eq!(minutes(db, 0, 9_999).await.len(), 5_000);
    assert_eq!(volumes::hours(db, &[1]).await.unwrap()[&LOADS][&1], 60);
}

async fn volumes_are_forgotten(database: TestDatabase) {
    let db = &database.store.metrics;
    add(db, &[(60, LOADS, 1), (120, LOADS, 1), (180, LOADS, 1)]).await;
    commit(db, async |tx| volumes::delete(tx, Minute(180), Minute(130)).await).await;
    assert_eq!(minutes(db, 0, 999).await, [(180, Sli::IframeLoad, 1)]);
    let hours = volumes::hours(db, &[1, 2, 3]).await.unwrap();
    assert!(!hours[&LOADS].contains_key(&1) && hours[&LOADS].len() == 2);
}
