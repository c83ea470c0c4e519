//! Sends what is in the outbox, at least once (SPEC section 2.3).

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::task::{self, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    mail::send::{Relay, SendError},
    service::Service,
    store::{outbox, outbox::Mail},
    telemetry,
};

/// How long a claimed mail is nobody else's. Longer than any conversation with the relay; after a crash the mail is sent
/// again after this, under the same Message-ID.
const CLAIMED_FOR: TimeDelta = TimeDelta::minutes(5);
/// The outbox is looked at this often even when nobody says that there is something in it.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(15);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// How many mails are sent at the same time, each to other recipients, so that a mailbox that is slow to take its mail holds
/// up nobody else's.
const AT_ONCE: usize = 4;
/// How many tries, a second apart, there are to note what came of a mail. After that its claim has run out and it is sent
/// again.
const NOTED_WITHIN: u32 = 300;
/// How long the conversations under way may go on when the server stops. A mail that is cut off is sent again.
const STOPPING: Duration = Duration::from_secs(20);

/// The mails on their way, by the task that sends each.
#[derive(Default)]
struct OnTheWay {
    sending: JoinSet<anyhow::Result<()>>,
    recipients: HashMap<task::Id, Vec<String>>,
}

pub(super) async fn run(service: Arc<Service>, relay: Relay, stop: CancellationToken) {
    let relay = Arc::new(relay);
    let mut on_the_way = OnTheWay::default();
    while !stop.is_cancelled() {
        if let Err(error) = on_the_way.fill(&service, &relay).await {
            tracing::error!(error = &*error, "the outbox could not be read; trying again");
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => continue,
                () = stop.cancelled() => break,
            }
        }
        tokio::select! {
            () = on_the_way.one_is_done() => {}
            () = service.wake.outbox.notified() => {}
            () = service.clock.sleep(LOOKED_AT_EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
    let ended = async {
        while !on_the_way.sending.is_empty() {
            on_the_way.one_is_done().await;
        }
    };
    if tokio::time::timeout(STOPPING, ended).await.is_err() {
        tracing::warn!("stopped while mails were on their way; they are sent again");
    }
}

impl OnTheWay {
    /// Begins to send what waits, as far as there is room.
    async fn fill(&mut self, service: &Arc<Service>, relay: &Arc<Relay>) -> anyhow::Result<()> {
        while self.sending.len() < AT_ONCE {
            let now = service.clock.now();
            let busy: Vec<&[String]> = self.recipients.values().map(Vec::as_slice).collect();
            let mut tx = service.store.portal.begin().await?;
            let claimed = outbox::claim(&mut tx, now, now + CLAIMED_FOR, &busy).await?;
            tx.commit().await?;
            let Some(mail) = claimed else { break };
            let recipients = mail.recipients.0.clone();
            let task = self.sending.spawn(send(service.clone(), relay.clone(), mail));
            self.recipients.insert(task.id(), recipients);
        }
        Ok(())
    }

    /// Returns once one of the mails is on its way no more; never when there is none.
    async fn one_is_done(&mut self) {
        let Some(done) = self.sending.join_next_with_id().await else {
            return std::future::pending().await;
        };
        let id = match done {
            Ok((id, Ok(()))) => id,
            Ok((id, Err(error))) => {
                tracing::error!(
                    error = &*error,
                    "what became of a mail could not be noted; it is sent again after five minutes"
                );
                id
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "sending a mail failed");
                error.id()
            }
        };
        self.recipients.remove(&id);
    }
}

/// Sends a mail and notes what came of it.
async fn send(service: Arc<Service>, relay: Arc<Relay>, mail: Mail) -> anyhow::Result<()> {
    let sent = relay.send(&mail).await;
    match &sent {
        Ok(()) => telemetry::mail_sent(),
        Err(_) => telemetry::mail_failed(),
    }
    let mut tries = 0;
    while let Err(error) = note(&service, &mail, &sent).await {
        tries += 1;
        if tries == NOTED_WITHIN {
            return Err(error);
        }
        tracing::warn!(mail = %mail.id, error = &*error, "what became of a mail could not be noted; trying again");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

async fn note(service: &Service, mail: &Mail, sent: &Result<(), SendError>) -> anyhow::Result<()> {
    match sent {
        Ok(()) => {
            let mut tx = service.store.portal.begin().await?;
            outbox::sent(&mut tx, mail.id, service.clock.now()).await?;
            tx.commit().await?;
        }
        Err(SendError::Refused(said)) => service.mail_refused(mail, said).await?,
        Err(SendError::Failed(said)) => {
            let next = service.clock.now() + pause(mail.attempts);
            if next >= mail.give_up_at {
                service.mail_given_up(mail, said).await?;
            } else {
                tracing::warn!(mail = %mail.id, attempts = mail.attempts, said, "a mail was not taken; trying again later");
                note_failure(service, mail, said, next).await?;
            }
        }
    }
    Ok(())
}

async fn note_failure(
    service: &Service,
    mail: &Mail,
    said: &str,
    next: chrono::DateTime<chrono::Utc>,
) -> anyhow::Result<()> {
    let mut tx = service.store.portal.begin().await?;
    outbox::retry(&mut tx, mail.id, said, service.clock.now(), next).await?;
    Ok(tx.commit().await?)
}

/// One minute after the first attempt, then twice as long each time, an hour at most.
fn pause(attempts: i64) -> TimeDelta {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or_default().min(6);
    TimeDelta::minutes(2_i64.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let minutes: Vec<i64> = (1..=8).map(|n| pause(n).num_minutes()).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
