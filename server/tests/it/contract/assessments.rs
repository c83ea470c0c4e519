use std::collections::HashMap;

use rampart_domain::{
    alert::{OpenEpisode, Verdict},
    count::{Counts, Minute},
    id::EpisodeId,
};
use rampart_server::store::{Db, Scope, assessments, assessments::Assessment, episodes};

use super::{NASTY, Neighbours, Side, after, an_account, commit, now, nth, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    what_is_said_comes_back_and_is_replaced_by_its_version,
    breaches_that_count_are_to_be_looked_at,
    what_is_said_is_seen_by_the_partner_and_staff,
);

async fn a_breach(db: &Db, n: u128, side: Side, counted: bool) -> EpisodeId {
    let tick = Minute(i64::try_from(n).unwrap());
    let id = EpisodeId(nth(n));
    let episode = OpenEpisode {
        opened_at: tick,
        window_start: tick - 16,
        last_held: tick,
        last_defined: tick,
        last_mail: tick,
        last_value: Counts::new(1, 2),
        worst_value: Counts::new(1, 2),
        counted_at: counted.then_some(tick),
    };
    let closed = Some((tick + 20, rampart_domain::alert::Closing::Ok));
    commit(db, async |tx| {
        episodes::insert(tx, id, side.series, side.app, &format!("incident-{n}"), &episode).await?;
        episodes::update(tx, id, &episode, closed).await
    })
    .await;
    id
}

async fn what_is_said_comes_back_and_is_replaced_by_its_version(database: TestDatabase) {
    let db = &database.store.portal;
    let ours = Neighbours::new(db).await.ours;
    let breach = a_breach(db, 1, ours, true).await;
    let (mia, max) = (an_account(db, "Mia").await, an_account(db, "Max").await);
    let said = async || {
        let said = assessments::of_episodes(db, Scope::system(), &[breach]).await.unwrap();
        said.get(&breach).cloned()
    };
    assert_eq!(said().await, None);
    assert_eq!(
        assessments::of_episodes(db, Scope::system(), &[]).await.unwrap(),
        HashMap::new()
    );

    let put = async |version, verdict, note: &str, by, at| {
        commit(db, async |tx| {
            assessments::put(tx, breach, version, verdict, note, by, at).await
        })
        .await
    };
    assert!(
        !put(1, Verdict::NoEmergency, "", mia, now()).await,
        "there is no version 1 yet"
    );
    assert!(put(0, Verdict::NoEmergency, NASTY, mia, now()).await);
    let first = Assessment {
        verdict: Verdict::NoEmergency,
        note: NASTY.to_owned(),
        version: 1,
        by: "Mia".to_owned(),
        at: now(),
    };
    assert_eq!(said().await, Some(first.clone()));
    assert!(
        !put(0, Verdict::NoEmergency, "mine", max, after(1)).await,
        "somebody was faster"
    );
    assert_eq!(said().await, Some(first));
    assert!(put(1, Verdict::NotLookedAt, "", max, after(2)).await);
    let second = Assessment {
        verdict: Verdict::NotLookedAt,
        note: String::new(),
        version: 2,
        by: "Max".to_owned(),
        at: after(2),
    };
    assert_eq!(said().await, Some(second));
    assert!(!put(1, Verdict::NoEmergency, "late", mia, after(3)).await);
}

async fn breaches_that_count_are_to_be_looked_at(database: TestDatabase) {
    let db = &database.store.portal;
    let neighbours = Neighbours::new(db).await;
    let ours = neighbours.ours;
    let unseen = async || {
        assessments::not_looked_at(db, neighbours.scope(), ours.app)
            .await
            .unwrap()
    };
    a_breach(db, 1, ours, false).await;
    assert_eq!(unseen().await, 0, "a blip need not be");
    let first = a_breach(db, 2, ours, true).await;
    a_breach(db, 3, ours, true).await;
    a_breach(db, 4, neighbours.theirs, true).await;
    assert_eq!(unseen().await, 2);
    let put = async |version, verdict| {
        commit(db, async |tx| {
            assessments::put(tx, first, version, verdict, "", neighbours.owner, now()).await
        })
        .await
    };
    put(0, Verdict::NoEmergency).await;
    assert_eq!(unseen().await, 1);
    put(1, Verdict::NotLookedAt).await;
    assert_eq!(unseen().await, 2, "taken back");
    let theirs = assessments::not_looked_at(db, neighbours.scope(), neighbours.theirs.app).await;
    assert_eq!(theirs.unwrap(), 0, "another partner's are none of theirs");
}

async fn what_is_said_is_seen_by_the_partner_and_staff(database: TestDatabase) {
    let db = &database.store.portal;
    let neighbours = Neighbours::new(db).await;
    let Neighbours { ours, theirs, owner } = neighbours;
    let (mine, other) = (a_breach(db, 1, ours, true).await, a_breach(db, 2, theirs, true).await);
    for breach in [mine, other] {
        commit(db, async |tx| {
            assessments::put(tx, breach, 0, Verdict::NoEmergency, "x", owner, now()).await
        })
        .await;
    }
    let seen = async |scope| {
        let found = assessments::of_episodes(db, scope, &[mine, other]).await.unwrap();
        let mut ids: Vec<EpisodeId> = found.into_keys().collect();
        ids.sort();
        ids
    };
    assert_eq!(seen(neighbours.scope()).await, [mine]);
    assert_eq!(seen(scope_of_staff(owner)).await, [mine, other]);
    neighbours.leave(db).await;
    assert_eq!(seen(neighbours.scope()).await, []);
}
