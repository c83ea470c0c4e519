//! "Test now": the health check of an app tried on the spot (SPEC section 2.1).

use std::time::Duration;

use futures_util::future::join_all;
use rampart_app::model::TestResult;
use rampart_domain::{
    access::{Action, Actor},
    app::{BaseUrl, HealthPath},
};

use super::{Error, Result, Service};
use crate::probe::Probe;

impl Service {
    /// Probes every base URL of the app once and says what came of it, never the body; nothing is counted. The partner's
    /// people and those who start measuring may ask for it.
    pub async fn test_health_check(&self, actor: &Actor, key: &str) -> Result<Vec<TestResult>> {
        let app = self.app(actor, key).await?;
        if !actor.may_in(Action::EditApp, app.partner_id) && !actor.may_everywhere(Action::MeasureApp) {
            return Err(Error::Forbidden(
                "The partner's people and the platform's reviewers test a health check.".to_owned(),
            ));
        }
        if app.base_urls.0.is_empty() {
            return Err(Error::Conflict(
                "There is no base URL to test yet. Enter one and save it first.".to_owned(),
            ));
        }
        self.limits.test(&app.key)?;
        let path: HealthPath = app.health_path.parse().map_err(anyhow::Error::from)?;
        join_all(app.base_urls.0.iter().map(|url| self.test_url(url, &path)))
            .await
            .into_iter()
            .collect()
    }

    async fn test_url(&self, base_url: &str, path: &HealthPath) -> Result<TestResult> {
        let base: BaseUrl = base_url.parse().map_err(anyhow::Error::from)?;
        let url = base.join(path).map_err(anyhow::Error::from)?;
        // A few at a time: what people test must not take the prober's turns for looking names up.
        let _turn = self.tests.acquire().await.map_err(anyhow::Error::from)?;
        let probe = self.prober.probe(url.as_url()).await;
        let mut warnings = Vec::new();
        if path.looks_static() {
            warnings.push(
                "This path is the app's descriptor, which is usually served as a file: it can answer 200 while the app is \
                 down. Use a path that the app itself answers."
                    .to_owned(),
            );
        }
        if probe.age_header {
            warnings.push(
                "The answer has an Age header: it came from a cache, which can answer 200 while the app is down. Exclude \
                 this path from caching."
                    .to_owned(),
            );
        }
        Ok(TestResult {
            url: url.as_url().to_string(),
            good: probe.is_good(),
            status: probe.status,
            reason: probe
                .failure
                .as_ref()
                .map_or_else(|| "Answered 200 in time.".to_owned(), |f| f.reason.clone()),
            timings: timings(&probe),
            warnings,
        })
    }
}

fn timings(probe: &Probe) -> Vec<(String, f64)> {
    let millis = |duration: Duration| duration.as_secs_f64() * 1_000.0;
    let phases = [
        ("Name lookup", probe.timings.dns),
        ("Connect", probe.timings.connect),
        ("TLS", probe.timings.tls),
        ("First byte", probe.timings.first_byte),
        ("Total", Some(probe.timings.total)),
    ];
    phases
        .into_iter()
        .filter_map(|(name, time)| Some((name.to_owned(), millis(time?))))
        .collect()
}
