use rampart_domain::{
    count::{Minute, MinuteRange},
    exclusion::{ExclusionKind, LedgerEntry, SeriesRef},
    id::AppId,
    sli::{Product, Sli},
};
use rampart_server::store::{
    Db, Error, Scope,
    ledger::{self, Filed, Filter, Revocation},
};
use uuid::Uuid;

use super::{NASTY, Neighbours, after, an_account, commit, key, now, nth};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    an_entry_comes_back_as_it_was_entered,
    entries_of_the_app_and_of_all_apps_are_in_force,
    only_entries_that_reach_into_the_range_are_read,
    a_revoked_entry_is_not_in_force,
    an_entry_is_found_and_extended,
    a_gap_of_the_portals_own_is_found_by_its_minutes,
    a_revoked_entry_is_not_extended,
    an_entry_is_revoked_once_and_says_by_whom,
    the_list_is_narrowed_and_paged,
    entries_of_another_partner_are_not_listed,
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

/// Enters an entry, and revokes it at once when it is a revoked one.
async fn enter(db: &Db, entry: &LedgerEntry) {
    commit(db, async |tx| ledger::enter(tx, entry, None, now()).await).await;
    if entry.revoked {
        assert!(commit(db, async |tx| ledger::revoke(tx, entry.id, None, "", now()).await).await);
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

async fn a_revoked_entry_is_not_extended(database: TestDatabase) {
    let db = &database.store.portal;
    let revoked = LedgerEntry {
        revoked: true,
        ..entry(1, None, 10, 20)
    };
    enter(db, &revoked).await;
    commit(db, async |tx| ledger::extend(tx, nth(1), Minute(30), "").await).await;
    let found = commit(db, async |tx| ledger::find(tx, nth(1)).await).await;
    assert_eq!(found, Some(revoked));
}

async fn list(db: &Db, scope: Scope, filter: Filter<'_>) -> Vec<Filed> {
    let found = ledger::list(db, scope, filter, 0, 100).await.unwrap();
    let total = ledger::count(db, scope, filter).await.unwrap();
    assert_eq!(i64::try_from(found.len()).unwrap(), total);
    found
}

fn ids(filed: &[Filed]) -> Vec<u128> {
    filed.iter().map(|f| f.entry.id.as_u128()).collect()
}

async fn an_entry_is_revoked_once_and_says_by_whom(database: TestDatabase) {
    let db = &database.store.portal;
    let ours = Neighbours::new(db).await.ours;
    let (pia, rea) = (an_account(db, "Pia").await, an_account(db, "Rea").await);
    let waiver = entry(1, Some(ours.app), 10, 20);
    commit(db, async |tx| ledger::enter(tx, &waiver, Some(pia), now()).await).await;
    let filed = Filed {
        entry: waiver.clone(),
        app: Some(("com.example.ours".to_owned(), "com.example.ours".to_owned())),
        entered_by: Some("Pia".to_owned()),
        entered_at: now(),
        revocation: None,
    };
    assert_eq!(
        list(db, Scope::system(), Filter::default()).await,
        std::slice::from_ref(&filed)
    );

    let revoke = async |by, why| commit(db, async |tx| ledger::revoke(tx, nth(1), Some(by), why, after(1)).await).await;
    assert!(revoke(rea, NASTY).await);
    assert!(!revoke(pia, "again").await, "it is revoked already");
    assert!(!commit(db, async |tx| ledger::revoke(tx, nth(2), None, "", now()).await).await);
    let revoked = Filed {
        entry: LedgerEntry {
            revoked: true,
            ..waiver
        },
        revocation: Some(Revocation {
            at: after(1),
            by: Some("Rea".to_owned()),
            why: NASTY.to_owned(),
        }),
        ..filed
    };
    assert_eq!(list(db, Scope::system(), Filter::default()).await, [revoked]);
    let range = MinuteRange::new(Minute(0), Minute(100));
    assert_eq!(ledger::entries(db, Some(ours.app), range).await.unwrap(), []);
}

async fn the_list_is_narrowed_and_paged(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    let waiver = LedgerEntry {
        kind: ExclusionKind::Waiver,
        ..entry(1, Some(ours.app), 10, 20)
    };
    let revoked = LedgerEntry {
        revoked: true,
        ..entry(2, Some(theirs.app), 10, 20)
    };
    for entry in [&waiver, &revoked, &entry(3, None, 10, 20)] {
        enter(db, entry).await;
    }
    let everything = Scope::system();
    let all = Filter::default();
    let cases = [
        (all, vec![3, 2, 1]),
        (Filter { search: "OURS", ..all }, vec![1]),
        (Filter { search: "100 %", ..all }, vec![]),
        (
            Filter {
                app: Some(theirs.app),
                ..all
            },
            vec![3, 2],
        ),
        (
            Filter {
                kind: Some(ExclusionKind::Waiver),
                ..all
            },
            vec![1],
        ),
        (
            Filter {
                revoked: Some(true),
                ..all
            },
            vec![2],
        ),
        (
            Filter {
                revoked: Some(false),
                ..all
            },
            vec![3, 1],
        ),
        (
            Filter {
                id: Some(nth(2)),
                ..all
            },
            vec![2],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(ids(&list(db, everything, filter).await), expected, "{filter:?}");
    }
    let page = ledger::list(db, everything, all, 1, 1).await.unwrap();
    assert_eq!(ids(&page), [2]);
}

async fn entries_of_another_partner_are_not_listed(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    enter(db, &entry(1, Some(world.ours.app), 10, 20)).await;
    enter(db, &entry(2, Some(world.theirs.app), 10, 20)).await;
    enter(db, &entry(3, None, 10, 20)).await;
    let theirs = Filter {
        app: Some(world.theirs.app),
        ..Filter::default()
    };
    let exactly = Filter {
        id: Some(nth(2)),
        ..Filter::default()
    };
    assert_eq!(ids(&list(db, world.scope(), Filter::default()).await), [3, 1]);
    assert_eq!(
        ids(&list(db, world.scope(), theirs).await),
        [3],
        "only what is about all apps"
    );
    assert_eq!(ids(&list(db, world.scope(), exactly).await), [0_u128; 0]);
    world.leave(db).await;
    assert_eq!(ids(&list(db, world.scope(), Filter::default()).await), [3]);
}

async fn a_gap_of_the_portals_own_is_found_by_its_minutes(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let of_all = LedgerEntry {
        sli: Some(Sli::Availability),
        ..entry(1, None, 100, 200)
    };
    let of_app = LedgerEntry {
        sli: Some(Sli::Availability),
        ..entry(2, Some(world.ours.app), 300, 400)
    };
    for entry in [&of_all, &of_app] {
        commit(db, async |tx| ledger::enter(tx, entry, None, now()).await).await;
    }
    let at = async |sli, minute| ledger::gap_at(db, sli, Minute(minute)).await.unwrap();
    assert_eq!(at(Sli::Availability, 100).await, Some(of_all.clone()));
    assert_eq!(at(Sli::Availability, 200).await, Some(of_all.clone()), "right after it");
    assert_eq!(at(Sli::Availability, 201).await, None);
    assert_eq!(at(Sli::IframeLoad, 150).await, None);
    assert_eq!(at(Sli::Availability, 350).await, None, "of one app");
    commit(db, async |tx| ledger::revoke(tx, nth(1), None, "No.", now()).await).await;
    assert!(at(Sli::Availability, 150).await.is_some_and(|entry| entry.revoked));
}
