//! What apps publish about themselves, signed with the secret of an installation (SPEC section 2.2).

use std::sync::Arc;

use rampart_domain::{
    jwt::{self, Problem, Token},
    publish::{self, Metric, Published, Refused},
    sli::{Group, Sli},
};

use super::{
    Error, Result, Service,
    ingest::{Event, Outcome, Source},
    installations::{Installed, Signer},
};

/// A request to publish, without its body.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    pub method: &'a str,
    /// As it was sent.
    pub path: &'a str,
    pub query: Option<&'a str>,
    /// The app it is about, from the path.
    pub app_key: &'a str,
    pub token: Option<&'a str>,
}

/// Why a request may not publish.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Denied {
    /// No signature could be verified.
    #[error("Wrong authentication signature: {0}")]
    Token(Problem),
    /// The same whether or not there is such an app.
    #[error(
        "Wrong authentication signature: no installation of the app that \"iss\" names has the secret with which this was signed."
    )]
    Unknown,
    #[error("Request not allowed for appKey: it is signed by another app.")]
    OtherApp,
    #[error("Request is only allowed from the app server with a valid installation: this one has ended.")]
    Ended,
}

/// An installation that may publish.
pub struct Publisher {
    signer: Arc<Signer>,
    /// Which of the signer's installations.
    at: usize,
}

impl Publisher {
    fn installation(&self) -> &Installed {
        &self.signer.installations[self.at]
    }
}

impl Service {
    /// Who sent a request, by its signature. The body is in no signature, and not needed.
    ///
    /// # Errors
    /// When the database fails, or secrets cannot be opened and one of them may have signed the request.
    pub async fn publisher(&self, request: Signed<'_>) -> Result<std::result::Result<Publisher, Denied>> {
        let now = self.clock.now();
        let qsh = jwt::qsh(&jwt::canonical_request(request.method, request.path, request.query));
        let token = request.token.ok_or(Problem::Missing).and_then(Token::parse);
        let token = match token {
            Ok(token) => token,
            Err(problem) => return Ok(Err(Denied::Token(problem))),
        };
        if let Some(problem) = token.problems(&qsh, now).into_iter().next() {
            return Ok(Err(Denied::Token(problem)));
        }
        let issuer = token.issuer().unwrap_or_default();
        let Some(signer) = self.signer(issuer).await? else {
            return Ok(Err(Denied::Unknown));
        };
        let Some(at) = signer.installation_of(&token, now) else {
            if signer.sealed {
                return Err(Error::Internal(anyhow::anyhow!(
                    "secrets of the app {issuer} cannot be opened: secrets.key is not set, or not the one that sealed them"
                )));
            }
            return Ok(Err(Denied::Unknown));
        };
        Ok(if issuer != request.app_key {
            Err(Denied::OtherApp)
        } else if signer.archived || signer.installations[at].ended {
            Err(Denied::Ended)
        } else {
            Ok(Publisher { signer, at })
        })
    }

    /// Counts what an app sent, all of it or nothing. Returns once it is durable.
    ///
    /// # Errors
    /// When it could not be stored.
    pub async fn publish(&self, publisher: &Publisher, body: &[u8]) -> Result<std::result::Result<(), Refused>> {
        let installation = publisher.installation();
        let published = match publish::read(body, &installation.module_types) {
            Ok(published) => published,
            Err(refused) => return Ok(Err(refused)),
        };
        let events: Vec<Event> = published.into_iter().map(|item| self.event(publisher, item)).collect();
        if !events.is_empty() {
            self.ingest(events, None).await?;
        }
        Ok(Ok(()))
    }

    fn event(&self, publisher: &Publisher, item: Published) -> Event {
        let installation = publisher.installation();
        let (sli, group, source) = match item.metric {
            Metric::Iframe => (Sli::IframeLoad, installation.group, Source::OwnApp),
            // Synthetic tests run in the developer first rollout, wherever they are sent from (SPEC section 2).
            Metric::Synthetic => (Sli::Synthetic, Group::Dfr, Source::Platform),
        };
        Event {
            app: publisher.signer.app,
            product: installation.product,
            sli,
            group,
            at: self.clock.minute(),
            outcome: if item.is_good { Outcome::Good } else { Outcome::Bad },
            latency: item.duration,
            source,
        }
    }
}
