//! Reading pages as a person would: their main part, without what changes from run to run.

/// What stands in `<main>`, without Leptos's markers.
pub fn main(page: &str) -> String {
    let start = page
        .find("<main")
        .unwrap_or_else(|| panic!("the page has no main part: {page}"));
    let end = page.find("</main>").unwrap_or(page.len());
    page[start..end].replace("<!>", "")
}

/// The text of a piece of HTML, with single spaces.
pub fn text(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                text.push(' ');
            }
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
