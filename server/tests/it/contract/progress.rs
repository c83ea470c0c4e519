use rampart_domain::count::Minute;
use rampart_server::store::progress;

use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(a_tick_is_worked_off_once);

async fn a_tick_is_worked_off_once(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(progress::last(db, "evaluation").await.unwrap(), None);

    let mut tx = db.begin().await.unwrap();
    assert!(
        progress::advance(&mut tx, "evaluation", None, Minute(10))
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    assert_eq!(progress::last(db, "evaluation").await.unwrap(), Some(Minute(10)));

    let mut tx = db.begin().await.unwrap();
    assert!(
        !progress::advance(&mut tx, "evaluation", None, Minute(11))
            .await
            .unwrap(),
        "it has begun already"
    );
    assert!(
        !progress::advance(&mut tx, "evaluation", Some(Minute(9)), Minute(11))
            .await
            .unwrap(),
        "another was faster"
    );
    assert!(
        progress::advance(&mut tx, "evaluation", Some(Minute(10)), Minute(11))
            .await
            .unwrap()
    );
    drop(tx);
    assert_eq!(
        progress::last(db, "evaluation").await.unwrap(),
        Some(Minute(10)),
        "what is not committed did not happen"
    );
}
