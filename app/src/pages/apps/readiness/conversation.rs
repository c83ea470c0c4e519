//! What the partner's people and the reviewers say to each other at one question.

use leptos::prelude::*;

use super::{
    super::super::{PageTitle, param},
    Answer, Head,
};
use crate::{
    model::{ReadinessQuestionPage, Talk},
    request::{actor, services},
    ui::{Badge, Card, ThreadCard, Time, TimeStyle, Tone, figure::counted, form::PostButton, link, page},
};

/// The conversation at a question, with its answer as it is saved now.
#[component]
pub(in crate::pages) fn ConversationPage() -> impl IntoView {
    let (key, question) = (param("key"), param("question"));
    page(
        async move { services().readiness_question(&actor(), &key, &question).await },
        show,
    )
}

fn show(page: ReadinessQuestionPage) -> impl IntoView {
    let ReadinessQuestionPage {
        head,
        base,
        key,
        text,
        help,
        shown,
        saved,
        thread,
        resolved,
        may_review,
    } = page;
    let saved =
        saved.map(|(by, at)| view! { <p class="byline">"Saved by "{by}", "<Time at style=TimeStyle::Short/></p> });
    let state = (!thread.comments.is_empty())
        .then(|| view! { <StateCard resolved base=thread.base.clone() may_write=thread.may_write/> });
    view! {
        <PageTitle text=format!("{text} · {}", head.name)/>
        <Head head tab="Readiness"/>
        <div class="grid">
            <div class="stack">
                <Card title=text>
                    <div class="body stack tight">
                        {(!help.is_empty()).then(|| view! { <p class="quiet">{help}</p> })}
                        <Answer shown/>
                        {saved}
                    </div>
                </Card>
                <ThreadCard
                    thread
                    title="Conversation"
                    empty="Nothing was said yet. The partner's people and the reviewers can ask each other here."
                />
            </div>
            <aside class="stack" aria-label="Conversation">
                {state}
                <Card title="The document">
                    <div class="body stack tight">
                        <p><a href=format!("{base}#q-{key}")>"This question in the document"</a></p>
                        {may_review.then(|| view! { <p><a href=format!("{base}/review#q-{key}")>"This question in the review"</a></p> })}
                    </div>
                </Card>
            </aside>
        </div>
    }
}

/// Whether it is settled, and the button to change that.
#[component]
fn StateCard(
    resolved: Option<(String, chrono::DateTime<chrono::Utc>)>,
    base: String,
    may_write: bool,
) -> impl IntoView {
    let is_resolved = resolved.is_some();
    let (tone, word) = match is_resolved {
        true => (Tone::Good, "Resolved"),
        false => (Tone::Unknown, "Open"),
    };
    let button = match is_resolved {
        true => view! { <PostButton id="reopen" action=format!("{base}/reopen") label="Open it again"/> }.into_any(),
        false => view! { <PostButton id="resolve" action=format!("{base}/resolve") label="Resolve"/> }.into_any(),
    };
    view! {
        <Card title="State" aside=move || view! { <Badge tone word/> }>
            <div class="body stack tight">
                {match resolved {
                    Some((by, at)) => {
                        view! { <p>"Resolved by "{by}", "<Time at style=TimeStyle::Short/>". A further comment opens it again."</p> }
                            .into_any()
                    }
                    None => view! { <p>"Resolve it once nothing is left to say. It stays readable."</p> }.into_any(),
                }}
                {may_write.then_some(button)}
            </div>
        </Card>
    }
}

/// The way from a question to its conversation.
#[component]
pub(super) fn TalkLink(
    talk: Talk,
    base: String,
    question: String,
    /// In a window of its own, so that what is typed on this page stays.
    #[prop(optional)]
    apart: bool,
) -> impl IntoView {
    let Talk { comments, resolved } = talk;
    let href = format!("{base}/questions/{}", link::encode(&question));
    let label = match (comments, resolved) {
        (0, _) => "Ask or comment".to_owned(),
        (comments, false) => format!("Conversation, open ({})", counted(comments, "comment", "comments")),
        (comments, true) => format!("Conversation, resolved ({})", counted(comments, "comment", "comments")),
    };
    match apart {
        true => view! { <p class="byline"><a href=href target="_blank" rel="noopener">{label}" (new window)"</a></p> }
            .into_any(),
        false => view! { <p class="byline"><a href=href>{label}</a></p> }.into_any(),
    }
}
