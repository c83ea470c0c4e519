//! The server is killed again and again, while events come in from several connections. Whoever gets no answer sends the same
//! batch again, with the same key.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ::http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use rampart_domain::count::{Counts, Minute, MinuteRange};
use rampart_server::store::{Scope, apps, counts, series};
use serde_json::json;
use tokio::{net::TcpStream, sync::watch};

use super::{
    chance::Chance,
    world::{APP, World},
};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(acknowledged_events_survive_a_kill_and_are_counted_once);

const KILLS: usize = 8;
const CONNECTIONS: usize = 6;
/// Longer than a request takes that is answered at all.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(5);

/// What one connection sent and had acknowledged.
#[derive(Default)]
struct Told {
    counts: Counts,
    batches: usize,
    /// Batches that had to be sent more than once.
    again: usize,
}

async fn acknowledged_events_survive_a_kill_and_are_counted_once(database: TestDatabase) {
    let mut chance = Chance::new();
    let world = World::new(database, 1, 1).await;
    let admin = world.portal.actor("ada@platform.test").await;
    let token = world
        .portal
        .service
        .make_platform_token(&admin, "load", "30")
        .await
        .unwrap();
    let token = Arc::new(token);
    let (address, _) = watch::channel(None::<SocketAddr>);
    let (stop, _) = watch::channel(false);

    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|n| {
            let (address, stop, token) = (address.subscribe(), stop.subscribe(), token.clone());
            tokio::spawn(load(n, address, stop, token, chance.fork()))
        })
        .collect();
    for _ in 0..KILLS {
        let server = world.server().await;
        address.send_replace(Some(server.address()));
        // The instant is the fault: nothing is awaited here.
        tokio::time::sleep(chance.millis(50..900)).await;
        address.send_replace(None);
        server.kill();
    }
    let server = world.server().await;
    address.send_replace(Some(server.address()));
    stop.send_replace(true);
    let mut told = Told::default();
    for connection in connections {
        let one = connection.await.unwrap();
        told.counts += one.counts;
        told.batches += one.batches;
        told.again += one.again;
    }
    server.stop().await;

    let store = &world.portal.service.store;
    let app = apps::by_key(&store.portal, Scope::system(), APP)
        .await
        .unwrap()
        .unwrap();
    let series = series::of_apps(&store.portal, Scope::system(), &[app.id])
        .await
        .unwrap();
    let webhooks = series
        .iter()
        .find(|s| s.key.sli.as_str() == "webhook_delivery")
        .unwrap();
    let ever = MinuteRange::new(Minute(0), world.clock.minute() + 10);
    let minutes = counts::minutes(&store.metrics, webhooks.id, ever).await.unwrap();
    let counted: Counts = minutes.iter().map(|minute| minute.all).sum();
    let days = counts::days(&store.metrics, webhooks.id, 0, ever.end.day() + 1)
        .await
        .unwrap();
    assert_eq!(counted, told.counts, "of {} batches", told.batches);
    assert_eq!(days.iter().map(|day| day.counts).sum::<Counts>(), told.counts);
    assert!(told.batches > 100, "only {} batches were stored", told.batches);
    assert!(told.again > 0, "no batch was cut off, so nothing was tested");
}

/// Sends batch after batch, each until it is acknowledged.
async fn load(
    connection: usize,
    mut address: watch::Receiver<Option<SocketAddr>>,
    stop: watch::Receiver<bool>,
    token: Arc<String>,
    mut random: fastrand::Rng,
) -> Told {
    let mut told = Told::default();
    while !*stop.borrow() {
        let outcomes: Vec<bool> = (0..random.usize(1..40)).map(|_| random.u8(0..5) > 0).collect();
        let events: Vec<_> = outcomes
            .iter()
            .map(|good| {
                let outcome = if *good { "good" } else { "bad" };
                json!({ "app": APP, "product": "jira", "sli": "webhook_delivery", "outcome": outcome })
            })
            .collect();
        let (key, body) = (format!("{connection}/{}", told.batches), json!(events).to_string());
        let mut tries = 0;
        loop {
            tries += 1;
            let target = address.wait_for(Option::is_some).await.unwrap().unwrap();
            match tokio::time::timeout(GIVEN_UP_AFTER, send(target, &token, &key, body.clone())).await {
                Ok(Ok(StatusCode::NO_CONTENT)) => break,
                Ok(Ok(StatusCode::SERVICE_UNAVAILABLE)) | Ok(Err(_)) | Err(_) => {
                    // The next try waits its turn behind everything else that is ready.
                    tokio::task::yield_now().await;
                }
                Ok(Ok(other)) => panic!("answered {other}"),
            }
        }
        let good = outcomes.iter().filter(|good| **good).count();
        told.counts += Counts::new(good as u64, (outcomes.len() - good) as u64);
        told.batches += 1;
        told.again += usize::from(tries > 1);
    }
    told
}

async fn send(
    address: SocketAddr,
    token: &str,
    key: &str,
    body: String,
) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::post("/api/v1/events")
        .header(header::HOST, "rampart.test")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", key)
        .body(Full::<bytes::Bytes>::from(body))?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    response.into_body().collect().await?;
    drop(sender);
    connection.abort();
    Ok(status)
}
