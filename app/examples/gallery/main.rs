//! Serves every page with made-up contents, for looking at pages and styles without a server or a database.
//!
//! `cargo run -p rampart-app --example gallery`, then open <http://127.0.0.1:3100/gallery>. The style sheet is read anew
//! with every request. With `RAMPART_PKG=<folder>` that folder is served under `/pkg/`; a bundle named `rampart` in it
//! (`rampart.js`, `rampart_bg.wasm`) brings the islands to life.
//!
//! Query parameters that every page takes: `as=owner|member|staff|nobody` or a single role of the staff, `flash=<text>`,
//! and `refuse=<form id>`, which shows that form as if it had just been refused (`field=<name>` says which field).

#![allow(clippy::unwrap_used, reason = "a developer's tool may simply stop")]

mod fake;

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::Path as Segment,
    http::{Request, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use fake::{Fake, now, people};
use leptos::prelude::provide_context;
use rampart_app::{
    form::{CarriedForm, FieldError, FormState},
    model::{MadeToken, TestResult, TestResults},
    pages::App,
    request::{Assets, Platform, ServicesRef, Viewer},
    ui::shell,
};

const PAGES: &str = include_str!("pages.html");

#[tokio::main]
async fn main() {
    // Listing the routes also starts the executor.
    let _ = leptos_axum::generate_route_list(App);
    let app = Router::new()
        .route("/gallery", get(Html(PAGES)))
        .route("/favicon.svg", get(|| async { static_file("public/favicon.svg") }))
        .route("/pkg/{file}", get(package))
        .fallback(page);
    let port = std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse().ok())
        .unwrap_or(3100);
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port)))
        .await
        .unwrap();
    println!("http://127.0.0.1:{port}/gallery");
    axum::serve(listener, app).await.unwrap();
}

/// The parameter `name` of the request's query.
fn parameter(request: &Request<Body>, name: &str) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(n, _)| *n == name)
        .map(|(_, v)| v.replace('+', " "))
}

async fn page(request: Request<Body>) -> Response {
    let who = parameter(&request, "as").unwrap_or_else(|| "owner".to_owned());
    let before_sign_in = ["/sign-in", "/invitation", "/alert-address"]
        .iter()
        .any(|p| request.uri().path().starts_with(p));
    let viewer = Viewer {
        actor: if before_sign_in { None } else { people::actor(&who) },
        now: now(),
        flash: parameter(&request, "flash"),
        alert: parameter(&request, "alert"),
        platform: Platform {
            name: "Atlassian".to_owned(),
            designation: "Cloud Fortified".to_owned(),
        },
        demonstration: false,
        assets: Assets {
            script: "rampart".to_owned(),
            style: "gallery".to_owned(),
        },
        request_id: "01JD9W3K7Q".to_owned(),
    };
    let refused = parameter(&request, "refuse").map(|form| refusal(form, parameter(&request, "field")));
    let carried = parameter(&request, "carried").map(|action| CarriedForm {
        action,
        values: vec![("name".into(), "typed".into())],
    });
    let tested = parameter(&request, "tested").map(|_| test_results());
    let made = parameter(&request, "made").map(|value| MadeToken { value });
    let review = parameter(&request, "review").map(|_| fake::policy::review());
    let services: ServicesRef = Arc::new(Fake);
    let context = move || {
        provide_context(viewer.clone());
        provide_context(services.clone());
        if let Some(state) = refused.clone() {
            provide_context(state);
        }
        if let Some(form) = carried.clone() {
            provide_context(form);
        }
        if let Some(made) = made.clone() {
            provide_context(made);
        }
        if let Some(review) = review.clone() {
            provide_context(review);
        }
        if let Some(results) = tested.clone() {
            provide_context(results);
        }
    };
    leptos_axum::render_app_async_with_context(context, shell)(request).await
}

fn refusal(form: String, field: Option<String>) -> FormState {
    let field = field.unwrap_or_else(|| "name".to_owned());
    let message = match field.as_str() {
        "version" => "Somebody else saved these settings while you were typing. Send again to keep yours.",
        "base_urls" => "Line 2: http://10.0.0.1 is not a public address. Use the address customers reach.",
        _ => "Enter something here: it cannot be empty.",
    };
    let values = [
        ("name", "What was <typed>"),
        ("base_urls", "https://a.example\nhttp://10.0.0.1"),
        ("health_path", "/health"),
    ];
    FormState {
        form,
        values: values.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        errors: vec![FieldError {
            field,
            message: message.to_owned(),
        }],
        message: None,
    }
}

fn test_results() -> TestResults {
    let phases = |all: &[f64]| {
        ["name lookup", "connect", "TLS", "first byte", "total"]
            .iter()
            .zip(all)
            .map(|(n, ms)| ((*n).to_owned(), *ms))
            .collect()
    };
    TestResults(vec![
        TestResult {
            url: "https://timesheets.kestrel.example/health".to_owned(),
            good: true,
            status: Some(200),
            reason: "Answered 200 within 3 s.".to_owned(),
            timings: phases(&[4.2, 18.0, 31.4, 28.9, 84.1]),
            warnings: vec!["The answer has an Age header: a cached resource proves nothing.".to_owned()],
        },
        TestResult {
            url: "https://eu.timesheets.kestrel.example/health".to_owned(),
            good: false,
            status: None,
            reason: "The connection to 203.0.113.7:443 was refused.".to_owned(),
            timings: phases(&[6.0, 12.0]),
            warnings: Vec::new(),
        },
    ])
}

async fn package(Segment(file): Segment<String>) -> Response {
    if file == "gallery.css" {
        return ([(header::CONTENT_TYPE, "text/css")], style_sheet()).into_response();
    }
    match std::env::var("RAMPART_PKG").map(|folder| fs::read(Path::new(&folder).join(&file))) {
        Ok(Ok(bytes)) => ([(header::CONTENT_TYPE, content_type(&file))], bytes).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn content_type(file: &str) -> &'static str {
    match file.rsplit('.').next() {
        Some("js") => "text/javascript",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn static_file(below: &str) -> Response {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(below);
    match fs::read(path) {
        Ok(bytes) => ([(header::CONTENT_TYPE, content_type(below))], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The style sheet as the bundle makes it: all files in the order of their names.
fn style_sheet() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../style");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .filter(|f| f.extension().is_some_and(|e| e == "css"))
        .map(|f| fs::read_to_string(f).unwrap())
        .collect()
}
