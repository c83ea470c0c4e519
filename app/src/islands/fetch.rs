//! Pages that islands ask the server for, to take over parts of them.

use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, DomParser, Response, SupportedType};

/// The page at `address` as it is now; nothing when the session has ended and the answer is another page.
pub(super) async fn fetch(address: &str) -> Result<Option<Document>, JsValue> {
    let response: Response = JsFuture::from(window().fetch_with_str(address)).await?.dyn_into()?;
    if !response.ok() || response.redirected() {
        return Ok(None);
    }
    let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
    parse(&text).map(Some)
}

pub(super) fn parse(page: &str) -> Result<Document, JsValue> {
    DomParser::new()?.parse_from_string(page, SupportedType::TextHtml)
}
