use rampart_domain::{
    count::Minute,
    id::UserId,
    policy::{MeasurementPolicy, Policies, Ppm, Published},
};
use rampart_server::store::{Db, policies, policies::Version};

use super::{NASTY, after, an_account, commit, now, refused};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    a_version_comes_back_as_it_was_published,
    a_version_is_published_once,
    what_is_published_stays,
);

fn version(version: u32, starts: i64) -> Published {
    let mut policy = MeasurementPolicy::standard();
    policy.version = version;
    policy.slis.iframe_load.slo = Ppm(940_000 + version);
    Published {
        starts: Minute(starts),
        policy,
    }
}

async fn publish(db: &Db, version: &Published, by: UserId) {
    commit(db, async |tx| policies::publish(tx, version, by, NASTY, now()).await).await;
}

async fn a_version_comes_back_as_it_was_published(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(policies::all(db).await.unwrap(), Policies::default());
    assert_eq!(policies::history(db).await.unwrap(), []);
    let by = an_account(db, "Pia").await;
    let (second, third) = (version(2, 100), version(3, 90));
    publish(db, &second, by).await;
    commit(db, async |tx| policies::publish(tx, &third, by, "", after(5)).await).await;
    assert_eq!(policies::all(db).await.unwrap(), Policies::new(vec![second, third]));
    let history = policies::history(db).await.unwrap();
    assert_eq!(
        history,
        [
            Version {
                published: third,
                by: "Pia".to_owned(),
                at: after(5),
                reason: String::new()
            },
            Version {
                published: second,
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
    publish(db, &version(2, 100), by).await;
    let error = refused(db, async |tx| {
        policies::publish(tx, &version(2, 200), by, "", now()).await
    })
    .await;
    assert!(error.is_taken("measurement_policy", "version"), "{error:?}");
    assert_eq!(
        policies::all(db).await.unwrap().at(Minute(100)),
        &version(2, 100).policy
    );
}

async fn what_is_published_stays(database: TestDatabase) {
    let db = &database.store.portal;
    let by = an_account(db, "Pia").await;
    publish(db, &version(2, 100), by).await;
    for change in [
        "update measurement_policy set starts = 0",
        "delete from measurement_policy",
    ] {
        let error = sql(db, change).await.unwrap_err().to_string();
        assert!(error.contains("a published policy is never edited"), "{error}");
    }
    assert_eq!(policies::all(db).await.unwrap(), Policies::new(vec![version(2, 100)]));
}
