use chrono::{DateTime, SubsecRound, Utc};
use rampart_domain::escalation::{Decision, Rule, State};
use rampart_server::store::{
    Db,
    designations::{self, Status},
    escalation::{self, Recorded},
};

use super::{Neighbours, commit};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(the_public_record_begins_with_the_first_designation_and_tells_nothing_of_the_ladder);

/// Decisions have whole seconds.
fn after(minutes: i64) -> DateTime<Utc> {
    super::after(minutes).trunc_subsecs(0)
}

async fn record(db: &Db, world: &Neighbours, number: i64, from: State, to: State) {
    let recorded = Recorded {
        id: format!("decision{number}"),
        number,
        decision: Decision {
            at: after(number),
            app: "com.example.ours".into(),
            from,
            to,
            rule: Rule::Ledger,
            because: Vec::new(),
            policy_version: 1,
            explanation: String::new(),
        },
        inputs: String::new(),
        recorded_at: super::now(),
    };
    commit(db, async |tx| escalation::record(tx, world.ours.app, &recorded).await).await;
}

async fn the_public_record_begins_with_the_first_designation_and_tells_nothing_of_the_ladder(database: TestDatabase) {
    use State::{Demoted, DemotionProposed, GoodStanding, None, Notified, Remediation};
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    for key in ["com.example.ours", "com.example.theirs", "no.such.app"] {
        assert_eq!(designations::find(db, key).await.unwrap(), Option::None);
    }
    // (from, to, the status then, the decision with which it began)
    let steps = [
        (None, GoodStanding, Status::Designated, 0),
        (GoodStanding, Notified, Status::Designated, 0),
        (Notified, Remediation, Status::Designated, 0),
        (Remediation, DemotionProposed, Status::Designated, 0),
        (DemotionProposed, Demoted, Status::Demoted, 4),
        (Demoted, None, Status::Withdrawn, 5),
        (None, GoodStanding, Status::Designated, 6),
        (GoodStanding, Notified, Status::Designated, 6),
    ];
    for (number, (from, to, status, since)) in (0..).zip(steps) {
        record(db, &world, number, from, to).await;
        let found = designations::find(db, "COM.example.OURS").await.unwrap().unwrap();
        assert_eq!((found.status, found.since), (status, after(since)), "{number}");
        assert_eq!(found.app_key, "com.example.ours");
    }
    assert_eq!(
        designations::find(db, "com.example.theirs").await.unwrap(),
        Option::None
    );
}
