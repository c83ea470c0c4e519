use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::{Finding, database::Databases, date, public_url};
use crate::{clock::Clock, config::Config};

const CHECK: &str = "clock";
const ADVICE: &str = "set the clock of the one that is wrong, and keep it right with NTP (chrony, systemd-timesyncd)";

/// From and to: when something happened is known no better than that.
pub(super) type Between = (DateTime<Utc>, DateTime<Utc>);

/// Compares our clock with the database's and with that of somebody else.
pub(super) async fn check(config: &Config, databases: &Databases) -> Vec<Finding> {
    let mut findings = Vec::new();
    match databases.clock().await {
        Some(Ok((ours, theirs))) => findings.push(judge("the database", apart(ours, (theirs, theirs)))),
        Some(Err(error)) => findings.push(Finding::warning(
            CHECK,
            format!("the database does not tell its time: {error}"),
            "see the database above",
        )),
        None => {}
    }
    match reference(config) {
        Some(url) => findings.push(match date::ask(&url).await {
            Ok((ours, theirs)) => judge(url.host_str().unwrap_or_default(), apart(ours, theirs)),
            Err(error) => Finding::warning(
                CHECK,
                format!("the time could not be compared with that of {url}: {error:#}"),
                "see whether it can be reached from here",
            ),
        }),
        None if findings.is_empty() => findings.push(Finding::ok(
            CHECK,
            format!(
                "it is {} here; there is nobody to compare with until probe.canaries are set",
                Clock::system().now().format("%Y-%m-%dT%H:%M:%SZ")
            ),
        )),
        None => {}
    }
    findings
}

/// Who tells the time: the first canary, else whatever answers at the public address, unless that is this machine again.
fn reference(config: &Config) -> Option<Url> {
    let public = &config.server.public_url;
    match config.probe.canaries.first() {
        Some(canary) => Some(canary.clone()),
        None if public_url::is_loopback(public) => None,
        None => public.join("/healthz").ok(),
    }
}

/// By how much we are ahead, at least; nothing when both may have been at the same instant.
fn apart(ours: Between, theirs: Between) -> TimeDelta {
    if ours.0 > theirs.1 {
        ours.0 - theirs.1
    } else if ours.1 < theirs.0 {
        ours.1 - theirs.0
    } else {
        TimeDelta::zero()
    }
}

/// More than 2 s is a warning, more than 30 s an error: minutes are filed under the wrong time, and tokens are refused.
fn judge(whose: &str, ahead: TimeDelta) -> Finding {
    let seconds = ahead.as_seconds_f64();
    let direction = if seconds < 0.0 { "behind" } else { "ahead of" };
    let message = format!("this machine is {:.1} s {direction} {whose}", seconds.abs());
    if ahead.abs() > TimeDelta::seconds(30) {
        Finding::error(CHECK, message, ADVICE)
    } else if ahead.abs() > TimeDelta::seconds(2) {
        Finding::warning(CHECK, message, ADVICE)
    } else {
        Finding::ok(CHECK, format!("this machine and {whose} agree"))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::report::Level, *};

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(millis)
    }

    #[test]
    fn clocks_are_apart_by_what_cannot_be_explained_otherwise() {
        let apart = |ours: (i64, i64), theirs: (i64, i64)| {
            apart((at(ours.0), at(ours.1)), (at(theirs.0), at(theirs.1))).num_milliseconds()
        };
        assert_eq!(apart((1_000, 1_200), (1_100, 1_100)), 0);
        assert_eq!(apart((1_700, 1_800), (1_000, 2_000)), 0, "a date has whole seconds");
        assert_eq!(apart((5_000, 5_200), (1_000, 2_000)), 3_000);
        assert_eq!(apart((1_000, 1_200), (5_000, 6_000)), -3_800);
    }

    #[test]
    fn a_clock_may_be_off_by_two_seconds() {
        let level = |millis: i64| judge("x", TimeDelta::milliseconds(millis)).level;
        assert_eq!(level(2_000), Level::Ok);
        assert_eq!(level(2_001), Level::Warning);
        assert_eq!(level(-30_000), Level::Warning);
        assert_eq!(level(-30_001), Level::Error);
        assert!(judge("x", TimeDelta::seconds(-5)).message.contains("5.0 s behind x"));
    }
}
