use rampart_domain::{
    escalation::{EscalationPolicy, Publication},
    id::UserId,
};
use rampart_server::store::{Db, escalation_policies, escalation_policies::Version};

use super::{NASTY, after, an_account, commit, now, refused};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    a_version_comes_back_as_it_was_published,
    a_version_is_published_once,
    what_is_published_stays,
);

fn version(version: u64, starts: i64) -> Publication {
    Publication {
        starts: chrono::DateTime::from_timestamp(starts, 0).unwrap(),
        policy: EscalationPolicy {
            version,
            transition_days: 100 + version,
            ..EscalationPolicy::standard()
        },
    }
}

async fn publish(db: &Db, version: &Publication, by: UserId) {
    commit(db, async |tx| {
        escalation_policies::publish(tx, version, by, NASTY, now()).await
    })
    .await;
}

async fn a_version_comes_back_as_it_was_published(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(escalation_policies::history(db).await.unwrap(), []);
    let by = an_account(db, "Pia").await;
    let (second, third) = (version(2, 1_000), version(3, 900));
    publish(db, &second, by).await;
    commit(db, async |tx| {
        escalation_policies::publish(tx, &third, by, "", after(5)).await
    })
    .await;
    let all = commit(db, async |tx| escalation_policies::all(tx).await).await;
    assert_eq!(all, [second.clone(), third.clone()]);
    assert_eq!(
        escalation_policies::history(db).await.unwrap(),
        [
            Version {
                publication: third,
                by: "Pia".to_owned(),
                at: after(5),
                reason: String::new()
            },
            Version {
                publication: second,
                by: "Pia".to_owned(),
                at: now(),
                reason: NASTY.to_owned()
            },
        ]
    );
}

async fn a_version_is_published_once(database: TestDatabase) {
    let db = &database.store.portal;
    let by = an_account(db, "Pia").await;
    publish(db, &version(2, 1_000), by).await;
    let error = refused(db, async |tx| {
        escalation_policies::publish(tx, &version(2, 2_000), by, "", now()).await
    })
    .await;
    assert!(error.is_taken("escalation_policy", "version"), "{error:?}");
}

async fn what_is_published_stays(database: TestDatabase) {
    let db = &database.store.portal;
    let by = an_account(db, "Pia").await;
    publish(db, &version(2, 1_000), by).await;
    for change in [
        "update escalation_policy set starts = 0",
        "delete from escalation_policy",
    ] {
        let error = sql(db, change).await.unwrap_err().to_string();
        assert!(error.contains("a published policy is never edited"), "{error}");
    }
    let all = commit(db, async |tx| escalation_policies::all(tx).await).await;
    assert_eq!(all, [version(2, 1_000)]);
}
