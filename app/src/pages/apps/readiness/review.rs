//! What a reviewer says of each answer, and of the whole.

use leptos::{context::Provider, prelude::*};
use rampart_domain::readiness::{Decision, Verdict};

use super::{super::head::Head, Answer, DecisionNotice, conversation::TalkLink};
use crate::{
    form::FormState,
    model::{AnswerChange, DiffLine, DiffSign, ReadinessReviewPage, ReviewedAnswer, ReviewedArea, ReviewedSubmission},
    pages::{PageTitle, param},
    request::{actor, services},
    ui::{
        Badge, Card, Empty, Notice, Time, TimeStyle, Tone,
        figure::{count, counted},
        form::{Choices, CurrentForm, Form, Submit, TextArea},
        page,
    },
};

/// The form of the whole review, so that saving what is said of one answer saves all of it and nothing typed is lost.
const REVIEW: &str = "review";

/// The last submission, for whoever reviews it.
#[component]
pub(in crate::pages) fn ReviewPage() -> impl IntoView {
    let key = param("key");
    page(async move { services().readiness_review(&actor(), &key).await }, show)
}

fn show(page: ReadinessReviewPage) -> impl IntoView {
    let ReadinessReviewPage { head, base, submission } = page;
    view! {
        <PageTitle text=format!("Review of the readiness of {}", head.name)/>
        <Head head tab="Readiness"/>
        {match submission {
            None => view! {
                <div class="card">
                    <Empty title="Nothing was submitted yet">
                        <p>"Once an owner of the partner submits the readiness document, it is reviewed here."</p>
                        <p><a href=base>"The document, as far as it is written"</a></p>
                    </Empty>
                </div>
            }
            .into_any(),
            Some(submission) => view! { <Review submission base/> }.into_any(),
        }}
    }
}

#[component]
fn Review(submission: ReviewedSubmission, base: String) -> impl IntoView {
    // What was typed is shown even where the review is closed by now: it is saved nowhere else.
    let is_refused = FormState::of(REVIEW).is_refused();
    let is_open = is_refused || submission.decided.is_none() && !submission.own;
    let action = format!("{base}/review/{}/answers", submission.number);
    let areas = submission.areas.clone().into_iter();
    let of_cards = base.clone();
    let cards = areas.map(move |area| view! { <AreaCard area is_open base=of_cards.clone()/> });
    let content = move || {
        view! {
            <div class="grid">
                <div class="stack">
                    <SubmissionCard submission=submission.clone() base=base.clone()/>
                    {cards.collect_view()}
                </div>
                <aside class="stack" aria-label="Decision">
                    <DecisionCard submission base is_open/>
                </aside>
            </div>
        }
    };
    match is_open {
        true => view! { <Form id=REVIEW action class="stack" autocomplete="off">{content()}</Form> }.into_any(),
        false => content().into_any(),
    }
}

/// What was refused of the review of the answer to this question; the others are shown as they are saved.
fn refused(question: &str) -> FormState {
    let state = FormState::of(REVIEW);
    let note = format!("{question}-note");
    match state.values.iter().any(|(name, _)| *name == note) {
        true => state,
        false => FormState::default(),
    }
}

#[component]
fn SubmissionCard(submission: ReviewedSubmission, base: String) -> impl IntoView {
    let ReviewedSubmission {
        number,
        by,
        at,
        sha256,
        decided,
        own,
        ..
    } = submission;
    let is_waiting = decided.is_none();
    view! {
        <Card title=format!("Submission {number}") aside=move || view! { <a href=base.clone()>"The document"</a> }>
            <div class="body stack tight">
                <p class="sentence">"Submitted by "{by}", "<Time at/>"."</p>
                <p class="quiet">"SHA-256: "<span class="code digest">{sha256}</span></p>
                {decided.map(|decided| view! { <DecisionNotice decided/> })}
                {(own && is_waiting)
                    .then(|| {
                        view! {
                            <Notice tone=Tone::Warn>
                                <p>"You answered a question of this document or submitted it. Somebody else reviews it."</p>
                            </Notice>
                        }
                    })}
            </div>
        </Card>
    }
}

#[component]
fn AreaCard(area: ReviewedArea, is_open: bool, base: String) -> impl IntoView {
    let ReviewedArea { title, why, answers } = area;
    let items = answers
        .into_iter()
        .map(move |answer| view! { <AnswerItem answer is_open base=base.clone()/> });
    view! {
        <Card title=title>
            <p class="body quiet">{why}</p>
            <ol class="questions">{items.collect_view()}</ol>
        </Card>
    }
}

#[component]
fn AnswerItem(answer: ReviewedAnswer, is_open: bool, base: String) -> impl IntoView {
    let ReviewedAnswer {
        key,
        text,
        shown,
        since_previous,
        since_signed,
        verdict,
        said,
        note,
        fingerprint,
        note_html,
        talk,
    } = answer;
    let talk = view! { <TalkLink talk base question=key.clone() apart=is_open/> };
    let badge = verdict.map(|verdict| match verdict {
        Verdict::Accepted => view! { <Badge tone=Tone::Good word="Accepted"/> },
        Verdict::ChangeRequested => view! { <Badge tone=Tone::Warn word="Change requested"/> },
    });
    let said = said.map(|(by, at)| view! { <span>"by "{by}", "<Time at style=TimeStyle::Short/></span> });
    let form = CurrentForm {
        id: REVIEW.to_owned(),
        state: refused(&key),
    };
    let open = verdict.is_none() || form.state.is_refused();
    let question = key.clone();
    view! {
        <li id=format!("q-{key}") class="question-item">
            <h3>{text}</h3>
            <Answer shown/>
            {since_previous.map(|change| view! { <Changed change since="the previous submission"/> })}
            {since_signed.map(|change| view! { <Changed change since="the last sign-off"/> })}
            {badge.map(|badge| view! { <p class="byline">{badge}{said}</p> })}
            {(!note_html.is_empty()).then(|| view! { <div class="prose" inner_html=note_html></div> })}
            {talk}
            {is_open
                .then(|| {
                    view! {
                        <details class="confirm" open=open>
                            <summary class="btn small">"Review this answer"</summary>
                            <div class="question form">
                                <Provider value=form>
                                    <ReviewFields question verdict note fingerprint/>
                                </Provider>
                            </div>
                        </details>
                    }
                })}
        </li>
    }
}

/// What a reviewer says of an answer. The names of the fields begin with the key of its question.
#[component]
fn ReviewFields(question: String, verdict: Option<Verdict>, note: String, fingerprint: String) -> impl IntoView {
    let option = |of: Verdict, label: &str| (of.to_string(), label.to_owned(), verdict == Some(of));
    let options = vec![
        option(Verdict::Accepted, "Accept it"),
        option(Verdict::ChangeRequested, "Request a change"),
    ];
    view! {
        <input type="hidden" name=format!("{question}-shown") value=fingerprint/>
        <Choices name=format!("{question}-verdict") legend="This answer" options/>
        <TextArea
            name=format!("{question}-note")
            label="What should change"
            value=note
            required=false
            help="For a requested change. The partner's people read it once you have decided. You can use Markdown."
        />
        <Submit label="Save the review" look=""/>
    }
}

/// What changed in an answer, line by line.
#[component]
fn Changed(change: AnswerChange, since: &'static str) -> impl IntoView {
    let lines = match change {
        AnswerChange::Same => return view! { <p class="byline">{format!("Unchanged since {since}")}</p> }.into_any(),
        AnswerChange::New => {
            return view! { <p class="byline">{format!("New since {since}")}</p> }.into_any();
        }
        AnswerChange::Lines(lines) => lines,
    };
    let lines = lines.into_iter().map(|DiffLine { sign, text }| match sign {
        DiffSign::Same => view! { <span>{text}</span> }.into_any(),
        DiffSign::Added => view! { <ins>{text}</ins> }.into_any(),
        DiffSign::Removed => view! { <del>{text}</del> }.into_any(),
    });
    view! {
        <details class="earlier" open=true>
            <summary>{format!("What changed since {since}")}</summary>
            <div class="diff">{lines.collect_view()}</div>
        </details>
    }
    .into_any()
}

/// How far the review is, and the decision.
#[component]
fn DecisionCard(submission: ReviewedSubmission, base: String, is_open: bool) -> impl IntoView {
    let ReviewedSubmission {
        number,
        answers,
        accepted,
        unread,
        open_talks,
        ..
    } = submission;
    let options = [
        (Decision::Approved, "Approve the document for 12 months"),
        (Decision::ChangesRequested, "Request changes"),
    ];
    let options = options.map(|(decision, label)| (decision.to_string(), label.to_owned(), false));
    view! {
        <Card title="Decision" aside=move || format!("{} of {} accepted", count(accepted), count(answers))>
            <div class="body stack tight">
                <progress class="meter" max=answers.max(1) value=accepted aria-label="Answers that are accepted"></progress>
                {(open_talks > 0)
                    .then(|| {
                        let open = counted(open_talks, "conversation is", "conversations are");
                        view! { <p class="quiet">{format!("{open} not resolved.")}</p> }
                    })}
                {(is_open && unread > 0)
                    .then(|| {
                        view! {
                            <div class="submit">
                                <button class="btn" formaction=format!("{base}/review/{number}/accept-others")>
                                    "Accept all that are not reviewed"
                                </button>
                            </div>
                        }
                    })}
                {if is_open {
                    view! {
                        <Choices
                            name="decision"
                            legend="The whole document"
                            options=options.to_vec()
                            help="Approving needs every answer accepted; requesting changes, one change at least."
                        />
                        <TextArea name="reason" label="Reason" help="The partner reads it."/>
                        <div class="submit">
                            <button class="btn primary" formaction=format!("{base}/review/{number}/decide")>"Decide"</button>
                        </div>
                    }
                    .into_any()
                } else {
                    view! { <p class="quiet">"There is nothing for you to decide."</p> }.into_any()
                }}
            </div>
        </Card>
    }
}
