use rampart_domain::{
    count::{Minute, MinuteRange},
    exclusion::{ExclusionKind, LedgerEntry, SeriesRef},
    id::AppId,
    sli::{Product, Sli},
};
use rampart_server::store::{Db, Error, ledger};
use uuid::Uuid;

use super::{NASTY, Neighbours, commit, key, now, nth};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    an_entry_comes_back_as_it_was_entered,
    entries_of_the_app_and_of_all_apps_are_in_force,
    only_entries_that_reach_into_the_range_are_read,
    a_revoked_entry_is_not_in_force,
    an_entry_is_found_and_extended,
    a_kind_that_does_not_exist_is_reported,
);

fn entry(n: u128, app: Option<AppId>, from: i64, to: i64) -> LedgerEntry {
    LedgerEntry {
        id: nth(n),
        app: app.map(|a| a.0),
        sli: None,
        product: None,
        target: None,
        range: MinuteRange::new(Minute(from), Minute(to)),
        kind: ExclusionKind::DataGap,
        authority: String::new(),
        revoked: false,
    }
}

/// Enters an entry; nobody revokes any yet, so the test does that itself.
async fn enter(db: &Db, entry: &LedgerEntry) {
    commit(db, async |tx| ledger::enter(tx, entry, now()).await).await;
    if entry.revoked {
        let revoke = match db {
            Db::Sqlite(_) => format!(
                "update ledger set revoked_at = entered_at where id = x'{}'",
                entry.id.simple()
            ),
            Db::Postgres(_) => format!("update ledger set revoked_at = entered_at where id = '{}'", entry.id),
        };
        assert_eq!(sql(db, &revoke).await.unwrap(), 1);
    }
}

/// Whether the minute is excluded for the app, as far as the entries tell that were read.
async fn excludes(db: &Db, read_for: Option<AppId>, app: AppId, minute: i64) -> Option<LedgerEntry> {
    let ledger = ledger::in_force(db, read_for, MinuteRange::new(Minute(0), Minute(1_000)))
        .await
        .unwrap();
    let key = key(Product::Jira, Sli::IframeLoad);
    ledger
        .exclusion(SeriesRef { app: app.0, key: &key }, Minute(minute))
        .cloned()
}

async fn an_entry_comes_back_as_it_was_entered(database: TestDatabase) {
    let db = &database.store.portal;
    let ours = Neighbours::new(db).await.ours;
    for (n, kind) in ExclusionKind::ALL.iter().enumerate() {
        let from = 10 * i64::try_from(n).unwrap();
        let written = LedgerEntry {
            sli: Some(Sli::IframeLoad),
            product: Some(Product::Jira),
            target: Some(String::new()),
            kind: *kind,
            authority: NASTY.to_owned(),
            ..entry(n as u128 + 1, Some(ours.app), from, from + 10)
        };
        enter(db, &written).await;
        assert_eq!(excludes(db, Some(ours.app), ours.app, from).await, Some(written));
    }
    let for_all = entry(9, None, 500, 501);
    enter(db, &for_all).await;
    assert_eq!(excludes(db, Some(ours.app), ours.app, 500).await, Some(for_all));
}

async fn entries_of_the_app_and_of_all_apps_are_in_force(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    enter(db, &entry(1, Some(ours.app), 100, 110)).await;
    enter(db, &entry(2, Some(theirs.app), 200, 210)).await;
    enter(db, &entry(3, None, 300, 310)).await;
    let which = async |read_for, app, minute| excludes(db, read_for, app, minute).await.map(|e| e.id.as_u128());
    for read_for in [Some(ours.app), None] {
        assert_eq!(which(read_for, ours.app, 100).await, Some(1));
        assert_eq!(which(read_for, ours.app, 200).await, None);
        assert_eq!(which(read_for, ours.app, 300).await, Some(3));
    }
    assert_eq!(
        which(None, theirs.app, 200).await,
        Some(2),
        "without an app everything is read"
    );
    assert_eq!(
        which(Some(ours.app), theirs.app, 200).await,
        None,
        "with one, nothing of the others"
    );
}

async fn only_entries_that_reach_into_the_range_are_read(database: TestDatabase) {
    let db = &database.store.portal;
    let ours = Neighbours::new(db).await.ours;
    enter(db, &entry(1, Some(ours.app), 100, 110)).await;
    let key = key(Product::Jira, Sli::IframeLoad);
    for (from, to, found) in [
        (110, 120, false),
        (109, 120, true),
        (90, 100, false),
        (90, 101, true),
        (104, 105, true),
        (0, i64::MAX, true),
    ] {
        let range = MinuteRange::new(Minute(from), Minute(to));
        let ledger = ledger::in_force(db, Some(ours.app), range).await.unwrap();
        let excluded = ledger
            .exclusion(
                SeriesRef {
                    app: ours.app.0,
                    key: &key,
                },
                Minute(105),
            )
            .is_some();
        assert_eq!(excluded, found, "{range:?}");
    }
}

async fn a_revoked_entry_is_not_in_force(database: TestDatabase) {
    let db = &database.store.portal;
    let ours = Neighbours::new(db).await.ours;
    enter(
        db,
        &LedgerEntry {
            revoked: true,
            ..entry(1, Some(ours.app), 100, 110)
        },
    )
    .await;
    enter(
        db,
        &LedgerEntry {
            revoked: true,
            ..entry(2, None, 100, 110)
        },
    )
    .await;
    assert_eq!(excludes(db, Some(ours.app), ours.app, 105).await, None);
    assert_eq!(excludes(db, None, ours.app, 105).await, None);
}

async fn a_kind_that_does_not_exist_is_reported(database: TestDatabase) {
    let db = &database.store.portal;
    enter(
        db,
        &LedgerEntry {
            id: Uuid::nil(),
            ..entry(1, None, 100, 110)
        },
    )
    .await;
    for change in [
        "kind = 'nonsense'",
        "kind = 'waiver', sli = 'nonsense'",
        "sli = null, product = 'nonsense'",
    ] {
        sql(db, &format!("update ledger set {change}")).await.unwrap();
        let error = ledger::in_force(db, None, MinuteRange::new(Minute(0), Minute(1_000)))
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::Corrupt { what: "ledger entry", value } if value == "nonsense"),
            "{error:?}"
        );
    }
}

async fn an_entry_is_found_and_extended(database: TestDatabase) {
    let db = &database.store.portal;
    let (open, revoked) = (
        entry(1, None, 10, 20),
        LedgerEntry {
            revoked: true,
            ..entry(2, None, 5, 6)
        },
    );
    enter(db, &open).await;
    enter(db, &revoked).await;
    let find = async |n| commit(db, async |tx| ledger::find(tx, nth(n)).await).await;
    assert_eq!(find(1).await, Some(open.clone()));
    assert_eq!(find(2).await, Some(revoked));
    assert_eq!(find(3).await, None);
    let extend = async |end, authority| {
        commit(db, async |tx| ledger::extend(tx, nth(1), Minute(end), authority).await).await;
    };
    extend(30, "it went on").await;
    extend(25, "an older view").await;
    let extended = find(1).await.unwrap();
    assert_eq!(
        (extended.range, &*extended.authority),
        (MinuteRange::new(Minute(10), Minute(30)), "it went on")
    );
}
