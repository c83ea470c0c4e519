//! Handing a mail over to the relay.

use std::{net::IpAddr, time::Duration};

use anyhow::Context;
use chrono::Utc;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::client::{Tls, TlsParameters},
};
use url::Url;

use crate::{config, store::outbox::Mail};

/// How long one step of the conversation with the relay may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The connection to the mail relay.
pub struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There is no such mailbox: trying again is useless.
    #[error("{0}")]
    Refused(String),
    /// Try again.
    #[error("{0}")]
    Failed(String),
}

impl Relay {
    /// # Errors
    /// When the relay's host is no name that TLS could check.
    pub fn new(mail: &config::Mail) -> anyhow::Result<Option<Self>> {
        let Some(url) = &mail.relay else { return Ok(None) };
        let transport = transport(&url.0).context("mail.relay")?;
        Ok(Some(Self {
            transport,
            from: mail.from.clone(),
        }))
    }

    /// Connects, begins TLS and signs in as for a mail, but sends none.
    ///
    /// # Errors
    /// What the relay said, or why it was not reached.
    pub async fn test(&self) -> Result<(), SendError> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(SendError::Failed("it hung up".to_owned())),
            Err(error) => Err(SendError::Failed(said(&error))),
        }
    }

    /// # Errors
    /// What the relay said, or why it was not reached.
    pub async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let message = message(&self.from, mail).map_err(|error| SendError::Refused(format!("{error:#}")))?;
        self.transport.send(message).await.map(drop).map_err(|error| {
            let said = said(&error);
            if refuses_recipient(&error) {
                SendError::Refused(said)
            } else {
                SendError::Failed(said)
            }
        })
    }
}

/// Whether the relay says that there is no such mailbox (550, 551, 553). Other permanent answers, a refused sign-in or a
/// policy, are about this server and may be mended; the mail waits.
fn refuses_recipient(error: &lettre::transport::smtp::Error) -> bool {
    error
        .status()
        .is_some_and(|code| matches!(u16::from(code), 550 | 551 | 553))
}

/// The error with its causes, in one line.
fn said(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// TLS is required unless the relay is on this machine (SPEC section 2.3).
fn transport(url: &Url) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
    let host = url.host_str().context("the URL has no host")?;
    let mut bare = url.clone();
    bare.set_query(None);
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(bare.as_str())?.timeout(Some(TIMEOUT));
    let builder = match (url.scheme(), is_loopback(url)) {
        ("smtps", _) | (_, true) => builder,
        _ => builder.tls(Tls::Required(TlsParameters::new(host.to_owned())?)),
    };
    Ok(builder.build())
}

/// The url crate reads addresses as such only in schemes it knows; in "smtp" an IPv4 address is a name.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn message(from: &Mailbox, mail: &Mail) -> anyhow::Result<Message> {
    let mut builder = Message::builder()
        .from(from.clone())
        .message_id(Some(mail.message_id.clone()))
        .date(std::time::SystemTime::from(mail.queued_at.with_timezone(&Utc)))
        .subject(&mail.subject)
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    for recipient in &mail.recipients.0 {
        builder = builder.to(recipient
            .parse()
            .with_context(|| format!("\"{recipient}\" is no address that mail can be sent to"))?);
    }
    Ok(builder.multipart(MultiPart::alternative_plain_html(
        mail.body_text.clone(),
        mail.body_html.clone(),
    ))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_relay_on_this_machine_goes_without_tls() {
        let loopback = |url: &str| is_loopback(&Url::parse(url).unwrap());
        assert!(loopback("smtp://127.0.0.1:25") && loopback("smtp://[::1]:25") && loopback("smtp://localhost"));
        assert!(
            !loopback("smtp://192.0.2.1:25")
                && !loopback("smtp://localhost.example.com")
                && !loopback("smtp://mail.example.com")
        );
    }
}
