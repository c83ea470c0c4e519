use chrono::{DateTime, SubsecRound, Utc};
use rampart_domain::{
    escalation::{Decision, Fact, FactKind, Rule, State},
    id::AppId,
};
use rampart_server::store::{
    Db, Scope, apps as app_store,
    escalation::{self, BoardFilter, Recorded, Standing},
    facts,
};

use super::{NASTY, Neighbours, commit, refused, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    a_standing_comes_back_as_it_was_set,
    an_app_waits_for_its_facts_and_due_times,
    a_decision_comes_back_as_it_was_recorded,
    a_decision_is_recorded_once,
    the_board_shows_what_is_urgent_first,
    another_partners_app_is_not_seen,
    the_database_refuses_to_change_decisions,
    an_app_that_has_stopped_is_looked_at_again,
);

/// Facts and decisions have whole seconds.
fn after(minutes: i64) -> DateTime<Utc> {
    super::after(minutes).trunc_subsecs(0)
}

fn standing(state: State) -> Standing {
    Standing {
        state,
        baseline: after(0),
        entered: after(1),
        demoted: Some(after(2)),
        deadline: Some(after(3)),
        clears: Some(after(4)),
        paused: true,
        due: Some(after(5)),
        facts_seq: 7,
        decisions: 2,
        error: Some(NASTY.to_owned()),
    }
}

fn recorded(id: &str, number: i64, app: &str) -> Recorded {
    Recorded {
        id: id.to_owned(),
        number,
        decision: Decision {
            at: after(number),
            app: app.into(),
            from: State::GoodStanding,
            to: State::Notified,
            rule: Rule::Notify,
            because: vec!["f1".into(), NASTY.into()],
            policy_version: 3,
            explanation: NASTY.to_owned(),
        },
        inputs: "00ff".to_owned(),
        recorded_at: super::after(9),
    }
}

async fn set(db: &Db, app: AppId, standing: &Standing) {
    commit(db, async |tx| escalation::set_standing(tx, app, standing).await).await;
}

async fn file(db: &Db, app: Option<AppId>, id: &str) {
    let fact = Fact {
        id: id.into(),
        at: after(0),
        app: app.map(|_| "com.example.ours".into()),
        kind: FactKind::Frozen,
    };
    commit(db, async |tx| facts::file(tx, app, fact, None).await).await;
}

async fn a_standing_comes_back_as_it_was_set(database: TestDatabase) {
    let db = &database.store.portal;
    let app = Neighbours::new(db).await.ours.app;
    assert_eq!(escalation::standing(db, Scope::system(), app).await.unwrap(), None);
    let first = standing(State::Notified);
    set(db, app, &first).await;
    assert_eq!(
        escalation::standing(db, Scope::system(), app).await.unwrap(),
        Some(first)
    );
    let second = Standing {
        demoted: None,
        deadline: None,
        clears: None,
        paused: false,
        due: None,
        error: None,
        ..standing(State::Remediation)
    };
    set(db, app, &second).await;
    let found = commit(db, async |tx| escalation::standing_for(tx, app).await).await;
    assert_eq!(found, Some(second));
}

async fn an_app_waits_for_its_facts_and_due_times(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let waiting = async || escalation::waiting(db, after(0)).await.unwrap();
    file(db, None, "f1").await;
    assert_eq!(
        waiting().await,
        [],
        "of what concerns all apps alone nothing follows for an app"
    );
    file(db, Some(world.ours.app), "f2").await;
    assert_eq!(waiting().await, [world.ours.app]);
    let worked_off = Standing {
        due: Some(after(5)),
        facts_seq: 2,
        ..standing(State::Notified)
    };
    set(db, world.ours.app, &worked_off).await;
    assert_eq!(waiting().await, []);
    assert_eq!(escalation::next_due(db).await.unwrap(), Some(after(5)));
    assert_eq!(escalation::waiting(db, after(5)).await.unwrap(), [world.ours.app]);
    file(db, None, "f3").await;
    assert_eq!(waiting().await, [world.ours.app], "a freeze of all concerns it too");
}

async fn a_decision_comes_back_as_it_was_recorded(database: TestDatabase) {
    let db = &database.store.portal;
    let app = Neighbours::new(db).await.ours.app;
    let both = [
        recorded("d1", 0, "com.example.ours"),
        recorded("d2", 1, "com.example.ours"),
    ];
    for one in &both {
        commit(db, async |tx| escalation::record(tx, app, one).await).await;
    }
    assert_eq!(escalation::decisions(db, Scope::system(), app).await.unwrap(), both);
    assert_eq!(
        commit(db, async |tx| escalation::decisions_for(tx, app).await).await,
        both
    );
}

async fn a_decision_is_recorded_once(database: TestDatabase) {
    let db = &database.store.portal;
    let app = Neighbours::new(db).await.ours.app;
    let first = recorded("d1", 0, "com.example.ours");
    commit(db, async |tx| escalation::record(tx, app, &first).await).await;
    let again = recorded("d2", 0, "com.example.ours");
    refused(db, async |tx| escalation::record(tx, app, &again).await).await;
    assert_eq!(escalation::decisions(db, Scope::system(), app).await.unwrap().len(), 1);
}

async fn the_board_shows_what_is_urgent_first(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let calm = |state| Standing {
        error: None,
        ..standing(state)
    };
    set(db, world.ours.app, &calm(State::Notified)).await;
    set(db, world.theirs.app, &calm(State::DemotionProposed)).await;
    let decision = recorded("d1", 3, "com.example.theirs");
    commit(db, async |tx| escalation::record(tx, world.theirs.app, &decision).await).await;
    let board = async |filter| escalation::board(db, Scope::system(), filter, 0, 10).await.unwrap();
    let all = board(BoardFilter::default()).await;
    let keys: Vec<_> = all.iter().map(|row| row.app_key.as_str()).collect();
    assert_eq!(keys, ["com.example.theirs", "com.example.ours"]);
    assert_eq!((all[0].since, all[1].since), (Some(after(3)), None));
    assert_eq!(all[0].standing, calm(State::DemotionProposed));
    let notified = BoardFilter {
        state: Some(State::Notified),
        search: "",
    };
    assert_eq!(board(notified).await.len(), 1);
    let counted = async |filter| escalation::count_board(db, Scope::system(), filter).await.unwrap();
    assert_eq!(counted(BoardFilter::default()).await, 2);
    assert_eq!(counted(notified).await, 1);
    let found = BoardFilter {
        state: None,
        search: "THEIRS",
    };
    assert_eq!(board(found).await[0].partner, world.theirs.partner);
    assert_eq!(counted(found).await, 1);
    let mut states = escalation::states(db, Scope::system()).await.unwrap();
    states.sort();
    assert_eq!(states, [(State::Notified, 1), (State::DemotionProposed, 1)]);
    // What the engine has stopped for comes before everything.
    set(db, world.ours.app, &standing(State::Notified)).await;
    assert_eq!(board(BoardFilter::default()).await[0].app_key, "com.example.ours");
    commit(db, async |tx| {
        app_store::set_archived(tx, world.ours.app, Some(after(0))).await
    })
    .await;
    assert_eq!(board(BoardFilter::default()).await.len(), 1);
}

async fn another_partners_app_is_not_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    for app in [world.ours.app, world.theirs.app] {
        set(db, app, &standing(State::Notified)).await;
    }
    let decision = recorded("d1", 0, "com.example.theirs");
    commit(db, async |tx| escalation::record(tx, world.theirs.app, &decision).await).await;
    let seen = async |scope| {
        (
            escalation::standing(db, scope, world.theirs.app)
                .await
                .unwrap()
                .is_some(),
            escalation::decisions(db, scope, world.theirs.app).await.unwrap().len(),
            escalation::board(db, scope, BoardFilter::default(), 0, 10)
                .await
                .unwrap()
                .len(),
            escalation::states(db, scope).await.unwrap(),
            escalation::states_of(db, scope, &[world.ours.app, world.theirs.app])
                .await
                .unwrap()
                .len() as i64
                + escalation::count_board(db, scope, BoardFilter::default())
                    .await
                    .unwrap(),
            app_store::by_ids(db, scope, &[world.ours.app, world.theirs.app])
                .await
                .unwrap()
                .len(),
        )
    };
    assert_eq!(
        seen(world.scope()).await,
        (false, 0, 1, vec![(State::Notified, 1)], 2, 1)
    );
    let staff = seen(scope_of_staff(world.owner)).await;
    assert_eq!(staff, (true, 1, 2, vec![(State::Notified, 2)], 4, 2));
    assert!(
        escalation::states_of(db, Scope::system(), &[])
            .await
            .unwrap()
            .is_empty()
    );
}

async fn the_database_refuses_to_change_decisions(database: TestDatabase) {
    let db = &database.store.portal;
    let app = Neighbours::new(db).await.ours.app;
    let decision = recorded("d1", 0, "com.example.ours");
    commit(db, async |tx| escalation::record(tx, app, &decision).await).await;
    for attempt in ["update decision set rule = 'clear'", "delete from decision"] {
        let error = sql(db, attempt).await.unwrap_err().to_string();
        assert!(error.contains("decisions are append-only"), "{error}");
    }
}

async fn an_app_that_has_stopped_is_looked_at_again(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let waits = Standing {
        due: None,
        ..standing(State::Notified)
    };
    let goes_on = Standing {
        error: None,
        ..waits.clone()
    };
    commit(db, async |tx| {
        escalation::set_standing(tx, world.ours.app, &waits).await?;
        escalation::set_standing(tx, world.theirs.app, &goes_on).await
    })
    .await;
    assert_eq!(escalation::waiting(db, after(9)).await.unwrap(), []);
    commit(db, async |tx| escalation::wake_stopped(tx, after(9)).await).await;
    assert_eq!(escalation::waiting(db, after(9)).await.unwrap(), [world.ours.app]);
}
