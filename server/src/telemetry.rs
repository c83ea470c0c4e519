//! Every instrument of the portal: what is counted and timed for whoever operates it, and the text in which a Prometheus
//! collects it.
//!
//! The labels come from small closed sets. No app, partner, person or token is ever one (SPEC section 7), so the number of
//! time series does not grow with the programme. Each name is described in docs/operating.md. Until [`start`] was called
//! nothing is kept, and the functions cost next to nothing.

use std::{sync::OnceLock, time::Duration};

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

const PROBE_START_LATENESS: &str = "rampart_probe_start_lateness_seconds";
const PROBES: &str = "rampart_probes_total";
const PROBE_DURATION: &str = "rampart_probe_duration_seconds";
const PROBES_IN_FLIGHT: &str = "rampart_probes_in_flight";
const EVALUATION_DURATION: &str = "rampart_evaluation_duration_seconds";
const EVALUATION_LAG: &str = "rampart_evaluation_lag_seconds";
const INGEST_GAPS: &str = "rampart_ingest_gaps_total";
const FLAPPING: &str = "rampart_flapping_series";
const INGEST_REQUESTS: &str = "rampart_ingest_requests_total";
const INGEST_EVENTS: &str = "rampart_ingest_events_total";
const INGEST_GROUP: &str = "rampart_ingest_group_requests";
const INGEST_COMMIT: &str = "rampart_ingest_commit_duration_seconds";
const MAILS: &str = "rampart_mails_total";
const OUTBOX_WAITING: &str = "rampart_outbox_waiting";
const OUTBOX_OLDEST: &str = "rampart_outbox_oldest_seconds";
const REQUESTS: &str = "rampart_http_requests_total";
const REQUEST_DURATION: &str = "rampart_http_request_duration_seconds";
const LEADER: &str = "rampart_leader";
const BUILD_INFO: &str = "rampart_build_info";

/// Upper bounds in seconds. 0.25 is where a late probe becomes a data gap (SPEC section 2.1).
const LATENESS_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// A probe ends after 3 s; a second attempt and a late timer come on top.
const PROBE_BUCKETS: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0];
/// An evaluation that takes longer than its minute does not keep up.
const EVALUATION_BUCKETS: [f64; 11] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];
const LAG_BUCKETS: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0];
/// Requests whose events one commit made durable.
const GROUP_BUCKETS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0];
/// A disk that takes longer than a tenth of a second for a commit holds back whoever sends.
const COMMIT_BUCKETS: [f64; 11] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
const REQUEST_BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// How often what was timed is put into its buckets even when nobody collects it; until then each time is held by itself.
const UPKEEP: Duration = Duration::from_secs(5);

/// What became of a request with events.
#[derive(Clone, Copy, Debug)]
pub enum Ingest {
    Stored,
    /// It had been stored before, under the same key.
    Repeated,
    /// Something about it is wrong, or its sender may not send it.
    Refused,
    /// It is not known to be stored.
    Failed,
}

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to keep figures. To be called once, before whatever is to be counted begins.
///
/// # Errors
/// When something else in the process keeps them already.
pub fn start() -> anyhow::Result<()> {
    let handle = builder()?.install_recorder()?;
    let upkeep = handle.clone();
    HANDLE.get_or_init(|| handle);
    describe();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1);
    leads(false);
    probes_in_flight(0);
    Ok(())
}

fn builder() -> anyhow::Result<PrometheusBuilder> {
    let mut builder = PrometheusBuilder::new();
    for (name, buckets) in [
        (PROBE_START_LATENESS, &LATENESS_BUCKETS[..]),
        (PROBE_DURATION, &PROBE_BUCKETS),
        (EVALUATION_DURATION, &EVALUATION_BUCKETS),
        (EVALUATION_LAG, &LAG_BUCKETS),
        (INGEST_GROUP, &GROUP_BUCKETS),
        (INGEST_COMMIT, &COMMIT_BUCKETS),
        (REQUEST_DURATION, &REQUEST_BUCKETS),
    ] {
        builder = builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), buckets)?;
    }
    Ok(builder)
}

fn describe() {
    describe_histogram!(PROBE_START_LATENESS, "How late probes were started");
    describe_counter!(PROBES, "Probes that ended, by outcome");
    describe_histogram!(PROBE_DURATION, "How long probes took");
    describe_gauge!(PROBES_IN_FLIGHT, "Probes that are running");
    describe_histogram!(EVALUATION_DURATION, "How long the evaluation of a minute took");
    describe_histogram!(
        EVALUATION_LAG,
        "From the minute that was due to the end of its evaluation"
    );
    describe_counter!(
        INGEST_GAPS,
        "Times when hardly any events of an SLI and product arrived"
    );
    describe_gauge!(FLAPPING, "Series whose mails are bundled because they flap");
    describe_counter!(INGEST_REQUESTS, "Requests with events, by outcome");
    describe_counter!(INGEST_EVENTS, "Events that were stored");
    describe_histogram!(INGEST_GROUP, "Requests with events that were made durable together");
    describe_histogram!(INGEST_COMMIT, "How long it took to make events durable");
    describe_counter!(MAILS, "Attempts to hand a mail to the relay, by outcome");
    describe_gauge!(OUTBOX_WAITING, "Mails that wait in the outbox");
    describe_gauge!(OUTBOX_OLDEST, "How long the oldest mail in the outbox has waited");
    describe_counter!(REQUESTS, "Requests that were answered, by route, method and status");
    describe_histogram!(REQUEST_DURATION, "From a request to its answer, by route");
    describe_gauge!(LEADER, "1 on the server that probes and evaluates");
    describe_gauge!(BUILD_INFO, "1, with the version that runs");
    Collector::default().describe();
}

/// Everything in Prometheus's text format; `None` until [`start`] was called.
pub fn render() -> Option<String> {
    let handle = HANDLE.get()?;
    Collector::default().collect();
    Some(handle.render())
}

/// A probe was started, so much later than it was due.
pub fn probe_started(lateness: Duration) {
    histogram!(PROBE_START_LATENESS).record(lateness);
}

/// A probe ended: good or bad, or `None` when it measured nothing (a data gap).
pub fn probe_ended(good: Option<bool>, took: Duration) {
    let outcome = match good {
        Some(true) => "good",
        Some(false) => "bad",
        None => "not_measured",
    };
    counter!(PROBES, "outcome" => outcome).increment(1);
    histogram!(PROBE_DURATION).record(took);
}

/// So many more probes are running, or fewer.
pub fn probes_in_flight(delta: i32) {
    gauge!(PROBES_IN_FLIGHT).increment(delta);
}

/// A minute was evaluated: how long that took, and how long after the minute was due it was done.
pub fn evaluated(took: Duration, lag: Duration) {
    histogram!(EVALUATION_DURATION).record(took);
    histogram!(EVALUATION_LAG).record(lag);
}

/// Hardly any events of an SLI and product arrive.
pub fn ingest_gap() {
    counter!(INGEST_GAPS).increment(1);
}

/// How many series have their mails bundled.
pub fn flapping(series: usize) {
    gauge!(FLAPPING).set(u32::try_from(series).unwrap_or(u32::MAX));
}

/// A request with events was answered: what became of it.
pub fn ingest_answered(outcome: Ingest) {
    let outcome = match outcome {
        Ingest::Stored => "stored",
        Ingest::Repeated => "repeated",
        Ingest::Refused => "refused",
        Ingest::Failed => "failed",
    };
    counter!(INGEST_REQUESTS, "outcome" => outcome).increment(1);
}

/// So many events of one request were stored.
pub fn events_stored(events: usize) {
    counter!(INGEST_EVENTS).increment(events as u64);
}

/// So many requests with events were made durable together; committing took so long.
pub fn ingest_committed(requests: usize, took: Duration) {
    histogram!(INGEST_GROUP).record(requests as f64);
    histogram!(INGEST_COMMIT).record(took);
}

/// The relay took a mail.
pub fn mail_sent() {
    counter!(MAILS, "outcome" => "sent").increment(1);
}

/// The relay did not take a mail; it may be tried again.
pub fn mail_failed() {
    counter!(MAILS, "outcome" => "failed").increment(1);
}

/// What the outbox holds: how many mails wait, and how long the oldest has. `None` when that is not known, which a
/// collector sees as no number.
pub fn outbox(waiting: Option<(i64, Duration)>) {
    let (mails, oldest) = waiting.map_or((f64::NAN, f64::NAN), |(mails, oldest)| {
        (mails as f64, oldest.as_secs_f64())
    });
    gauge!(OUTBOX_WAITING).set(mails);
    gauge!(OUTBOX_OLDEST).set(oldest);
}

/// Whether this server probes and evaluates.
pub fn leads(leads: bool) {
    gauge!(LEADER).set(if leads { 1 } else { 0 });
}

/// A request was answered. `route` is a pattern such as `/apps/{key}`, never a path that somebody sent.
pub fn request(route: String, method: &'static str, status: u16, took: Duration) {
    counter!(REQUESTS, "route" => route.clone(), "method" => method, "status" => status.to_string()).increment(1);
    histogram!(REQUEST_DURATION, "route" => route).record(took);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_that_starts_late_and_measures_nothing_is_seen() {
        let recorder = builder().unwrap().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            probes_in_flight(2);
            probe_started(Duration::from_millis(200));
            probe_started(Duration::from_millis(300));
            probe_ended(Some(true), Duration::from_millis(20));
            probe_ended(Some(false), Duration::from_secs(3));
            probe_ended(None, Duration::from_secs(4));
            probes_in_flight(-1);
            ingest_answered(Ingest::Stored);
            events_stored(20);
            ingest_answered(Ingest::Refused);
            ingest_answered(Ingest::Repeated);
            ingest_committed(3, Duration::from_millis(2));
            mail_failed();
            outbox(None);
        });
        let text = recorder.handle().render();
        for line in [
            "rampart_probe_start_lateness_seconds_bucket{le=\"0.25\"} 1",
            "rampart_probe_start_lateness_seconds_bucket{le=\"0.5\"} 2",
            "rampart_probes_total{outcome=\"good\"} 1",
            "rampart_probes_total{outcome=\"bad\"} 1",
            "rampart_probes_total{outcome=\"not_measured\"} 1",
            "rampart_probe_duration_seconds_count 3",
            "rampart_probes_in_flight 1",
            "rampart_ingest_requests_total{outcome=\"stored\"} 1",
            "rampart_ingest_requests_total{outcome=\"repeated\"} 1",
            "rampart_ingest_requests_total{outcome=\"refused\"} 1",
            "rampart_ingest_events_total 20",
            "rampart_ingest_group_requests_bucket{le=\"2\"} 0",
            "rampart_ingest_group_requests_bucket{le=\"4\"} 1",
            "rampart_ingest_commit_duration_seconds_bucket{le=\"0.0025\"} 1",
            "rampart_mails_total{outcome=\"failed\"} 1",
            "rampart_outbox_waiting NaN",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is missing:\n{text}");
        }
    }
}
