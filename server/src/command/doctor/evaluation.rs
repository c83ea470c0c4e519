use chrono::{DateTime, SecondsFormat, Utc};
use rampart_domain::count::Minute;

use super::{Finding, database::Databases};
use crate::{
    clock::Clock,
    jobs::MEASURING,
    service::evaluation::PROGRESS,
    store::{
        self, Db,
        leases::{self, Lease},
        progress,
    },
};

const CHECK: &str = "evaluation";
/// Minutes; the evaluation runs every minute.
const LATE: i64 = 3;
const ADVICE: &str = "look at the log of the server that evaluates; start `rampart serve` where none runs";

/// Which server probes and evaluates, and whether it keeps up.
pub(super) async fn check(databases: &Databases) -> Option<Finding> {
    let portal = databases.portal()?;
    Some(match read(portal).await {
        Ok((lease, last)) => judge(lease, last, Clock::system().now()),
        Err(error) => Finding::error(CHECK, format!("it cannot be seen: {error}"), "see the database above"),
    })
}

async fn read(portal: &Db) -> store::Result<(Option<Lease>, Option<Minute>)> {
    let lease = leases::latest(portal, MEASURING).await?;
    Ok((lease, progress::last(portal, PROGRESS).await?))
}

fn judge(lease: Option<Lease>, last: Option<Minute>, now: DateTime<Utc>) -> Finding {
    let Some(lease) = lease else {
        return Finding::ok(CHECK, "no server has run on this database yet");
    };
    let reached = last.map_or_else(
        || "nothing was evaluated yet".to_owned(),
        |last| {
            format!(
                "evaluated up to {}",
                last.start().to_rfc3339_opts(SecondsFormat::Secs, true)
            )
        },
    );
    let age = last.map(|last| Minute::of(now) - last);
    if lease.until <= now {
        let message = format!("no server probes and evaluates; {} did last, {reached}", lease.holder);
        return Finding::warning(CHECK, message, ADVICE);
    }
    match age {
        Some(age) if age > LATE => {
            let message = format!("{} evaluates, but is {age} minutes behind: {reached}", lease.holder);
            Finding::warning(CHECK, message, ADVICE)
        }
        _ => Finding::ok(CHECK, format!("{} probes and evaluates; {reached}", lease.holder)),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{super::report::Level, *};

    #[test]
    fn an_evaluation_that_stands_still_is_noticed() {
        let now = DateTime::from_timestamp(1_764_000_000, 0).unwrap();
        let lease = |seconds| {
            Some(Lease {
                holder: "here, process 7".to_owned(),
                until: now + TimeDelta::seconds(seconds),
            })
        };
        let minutes_ago = |minutes| Some(Minute::of(now - TimeDelta::minutes(minutes)));
        assert_eq!(judge(None, None, now).level, Level::Ok);
        assert_eq!(judge(lease(15), None, now).level, Level::Ok, "it has just begun");
        assert_eq!(judge(lease(15), minutes_ago(3), now).level, Level::Ok);
        let behind = judge(lease(15), minutes_ago(4), now);
        assert_eq!(behind.level, Level::Warning);
        assert!(
            behind
                .message
                .contains("here, process 7 evaluates, but is 4 minutes behind")
        );
        let gone = judge(lease(0), minutes_ago(0), now);
        assert!(gone.level == Level::Warning && gone.message.contains("no server probes"));
    }
}
