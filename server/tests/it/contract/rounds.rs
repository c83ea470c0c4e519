use rampart_domain::{count::Counts, exclusion::Round};
use rampart_server::store::rounds;

use super::commit;
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    probes_and_canaries_of_a_round_come_together,
    only_rounds_with_failed_canaries_are_listed
);

async fn probes_and_canaries_of_a_round_come_together(database: TestDatabase) {
    let db = &database.store.metrics;
    commit(db, async |tx| {
        rounds::add_probes(tx, 7, Counts::new(3, 4)).await?;
        rounds::note_canaries(tx, 7, 3, 2).await?;
        rounds::add_probes(tx, 7, Counts::new(1, 6)).await?;
        // The other way round.
        rounds::note_canaries(tx, 8, 3, 1).await?;
        rounds::add_probes(tx, 8, Counts::new(0, 1)).await
    })
    .await;
    let round = |number, good, bad, canaries_failed| Round {
        number,
        probes: Counts::new(good, bad),
        canaries: 3,
        canaries_failed,
    };
    assert_eq!(
        rounds::failed(db, 0, 99).await.unwrap(),
        [round(7, 4, 10, 2), round(8, 0, 1, 1)]
    );
}

async fn only_rounds_with_failed_canaries_are_listed(database: TestDatabase) {
    let db = &database.store.metrics;
    commit(db, async |tx| {
        for round in [5, 3, 4, 2] {
            rounds::note_canaries(tx, round, 2, u64::from(round != 4)).await?;
        }
        Ok(())
    })
    .await;
    let numbers = async |from, end| {
        let found = rounds::failed(db, from, end).await.unwrap();
        found.iter().map(|r| r.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(0, 99).await, [2, 3, 5]);
    assert_eq!(numbers(3, 5).await, [3]);
}
