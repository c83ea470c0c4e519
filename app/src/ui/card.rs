//! Surfaces and the things that lead around on them.

use leptos::prelude::*;

use super::Tone;

/// A heading as an id: "What needs you" is "what-needs-you".
fn slug(title: &str) -> String {
    let letters: String = title
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    letters
        .split('-')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

/// A titled surface.
#[component]
pub fn Card(
    #[prop(into)] title: String,
    /// Small print or links at the right of the title.
    #[prop(optional, into)]
    aside: ViewFn,
    /// The name under which the island `Fresh` keeps the content up to date.
    #[prop(optional)]
    live: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let id = slug(&title);
    let heading = format!("{id}-heading");
    view! {
        <section class="card" id=id aria-labelledby=heading.clone()>
            <header>
                <h2 id=heading.clone()>{title}</h2>
                <div class="aside">{aside.run()}</div>
            </header>
            <div class="content" data-live=live>
                {children()}
            </div>
        </section>
    }
}

/// Where the page stands: links to what is above it.
#[component]
pub fn Crumbs(
    /// (name, address) from the top down, without the page itself.
    above: Vec<(String, String)>,
) -> impl IntoView {
    view! {
        <nav class="crumbs" aria-label="Breadcrumb">
            <ol>
                {above.into_iter().map(|(name, href)| view! { <li><a href=href>{name}</a></li> }).collect_view()}
            </ol>
        </nav>
    }
}

/// Sibling pages.
#[component]
pub fn Tabs(
    label: &'static str,
    /// (name, address, small number beside the name).
    tabs: Vec<(&'static str, String, Option<u32>)>,
    /// The name of the tab that is shown.
    current: &'static str,
) -> impl IntoView {
    view! {
        <nav class="tabs" aria-label=label>
            {tabs
                .into_iter()
                .map(|(name, href, number)| {
                    view! {
                        <a href=href aria-current=(name == current).then_some("page")>
                            {name}
                            {number.filter(|n| *n > 0).map(|n| view! { <span class="number">{n}</span> })}
                        </a>
                    }
                })
                .collect_view()}
        </nav>
    }
}

/// Says that there is nothing yet, and what to do about it.
#[component]
pub fn Empty(#[prop(into)] title: String, children: Children) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="title">{title}</p>
            <div>{children()}</div>
        </div>
    }
}

/// A sentence that must not be missed, within the page.
#[component]
pub fn Notice(tone: Tone, children: Children) -> impl IntoView {
    view! {
        <div class=format!("notice {}", tone.class())>
            <svg aria-hidden="true">
                <use href=tone.shape()></use>
            </svg>
            <div>{children()}</div>
        </div>
    }
}

/// Holds a table that may be wider than the screen, so that it scrolls by itself, with the keyboard too.
#[component]
pub fn Scroll(
    #[prop(into)] label: String,
    /// Whether it also scrolls downwards, for very long tables.
    #[prop(optional)]
    tall: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <div class=if tall { "scroll tall" } else { "scroll" } role="region" aria-label=format!("{label}, table") tabindex="0">
            {children()}
        </div>
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn headings_become_ids() {
        assert_eq!(
            super::slug("Availability, 26 Oct – 23 Nov"),
            "availability-26-oct-23-nov"
        );
    }
}
