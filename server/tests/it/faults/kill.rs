//! The server is killed again and again, while it probes, counts, evaluates and sends mail.

use std::time::Duration;

use tokio::time::Instant;

use super::{chance::Chance, soak, target::Script, truth, world::World};
use crate::support::{
    database::{TestDatabase, on_both_engines},
    smtp::Mood,
};

on_both_engines!(a_server_killed_at_any_instant_loses_and_doubles_nothing);

const RATE: u32 = 120;
const KILLS: usize = 6;
/// The long form is made of rounds, each with a database of its own, so that what is compared stays small.
const ROUND: Duration = Duration::from_secs(300);

async fn a_server_killed_at_any_instant_loses_and_doubles_nothing(database: TestDatabase) {
    let mut chance = Chance::new();
    let Some(soak) = soak() else {
        return round(&mut chance, database, |kills, _| kills < KILLS).await;
    };
    let (begun, sqlite) = (Instant::now(), database.settings.url.is_none());
    let mut database = Some(database);
    while begun.elapsed() < soak {
        let length = ROUND.min(soak - begun.elapsed());
        let database = match database.take() {
            Some(database) => database,
            None if sqlite => TestDatabase::sqlite().await,
            None => TestDatabase::postgres().await,
        };
        round(&mut chance, database, |_, elapsed| elapsed < length).await;
    }
}

/// Kills the server for as long as `goes_on` says (of the kills so far and the time), then leaves it in peace and compares.
async fn round(chance: &mut Chance, database: TestDatabase, goes_on: impl Fn(usize, Duration) -> bool) {
    let world = World::new(database, RATE, 6).await;
    for series in &world.series {
        world.target.follow(&series.path, stretches(chance.fork()));
    }
    let (begun, mut kills) = (Instant::now(), Vec::new());
    while goes_on(kills.len(), begun.elapsed()) {
        let server = world.server().await;
        world.mail.set(chance.one_of(&[
            Mood::Takes,
            Mood::Takes,
            Mood::Slow(Duration::from_millis(20)),
            Mood::Later,
            Mood::DropsInData,
            Mood::DropsAfterData,
        ]));
        // The instant is the fault: nothing is awaited here.
        tokio::time::sleep(chance.millis(50..2_000)).await;
        kills.push(world.clock.now());
        server.kill();
    }
    world.target.heal();
    world.mail.set(Mood::Takes);
    let server = world.server().await;
    world.settled(server).await;

    let probes = truth::probes(&world, &kills).await;
    truth::counts(&world, &probes).await;
    let found = truth::episodes(&world, &probes, truth::WRITTEN_WITHIN).await;
    assert!(found > 0, "no breach opened, so nothing was tested");
    truth::mails(&world).await;
    truth::audit(&world).await;
}

/// Good for a while, bad for a while, and so on.
fn stretches(mut random: fastrand::Rng) -> Script {
    let mut good = random.bool();
    let mut left = random.usize(0..5);
    Box::new(move || {
        if left == 0 {
            good = !good;
            left = if good { random.usize(3..40) } else { random.usize(1..4) };
        }
        left -= 1;
        good
    })
}
