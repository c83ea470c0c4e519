use std::{io::Write, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Args;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{
    demo::{self, Filling},
    misused, open,
};
use crate::{
    clock::Clock, config::Config, demo::is_demonstration, http, jobs::Jobs, mail::send::Relay, service::Service,
    telemetry,
};

#[derive(Args)]
pub(super) struct Serve {
    /// Only check the configuration and print what applies.
    #[arg(long)]
    check: bool,
    /// Serve demonstration data: fill the database when it is empty, and answer for the made-up apps.
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    filling: Filling,
}

impl Serve {
    pub(super) async fn run(self, mut config: Config) -> anyhow::Result<ExitCode> {
        if self.filling.is_given() && !self.demo {
            return Ok(misused(
                "--seed, --until, --days and --apps-port say what --demo fills the database with",
            ));
        }
        if self.check {
            println!("{config:#?}\nthe configuration is fine");
            return Ok(ExitCode::SUCCESS);
        }
        let clock = clock()?;
        let relay = Relay::new(&config.mail)?;
        if self.demo {
            let settings = match self.filling.settings(clock.now()) {
                Ok(settings) => settings,
                Err(wrong) => return Ok(misused(wrong)),
            };
            config = demo::begin(config, &settings, clock.clone()).await?;
        }
        let listen = config.server.listen;
        let service = Arc::new(open(config, clock).await?);
        if !self.demo && is_demonstration(&service.store.portal).await? {
            tracing::warn!(
                "this is demonstration data: without --demo nobody answers for its apps, and all of them will fail"
            );
        }
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen} (server.listen)"))?;
        let address = listener.local_addr()?;
        if service.config.metrics.token.is_some() {
            telemetry::start()?;
        }
        let jobs = Jobs::start(service.clone(), relay);
        let router = http::router(service.clone()).into_make_service_with_connect_info::<SocketAddr>();
        // Whoever started the server waits for this line.
        println!("listening on http://{address}");
        std::io::stdout().flush()?;
        axum::serve(listener, router)
            .with_graceful_shutdown(stopped(service.clone()))
            .await?;
        jobs.stop().await;
        service.store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// The system's clock; in tests one that runs faster.
fn clock() -> anyhow::Result<Clock> {
    let Ok(rate) = std::env::var("RAMPART_TEST_CLOCK_RATE") else {
        return Ok(Clock::system());
    };
    tracing::warn!(rate, "the clock runs fast: this is for tests only");
    let rate = rate.parse().context("RAMPART_TEST_CLOCK_RATE is no number")?;
    Ok(match std::env::var("RAMPART_TEST_CLOCK_SINCE") {
        Ok(agreed) => {
            let agreed: DateTime<Utc> = agreed
                .parse()
                .context("RAMPART_TEST_CLOCK_SINCE is no time as in RFC 3339")?;
            Clock::fast_since(rate, agreed)
        }
        Err(_) => Clock::fast(rate),
    })
}

/// Returns once the server is to stop: at once after Ctrl-C, after `server.drain_seconds` when it was terminated, or with the
/// second signal. Meanwhile it goes on serving, and `/readyz` says that it stops.
async fn stopped(service: Arc<Service>) {
    let (Ok(mut terminated), Ok(mut interrupted)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be received: the server stops only when it is killed");
        return std::future::pending().await;
    };
    let drain = tokio::select! {
        _ = terminated.recv() => service.config.server.drain,
        _ = interrupted.recv() => Duration::ZERO,
    };
    service.stopping.cancel();
    tracing::info!(drain_seconds = drain.as_secs(), "stopping");
    tokio::select! {
        () = tokio::time::sleep(drain) => {}
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
}
