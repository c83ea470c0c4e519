//! HTTP: the only layer that knows status codes.

mod api;
mod assets;
mod client;
mod connect;
mod export;
mod form;
mod forms;
mod headers;
mod health;
mod metrics;
mod origin;
mod problem;
mod render;
mod route;
mod schemas;
mod session;
mod visitor;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    middleware::from_fn_with_state,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post, put},
};
use rampart_app::request::Assets;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, timeout::TimeoutLayer};

use crate::service::Service;

/// The largest form that is read.
const LARGEST_BODY: usize = 2 * 1024 * 1024;
/// No request takes longer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// More requests than this wait.
const CONCURRENCY: usize = 512;

/// What every handler works with.
#[derive(Clone)]
pub struct Web {
    pub service: Arc<Service>,
    pub assets: Arc<Assets>,
    /// The forms alone, for one that is submitted after a sign-in.
    forms: Router,
    form_paths: Arc<form::Paths>,
    pages: Arc<route::Pages>,
}

/// The whole portal as one router.
pub fn router(service: Arc<Service>) -> Router {
    // Pages are found by the app's own router; listing its routes also starts the executor that renders them.
    let pages = leptos_axum::generate_route_list(rampart_app::pages::App);
    let pages = route::Pages::new(pages.iter().map(|page| page.path().to_owned()));
    let (forms, form_paths) = forms::all().into_parts();
    let bare = Web {
        service: service.clone(),
        assets: Arc::new(assets::names()),
        forms: Router::new(),
        form_paths: Arc::new(form_paths),
        pages: Arc::new(pages),
    };
    let web = Web {
        forms: forms.clone().with_state(bare.clone()),
        ..bare
    };

    Router::new()
        .route("/", get(|| async { Redirect::to("/apps") }))
        .route("/audit.csv", get(export::audit_csv))
        .route("/apps/{key}/escalation/policy.json", get(export::escalation_policy))
        .route("/apps/{key}/escalation/facts.jsonl", get(export::escalation_facts))
        .merge(forms)
        .fallback(page)
        .layer(from_fn_with_state(web.clone(), visitor::resolve))
        .layer(session::layer(&service))
        .layer(from_fn_with_state(web.clone(), origin::check))
        // What follows needs no session.
        .route(
            "/rest/atlassian-connect/latest/addons-metrics/{addon_key}/publish",
            put(connect::publish),
        )
        .route("/schemas/incident-data.json", get(schemas::incident_data))
        .route("/api/v1/events", post(api::events))
        .route("/api/v1/designations/{app_key}", get(api::designation))
        .route("/pkg/{*file}", get(assets::package))
        .route("/favicon.svg", get(assets::favicon))
        .route("/robots.txt", get(assets::robots))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT))
        .layer(GlobalConcurrencyLimitLayer::new(CONCURRENCY))
        // What follows is answered however many requests wait.
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(web.clone(), headers::secure))
        .layer(from_fn_with_state(web.clone(), headers::identify))
        .with_state(web)
}

/// Every page: whoever is not signed in is asked to, unless the page needs no sign-in.
async fn page(State(web): State<Web>, visitor: visitor::Visitor, request: axum::extract::Request) -> Response {
    let method = request.method();
    if method != http::Method::GET && method != http::Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let uri = request.uri().clone();
    if visitor.actor.is_none() && !visitor::is_public(uri.path()) {
        let target = uri.path_and_query().map_or("/", |p| p.as_str());
        return Redirect::to(&format!(
            "/sign-in?{}",
            serde_urlencoded::to_string([("next", target)]).unwrap_or_default()
        ))
        .into_response();
    }
    render::page(&web, &visitor, request.headers(), &uri, render::With::default()).await
}
