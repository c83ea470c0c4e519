use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use futures_util::future::join_all;
use rampart_domain::{
    escalation::{EscalationPolicy, Fact, FactKind},
    id::AppId,
};
use rampart_server::store::{Db, Scope, facts};

use super::{NASTY, Neighbours, commit, refused, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    a_fact_comes_back_as_it_was_filed,
    facts_are_in_order_of_time,
    facts_filed_at_once_are_in_order,
    a_fact_of_another_partner_is_not_seen,
    an_id_is_used_once,
    what_is_decided_on_is_held,
    it_is_known_who_filed_a_fact_and_what_is_frozen,
    all_apps_are_read_in_ranges_of_their_ids,
    the_last_policy_that_was_published_is_in_force,
    the_database_refuses_to_change_facts,
    a_fact_that_is_set_aside_is_left_out_everywhere,
    a_line_that_cannot_be_read_is_named,
    what_was_set_aside_stays_so,
);

/// Facts have whole seconds.
fn after(minutes: i64) -> DateTime<Utc> {
    super::after(minutes).trunc_subsecs(0)
}

fn fact(id: &str, app: Option<&str>, kind: FactKind) -> Fact {
    Fact {
        id: id.into(),
        at: after(0),
        app: app.map(Into::into),
        kind,
    }
}

async fn file(db: &Db, app: Option<AppId>, fact: Fact) -> Fact {
    commit(db, async |tx| facts::file(tx, app, fact, None).await).await
}

async fn a_fact_comes_back_as_it_was_filed(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let breach = FactKind::Breach {
        breach: "b1".into(),
        series: "webhook_delivery/jira".into(),
    };
    let policy = FactKind::PolicyPublished {
        policy: EscalationPolicy::standard().into(),
    };
    let filed = [
        file(db, Some(world.ours.app), fact("f1", Some("com.example.ours"), breach)).await,
        file(db, None, fact("f2", None, policy)).await,
    ];
    assert_eq!(filed[0].at, after(0));
    assert_eq!(facts::of_app(db, world.scope(), world.ours.app).await.unwrap(), filed);
}

async fn facts_are_in_order_of_time(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(facts::latest(db).await.unwrap().timestamp(), 0);
    let app = Neighbours::new(db).await.ours.app;
    let key = Some("com.example.ours");
    let late = Fact {
        at: after(60),
        ..fact("f1", key, FactKind::Designated)
    };
    file(db, Some(app), late).await;
    let early = file(db, Some(app), fact("f2", key, FactKind::AppealOpened)).await;
    assert_eq!(early.at, after(60), "it became known after the first");
    assert_eq!(facts::latest(db).await.unwrap(), after(60));
    let stored = facts::of_app(db, Scope::system(), app).await.unwrap();
    assert_eq!(stored.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["f1", "f2"]);
}

async fn facts_filed_at_once_are_in_order(database: TestDatabase) {
    let (db, other_server) = (&database.store.portal, &database.again().await.portal);
    let app = Neighbours::new(db).await.ours.app;
    let filed = join_all((0..20_i32).map(|n| {
        let server = if n % 2 == 0 { db } else { other_server };
        let fact = Fact {
            at: after(0) + TimeDelta::seconds(i64::from(n * 7 % 20)),
            ..fact(&format!("f{n}"), Some("com.example.ours"), FactKind::Frozen)
        };
        file(server, Some(app), fact)
    }))
    .await;
    let stored = facts::of_app(db, Scope::system(), app).await.unwrap();
    assert_eq!(stored.len(), filed.len());
    assert!(stored.is_sorted_by_key(|fact| fact.at));
}

async fn a_fact_of_another_partner_is_not_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    file(
        db,
        Some(world.theirs.app),
        fact("f1", Some("com.example.theirs"), FactKind::Designated),
    )
    .await;
    let seen = async |scope| facts::of_app(db, scope, world.theirs.app).await.unwrap().len();
    assert_eq!(seen(world.scope()).await, 0);
    assert_eq!(seen(scope_of_staff(world.owner)).await, 1);
    assert_eq!(facts::of_app(db, world.scope(), world.ours.app).await.unwrap(), []);
}

async fn an_id_is_used_once(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    file(db, None, fact("f1", None, FactKind::Frozen)).await;
    refused(db, async |tx| {
        facts::file(tx, None, fact("f1", None, FactKind::Thawed), None).await
    })
    .await;
    assert_eq!(
        facts::of_app(db, Scope::system(), world.ours.app).await.unwrap().len(),
        1
    );
}

async fn what_is_decided_on_is_held(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let ours = Some(world.ours.app);
    file(db, ours, fact("f1", Some("com.example.ours"), FactKind::Designated)).await;
    file(
        db,
        Some(world.theirs.app),
        fact("f2", Some("com.example.theirs"), FactKind::Designated),
    )
    .await;
    file(db, None, fact("f3", None, FactKind::Frozen)).await;
    let (known, last) = commit(db, async |tx| {
        assert_eq!(facts::hold(tx, after(5)).await?, after(5));
        assert_eq!(facts::hold(tx, after(1)).await?, after(5));
        facts::to_decide_on(tx, world.ours.app).await
    })
    .await;
    let known = known.unwrap();
    assert_eq!(known.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["f1", "f3"]);
    assert_eq!(last, 3);
    let late = file(db, ours, fact("f4", Some("com.example.ours"), FactKind::Withdrawn)).await;
    assert_eq!(late.at, after(5));
    assert_eq!(facts::all(db).await.unwrap().len(), 4);
}

async fn it_is_known_who_filed_a_fact_and_what_is_frozen(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    let by = facts::FiledBy {
        account: world.owner,
        why: "We disagree.",
    };
    let appeal = fact("f1", Some("com.example.ours"), FactKind::AppealOpened);
    commit(db, async |tx| facts::file(tx, Some(app), appeal, Some(by)).await).await;
    file(db, None, fact("f2", None, FactKind::Frozen)).await;
    commit(db, async |tx| {
        let all = ["f1".into(), "f2".into(), "f3".into()];
        assert_eq!(facts::filed_by(tx, &all).await?, [("f1".into(), world.owner)]);
        assert_eq!(facts::filed_by(tx, &[]).await?, []);
        assert_eq!(facts::latest_of(tx, app, "appeal_opened").await?, Some("f1".into()));
        assert_eq!(facts::latest_of(tx, app, "appeal_closed").await?, None);
        let at = facts::hold(tx, DateTime::UNIX_EPOCH).await?;
        for (kind, since, is_filed) in [
            ("appeal_opened", DateTime::UNIX_EPOCH, true),
            ("appeal_opened", at, true),
            ("appeal_opened", at + TimeDelta::days(1), false),
            ("appeal_closed", DateTime::UNIX_EPOCH, false),
        ] {
            assert_eq!(
                facts::is_filed_since(tx, app, kind, since).await?,
                is_filed,
                "{kind} {since}"
            );
        }
        assert!(facts::is_of_all_apps(tx, &"f2".into()).await?);
        assert!(!facts::is_of_all_apps(tx, &"f1".into()).await?);
        assert!(facts::all_frozen(tx).await?);
        Ok(())
    })
    .await;
    file(db, None, fact("f3", None, FactKind::Thawed)).await;
    assert!(!commit(db, async |tx| facts::all_frozen(tx).await).await);
}

async fn all_apps_are_read_in_ranges_of_their_ids(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let (ours, theirs) = (world.ours.app, world.theirs.app);
    assert_eq!(facts::apps(db).await.unwrap(), []);
    let breach = FactKind::Breach {
        breach: "b1".into(),
        series: "availability/https://a b.example/\\\"|\u{1f6a2}".into(),
    };
    let filed = [
        file(
            db,
            Some(theirs),
            fact("f1", Some("com.example.theirs"), FactKind::Designated),
        )
        .await,
        file(
            db,
            Some(ours),
            fact("f2", Some("com.example.ours"), FactKind::Designated),
        )
        .await,
        file(db, None, fact("f3", None, FactKind::Frozen)).await,
        file(db, Some(ours), fact("f4", Some("com.example.ours"), breach)).await,
    ];
    let [f1, f2, f3, f4] = filed;
    assert_eq!(facts::of_all_apps(db).await.unwrap(), [(3, f3)]);
    let mut expected = vec![
        (ours, "com.example.ours", vec![(2, f2), (4, f4)]),
        (theirs, "com.example.theirs", vec![(1, f1)]),
    ];
    expected.sort_by_key(|(id, ..)| *id);
    let keys: Vec<_> = expected.iter().map(|(id, key, _)| (*id, (*key).into())).collect();
    assert_eq!(facts::apps(db).await.unwrap(), keys);
    let read: Vec<_> = expected.into_iter().map(|(id, _, facts)| (id, facts)).collect();
    let of = async |scope, first, last| facts::of_apps(db, scope, first, last).await.unwrap();
    let (first, last) = (read[0].0, read[1].0);
    assert_eq!(of(Scope::system(), first, last).await, read);
    assert_eq!(of(Scope::system(), last, last).await, read[1..]);
    let own: Vec<_> = read.iter().filter(|(id, _)| *id == ours).cloned().collect();
    assert_eq!(of(world.scope(), first, last).await, own);
}

async fn the_last_policy_that_was_published_is_in_force(database: TestDatabase) {
    let db = &database.store.portal;
    let in_force = async || commit(db, async |tx| facts::policy_in_force(tx).await).await;
    assert_eq!(in_force().await, None);
    for (id, version) in [("f1", 2), ("f2", 3)] {
        let policy = EscalationPolicy {
            version,
            ..EscalationPolicy::standard()
        };
        let kind = FactKind::PolicyPublished { policy: policy.into() };
        let filed = file(db, None, fact(id, None, kind)).await;
        assert_eq!(in_force().await, Some(filed));
    }
}

async fn the_database_refuses_to_change_facts(database: TestDatabase) {
    let db = &database.store.portal;
    file(db, None, fact("f1", None, FactKind::Frozen)).await;
    for attempt in ["update fact set kind = 'thawed'", "delete from fact"] {
        let error = sql(db, attempt).await.unwrap_err().to_string();
        assert!(error.contains("facts are append-only"), "{error}");
    }
    if let Db::Postgres(_) = db {
        let error = sql(db, "truncate fact").await.unwrap_err().to_string();
        assert!(error.contains("facts are append-only"), "{error}");
    }
}

async fn a_fact_that_is_set_aside_is_left_out_everywhere(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    let key = Some("com.example.ours");
    file(db, Some(app), fact("f1", key, FactKind::Designated)).await;
    file(db, Some(app), fact("f2", key, FactKind::AppealOpened)).await;
    file(db, None, fact("f3", None, FactKind::Frozen)).await;
    for id in ["f2", "f3"] {
        commit(db, async |tx| {
            facts::set_aside(tx, &id.into(), world.owner, NASTY, super::now()).await
        })
        .await;
    }
    let ids = |facts: Vec<Fact>| facts.into_iter().map(|fact| fact.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(facts::of_app(db, world.scope(), app).await.unwrap()), ["f1"]);
    assert_eq!(ids(facts::all(db).await.unwrap()), ["f1"]);
    commit(db, async |tx| {
        let (known, last) = facts::to_decide_on(tx, app).await?;
        assert_eq!((ids(known?), last), (vec!["f1".to_owned()], 1));
        assert_eq!(facts::latest_of(tx, app, "appeal_opened").await?, None);
        assert!(!facts::all_frozen(tx).await?);
        Ok(())
    })
    .await;
    let aside = facts::set_aside_of(db, world.scope(), app).await.unwrap();
    let shown: Vec<_> = aside.iter().map(|aside| aside.id.as_str()).collect();
    assert_eq!(shown, ["f2", "f3"]);
    assert_eq!((aside[0].why.as_str(), aside[0].at), (NASTY, super::now()));
    assert_eq!(aside[0].fact.as_ref().unwrap().kind, FactKind::AppealOpened);
    // A stranger reads of those of all apps alone.
    let theirs = facts::set_aside_of(db, world.scope(), world.theirs.app).await.unwrap();
    assert_eq!(theirs.len(), 1);
    file(
        db,
        Some(world.theirs.app),
        fact("f4", Some("com.example.theirs"), FactKind::Designated),
    )
    .await;
    commit(db, async |tx| {
        facts::set_aside(tx, &"f4".into(), world.owner, "x", super::now()).await
    })
    .await;
    let seen = async |scope| facts::set_aside_of(db, scope, world.theirs.app).await.unwrap().len();
    assert_eq!(
        (seen(world.scope()).await, seen(scope_of_staff(world.owner)).await),
        (1, 2)
    );
}

async fn a_line_that_cannot_be_read_is_named(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    file(
        db,
        Some(app),
        fact("f1", Some("com.example.ours"), FactKind::Designated),
    )
    .await;
    let unlock = match db {
        Db::Sqlite(_) => "drop trigger fact_no_update",
        Db::Postgres(_) => "drop trigger fact_no_change on fact",
    };
    sql(db, unlock).await.unwrap();
    sql(db, "update fact set line = 'torn'").await.unwrap();
    let expected = "the fact f1, number 1, cannot be read: ";
    for error in [
        facts::all(db).await.unwrap_err(),
        facts::of_app(db, world.scope(), app).await.unwrap_err(),
        commit(db, async |tx| facts::to_decide_on(tx, app).await)
            .await
            .0
            .unwrap_err(),
    ] {
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    assert!(
        facts::of_app(db, world.scope(), world.theirs.app).await.is_ok(),
        "others do not notice"
    );
    commit(db, async |tx| {
        facts::set_aside(tx, &"f1".into(), world.owner, "x", super::now()).await
    })
    .await;
    assert_eq!(facts::all(db).await.unwrap(), []);
    let aside = facts::set_aside_of(db, world.scope(), app).await.unwrap();
    assert_eq!(aside[0].fact, None);
}

async fn what_was_set_aside_stays_so(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    file(db, None, fact("f1", None, FactKind::Frozen)).await;
    let aside = async |tx: &mut rampart_server::store::Tx| {
        facts::set_aside(tx, &"f1".into(), world.owner, "x", super::now()).await
    };
    commit(db, aside).await;
    refused(db, aside).await;
    for attempt in ["update fact_set_aside set why = 'y'", "delete from fact_set_aside"] {
        let error = sql(db, attempt).await.unwrap_err().to_string();
        assert!(error.contains("what was set aside stays so"), "{error}");
    }
    if let Db::Postgres(_) = db {
        let error = sql(db, "truncate fact_set_aside").await.unwrap_err().to_string();
        assert!(error.contains("what was set aside stays so"), "{error}");
    }
}
