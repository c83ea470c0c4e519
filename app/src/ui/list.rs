//! What long lists need: pages, and fields that narrow them down.

use leptos::prelude::*;

/// Links to the neighbouring pages of a list; nothing when there is one page only.
#[component]
pub fn Pager(
    page: u32,
    pages: u32,
    /// The address of a page.
    href: Box<dyn Fn(u32) -> String + Send + Sync>,
) -> impl IntoView {
    (pages > 1).then(|| {
        let newer = (page > 1).then(|| href(page - 1));
        let older = (page < pages).then(|| href(page + 1));
        view! {
            <nav class="pager" aria-label="Pages">
                {newer.map(|href| view! { <a class="btn" rel="prev" href=href>"Previous"</a> })}
                <span>{format!("Page {page} of {pages}")}</span>
                {older.map(|href| view! { <a class="btn" rel="next" href=href>"Next"</a> })}
            </nav>
        }
    })
}

/// A field of a form that only narrows a list down (`method="get"`); nothing can be wrong with it.
#[component]
pub fn GetField(
    name: &'static str,
    label: &'static str,
    #[prop(into)] value: String,
    /// "search", "date" or "text".
    #[prop(default = "text")]
    kind: &'static str,
    #[prop(optional)] placeholder: Option<&'static str>,
) -> impl IntoView {
    let id = format!("filter-{name}");
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input id=id name=name type=kind value=value placeholder=placeholder autocomplete="off"/>
        </div>
    }
}
