use chrono::{DateTime, Utc};
use rampart_domain::{
    access::{Action, Actor, PartnerRole, StaffRole},
    id::PartnerId,
};
use rampart_server::store::{
    Db, Scope,
    audit::{self, Entry, Filter, Row, Subject, Verified, Who},
};
use serde_json::{Value, json};

use super::{NASTY, Neighbours, TICK, a_member, a_partner, actor, after, commit, id, long_text, now, scope_of};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    an_entry_comes_back_as_it_was_appended,
    every_row_holds_the_hash_of_the_one_before,
    what_is_not_committed_leaves_no_row,
    the_log_is_filtered,
    a_filter_takes_wildcards_for_what_they_are,
    the_log_is_paged_the_latest_first,
    the_log_is_seen_by_owners_of_the_partner_only,
);

pub(super) fn entry(action: &'static str) -> Entry<'static> {
    Entry {
        actor: Who::System,
        action,
        subject: Subject {
            kind: "app",
            id: "1".to_owned(),
            name: "App",
        },
        partner: None,
        before: Value::Null,
        after: json!({"a": 1}),
        why: None,
    }
}

pub(super) async fn append(db: &Db, entry: Entry<'_>, at: DateTime<Utc>) {
    commit(db, async |tx| audit::append(tx, entry, at).await).await;
}

pub(super) async fn append_many(db: &Db, count: i64) {
    commit(db, async |tx| {
        for n in 0..count {
            audit::append(tx, entry("app.changed"), after(n)).await?;
        }
        Ok(())
    })
    .await;
}

pub(super) async fn rows(db: &Db, filter: Filter) -> Vec<Row> {
    audit::list(db, Scope::system(), &filter, 100).await.unwrap()
}

pub(super) async fn verify(db: &Db) -> Result<u64, String> {
    audit::verify(db, Verified::default())
        .await
        .unwrap()
        .map(|verified| verified.rows)
}

async fn an_entry_comes_back_as_it_was_appended(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    let before = json!({"b": NASTY, "a": [1, 2.50, null, {"z": true, "y": long_text()}]});
    let ada = Actor {
        name: NASTY.to_owned(),
        address: Some("2001:db8::1".parse().unwrap()),
        ..actor(id())
    };
    let full = Entry {
        actor: Who::Person(&ada),
        subject: Subject {
            kind: "app",
            id: NASTY.to_owned(),
            name: NASTY,
        },
        partner: Some(partner),
        before: before.clone(),
        why: Some(NASTY),
        ..entry("app.changed")
    };
    append(db, full, now()).await;
    let link = Who::Outside {
        name: "the holder of a link",
        address: Some("192.0.2.1".parse().unwrap()),
    };
    append(
        db,
        Entry {
            actor: link,
            ..entry("invitation.accepted")
        },
        now() + TICK,
    )
    .await;
    append(
        db,
        Entry {
            actor: Who::Outside {
                name: "console",
                address: None,
            },
            ..entry("user.created")
        },
        now(),
    )
    .await;
    append(
        db,
        Entry {
            why: Some(""),
            ..entry("app.changed")
        },
        now(),
    )
    .await;

    let rows = rows(db, Filter::default()).await;
    let [system, console, link, full] = rows.as_slice() else {
        panic!("{rows:?}")
    };
    assert_eq!(
        (full.seq, full.at, full.actor_id, full.actor.as_str()),
        (1, now(), Some(ada.user.0), NASTY)
    );
    assert_eq!(
        (full.action.as_str(), full.subject_kind.as_str()),
        ("app.changed", "app")
    );
    assert_eq!(
        (full.subject_id.as_str(), full.subject.as_str(), full.partner_id),
        (NASTY, NASTY, Some(partner.0))
    );
    assert_eq!(
        (&full.before, full.after.as_str()),
        (&before.to_string(), r#"{"a":1}"#),
        "byte for byte"
    );
    assert_eq!(
        (full.why.as_deref(), full.address.as_deref()),
        (Some(NASTY), Some("2001:db8::1"))
    );

    assert_eq!((link.seq, link.at, link.actor_id), (2, now() + TICK, None));
    assert_eq!(
        (link.actor.as_str(), link.address.as_deref()),
        ("the holder of a link", Some("192.0.2.1"))
    );
    assert_eq!(
        (
            console.actor.as_str(),
            console.address.as_deref(),
            console.why.as_deref()
        ),
        ("console", None, None)
    );
    assert_eq!(
        (system.actor.as_str(), system.actor_id, system.address.as_deref()),
        ("Rampart", None, None)
    );
    assert_eq!(
        (system.partner_id, system.before.as_str(), system.why.as_deref()),
        (None, "null", Some(""))
    );
    assert_eq!(verify(db).await, Ok(4));
}

async fn every_row_holds_the_hash_of_the_one_before(database: TestDatabase) {
    let db = &database.store.portal;
    append_many(db, 5).await;
    let mut previous = Vec::new();
    for (n, row) in rows(db, Filter::default()).await.into_iter().rev().enumerate() {
        assert_eq!(row.seq, i64::try_from(n).unwrap() + 1);
        assert_eq!(row.previous_hash, previous);
        assert_eq!((row.hash.len(), &row.hash), (32, &row.computed_hash()));
        previous = row.hash;
    }
    assert_eq!(verify(db).await, Ok(5));
}

async fn what_is_not_committed_leaves_no_row(database: TestDatabase) {
    let db = &database.store.portal;
    append_many(db, 1).await;
    let mut tx = db.begin().await.unwrap();
    audit::append(&mut tx, entry("app.changed"), now()).await.unwrap();
    drop(tx);
    append_many(db, 1).await;
    assert_eq!(rows(db, Filter::default()).await[0].seq, 2, "no number is left out");
    assert_eq!(verify(db).await, Ok(2));
}

async fn the_log_is_filtered(database: TestDatabase) {
    let db = &database.store.portal;
    let ada = Actor {
        name: "Ada Lovelace".to_owned(),
        ..actor(id())
    };
    let subject = |id: &str, name: &'static str| Subject {
        kind: "app",
        id: id.to_owned(),
        name,
    };
    append(
        db,
        Entry {
            actor: Who::Person(&ada),
            subject: subject("id-1", "Calendar"),
            ..entry("app.changed")
        },
        now(),
    )
    .await;
    append(
        db,
        Entry {
            subject: subject("id-2", "Time sheets"),
            ..entry("app.changed")
        },
        after(1),
    )
    .await;
    append(
        db,
        Entry {
            actor: Who::Person(&ada),
            subject: subject("id-2", "Time sheets"),
            ..entry("app.archived")
        },
        after(2),
    )
    .await;
    let found = async |filter| rows(db, filter).await.into_iter().map(|r| r.seq).collect::<Vec<_>>();
    let who = |who: &str| Filter {
        who: who.to_owned(),
        ..Filter::default()
    };
    let action = |action: &str| Filter {
        action: action.to_owned(),
        ..Filter::default()
    };
    let subject = |subject: &str| Filter {
        subject: subject.to_owned(),
        ..Filter::default()
    };
    assert_eq!(found(who("")).await, [3, 2, 1]);
    assert_eq!(found(who(" LOVE ")).await, [3, 1]);
    assert_eq!(found(who("rampart")).await, [2]);
    assert_eq!(found(action("app.changed")).await, [2, 1]);
    assert!(found(action("app.")).await.is_empty(), "the whole action");
    assert_eq!(found(subject("SHEETS")).await, [3, 2]);
    assert_eq!(found(subject("ID-1")).await, [1], "or its id");
    assert_eq!(
        found(Filter {
            action: "app.changed".to_owned(),
            ..who("ada")
        })
        .await,
        [1]
    );
    assert_eq!(
        found(Filter {
            from: Some(after(1)),
            ..Filter::default()
        })
        .await,
        [3, 2]
    );
    assert_eq!(
        found(Filter {
            from: Some(after(1) + TICK),
            ..Filter::default()
        })
        .await,
        [3]
    );
    assert_eq!(
        found(Filter {
            to: Some(after(1)),
            ..Filter::default()
        })
        .await,
        [1]
    );
    assert_eq!(
        found(Filter {
            to: Some(after(1) + TICK),
            ..Filter::default()
        })
        .await,
        [2, 1]
    );
    assert_eq!(
        found(Filter {
            before: Some(2),
            ..Filter::default()
        })
        .await,
        [1]
    );
    assert_eq!(
        audit::actions(db, Scope::system()).await.unwrap(),
        ["app.archived", "app.changed"]
    );
}

async fn a_filter_takes_wildcards_for_what_they_are(database: TestDatabase) {
    let db = &database.store.portal;
    for name in ["100% done", "snake_case", r"back\slash", "1000 snakecase"] {
        let person = Actor {
            name: name.to_owned(),
            ..actor(id())
        };
        let subject = Subject {
            kind: "app",
            id: "1".to_owned(),
            name,
        };
        append(
            db,
            Entry {
                actor: Who::Person(&person),
                subject,
                ..entry("app.changed")
            },
            now(),
        )
        .await;
    }
    for (search, expected) in [
        ("%", [1].as_slice()),
        ("_", &[2]),
        (r"\", &[3]),
        (r"k\s", &[3]),
        (r"\%", &[]),
        ("snake_", &[2]),
    ] {
        let by_subject = Filter {
            subject: search.to_owned(),
            ..Filter::default()
        };
        let by_actor = Filter {
            who: search.to_owned(),
            ..Filter::default()
        };
        for filter in [by_subject, by_actor] {
            let found: Vec<_> = rows(db, filter.clone()).await.into_iter().map(|r| r.seq).collect();
            assert_eq!(found, expected, "{filter:?}");
        }
    }
}

async fn the_log_is_paged_the_latest_first(database: TestDatabase) {
    let db = &database.store.portal;
    append_many(db, 7).await;
    let mut before = None;
    let mut read = Vec::new();
    loop {
        let filter = Filter {
            before,
            ..Filter::default()
        };
        let page: Vec<_> = audit::list(db, Scope::system(), &filter, 3)
            .await
            .unwrap()
            .into_iter()
            .map(|r| r.seq)
            .collect();
        let Some(last) = page.last() else { break };
        before = Some(*last);
        read.push(page);
    }
    assert_eq!(read, [vec![7, 6, 5], vec![4, 3, 2], vec![1]]);
}

async fn the_log_is_seen_by_owners_of_the_partner_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let member = a_member(db, "Mia", world.ours.partner, PartnerRole::Member).await;
    let kinds: [(&str, Option<PartnerId>); 3] = [
        ("ours", Some(world.ours.partner)),
        ("theirs", Some(world.theirs.partner)),
        ("nobodys", None),
    ];
    for (action, partner) in kinds {
        append(
            db,
            Entry {
                partner,
                ..entry(action)
            },
            now(),
        )
        .await;
    }
    let seen = async |scope| {
        let listed = audit::list(db, scope, &Filter::default(), 9).await.unwrap();
        let mut listed: Vec<_> = listed.into_iter().map(|r| r.action).collect();
        listed.sort();
        assert_eq!(audit::actions(db, scope).await.unwrap(), listed);
        listed
    };
    let program_manager = Actor {
        staff: vec![StaffRole::ProgramManager],
        ..actor(id())
    };
    for everything in [Scope::system(), Scope::of(&program_manager, Action::ViewAudit)] {
        assert_eq!(seen(everything).await, ["nobodys", "ours", "theirs"]);
    }
    let reviewer = Actor {
        staff: vec![StaffRole::Reviewer],
        ..actor(id())
    };
    assert_eq!(
        seen(Scope::of(&reviewer, Action::ViewAudit)).await,
        [""; 0],
        "not every role may"
    );
    assert_eq!(seen(world.scope()).await, ["ours"]);
    assert_eq!(seen(scope_of(member)).await, [""; 0], "a member is no owner");
    world.leave(db).await;
    assert_eq!(seen(world.scope()).await, [""; 0]);
}
