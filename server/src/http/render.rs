//! Rendering a page.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;
use rampart_app::{
    form::{CarriedForm, FormState},
    model::{MadeToken, NewSecret, PolicyReview, TestResults},
    request::{Platform, ServicesRef, Viewer},
    ui::shell,
};

use super::{
    Web, session,
    visitor::{Visitor, by_scripts},
};
use crate::demo;

/// What a page gets besides who reads it.
#[derive(Clone, Default)]
pub(super) struct With {
    /// A form on it that was refused, and with which status.
    pub refused: Option<(FormState, StatusCode)>,
    /// A form that waits for the sign-in.
    pub carried: Option<CarriedForm>,
    pub tests: Option<TestResults>,
    /// A secret that is shown once.
    pub secret: Option<NewSecret>,
    /// A token that was made just now.
    pub token: Option<MadeToken>,
    /// A policy that is about to be published.
    pub review: Option<PolicyReview>,
    /// Why nothing was done, to be said at the top of the page.
    pub alert: Option<String>,
}

/// Renders the page at `uri`, whole and with its true status.
pub(super) async fn page(web: &Web, visitor: &Visitor, headers: &HeaderMap, uri: &Uri, with: With) -> Response {
    let config = &web.service.config;
    let flash = if by_scripts(headers) {
        None
    } else {
        session::take_flash(&web.service, &visitor.session).await
    };
    let viewer = Viewer {
        actor: visitor.actor.clone(),
        now: web.service.clock.now(),
        flash,
        alert: with.alert.clone(),
        platform: Platform {
            name: config.platform.name.clone(),
            designation: config.platform.designation.clone(),
        },
        demonstration: is_demonstration(web).await,
        assets: web.assets.as_ref().clone(),
        request_id: visitor.request_id.clone(),
    };
    let status = with.refused.as_ref().map(|(_, status)| *status);
    let services: ServicesRef = web.service.clone();
    let context = move || {
        provide_context(viewer.clone());
        provide_context(services.clone());
        with.refused
            .clone()
            .into_iter()
            .for_each(|(state, _)| provide_context(state));
        with.carried.clone().into_iter().for_each(provide_context);
        with.tests.clone().into_iter().for_each(provide_context);
        with.secret.clone().into_iter().for_each(provide_context);
        with.review.clone().into_iter().for_each(provide_context);
        with.token.clone().into_iter().for_each(provide_context);
        allow_own_script();
    };
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = uri.clone();
    *request.headers_mut() = headers.clone();
    let mut response = leptos_axum::render_app_async_with_context(context, shell)(request).await;
    if let Some(status) = status.filter(|_| response.status() == StatusCode::OK) {
        *response.status_mut() = status;
    }
    response
}

/// Whether to say that everything is made up. A page is not refused because that cannot be told.
async fn is_demonstration(web: &Web) -> bool {
    demo::is_demonstration(&web.service.store.portal)
        .await
        .unwrap_or_else(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "it cannot be told whether this is a demonstration"
            );
            false
        })
}

/// Only this page's own scripts run: those with its nonce.
fn allow_own_script() {
    let (Some(options), Some(nonce)) = (use_context::<ResponseOptions>(), leptos::nonce::use_nonce()) else {
        return;
    };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}
