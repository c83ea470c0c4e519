//! Handing a mail over to the relay.

use std::{net::IpAddr, time::Duration};

use anyhow::Context;
use chrono::Utc;
use lettre::{
    Message,
    message::{
        Mailbox, MultiPart, MultiPartKind, SinglePart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        SMTP_PORT, SUBMISSIONS_PORT,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        extension::ClientId,
    },
};
use percent_encoding::percent_decode_str;
use tokio::time::timeout;
use url::Url;

use crate::{config, store::outbox::Mail};

/// How long connecting to the relay may take.
const CONNECTING: Duration = Duration::from_secs(30);
/// How long the whole conversation about one mail may take.
const CONVERSATION: Duration = Duration::from_secs(120);
/// How long the relay may take to say good-bye; the mail is taken by then.
const GOOD_BYE: Duration = Duration::from_secs(5);

/// How the mail relay is reached. Each mail has a connection of its own, which ends with it: a conversation that was broken
/// off is never gone on with.
pub struct Relay {
    host: String,
    port: u16,
    encryption: Encryption,
    credentials: Option<Credentials>,
    hello: ClientId,
    from: Mailbox,
    patience: Duration,
}

enum Encryption {
    None,
    StartTls(TlsParameters),
    Whole(TlsParameters),
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
        Self::at(&url.0, mail.from.clone()).context("mail.relay").map(Some)
    }

    /// TLS is required unless the relay is on this machine (SPEC section 2.3).
    fn at(url: &Url, from: Mailbox) -> anyhow::Result<Self> {
        let host = url.host_str().context("the URL has no host")?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let (port, encryption) = match (url.scheme(), is_loopback(url)) {
            ("smtps", _) => (SUBMISSIONS_PORT, Encryption::Whole(TlsParameters::new(host.clone())?)),
            (_, true) => (SMTP_PORT, Encryption::None),
            _ => (SMTP_PORT, Encryption::StartTls(TlsParameters::new(host.clone())?)),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from);
        let credentials = match url.password() {
            Some(password) => Some(Credentials::new(decoded(url.username())?, decoded(password)?)),
            None => None,
        };
        Ok(Self {
            host,
            port: url.port().unwrap_or(port),
            encryption,
            credentials,
            hello: ClientId::default(),
            from,
            patience: CONVERSATION,
        })
    }

    /// The same relay, with less time for a conversation.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Connects, begins TLS and signs in as for a mail, but sends none.
    ///
    /// # Errors
    /// What the relay said, or why it was not reached.
    pub async fn test(&self) -> Result<(), SendError> {
        match timeout(self.patience, self.connect()).await {
            Ok(Ok(mut connection)) => {
                // It let us in, whatever comes of this.
                let _ = timeout(GOOD_BYE, connection.quit()).await;
                Ok(())
            }
            Ok(Err(error)) => Err(SendError::Failed(said(&error))),
            Err(_) => Err(SendError::Failed(format!(
                "it did not answer within {:?}",
                self.patience
            ))),
        }
    }

    /// # Errors
    /// What the relay said, or why it was not reached.
    pub async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let message = message(&self.from, mail).map_err(|error| SendError::Refused(format!("{error:#}")))?;
        let hand_over = async {
            let mut connection = self.connect().await?;
            connection.send(message.envelope(), &message.formatted()).await?;
            Ok(connection)
        };
        match timeout(self.patience, hand_over).await {
            Ok(Ok(mut connection)) => {
                // The mail is taken, whatever comes of this.
                let _ = timeout(GOOD_BYE, connection.quit()).await;
                Ok(())
            }
            Ok(Err(error)) if refuses_recipient(&error) => Err(SendError::Refused(said(&error))),
            Ok(Err(error)) => Err(SendError::Failed(said(&error))),
            Err(_) => Err(SendError::Failed(format!(
                "the relay did not take the mail within {:?}",
                self.patience
            ))),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
        let whole = match &self.encryption {
            Encryption::Whole(tls) => Some(tls.clone()),
            _ => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECTING), &self.hello, whole, None).await?;
        if let Encryption::StartTls(tls) = &self.encryption {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
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
    // The boundary is the mail's own, so that every attempt sends the same bytes.
    let parts = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("rampart-{}", mail.id.0.simple()));
    Ok(builder.multipart(
        parts
            .singlepart(SinglePart::plain(mail.body_text.clone()))
            .singlepart(SinglePart::html(mail.body_html.clone())),
    )?)
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

    #[test]
    fn a_relay_is_read_from_its_url() {
        let relay = |url: &str| Relay::at(&Url::parse(url).unwrap(), "a@b.test".parse().unwrap()).unwrap();
        let plain = relay("smtp://[::1]");
        assert_eq!((plain.host.as_str(), plain.port), ("::1", 25));
        assert!(matches!(plain.encryption, Encryption::None) && plain.credentials.is_none());
        let upgraded = relay("smtp://mail.example.com:587");
        assert_eq!(upgraded.port, 587);
        assert!(matches!(upgraded.encryption, Encryption::StartTls(_)));
        let whole = relay("smtps://me%40example.com:p%3Aw@mail.example.com");
        assert_eq!(whole.port, 465);
        assert!(matches!(whole.encryption, Encryption::Whole(_)));
        assert_eq!(
            whole.credentials,
            Some(Credentials::new("me@example.com".to_owned(), "p:w".to_owned()))
        );
    }
}
