//! Sends what is in the outbox, at least once (SPEC section 2.3).

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
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

pub(super) async fn run(service: Arc<Service>, relay: Relay, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match send_next(&service, &relay).await {
            Ok(true) => {}
            Ok(false) => {
                tokio::select! {
                    () = service.wake.outbox.notified() => {}
                    () = service.clock.sleep(LOOKED_AT_EVERY) => {}
                    () = stop.cancelled() => {}
                }
            }
            Err(error) => {
                tracing::error!(error = &*error, "the outbox could not be worked off; trying again");
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    () = stop.cancelled() => {}
                }
            }
        }
    }
}

/// Sends the mail that waits longest; says whether there was one.
async fn send_next(service: &Service, relay: &Relay) -> anyhow::Result<bool> {
    let now = service.clock.now();
    let mut tx = service.store.portal.begin().await?;
    let claimed = outbox::claim(&mut tx, now, now + CLAIMED_FOR).await?;
    tx.commit().await?;
    let Some(mail) = claimed else { return Ok(false) };

    let answer = relay.send(&mail).await;
    match &answer {
        Ok(()) => telemetry::mail_sent(),
        Err(_) => telemetry::mail_failed(),
    }
    match answer {
        Ok(()) => {
            let mut tx = service.store.portal.begin().await?;
            outbox::sent(&mut tx, mail.id, service.clock.now()).await?;
            tx.commit().await?;
        }
        Err(SendError::Refused(said)) => service.mail_refused(&mail, &said).await?,
        Err(SendError::Failed(said)) => {
            let now = service.clock.now();
            let next = now + pause(mail.attempts);
            if next >= mail.give_up_at {
                service.mail_given_up(&mail, &said).await?;
            } else {
                tracing::warn!(mail = %mail.id, attempts = mail.attempts, said, "a mail was not taken; trying again later");
                note_failure(service, &mail, &said, next).await?;
            }
        }
    }
    Ok(true)
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
