//! A conversation: what was said, by whom and when, and the form to answer.

use leptos::prelude::*;

use super::{
    Card, Time, TimeStyle,
    figure::counted,
    form::{Form, Submit, TextArea},
};
use crate::{
    form::FormState,
    model::{Comment, EarlierVersion, Thread},
    request::viewer,
};

const HELP: &str = "You can use Markdown: **bold**, lists, `code`, > quotes and [links](https://…). Everybody who may see this page reads it.";

/// A thread with its forms, which post below the thread's `base`.
#[component]
pub fn ThreadCard(
    thread: Thread,
    #[prop(default = "Thread")] title: &'static str,
    /// What stands where nothing was said yet.
    empty: &'static str,
) -> impl IntoView {
    let Thread {
        base,
        comments,
        may_write,
        is_full,
    } = thread;
    let total = comments.len() as u64;
    let action = format!("{base}/comment");
    view! {
        <Card title=title aside=move || counted(total, "comment", "comments")>
            {if total == 0 {
                view! { <p class="body quiet">{empty}</p> }.into_any()
            } else {
                let base = base.clone();
                let comments = comments.into_iter().map(move |comment| view! { <CommentItem comment base=base.clone()/> });
                view! { <ol class="thread">{comments.collect_view()}</ol> }.into_any()
            }}
            {match (may_write, is_full) {
                (true, false) => {
                    view! {
                        <div class="body ruled">
                            <Form id="new-comment" action>
                                <TextArea name="text" label="Your comment" help=HELP rows=4/>
                                <Submit label="Add the comment"/>
                            </Form>
                        </div>
                    }
                    .into_any()
                }
                (true, true) => view! { <p class="body ruled quiet">"This thread is full: no further comment fits."</p> }.into_any(),
                (false, _) => ().into_any(),
            }}
        </Card>
    }
}

#[component]
fn CommentItem(comment: Comment, base: String) -> impl IntoView {
    let Comment {
        id,
        author,
        by_staff,
        at,
        edited,
        html,
        version,
        source,
        earlier,
    } = comment;
    let anchor = format!("comment-{id}");
    let whose = if by_staff {
        viewer().platform.name
    } else {
        "Partner".to_owned()
    };
    view! {
        <li id=anchor.clone()>
            <p class="byline">
                <strong>{author.clone()}</strong>
                <span class="tag">{whose}</span>
                <a href=format!("#{anchor}")><Time at style=TimeStyle::Short/></a>
                {edited.map(|at| view! { <span>"edited "<Time at style=TimeStyle::Short/></span> })}
            </p>
            <div class="prose" inner_html=html></div>
            {(!earlier.is_empty()).then(|| view! { <Earlier earlier/> })}
            {source.map(|text| view! { <Edit id base version text/> })}
        </li>
    }
}

/// What a comment said before.
#[component]
fn Earlier(earlier: Vec<EarlierVersion>) -> impl IntoView {
    let total = earlier.len() as u64;
    let versions = earlier.into_iter().map(|version| {
        view! {
            <li>
                <p class="byline">"Written "<Time at=version.at style=TimeStyle::Short/></p>
                <div class="prose" inner_html=version.html></div>
            </li>
        }
    });
    view! {
        <details class="earlier">
            <summary>{format!("What it said before ({})", counted(total, "version", "versions"))}</summary>
            <ol class="thread">{versions.collect_view()}</ol>
        </details>
    }
}

/// The author's form to write a comment anew.
#[component]
fn Edit(id: String, base: String, version: i64, text: String) -> impl IntoView {
    let form = format!("edit-comment-{id}");
    let open = FormState::of(&form).is_refused();
    let action = format!("{base}/comments/{id}/edit");
    view! {
        <details class="earlier" open=open>
            <summary>"Edit"</summary>
            <Form id=form action version>
                <TextArea
                    name="text"
                    label="Your comment"
                    value=text
                    help="What it said before stays readable below it."
                    rows=4
                />
                <Submit label="Save the comment"/>
            </Form>
        </details>
    }
}
