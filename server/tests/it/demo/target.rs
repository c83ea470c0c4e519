use chrono::TimeDelta;
use rampart_server::{
    clock::Clock,
    demo::{Contents, Target},
    probe::{ProbeSettings, Prober},
};

use super::settings;

/// The made-up apps, asked by the real prober.
#[tokio::test]
async fn apps_answer_as_their_stories_go_on() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let until = settings(1).until;
    // In the calm hour before the end; what goes on at the end began before it.
    let clock = Clock::manual(until - TimeDelta::minutes(30));
    let contents = Contents::Demonstration { seed: 1, until, port };
    tokio::spawn(
        Target::bind(port)
            .await
            .unwrap()
            .serve(contents, clock.clone())
            .unwrap(),
    );
    let prober = Prober::new(ProbeSettings {
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        allow_ports: vec![port],
        // None that answers takes so long.
        timeout: std::time::Duration::from_millis(1_500),
        ..ProbeSettings::default()
    })
    .unwrap();
    let ask = async |path: &str| {
        prober
            .probe(&format!("http://127.0.0.1:{port}/example.{path}").parse().unwrap())
            .await
    };

    for path in [
        "kestrel.timesheets/health",
        "brassteapot.assets/status",
        "brassteapot.assets/eu/status",
    ] {
        let probe = ask(path).await;
        assert!(probe.is_good(), "{path}: {probe:?}");
        assert!(
            probe.timings.total.as_millis() >= 50,
            "{path} takes its time: {probe:?}"
        );
    }
    assert_eq!(ask("paperlantern.diagrams/health").await.status, Some(503));
    clock.set(until + TimeDelta::days(3));
    assert_eq!(
        ask("paperlantern.diagrams/health").await.status,
        Some(503),
        "it goes on"
    );
    assert_eq!(ask("nobody.app/health").await.status, Some(404));

    // The shaky one hangs in about every third minute.
    let mut answers = Vec::new();
    for minute in 0..60 {
        clock.set(until + TimeDelta::minutes(minute));
        answers.push(ask("brassteapot.assets/ap/status").await.is_good());
        if answers.contains(&true) && answers.contains(&false) {
            return;
        }
    }
    panic!("always the same: {answers:?}");
}

#[tokio::test]
async fn nobody_is_answered_for_without_a_demonstration() {
    let target = Target::bind(0).await.unwrap();
    assert!(target.serve(Contents::Nothing, Clock::system()).is_err());
}
