//! The HTML document around every page.

use leptos::{hydration::HydrationScripts, prelude::*};
use leptos_meta::MetaTags;

use crate::{pages::App, request::viewer};

/// The whole document. The server renders it once per request, with the contexts of [`crate::request`] in place.
pub fn shell() -> impl IntoView {
    let viewer = viewer();
    // Islands stand on the pages of signed-in people only: the pages before the sign-in load no script at all.
    let scripts = viewer.actor.is_some().then(|| {
        let options = LeptosOptions::builder()
            .output_name(viewer.assets.script.as_str())
            .site_pkg_dir("pkg")
            .build();
        view! { <HydrationScripts options islands=true/> }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="stylesheet" href=format!("/pkg/{}.css", viewer.assets.style)/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                {scripts}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
