use std::time::Duration;

use super::Finding;
use crate::{config, mail::send::Relay};

const CHECK: &str = "mail";
/// The whole conversation, up to the point where a mail would be sent.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether the relay would take mail from here: it is connected to, TLS begins, and the sign-in works. No mail is sent.
pub(super) async fn check(mail: &config::Mail) -> [Finding; 1] {
    let relay = match Relay::new(mail) {
        Ok(Some(relay)) => relay,
        Ok(None) => {
            return [Finding::warning(
                CHECK,
                "no relay is set: invitations and alerts wait in the outbox and reach nobody",
                "set mail.relay",
            )];
        }
        Err(error) => return [Finding::error(CHECK, format!("{error:#}"), "correct mail.relay")],
    };
    let server = mail.relay.as_ref().map(|url| server(&url.0)).unwrap_or_default();
    [match tokio::time::timeout(PATIENCE, relay.test()).await {
        Ok(Ok(())) => Finding::ok(CHECK, format!("{server} takes mail from this server")),
        Ok(Err(said)) => Finding::error(
            CHECK,
            format!("{server} cannot be used: {said}"),
            "check host, port, user and password of mail.relay, and that no firewall is in the way",
        ),
        Err(_) => Finding::error(
            CHECK,
            format!("{server} does not answer within {} s", PATIENCE.as_secs()),
            "check host and port of mail.relay, and that no firewall is in the way",
        ),
    }]
}

/// The relay without its user and password.
fn server(url: &url::Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}
