//! Keeps the figures of a page up to date.
//!
//! Every 30 seconds it asks for the page once more and takes over the content of the elements that are marked
//! `data-live`. There is no second way to compute what is shown: the server renders, with scripts and without.

use leptos::prelude::*;

/// Stands once on a page with `data-live` elements. A change of the one named `state` is announced.
#[island]
pub fn Fresh() -> impl IntoView {
    let announcement = RwSignal::new(String::new());
    Effect::new(move || {
        #[cfg(feature = "hydrate")]
        live::start(announcement);
        let _ = announcement;
    });
    view! { <p class="visually-hidden" role="status">{announcement}</p> }
}

/// Stands once on a page that shows how far something has come, marked `data-live`. Once nothing on the page is marked
/// `data-unfinished` any more, the whole page is loaded again.
#[island]
pub fn Progress() -> impl IntoView {
    Effect::new(move || {
        #[cfg(feature = "hydrate")]
        live::follow();
    });
}

#[cfg(feature = "hydrate")]
mod live {
    use std::time::Duration;

    use leptos::{prelude::*, task::spawn_local};
    use wasm_bindgen::{JsCast, JsValue};
    use web_sys::{Document, Element};

    use crate::islands::{fetch::fetch, local_times::localise};

    const PERIOD: Duration = Duration::from_secs(30);
    const PROGRESS: Duration = Duration::from_millis(500);

    pub(super) fn follow() {
        set_interval(
            || {
                spawn_local(async {
                    if let Ok(Some(answer)) = this_page().await {
                        match answer.query_selector("[data-unfinished]") {
                            Ok(None) => drop(window().location().reload()),
                            _ => take_over(&answer, RwSignal::new(String::new())),
                        }
                    }
                });
            },
            PROGRESS,
        );
    }

    pub(super) fn start(announcement: RwSignal<String>) {
        set_interval(
            move || {
                if !document().hidden() {
                    spawn_local(async move {
                        // A failed attempt changes nothing; the next one follows.
                        if let Ok(Some(answer)) = this_page().await {
                            take_over(&answer, announcement);
                        }
                    });
                }
            },
            PERIOD,
        );
    }

    async fn this_page() -> Result<Option<Document>, JsValue> {
        fetch(&window().location().href()?).await
    }

    fn take_over(answer: &Document, announcement: RwSignal<String>) {
        let Ok(parts) = document().query_selector_all("[data-live]") else {
            return;
        };
        for i in 0..parts.length() {
            let Some(part) = parts.item(i).and_then(|node| node.dyn_into::<Element>().ok()) else {
                continue;
            };
            let Some(name) = part.get_attribute("data-live") else {
                continue;
            };
            let Ok(Some(fresh)) = answer.query_selector(&format!("[data-live=\"{name}\"]")) else {
                continue;
            };
            let content = fresh.inner_html();
            // Nobody loses their place: what holds the focus is left alone until the focus moves on.
            if content == part.inner_html() || part.matches(":focus-within").unwrap_or(false) {
                continue;
            }
            if name == "state" {
                let word = fresh.text_content().unwrap_or_default();
                if part.text_content().as_deref() != Some(&word) {
                    announcement.set(format!("State is now: {word}"));
                }
            }
            part.set_inner_html(&content);
            localise(&part);
        }
    }
}
