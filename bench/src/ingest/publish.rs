//! Single events as apps publish them, each signed for itself.

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, header};
use http_body_util::Full;
use rampart_domain::jwt;
use rampart_server::clock::Clock;
use serde_json::json;
use sha2::Sha256;

use crate::seed::{App, MODULE_TYPE, Seed};

/// The apps, which publish by turns.
pub(super) struct Publishers {
    all: Vec<Publisher>,
    clock: Clock,
}

struct Publisher {
    key: String,
    path: String,
    qsh: String,
    secret: String,
}

impl Publishers {
    /// Gives each app an installation.
    pub(super) async fn new(seed: &Seed, apps: &[App]) -> Result<Self> {
        let mut all = Vec::with_capacity(apps.len());
        for (app, secret) in apps.iter().zip(seed.installations(apps).await?) {
            let path = format!("/rest/atlassian-connect/latest/addons-metrics/{}/publish", app.key);
            all.push(Publisher {
                qsh: jwt::qsh(&jwt::canonical_request("PUT", &path, None)),
                key: app.key.clone(),
                path,
                secret,
            });
        }
        Ok(Self {
            all,
            clock: Clock::system(),
        })
    }

    /// One event, the `n`th; one in a hundred is bad.
    pub(super) fn request(&self, n: u64) -> Result<Request<Full<Bytes>>> {
        let at = usize::try_from(n)? % self.all.len();
        let publisher = self.all.get(at).context("nobody publishes")?;
        let status = if n % 100 == 7 { "FAIL" } else { "SUCCESS" };
        let body = format!(
            r#"[{{"metricsType":"IFRAME","moduleType":"{MODULE_TYPE}","durationInMillis":{},"status":"{status}"}}]"#,
            200 + n % 900
        );
        Ok(Request::put(&publisher.path)
            .header(header::AUTHORIZATION, format!("JWT {}", self.token(publisher)?))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body))?)
    }

    fn token(&self, publisher: &Publisher) -> Result<String> {
        let now = self.clock.now().timestamp();
        let claims = json!({ "iss": publisher.key, "iat": now, "exp": now + 180, "qsh": publisher.qsh });
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!(
            "{}.{}",
            encode(r#"{"alg":"HS256","typ":"JWT"}"#),
            encode(&claims.to_string())
        );
        let mac = Hmac::<Sha256>::new_from_slice(publisher.secret.as_bytes())?.chain_update(&signed);
        Ok(format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        ))
    }
}
