use chrono::NaiveDate;
use rampart_domain::{
    action::{ActionKind, ActionState, ParentKind, Priority, Step},
    id::{ActionId, PlanId},
};
use rampart_server::store::{
    Db, Scope,
    actions::{self, Event, Item, NewEvent, Owner, Parent, Terms},
    plans,
};

use super::{NASTY, Neighbours, after, commit, id, long_text, scope_of, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    an_action_comes_back_as_it_was_proposed,
    what_is_proposed_is_changed_by_one_at_a_time,
    each_step_is_kept,
    an_action_is_reminded_of_once_a_day,
    another_partners_actions_are_not_seen,
    the_database_refuses_to_change_steps,
);

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

fn terms(owner: Owner) -> Terms {
    Terms {
        title: NASTY.to_owned(),
        description: long_text(),
        owner,
        kind: ActionKind::Detect,
        priority: Priority::Chosen,
        chosen: Some(day(30)),
        tracker: "https://tracker.example.com/1".to_owned(),
    }
}

struct World {
    neighbours: Neighbours,
    parent: Parent,
}

impl World {
    async fn new(db: &Db) -> Self {
        Self {
            neighbours: Neighbours::new(db).await,
            parent: (ParentKind::RemediationPlan, id()),
        }
    }

    /// Makes what the actions belong to a plan of ours that is open.
    async fn with_plan(db: &Db) -> Self {
        let world = Self::new(db).await;
        let plan = PlanId(world.parent.1);
        commit(db, async |tx| {
            plans::open(tx, plan, world.neighbours.ours.app, after(0)).await
        })
        .await;
        world
    }

    fn event<'a>(&self, step: Step, minute: i64, text: &'a str) -> NewEvent<'a> {
        NewEvent {
            step,
            by: self.neighbours.owner,
            at: after(minute),
            text,
        }
    }

    async fn proposed(&self, db: &Db, terms: &Terms) -> ActionId {
        let (new, partner) = (id(), self.neighbours.ours.partner);
        commit(db, async |tx| {
            actions::propose(tx, new, self.parent, partner, terms, self.event(Step::Propose, 1, "")).await
        })
        .await;
        new
    }

    async fn items(&self, db: &Db) -> Vec<Item> {
        actions::of_parent(db, Scope::system(), self.parent).await.unwrap()
    }

    async fn steps(&self, db: &Db, action: ActionId, version: i64, state: ActionState, step: Step) -> bool {
        commit(db, async |tx| {
            actions::set_state(tx, action, version, state, self.event(step, version + 1, NASTY)).await
        })
        .await
    }
}

async fn an_action_comes_back_as_it_was_proposed(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    let owner = world.neighbours.owner;
    let first = world.proposed(db, &terms(Owner::Account(owner))).await;
    let second = Terms {
        priority: Priority::FourWeeks,
        chosen: None,
        tracker: String::new(),
        ..terms(Owner::Named("Somebody".to_owned()))
    };
    let other = world.proposed(db, &second).await;
    let expected = Item {
        id: first,
        parent: world.parent,
        partner: world.neighbours.ours.partner,
        terms: terms(Owner::Account(owner)),
        owner_account: Some("Olivia".to_owned()),
        state: ActionState::Proposed,
        due: Some(day(30)),
        version: 1,
        reminded: None,
    };
    let mut expected = vec![
        expected.clone(),
        Item {
            id: other,
            terms: second,
            owner_account: None,
            due: None,
            ..expected
        },
    ];
    expected.sort_by_key(|item| item.id);
    assert_eq!(world.items(db).await, expected);
    let states = commit(db, async |tx| actions::states(tx, world.parent).await).await;
    assert_eq!(states, [ActionState::Proposed; 2]);
}

async fn what_is_proposed_is_changed_by_one_at_a_time(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    let action = world.proposed(db, &terms(Owner::Named("A".to_owned()))).await;
    let changed = Terms {
        chosen: None,
        priority: Priority::EightWeeks,
        kind: ActionKind::Recover,
        ..terms(Owner::Account(world.neighbours.owner))
    };
    let edit = async |version| {
        commit(db, async |tx| {
            actions::edit(tx, action, version, &changed, world.event(Step::Edit, 2, "")).await
        })
        .await
    };
    assert!(edit(1).await);
    assert!(!edit(1).await, "somebody changed it meanwhile");
    let item = world.items(db).await.remove(0);
    assert_eq!((item.terms, item.version, item.due), (changed.clone(), 2, None));
    assert!(world.steps(db, action, 2, ActionState::Accepted, Step::Accept).await);
    let accepted = commit(db, async |tx| {
        actions::edit(tx, action, 3, &changed, world.event(Step::Edit, 4, "")).await
    });
    assert!(!accepted.await, "what is accepted is not changed any more");
}

async fn each_step_is_kept(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    let action = world.proposed(db, &terms(Owner::Named("A".to_owned()))).await;
    assert!(world.steps(db, action, 1, ActionState::Accepted, Step::Accept).await);
    assert!(!world.steps(db, action, 1, ActionState::Declined, Step::Decline).await);
    assert!(world.steps(db, action, 2, ActionState::Done, Step::Complete).await);
    let events = actions::events(db, Scope::system(), world.parent).await.unwrap();
    let event = |step, minute, text: &str| Event {
        step,
        by: world.neighbours.owner,
        by_name: "Olivia".to_owned(),
        at: after(minute),
        text: text.to_owned(),
    };
    assert_eq!(
        events[&action],
        [
            event(Step::Propose, 1, ""),
            event(Step::Accept, 2, NASTY),
            event(Step::Complete, 3, NASTY)
        ]
    );
    let item = world.items(db).await.remove(0);
    assert_eq!((item.state, item.version), (ActionState::Done, 3));
}

async fn an_action_is_reminded_of_once_a_day(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::with_plan(db).await;
    let action = world.proposed(db, &terms(Owner::Named("A".to_owned()))).await;
    let due = async |until| actions::due_until(db, day(until)).await.unwrap().len();
    assert_eq!(due(30).await, 0, "what is proposed is not due");
    assert!(world.steps(db, action, 1, ActionState::Accepted, Step::Accept).await);
    commit(db, async |tx| {
        actions::set_due(tx, action, Some(day(25)), day(10)).await
    })
    .await;
    assert_eq!((due(24).await, due(25).await), (0, 1));
    let plan = PlanId(world.parent.1);
    commit(db, async |tx| plans::close(tx, plan, after(1)).await).await;
    assert_eq!(due(25).await, 0, "a closed plan asks for nothing");
    commit(db, async |tx| plans::reopen(tx, plan).await).await;
    let item = world.items(db).await.remove(0);
    assert_eq!((item.due, item.reminded), (Some(day(25)), Some(day(10))));
    let remind = async |on| commit(db, async |tx| actions::remind(tx, action, day(on)).await).await;
    assert!(!remind(10).await);
    assert!(remind(18).await);
    assert!(!remind(18).await);
    assert!(remind(24).await);
    assert!(world.steps(db, action, 2, ActionState::Done, Step::Complete).await);
    assert!(!remind(30).await);
    assert_eq!(due(30).await, 0);
}

async fn another_partners_actions_are_not_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    world.proposed(db, &terms(Owner::Named("A".to_owned()))).await;
    for (scope, seen) in [
        (scope_of(id()), 0),
        (scope_of_staff(id()), 1),
        (world.neighbours.scope(), 1),
    ] {
        assert_eq!(actions::of_parent(db, scope, world.parent).await.unwrap().len(), seen);
        assert_eq!(actions::events(db, scope, world.parent).await.unwrap().len(), seen);
    }
    world.neighbours.leave(db).await;
    let scope = world.neighbours.scope();
    assert!(actions::of_parent(db, scope, world.parent).await.unwrap().is_empty());
    assert!(actions::events(db, scope, world.parent).await.unwrap().is_empty());
}

async fn the_database_refuses_to_change_steps(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    world.proposed(db, &terms(Owner::Named("A".to_owned()))).await;
    for statement in ["update action_event set text = 'x'", "delete from action_event"] {
        assert!(sql(db, statement).await.is_err(), "{statement}");
    }
    let events = actions::events(db, Scope::system(), world.parent).await.unwrap();
    assert_eq!(events.len(), 1);
}
