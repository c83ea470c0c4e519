//! What people see when a page cannot be shown: what happened, what was kept, what to do next.

use http::StatusCode;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    request::viewer,
    services::{AppError, Result},
};

/// Shows what `load` brings, or the error page that fits, with its true status. Every page that reads anything goes
/// through here.
pub fn page<T, V>(
    load: impl Future<Output = Result<T>> + Send + 'static,
    show: impl FnOnce(T) -> V + Send + 'static,
) -> impl IntoView
where
    T: Send + 'static,
    V: IntoView + 'static,
{
    Suspend::new(async move {
        match load.await {
            Ok(data) => show(data).into_any(),
            Err(AppError::NotFound) => view! { <NotFoundPage/> }.into_any(),
            Err(AppError::Forbidden(why)) => forbidden(&why).into_any(),
            Err(AppError::Internal) => internal().into_any(),
        }
    })
}

fn set_status(status: StatusCode) {
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(status);
    }
}

/// The page for an address that leads nowhere, or nowhere this reader may go.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    set_status(StatusCode::NOT_FOUND);
    let known = viewer().actor.is_some();
    view! {
        <Title text="Page not found · Rampart"/>
        <div class="narrow stack error-page">
            <p class="code">"404"</p>
            <h1>"There is no such page"</h1>
            <p>
                "The address may be mistyped, what it led to may have been removed, or it belongs to a team that you are not a member of. Nothing was changed."
            </p>
            {if known {
                view! { <p><a class="btn primary" href="/apps">"Go to your apps"</a></p> }.into_any()
            } else {
                view! { <p><a class="btn primary" href="/sign-in">"Sign in"</a></p> }.into_any()
            }}
        </div>
    }
}

/// The page for something that the reader knows of but may not do.
pub fn forbidden(why: &str) -> impl IntoView + use<> {
    set_status(StatusCode::FORBIDDEN);
    let why = why.to_owned();
    view! {
        <Title text="Not allowed · Rampart"/>
        <div class="narrow stack error-page">
            <p class="code">"403"</p>
            <h1>"You may not do this"</h1>
            <p>{why}</p>
            <p>"Nothing was changed. The owner of your team or an administrator can give you the role it takes."</p>
            <p><a class="btn primary" href="/apps">"Go to your apps"</a></p>
        </div>
    }
}

fn internal() -> impl IntoView {
    set_status(StatusCode::INTERNAL_SERVER_ERROR);
    view! {
        <Title text="Something went wrong · Rampart"/>
        <div class="narrow stack error-page">
            <p class="code">"500"</p>
            <h1>"Something went wrong on our side"</h1>
            <p>
                "The page could not be put together. What was saved before is kept. Load the page again in a minute; if you had sent a form, go back first, your browser still has what you typed."
            </p>
            <p>"If it happens again, tell an administrator this reference; the log has the details under it:"</p>
            <p><code class="reference">{viewer().request_id}</code></p>
        </div>
    }
}
