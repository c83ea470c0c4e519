use crate::{command::probing_canaries, config::Config, probe::Prober};

use super::Finding;

const CHECK: &str = "canaries";

/// Probes each canary once.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let canaries = &config.probe.canaries;
    if canaries.is_empty() {
        return vec![Finding::warning(
            CHECK,
            "none are set: when this server's own network fails, every app is counted as failing",
            "set probe.canaries to a few URLs that always answer 200, outside of this network and of the apps",
        )];
    }
    let prober = match Prober::new(probing_canaries(config)) {
        Ok(prober) => prober,
        Err(error) => return vec![Finding::error(CHECK, error.to_string(), "see the authorities below")],
    };
    let probes = canaries.iter().map(async |url| match prober.probe(url).await.failure {
        None => Finding::ok(CHECK, format!("{url} answers 200")),
        Some(failure) => Finding::error(
            CHECK,
            format!("{url} fails: {}", failure.reason),
            "mend it, or replace it in probe.canaries: while it fails it hides outages of apps",
        ),
    });
    futures_util::future::join_all(probes).await
}
