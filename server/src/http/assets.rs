//! The built style sheet and script, and the few static files. Their names carry a hash of their content, so browsers keep
//! them for good.

use axum::{
    body::Body,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rampart_app::request::Assets;
use rust_embed::RustEmbed;
use serde::Deserialize;

/// What `cargo xtask bundle` made; part of the binary in a release build, read from disk in a debug build.
#[derive(RustEmbed)]
#[folder = "../dist"]
#[allow_missing = true]
struct Dist;

#[derive(Deserialize)]
struct Manifest {
    script: String,
    style: String,
}

/// The names of the built files. Without a bundle pages still work, unstyled.
pub(super) fn names() -> Assets {
    let manifest = Dist::get("manifest.json").and_then(|file| serde_json::from_slice::<Manifest>(&file.data).ok());
    match manifest {
        Some(manifest) => Assets {
            script: manifest.script,
            style: manifest.style.trim_end_matches(".css").to_owned(),
        },
        None => {
            tracing::warn!("there is no bundle: run `cargo xtask bundle`");
            Assets {
                script: "rampart".to_owned(),
                style: "rampart".to_owned(),
            }
        }
    }
}

pub(super) async fn package(Path(file): Path<String>, headers: HeaderMap) -> Response {
    serve(&format!("pkg/{file}"), &headers, "public, max-age=31536000, immutable")
}

pub(super) async fn favicon(headers: HeaderMap) -> Response {
    serve("public/favicon.svg", &headers, "public, max-age=86400")
}

pub(super) async fn robots(headers: HeaderMap) -> Response {
    serve("public/robots.txt", &headers, "public, max-age=86400")
}

/// A file, in the best encoding that the browser takes and that was made beforehand.
fn serve(path: &str, headers: &HeaderMap, caching: &'static str) -> Response {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let encoded = [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .find_map(|(encoding, ending)| {
            let wanted = accepted
                .split(',')
                .any(|a| a.split(';').next().is_some_and(|name| name.trim() == encoding));
            wanted
                .then(|| Dist::get(&format!("{path}.{ending}")))
                .flatten()
                .map(|file| (file, Some(encoding)))
        });
    let Some((file, encoding)) = encoded.or_else(|| Dist::get(path).map(|file| (file, None))) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = Response::new(Body::from(file.data.into_owned()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
