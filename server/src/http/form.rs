//! The one form mechanism: every form of every page goes through [`submit`].
//!
//! A form that is refused comes back as the page it stands on, with what was typed and what is wrong (422). A form that
//! arrives after the session has ended comes back as the sign-in page, which carries it along and submits it after the
//! sign-in; nothing of it is stored meanwhile. A form that succeeds answers 303 with a sentence for the next page.

use std::collections::HashMap;

use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts, Path, Request, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use rampart_app::{
    form::{CARRIED_ACTION, CARRIED_FIELD, CarriedForm, FieldError, FormState},
    model::{MadeToken, NewSecret, PolicyReview, TestResults},
};
use rampart_domain::access::Actor;
use tower::ServiceExt;

use super::{LARGEST_BODY, Web, render, route, visitor::Visitor};
use crate::service::{Error, Result};

/// Where a form is and what it is called. `{name}` stands for a part of the path it is posted to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// The id of the form on its page.
    pub id: &'static str,
    /// What it is posted to.
    pub action: &'static str,
    /// The page it stands on, which is shown again when it is refused.
    pub page: &'static str,
    /// Whether it needs no sign-in.
    pub public: bool,
}

/// A form that arrived.
pub(super) struct Submission {
    pub web: Web,
    pub visitor: Visitor,
    pub posted: Posted,
    params: HashMap<String, String>,
}

/// What came of a form.
pub(super) enum Done {
    /// Go on to another page, which says `flash`. Scripts that prefer a minimal answer get `versions` alone.
    Go {
        to: String,
        flash: Option<String>,
        /// Of what was saved, each with its name.
        versions: Vec<(String, i64)>,
    },
    /// Show the form's page with the results of a test.
    Tested(TestResults),
    /// Show the form's page with a secret of an installation that was made, this once. It is in this answer alone: it is kept
    /// in no session meanwhile.
    MadeSecret(NewSecret),
    /// Show the form's page with a token that was made, this once.
    Made(MadeToken),
    /// Show the form's page with what publishing it would change.
    Reviewed(PolicyReview),
    /// Show the form's page with what is wrong, and just these fields as they were typed.
    Refused(Error, Posted),
    /// Submit the form that waited for the sign-in.
    Resume(CarriedForm, Box<Visitor>),
}

impl Done {
    /// Go on to another page, which says by itself what came of it.
    pub(super) fn to(to: impl Into<String>) -> Self {
        Self::Go {
            to: to.into(),
            flash: None,
            versions: Vec::new(),
        }
    }

    pub(super) fn go(to: impl Into<String>, flash: impl Into<String>) -> Self {
        Self::Go {
            to: to.into(),
            flash: Some(flash.into()),
            versions: Vec::new(),
        }
    }

    /// Go on after parts of a form were saved, each in a version of its own.
    pub(super) fn saved(to: impl Into<String>, flash: impl Into<String>, saved: Vec<(String, i64)>) -> Self {
        Self::Go {
            to: to.into(),
            flash: Some(flash.into()),
            versions: saved,
        }
    }
}

/// The fields of a form as they were typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Posted(Vec<(String, String)>);

impl Posted {
    /// The field `name`; empty when it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    /// Every field, in order.
    pub(super) fn fields(&self) -> &[(String, String)] {
        &self.0
    }

    /// Every value of a field that can have several.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
            .collect()
    }

    pub(super) fn is_ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// Just the fields that are `wanted`.
    pub(super) fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| wanted(name)).cloned().collect())
    }

    /// The version that the form was based on; 0, which no row has, when it is missing.
    pub(super) fn version(&self) -> i64 {
        self.text("version").parse().unwrap_or_default()
    }

    /// The form that a sign-in carries along.
    pub(super) fn carried(&self) -> Option<CarriedForm> {
        let action = self.text(CARRIED_ACTION);
        let fields = self
            .0
            .iter()
            .filter_map(|(n, v)| Some((n.strip_prefix(CARRIED_FIELD)?.to_owned(), v.clone())));
        (!action.is_empty()).then(|| CarriedForm {
            action: action.to_owned(),
            values: fields.collect(),
        })
    }

    /// What is shown again; passwords are not, nor what the sign-in carries.
    fn shown_again(self) -> Vec<(String, String)> {
        let hidden = |name: &str| is_secret(name) || name == CARRIED_ACTION || name.starts_with(CARRIED_FIELD);
        self.0.into_iter().filter(|(name, _)| !hidden(name)).collect()
    }
}

impl Submission {
    /// The person who sent it.
    ///
    /// # Errors
    /// Only for public forms, which have no such person.
    pub(super) fn actor(&self) -> Result<&Actor> {
        self.visitor.actor.as_ref().ok_or(Error::NotFound)
    }

    /// A part of the path.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }
}

/// Every form there is.
#[derive(Default)]
pub(super) struct Forms {
    router: Router<Web>,
    paths: Paths,
}

/// The paths that forms are posted to.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths(Vec<&'static str>);

impl Paths {
    /// Whether a form that needs a sign-in is posted to `path`; only such a form is carried through one.
    fn contain(&self, path: &str) -> bool {
        self.0.iter().any(|template| route::matches(template, path))
    }
}

impl Forms {
    /// Adds a form with what handles it.
    pub(super) fn with<F, R>(mut self, form: Form, handle: F) -> Self
    where
        F: Fn(Submission) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Done>> + Send + 'static,
    {
        let submitted = move |State(web): State<Web>, visitor: Visitor, request: Request| async move {
            submit(web, visitor, request, form, handle).await
        };
        self.router = self.router.route(form.action, post(submitted));
        if form.action != form.page {
            // Whoever loads the address of a refused form again gets to its page.
            let back = move |Params(params): Params| async move { Redirect::to(&fill(form.page, &params)) };
            self.router = self.router.route(form.action, get(back));
        } else {
            self.router = self.router.route(form.page, get(super::page));
        }
        if !form.public {
            self.paths.0.push(form.action);
        }
        self
    }

    pub(super) fn into_parts(self) -> (Router<Web>, Paths) {
        (self.router, self.paths)
    }
}

async fn submit<F, R>(web: Web, mut visitor: Visitor, request: Request, form: Form, handle: F) -> Response
where
    F: Fn(Submission) -> R,
    R: Future<Output = Result<Done>>,
{
    let (mut parts, body) = request.into_parts();
    let Params(params) = Params::from_request_parts(&mut parts, &()).await.unwrap_or_default();
    let mut posted = match read(&parts.headers, body).await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let page: Uri = fill(form.page, &params).parse().unwrap_or_default();

    if !form.public && visitor.actor.is_none() {
        if posted
            .0
            .iter()
            .any(|(name, value)| is_secret(name) && !value.is_empty())
        {
            // Passwords and secrets are carried nowhere.
            return Redirect::to("/sign-in").into_response();
        }
        let carried = CarriedForm {
            action: parts.uri.path().to_owned(),
            values: posted.0,
        };
        return ask_to_sign_in(&web, &visitor, &parts.headers, carried).await;
    }
    let submission = Submission {
        web: web.clone(),
        visitor: visitor.clone(),
        posted: posted.clone(),
        params: params.clone(),
    };
    let error = match handle(submission).await {
        Ok(Done::Go { versions, .. }) if prefers_minimal(&parts.headers) => return minimal(&versions),
        Ok(Done::Go { to, flash, .. }) => {
            if let Some(Err(error)) = match &flash {
                Some(flash) => Some(visitor.leave(flash).await),
                None => None,
            } {
                tracing::warn!(error = &*error, "a message for the next page was lost");
            }
            return Redirect::to(&to).into_response();
        }
        Ok(Done::Tested(tests)) => {
            let with = render::With {
                tests: Some(tests),
                ..render::With::default()
            };
            return render::page(&web, &visitor, &parts.headers, &page, with).await;
        }
        Ok(Done::MadeSecret(secret)) => {
            let with = render::With {
                secret: Some(secret),
                ..render::With::default()
            };
            return shown_once(render::page(&web, &visitor, &parts.headers, &page, with).await);
        }
        Ok(Done::Made(token)) => {
            let with = render::With {
                token: Some(token),
                ..render::With::default()
            };
            return shown_once(render::page(&web, &visitor, &parts.headers, &page, with).await);
        }
        Ok(Done::Reviewed(review)) => {
            let with = render::With {
                review: Some(review),
                ..render::With::default()
            };
            return render::page(&web, &visitor, &parts.headers, &page, with).await;
        }
        Ok(Done::Resume(carried, signed_in)) => {
            visitor = *signed_in;
            return resume(&web, visitor, carried, &parts.headers).await;
        }
        Ok(Done::Refused(error, typed)) => {
            posted = typed;
            error
        }
        Err(error) => error,
    };
    let carried = posted.carried();
    let (state, status) = refusal(error, fill(form.id, &params), posted);
    let (id, message) = (state.form.clone(), state.message.clone());
    let with = render::With {
        refused: Some((state, status)),
        carried,
        ..render::With::default()
    };
    let response = render::page(&web, &visitor, &parts.headers, &page, with.clone()).await;
    match (response.status() == status, message) {
        (true, Some(message)) => {
            let with = render::With {
                alert: Some(message),
                ..with
            };
            if_shown(response, &id, render::page(&web, &visitor, &parts.headers, &page, with)).await
        }
        _ => response,
    }
}

/// Whether scripts ask, which need no page (RFC 7240).
fn prefers_minimal(headers: &HeaderMap) -> bool {
    headers.get("prefer").is_some_and(|wish| wish == MINIMAL)
}

const MINIMAL: &str = "return=minimal";

fn minimal(versions: &[(String, i64)]) -> Response {
    let lines = versions.iter().map(|(name, version)| format!("{name} {version}\n"));
    ([("preference-applied", MINIMAL)], lines.collect::<String>()).into_response()
}

/// A page with a secret on it, which belongs into no cache.
fn shown_once(mut page: Response) -> Response {
    let headers = page.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    page
}

/// A button that was pressed too late may be gone from its page, and with it the place where it is said that nothing was
/// done. Then the page says it at its top.
async fn if_shown(response: Response, form: &str, otherwise: impl Future<Output = Response>) -> Response {
    let (parts, body) = response.into_parts();
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(page) if String::from_utf8_lossy(&page).contains(&format!("id=\"{form}\"")) => {
            Response::from_parts(parts, Body::from(page))
        }
        _ => otherwise.await,
    }
}

/// Whether a field holds a password or a secret.
fn is_secret(name: &str) -> bool {
    name.starts_with("password") || name == "current" || name == "secret"
}

/// Whether a field says on which version it is based: of the whole form, or of a part of it.
fn is_version(name: &str) -> bool {
    name == "version" || name.ends_with("-version")
}

/// What the page says about a form that was refused, and the status it says it with.
fn refusal(error: Error, form: String, posted: Posted) -> (FormState, StatusCode) {
    let (status, errors, message) = match error {
        Error::Invalid(invalid) if invalid.fields.iter().any(|e| is_version(&e.field)) => {
            (StatusCode::CONFLICT, invalid.fields, invalid.message)
        }
        Error::Invalid(invalid) => (StatusCode::UNPROCESSABLE_ENTITY, invalid.fields, invalid.message),
        Error::Conflict(message) => (StatusCode::CONFLICT, Vec::new(), Some(message)),
        Error::Stale(message) => {
            let errors = vec![FieldError {
                field: "version".to_owned(),
                message,
            }];
            (StatusCode::CONFLICT, errors, None)
        }
        Error::Limited(message) => (StatusCode::TOO_MANY_REQUESTS, Vec::new(), Some(message)),
        Error::Forbidden(message) => (StatusCode::FORBIDDEN, Vec::new(), Some(message)),
        Error::NotFound => (
            StatusCode::NOT_FOUND,
            Vec::new(),
            Some("This is not there any more. Nothing was changed.".to_owned()),
        ),
        Error::Internal(error) => {
            tracing::error!(error = &*error, form, "a form failed");
            let message = "Something failed on our side and nothing was saved. What you typed is kept below: try again in a moment.";
            (StatusCode::INTERNAL_SERVER_ERROR, Vec::new(), Some(message.to_owned()))
        }
    };
    (
        FormState {
            form,
            values: posted.shown_again(),
            errors,
            message,
        },
        status,
    )
}

/// The sign-in page, carrying along a form that arrived without a session.
async fn ask_to_sign_in(web: &Web, visitor: &Visitor, headers: &HeaderMap, carried: CarriedForm) -> Response {
    let with = render::With {
        carried: Some(carried),
        ..render::With::default()
    };
    let mut response = render::page(web, visitor, headers, &Uri::from_static("/sign-in"), with).await;
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    // What was typed belongs into no cache.
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Submits a form that waited for the sign-in, as the person who has signed in now.
async fn resume(web: &Web, visitor: Visitor, carried: CarriedForm, headers: &HeaderMap) -> Response {
    if !web.form_paths.contain(&carried.action) {
        return Redirect::to("/").into_response();
    }
    let body = serde_urlencoded::to_string(&carried.values).unwrap_or_default();
    let request = Request::builder()
        .method(Method::POST)
        .uri(&carried.action)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .extension(visitor)
        .body(Body::from(body));
    let Ok(mut request) = request else {
        return Redirect::to("/").into_response();
    };
    if let Some(accept) = headers.get(header::ACCEPT) {
        request.headers_mut().insert(header::ACCEPT, accept.clone());
    }
    match web.forms.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The fields of the body.
async fn read(headers: &HeaderMap, body: Body) -> std::result::Result<Posted, Response> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
    }
    let Ok(bytes) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        let message = format!(
            "A form has at most {} MiB. Nothing was saved; go back and shorten it.\n",
            LARGEST_BODY / 1024 / 1024
        );
        return Err((StatusCode::PAYLOAD_TOO_LARGE, message).into_response());
    };
    let fields = serde_urlencoded::from_bytes::<Vec<(String, String)>>(&bytes);
    let fields = fields.map_err(|_| (StatusCode::BAD_REQUEST, "This is not a form.\n").into_response())?;
    // Browsers send line ends as CR LF; nobody types a NUL, and PostgreSQL has no place for one.
    Ok(Posted(
        fields
            .into_iter()
            .map(|(n, v)| (n, v.replace("\r\n", "\n").replace('\0', "")))
            .collect(),
    ))
}

/// Puts the parts of a path into a template.
fn fill(template: &str, params: &HashMap<String, String>) -> String {
    params.iter().fold(template.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), &encoded(value))
    })
}

fn encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

/// The parts of the path; none for a path without any.
#[derive(Default)]
struct Params(HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> std::result::Result<Self, Self::Rejection> {
        let params = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        Ok(Self(params.map(|Path(params)| params).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_paths_of_forms_are_carried_through_a_sign_in() {
        let paths = Paths(vec!["/apps/new", "/apps/{key}/settings"]);
        assert!(paths.contain("/apps/new"));
        assert!(paths.contain("/apps/com.example/settings"));
        for other in [
            "/apps//settings",
            "/apps/com.example",
            "/apps/com.example/settings/x",
            "/sign-out",
            "//evil.example/apps/new",
        ] {
            assert!(!paths.contain(other), "{other}");
        }
    }

    #[test]
    fn passwords_and_secrets_are_never_shown_again() {
        let fields = [
            "mail",
            "password",
            "password_again",
            "current",
            "secret",
            CARRIED_ACTION,
            "carried.name",
        ];
        let posted = Posted(fields.iter().map(|f| ((*f).to_owned(), "x".to_owned())).collect());
        assert_eq!(posted.shown_again(), [("mail".to_owned(), "x".to_owned())]);
    }
}
