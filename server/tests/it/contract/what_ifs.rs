use chrono::{DateTime, SubsecRound, Utc};
use rampart_domain::{
    escalation::{EscalationPolicy, State},
    id::UserId,
};
use rampart_server::store::{
    Db,
    what_ifs::{self, Differing, Findings, NewRun, Status},
};

use super::{Neighbours, after, an_account, commit, now};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_replay_is_claimed_once_advances_and_finishes,
    a_replay_that_its_server_left_is_taken_over,
    a_cancelled_replay_goes_no_further,
    apps_that_are_moved_come_first,
    old_replays_are_forgotten,
);

fn draft() -> EscalationPolicy {
    EscalationPolicy {
        version: 2,
        transition_days: 5,
        ..EscalationPolicy::standard()
    }
}

fn as_of() -> DateTime<Utc> {
    after(1).trunc_subsecs(0)
}

async fn ask(db: &Db, id: &str, by: UserId, at: DateTime<Utc>) {
    let policy = draft();
    let run = NewRun {
        id,
        by,
        base: 1,
        draft: &policy,
        starts: Some(as_of()),
    };
    commit(db, async |tx| what_ifs::ask(tx, &run, at).await).await;
}

async fn claim(db: &Db, minute: i64) -> Option<String> {
    commit(db, async |tx| {
        let claimed = what_ifs::claim(tx, after(minute), after(minute + 1), as_of()).await?;
        Ok(claimed.map(|run| run.id))
    })
    .await
}

async fn advance(db: &Db, id: &str, done: i64, minute: i64) -> bool {
    commit(db, async |tx| what_ifs::advance(tx, id, done, 10, after(minute)).await).await
}

async fn finish(db: &Db, id: &str, findings: &Findings) {
    commit(db, async |tx| what_ifs::finish(tx, id, findings, after(2)).await).await;
}

async fn a_replay_is_claimed_once_advances_and_finishes(database: TestDatabase) {
    let (db, other_server) = (&database.store.portal, &database.again().await.portal);
    let by = an_account(db, "Pia").await;
    assert_eq!(claim(db, 0).await, None);
    ask(db, "r1", by, now()).await;
    let waiting = what_ifs::get(db, "r1").await.unwrap().unwrap();
    assert_eq!((waiting.status, waiting.as_of), (Status::Waiting, None));
    assert_eq!(
        (waiting.by.as_str(), waiting.base, &waiting.draft),
        ("Pia", 1, &draft())
    );
    assert_eq!((waiting.starts, waiting.asked_at), (Some(as_of()), now()));
    assert_eq!(claim(other_server, 0).await.as_deref(), Some("r1"));
    assert_eq!(claim(db, 0).await, None);
    assert!(advance(db, "r1", 3, 1).await);
    let running = what_ifs::get(db, "r1").await.unwrap().unwrap();
    assert_eq!(
        (running.status, running.done, running.total, running.as_of),
        (Status::Running, 3, 10, Some(as_of()))
    );
    let states = vec![(State::GoodStanding, State::Notified, 4), (State::None, State::None, 6)];
    let findings = Findings {
        states: states.clone(),
        differing: Vec::new(),
        stopped: 2,
    };
    finish(db, "r1", &findings).await;
    finish(db, "r1", &findings).await;
    let finished = what_ifs::get(db, "r1").await.unwrap().unwrap();
    assert_eq!(
        (finished.status, finished.done, finished.stopped),
        (Status::Finished, 10, 2)
    );
    assert_eq!(what_ifs::states(db, "r1").await.unwrap(), states);
    assert_eq!(claim(db, 99).await, None);
    assert!(!advance(db, "r1", 4, 1).await);
    assert_eq!(what_ifs::get(db, "r2").await.unwrap(), None);
}

async fn a_replay_that_its_server_left_is_taken_over(database: TestDatabase) {
    let db = &database.store.portal;
    let by = an_account(db, "Pia").await;
    ask(db, "r1", by, now()).await;
    assert!(claim(db, 0).await.is_some());
    assert!(advance(db, "r1", 3, 5).await);
    assert_eq!(claim(db, 4).await, None);
    assert_eq!(claim(db, 5).await.as_deref(), Some("r1"));
    assert_eq!(
        what_ifs::get(db, "r1").await.unwrap().unwrap().done,
        0,
        "from the beginning"
    );
}

async fn a_cancelled_replay_goes_no_further(database: TestDatabase) {
    let db = &database.store.portal;
    let by = an_account(db, "Pia").await;
    ask(db, "r1", by, now()).await;
    assert!(claim(db, 0).await.is_some());
    let cancel = async || commit(db, async |tx| what_ifs::cancel(tx, "r1", after(1)).await).await;
    assert!(cancel().await);
    assert!(!cancel().await, "once");
    assert!(!advance(db, "r1", 3, 5).await);
    let findings = Findings {
        states: vec![(State::None, State::None, 6)],
        ..Findings::default()
    };
    finish(db, "r1", &findings).await;
    assert_eq!(
        what_ifs::get(db, "r1").await.unwrap().unwrap().status,
        Status::Cancelled
    );
    assert_eq!(what_ifs::states(db, "r1").await.unwrap(), []);
}

async fn apps_that_are_moved_come_first(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    ask(db, "r1", world.owner, now()).await;
    assert!(claim(db, 0).await.is_some());
    let stays = Differing {
        app: world.ours.app,
        state: State::Notified,
        by_draft: State::Remediation,
        later: State::GoodStanding,
        later_with_draft: State::GoodStanding,
        decisions: 7,
        first_at: Some(as_of()),
    };
    let moves = Differing {
        app: world.theirs.app,
        later_with_draft: State::DemotionProposed,
        decisions: 0,
        first_at: None,
        ..stays.clone()
    };
    let findings = Findings {
        differing: vec![stays.clone(), moves.clone()],
        ..Findings::default()
    };
    finish(db, "r1", &findings).await;
    assert_eq!(what_ifs::count_differing(db, "r1").await.unwrap(), 2);
    assert_eq!(what_ifs::count_differing(db, "r2").await.unwrap(), 0);
    let found = what_ifs::differing(db, "r1", 0, 10).await.unwrap();
    let rows: Vec<_> = found.iter().map(|named| named.differing.clone()).collect();
    assert_eq!(rows, [moves, stays]);
    assert_eq!(found[1].key, "com.example.ours");
    let second = what_ifs::differing(db, "r1", 1, 10).await.unwrap();
    assert_eq!(second, found[1..]);
}

async fn old_replays_are_forgotten(database: TestDatabase) {
    let db = &database.store.portal;
    let by = an_account(db, "Pia").await;
    ask(db, "r1", by, now()).await;
    ask(db, "r2", by, after(10)).await;
    assert!(claim(db, 0).await.is_some());
    let findings = Findings {
        states: vec![(State::None, State::None, 6)],
        ..Findings::default()
    };
    finish(db, "r1", &findings).await;
    let deleted = commit(db, async |tx| what_ifs::delete_asked_before(tx, after(10)).await).await;
    assert_eq!(deleted, 1);
    assert_eq!(what_ifs::get(db, "r1").await.unwrap(), None);
    assert!(what_ifs::get(db, "r2").await.unwrap().is_some());
}
