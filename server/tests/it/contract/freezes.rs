use rampart_domain::{
    count::{Minute, MinuteRange},
    escalation::{Fact, FactKind, Text},
    exclusion::{ExclusionKind, LedgerEntry},
    sli::Sli,
};
use rampart_server::store::{
    Db, facts,
    freezes::{self, Cause, Freeze, Kept},
    ledger,
};
use uuid::Uuid;

use super::{Neighbours, after, commit, now, nth, refused};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    the_freeze_in_force_is_known_with_its_last_cause,
    a_freeze_by_a_person_is_theirs_whatever_happens_meanwhile,
    a_freeze_is_kept_once,
    a_gap_is_the_cause_of_one_freeze,
);

async fn file(db: &Db, id: &str, kind: FactKind, by: Option<facts::FiledBy<'_>>) -> Text {
    let fact = Fact {
        id: id.into(),
        at: now(),
        app: None,
        kind,
    };
    commit(db, async |tx| facts::file(tx, None, fact, by).await).await.id
}

async fn gap(db: &Db, id: Uuid, end: i64, why: &str) {
    let entry = LedgerEntry {
        id,
        app: None,
        sli: Some(Sli::Availability),
        product: None,
        target: None,
        range: MinuteRange::new(Minute(end - 5), Minute(end)),
        kind: ExclusionKind::DataGap,
        authority: why.to_owned(),
        revoked: false,
    };
    commit(db, async |tx| ledger::enter(tx, &entry, None, now()).await).await;
}

async fn cause(db: &Db) -> Option<Cause> {
    let shown = freezes::shown(db).await.unwrap();
    let present = commit(db, async |tx| freezes::present(tx).await).await;
    assert_eq!(shown, present, "whoever reads and whoever changes see the same");
    shown.map(|freeze: Freeze| freeze.cause)
}

async fn the_freeze_in_force_is_known_with_its_last_cause(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(cause(db).await, None);
    let freeze = file(db, "f1", FactKind::Frozen, None).await;
    gap(db, nth(1), 1_000, "the one").await;
    gap(db, nth(2), 1_200, "the other").await;
    gap(db, nth(3), 9_000, "of another freeze").await;
    let (one, other) = (nth(1), nth(2));
    assert!(!commit(db, async |tx| freezes::is_known(tx, one).await).await);
    commit(db, async |tx| {
        freezes::note_cause(tx, one, &freeze).await?;
        freezes::note_cause(tx, other, &freeze).await
    })
    .await;
    assert!(commit(db, async |tx| freezes::is_known(tx, one).await).await);
    let by_gap = |why: &str, ended| {
        Some(Cause::Gaps {
            why: why.to_owned(),
            ended: Minute(ended).start(),
            kept: None,
        })
    };
    assert_eq!(cause(db).await, by_gap("the other", 1_200));
    commit(db, async |tx| {
        ledger::extend(tx, one, Minute(1_300), "the one, and on").await
    })
    .await;
    assert_eq!(
        cause(db).await,
        by_gap("the one, and on", 1_300),
        "it goes on with the gap"
    );
    file(db, "f2", FactKind::Thawed, None).await;
    assert_eq!(cause(db).await, None);
}

async fn a_freeze_by_a_person_is_theirs_whatever_happens_meanwhile(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let by = facts::FiledBy {
        account: world.owner,
        why: "The platform moves.",
    };
    let freeze = file(db, "f1", FactKind::Frozen, Some(by)).await;
    gap(db, nth(1), 1_000, "an outage").await;
    commit(db, async |tx| freezes::note_cause(tx, nth(1), &freeze).await).await;
    let Some(Cause::Person { why, name }) = cause(db).await else {
        panic!("a person froze it")
    };
    assert_eq!(why, "The platform moves.");
    assert!(!name.is_empty());
}

async fn a_freeze_is_kept_once(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let freeze = file(db, "f1", FactKind::Frozen, None).await;
    gap(db, nth(1), 1_000, "an outage").await;
    commit(db, async |tx| {
        freezes::note_cause(tx, nth(1), &freeze).await?;
        freezes::keep(tx, &freeze, world.owner, "We look into it.", after(3)).await
    })
    .await;
    let Some(Cause::Gaps {
        kept: Some(Kept { by, at, why }),
        ..
    }) = cause(db).await
    else {
        panic!("it is kept")
    };
    assert!(!by.is_empty());
    assert_eq!((at, why.as_str()), (after(3), "We look into it."));
    refused(db, async |tx| {
        freezes::keep(tx, &freeze, world.owner, "again", after(4)).await
    })
    .await;
}

async fn a_gap_is_the_cause_of_one_freeze(database: TestDatabase) {
    let db = &database.store.portal;
    let freeze = file(db, "f1", FactKind::Frozen, None).await;
    gap(db, nth(1), 1_000, "an outage").await;
    commit(db, async |tx| freezes::note_cause(tx, nth(1), &freeze).await).await;
    refused(db, async |tx| freezes::note_cause(tx, nth(1), &freeze).await).await;
    refused(db, async |tx| freezes::note_cause(tx, nth(2), &freeze).await).await;
}
