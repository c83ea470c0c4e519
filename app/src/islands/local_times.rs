//! Gives every time on the page a tooltip in the reader's own zone. What is written stays UTC, so nothing moves.

use leptos::prelude::*;

/// Stands once in the layout, behind everything else: once it has run, every island of the page has, and the document
/// says so by `data-hydrated`.
#[island]
pub fn LocalTimes() -> impl IntoView {
    Effect::new(|| {
        #[cfg(feature = "hydrate")]
        if let Some(root) = document().document_element() {
            localise(&root);
            let _ = root.set_attribute("data-hydrated", "");
        }
    });
    view! { <span hidden></span> }
}

/// Sets the tooltips of all times below `root`.
#[cfg(feature = "hydrate")]
pub(super) fn localise(root: &web_sys::Element) {
    use js_sys::{Date, Object, Reflect};
    use wasm_bindgen::{JsCast, JsValue};

    // Readers in UTC have nothing to gain.
    if Date::new_0().get_timezone_offset() == 0.0 {
        return;
    }
    let options = Object::new();
    for (name, value) in [
        ("year", "numeric"),
        ("month", "short"),
        ("day", "numeric"),
        ("hour", "2-digit"),
        ("minute", "2-digit"),
        ("timeZoneName", "short"),
    ] {
        let _ = Reflect::set(&options, &name.into(), &value.into());
    }
    let Ok(times) = root.query_selector_all("time[datetime]") else {
        return;
    };
    for i in 0..times.length() {
        let Some(time) = times.item(i).and_then(|node| node.dyn_into::<web_sys::Element>().ok()) else {
            continue;
        };
        let Some(machine) = time.get_attribute("datetime") else {
            continue;
        };
        let local = Date::new(&JsValue::from(machine)).to_locale_string("default", &options);
        let _ = time.set_attribute("title", &String::from(local));
    }
}
