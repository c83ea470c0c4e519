//! Markdown of people, as HTML that can stand on anybody's page: parsed by one crate and cleaned by another, always both.
//!
//! Raw HTML is shown as it was typed, images become links, and links lead to http, https and mailto only.

use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use rampart_domain::thread::LONGEST_COMMENT;

/// Containers within each other are shown so many deep; what is deeper stands in the last of them.
const DEEPEST: usize = 16;

/// What a text may be made of. Nothing here has an attribute but links and the first number of a list.
const ELEMENTS: [&str; 22] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
    "sub",
    "sup",
    "s",
];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::empty();
    cleaner
        .add_tags(ELEMENTS)
        .add_tag_attributes("a", ["href"])
        .add_tag_attributes("ol", ["start"])
        .add_clean_content_tags(["script", "style"])
        .add_url_schemes(["http", "https", "mailto"])
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("nofollow noopener noreferrer"));
    cleaner
});

/// Markdown as safe HTML. A text longer than any that is accepted is shown as it is, without looking for Markdown in it.
pub fn render(text: &str) -> String {
    if text.chars().nth(LONGEST_COMMENT).is_some() {
        return format!("<pre>{}</pre>", ammonia::clean_text(text));
    }
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    let mut events = Plain::default();
    let parser = Parser::new_ext(text, options).filter_map(|event| events.plain(event));
    let mut page = String::with_capacity(text.len() * 2);
    html::push_html(&mut page, parser);
    CLEANER.clean(&page).to_string()
}

/// Makes of Markdown what a text on somebody else's page may have.
#[derive(Default)]
struct Plain {
    /// Of each element that is open: whether it is shown.
    open: Vec<bool>,
    /// How many links are open.
    links: usize,
}

impl Plain {
    fn plain<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        match event {
            Event::Start(tag) => {
                let tag = self.begin(tag);
                self.open.push(tag.is_some());
                tag.map(Event::Start)
            }
            Event::End(tag) => {
                let is_shown = self.open.pop().unwrap_or_default();
                let end = match tag {
                    TagEnd::Heading(_) => TagEnd::Paragraph,
                    TagEnd::Image => TagEnd::Link,
                    other => other,
                };
                if is_shown && end == TagEnd::Link {
                    self.links -= 1;
                }
                is_shown.then_some(Event::End(end))
            }
            // What looks like HTML is text like any other.
            Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
            // Whoever begins a line means a line.
            Event::SoftBreak => Some(Event::HardBreak),
            other => Some(other),
        }
    }

    /// What stands in place of an element; nothing where only its content is shown.
    fn begin<'a>(&mut self, tag: Tag<'a>) -> Option<Tag<'a>> {
        let is_link = matches!(tag, Tag::Link { .. } | Tag::Image { .. });
        if self.open.len() >= DEEPEST || matches!(tag, Tag::HtmlBlock) || (is_link && self.links > 0) {
            return None;
        }
        self.links += usize::from(is_link);
        Some(match tag {
            // The page around it has the headings.
            Tag::Heading { .. } => Tag::Paragraph,
            // A picture would be fetched from wherever it is, and tell who reads this and when.
            Tag::Image {
                link_type,
                dest_url,
                id,
                ..
            }
            | Tag::Link {
                link_type,
                dest_url,
                id,
                ..
            } => Tag::Link {
                link_type,
                dest_url,
                title: CowStr::Borrowed(""),
                id,
            },
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn markdown_becomes_html() {
        assert_eq!(
            render("# Plan\n\n- **one**\n- `two`\n\n> said\n\nfirst\nsecond ~~third~~"),
            "<p>Plan</p>\n<ul>\n<li><strong>one</strong></li>\n<li><code>two</code></li>\n</ul>\n\
             <blockquote>\n<p>said</p>\n</blockquote>\n<p>first<br>\nsecond <del>third</del></p>\n"
        );
        assert_eq!(
            render("| a | b |\n|---|--:|\n| 1 | 2 |"),
            "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td>1</td><td>2</td></tr>\n</tbody></table>\n"
        );
        assert_eq!(render("3. three"), "<ol start=\"3\">\n<li>three</li>\n</ol>\n");
        assert_eq!(
            render("```rust\nlet x = \"<b>\";\n```"),
            "<pre><code>let x = \"&lt;b&gt;\";\n</code></pre>\n"
        );
    }

    #[test]
    fn links_lead_to_the_web_and_to_mail_only() {
        assert_eq!(
            render("[a](https://example.com/?a=1&b=2 \"title\") <mailto:a@example.com>"),
            "<p><a href=\"https://example.com/?a=1&amp;b=2\" rel=\"nofollow noopener noreferrer\">a</a> \
             <a href=\"mailto:a@example.com\" rel=\"nofollow noopener noreferrer\">mailto:a@example.com</a></p>\n"
        );
        for evil in [
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java\tscript:alert(1))",
            "[x](&#106;avascript:alert(1))",
            "[x](<java&#10;script:alert(1)>)",
            "<javascript:alert(1)>",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](vbscript:x)",
            "[x](file:///etc/passwd)",
            "[x](//evil.example/x)",
            "[x](/sign-out)",
            "![x](javascript:alert(1))",
        ] {
            let html = render(evil);
            assert!(!html.contains("href"), "{evil}: {html}");
        }
    }

    #[test]
    fn html_is_text() {
        for evil in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<svg/onload=alert(1)>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<iframe src=\"https://evil.example\"></iframe>",
            "<style>body{display:none}</style>",
            "<!-- --><script>alert(1)</script>",
            "<div\n\n><script>alert(1)</script>",
            "`<script>alert(1)</script>`",
            "[<img src=x onerror=alert(1)>](https://example.com)",
            "![<script>](https://example.com \"\\\" onerror=\\\"alert(1)\")",
            "<math><mi//xlink:href=\"data:x,<script>alert(4)</script>\">",
            "<form action=/sign-out><button>x</button></form>",
        ] {
            let html = render(evil);
            for tag in [
                "<script", "<img", "<svg", "<iframe", "<style", "<math", "<form", "<button", "<div",
            ] {
                assert!(!html.contains(tag), "{evil}: {html}");
            }
            assert!(html.contains("&lt;"), "it is shown as it was typed: {html}");
        }
        assert_eq!(render("<b>x</b>"), "<p>&lt;b&gt;x&lt;/b&gt;</p>\n");
    }

    #[test]
    fn pictures_become_links() {
        assert_eq!(
            render("![A graph](https://example.com/graph.png)"),
            "<p><a href=\"https://example.com/graph.png\" rel=\"nofollow noopener noreferrer\">A graph</a></p>\n"
        );
        let nested = render("[![A](https://a.example/a.png) and ![B](https://b.example)](https://example.com)");
        assert_eq!(
            nested,
            "<p><a href=\"https://example.com\" rel=\"nofollow noopener noreferrer\">A and B</a></p>\n"
        );
    }

    #[test]
    fn deep_nesting_is_harmless() {
        let repeated = |text: &str| text.repeat(LONGEST_COMMENT / text.len());
        for text in [
            ">".repeat(10_000) + "x",
            "[".repeat(10_000) + "x",
            repeated("> "),
            repeated("- "),
            repeated("1. "),
            repeated("*a _b "),
            repeated("**a "),
            repeated("[a]("),
            repeated("![a]("),
            repeated("[a][b"),
            repeated("`"),
            repeated("` ``"),
            repeated("<"),
            repeated("<!--"),
            repeated("&"),
            repeated("|a"),
            repeated("a\n|-\n"),
            repeated("> a\n"),
            repeated("- a\n  "),
            repeated("[a]: b\n"),
        ] {
            let html = render(&text);
            assert!(html.len() < 40 * LONGEST_COMMENT, "{} made {}", &text[..20], html.len());
        }
        let quotes = render(&(">".repeat(10_000) + "x"));
        assert_eq!(quotes.matches("<blockquote>").count(), DEEPEST);
        assert!(quotes.contains('x'));
    }

    #[test]
    fn what_is_too_long_is_shown_as_it_is_and_at_once() {
        for text in ["[", ">", "*a_ ", "<b>", "é"] {
            let long = text.repeat(1_000_000 / text.len());
            let start = std::time::Instant::now();
            let html = render(&long);
            assert!(start.elapsed() < Duration::from_secs(5), "{text}");
            assert!(html.starts_with("<pre>") && !html.contains("<b>"), "{text}");
        }
    }
}
