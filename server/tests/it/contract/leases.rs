use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use rampart_server::store::{
    Db,
    leases::{self, Lease},
};

use super::{TICK, after, commit, now};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    one_server_holds_a_lease,
    the_holder_renews_and_keeps_its_fence,
    an_expired_lease_is_taken_over_with_a_higher_fence,
    a_lease_given_back_is_free_at_once,
    only_the_holder_gives_a_lease_back,
    each_job_has_a_lease_of_its_own,
    a_lease_that_nobody_renews_is_taken_whatever_the_clock_says,
    of_many_that_ask_at_once_one_gets_the_lease,
    whoever_held_a_lease_last_is_known,
);

/// Asks for the lease of a job for ten minutes.
async fn acquire(db: &Db, job: &str, holder: &str, at: DateTime<Utc>) -> Option<i64> {
    commit(db, async |tx| {
        leases::acquire(tx, job, holder, at, at + chrono::TimeDelta::minutes(10), None).await
    })
    .await
}

async fn one_server_holds_a_lease(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(acquire(db, "job", "one", now()).await, Some(1));
    assert_eq!(acquire(db, "job", "two", now()).await, None);
    assert_eq!(acquire(db, "job", "two", after(10) - TICK).await, None);
}

async fn the_holder_renews_and_keeps_its_fence(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(acquire(db, "job", "one", now()).await, Some(1));
    assert_eq!(acquire(db, "job", "one", after(5)).await, Some(1));
    assert_eq!(
        acquire(db, "job", "two", after(12)).await,
        None,
        "it was renewed until 15"
    );
    assert_eq!(
        acquire(db, "job", "one", after(40)).await,
        Some(1),
        "nobody took it meanwhile"
    );
}

async fn an_expired_lease_is_taken_over_with_a_higher_fence(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(acquire(db, "job", "one", now()).await, Some(1));
    assert_eq!(acquire(db, "job", "two", after(10)).await, Some(2));
    assert_eq!(
        acquire(db, "job", "one", after(11)).await,
        None,
        "now the other holds it"
    );
    assert_eq!(acquire(db, "job", "one", after(20)).await, Some(3));
}

async fn a_lease_given_back_is_free_at_once(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(acquire(db, "job", "one", now()).await, Some(1));
    commit(db, async |tx| leases::release(tx, "job", "one", after(1)).await).await;
    assert_eq!(acquire(db, "job", "two", after(1)).await, Some(2));
    commit(db, async |tx| leases::release(tx, "job", "two", after(2)).await).await;
    assert_eq!(
        acquire(db, "job", "two", after(2)).await,
        Some(2),
        "the same holder again"
    );
}

async fn only_the_holder_gives_a_lease_back(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(acquire(db, "job", "one", now()).await, Some(1));
    for (job, holder) in [("job", "two"), ("other", "one")] {
        commit(db, async |tx| leases::release(tx, job, holder, after(1)).await).await;
    }
    assert_eq!(acquire(db, "job", "two", after(1)).await, None);
}

async fn a_lease_that_nobody_renews_is_taken_whatever_the_clock_says(database: TestDatabase) {
    let db = &database.store.portal;
    let until = async || commit(db, async |tx| leases::until(tx, "job").await).await;
    let take = async |given_up| {
        commit(db, async |tx| {
            leases::acquire(tx, "job", "two", now(), after(10), given_up).await
        })
        .await
    };
    assert_eq!(until().await, None);
    assert_eq!(
        acquire(db, "job", "one", after(60)).await,
        Some(1),
        "then the clock is set back"
    );
    assert_eq!(until().await, Some(after(70)));
    assert_eq!(take(None).await, None);
    assert_eq!(take(Some(after(69))).await, None, "it was renewed since");
    assert_eq!(take(Some(after(70))).await, Some(2));
    assert_eq!(until().await, Some(after(10)));
}

async fn each_job_has_a_lease_of_its_own(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(acquire(db, "evaluation", "one", now()).await, Some(1));
    assert_eq!(acquire(db, "outbox", "two", now()).await, Some(1));
    assert_eq!(acquire(db, "evaluation", "two", now()).await, None);
}

async fn of_many_that_ask_at_once_one_gets_the_lease(database: TestDatabase) {
    let (db, other_server) = (&database.store.portal, &database.again().await.portal);
    for (at, fence) in [(now(), 1), (after(10), 2)] {
        let asked = (0..8).map(|n| async move {
            let holder = format!("server {n} at {at}");
            acquire(if n % 2 == 0 { db } else { other_server }, "job", &holder, at).await
        });
        let got: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
        assert_eq!(got, [fence]);
    }
}

async fn whoever_held_a_lease_last_is_known(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(leases::latest(db, "job").await.unwrap(), None);
    acquire(db, "job", "one", now()).await;
    acquire(db, "other", "two", now()).await;
    let held = |until| {
        Some(Lease {
            holder: "one".to_owned(),
            until,
        })
    };
    assert_eq!(leases::latest(db, "job").await.unwrap(), held(after(10)));
    commit(db, async |tx| leases::release(tx, "job", "one", after(1)).await).await;
    assert_eq!(leases::latest(db, "job").await.unwrap(), held(after(1)));
}
