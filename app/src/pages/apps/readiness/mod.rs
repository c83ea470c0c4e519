//! The readiness document of an app: what its people answer, and what reviewers say of it.

mod conversation;
mod question;
mod review;
mod withdrawal;

pub(in crate::pages) use conversation::ConversationPage;
pub(in crate::pages) use review::ReviewPage;

use leptos::prelude::*;
use rampart_domain::readiness::{Decision, State};

use super::{
    super::{PageTitle, param},
    head::Head,
};
use crate::{
    form::FormState,
    islands::Autosave,
    model::{ReadinessArea, ReadinessDecision, ReadinessStanding, ShownAnswer},
    request::{actor, services},
    ui::{
        Badge, Card, Notice, Time, TimeStyle, Tone,
        figure::{count, counted},
        form::Form,
        page,
    },
};
use question::{ANSWERS, QuestionItem, is_refused};
use withdrawal::{WithdrawalCard, WithdrawalNotice};

/// The document, to be answered by the partner's people and read by staff.
#[component]
pub(in crate::pages) fn ReadinessPage() -> impl IntoView {
    let key = param("key");
    page(async move { services().readiness(&actor(), &key).await }, show)
}

fn show(page: crate::model::ReadinessPage) -> impl IntoView {
    let crate::model::ReadinessPage {
        head,
        base,
        standing,
        areas,
        missing,
        decided,
        may_answer,
        may_submit,
        may_review,
        withdrawal,
        withdrawing,
    } = page;
    let state = standing.state;
    let withdrawn = base.clone();
    let cards = areas
        .into_iter()
        .map(|area| view! { <AreaCard area may_answer base=base.clone()/> })
        .collect_view();
    let is_open = may_answer || FormState::of(ANSWERS).is_refused();
    let cards = match is_open {
        true => view! {
            <Form id=ANSWERS action=format!("{base}/answers") class="stack" autocomplete="off">{cards}</Form>
            <Autosave form=ANSWERS.to_owned() page=base.clone()/>
        }
        .into_any(),
        false => cards.into_any(),
    };
    view! {
        <PageTitle text=format!("Readiness of {}", head.name)/>
        <Head head tab="Readiness"/>
        <div class="grid">
            <div class="stack">
                {withdrawal.map(|withdrawal| view! { <WithdrawalNotice withdrawal/> })}
                <StandingCard standing=standing.clone() decided may_answer/>
                {cards}
            </div>
            <aside class="stack" aria-label="Progress">
                <ProgressCard standing missing may_submit base=base.clone()/>
                {may_review
                    .then(|| {
                        let label = if state == State::Submitted { "Review the document" } else { "The last submission, as it was reviewed" };
                        view! {
                            <Card title="Review">
                                <div class="body"><p><a href=format!("{base}/review")>{label}</a></p></div>
                            </Card>
                        }
                    })}
                <WithdrawalCard withdrawing base=withdrawn/>
            </aside>
        </div>
    }
}

/// The state of a document as a badge.
#[component]
fn StateBadge(standing: ReadinessStanding) -> impl IntoView {
    let (tone, word) = match standing.state {
        State::Submitted => (Tone::Unknown, "With the reviewers"),
        State::ChangesRequested => (Tone::Warn, "Changes requested"),
        State::Approved if standing.expired => (Tone::Bad, "Expired"),
        State::Approved => (Tone::Good, "Approved"),
        State::Draft => (Tone::Unknown, "Draft"),
    };
    view! { <Badge tone word/> }
}

/// Where the document stands, in one sentence.
#[component]
fn StandingCard(standing: ReadinessStanding, decided: Option<ReadinessDecision>, may_answer: bool) -> impl IntoView {
    let sentence = match (standing.state, standing.approved, standing.submitted_at) {
        (State::Submitted, _, Some(at)) => view! {
            "Submitted "<Time at/>". A reviewer reads it now, and nobody changes it until they have decided."
        }
        .into_any(),
        (State::ChangesRequested, ..) => "A reviewer asks for changes. They stand beside the answers below.".into_any(),
        (State::Approved, Some((_, expires)), _) if standing.expired => view! {
            "The approval expired on "<Time at=expires style=TimeStyle::Date/>". Go through the answers and submit them again."
        }
        .into_any(),
        (State::Approved, Some((at, expires)), _) => view! {
            "Approved on "<Time at style=TimeStyle::Date/>"; it expires on "<strong><Time at=expires style=TimeStyle::Date/></strong>"."
        }
        .into_any(),
        _ => "The partner's people answer the questions below, and an owner submits the document for review.".into_any(),
    };
    // An approval goes on to hold while the next document is written.
    let still = standing
        .approved
        .filter(|_| standing.state != State::Approved && !standing.expired);
    let badge = standing.clone();
    view! {
        <Card title="Readiness document" aside=move || view! { <StateBadge standing=badge.clone()/> }>
            <div class="body stack tight">
                <p class="sentence">{sentence}</p>
                {still
                    .map(|(_, expires)| {
                        view! { <p>"The last approval holds until "<Time at=expires style=TimeStyle::Date/>"."</p> }
                    })}
                {may_answer
                    .then(|| {
                        view! { <p class="quiet">"Several people may answer at once. Each saves what they changed."</p> }
                    })}
                {decided.map(|decided| view! { <DecisionNotice decided/> })}
            </div>
        </Card>
    }
}

/// What was decided, by whom and why.
#[component]
fn DecisionNotice(decided: ReadinessDecision) -> impl IntoView {
    let ReadinessDecision {
        decision,
        reason,
        by,
        at,
        sha256,
    } = decided;
    let (tone, word) = match decision {
        Decision::Approved => (Tone::Good, "Approved"),
        Decision::ChangesRequested => (Tone::Warn, "Changes requested"),
    };
    view! {
        <Notice tone>
            <p><strong>{word}</strong>" by "{by}", "<Time at/></p>
            <p class="preserved">{reason}</p>
            <p class="quiet">"SHA-256 of what was decided on: "<span class="code digest">{sha256}</span></p>
        </Notice>
    }
}

/// How far it is, what is missing, and the button of whoever submits.
#[component]
fn ProgressCard(
    standing: ReadinessStanding,
    missing: Vec<(String, String)>,
    may_submit: bool,
    base: String,
) -> impl IntoView {
    let ReadinessStanding {
        state,
        answered,
        required,
        ..
    } = standing;
    let is_complete = missing.is_empty();
    let items = missing
        .into_iter()
        .map(|(key, text)| view! { <li><a href=format!("#q-{key}")>{text}</a></li> });
    let next = match (state, is_complete, may_submit) {
        (State::Submitted, ..) => None,
        (_, true, true) => Some(
            view! {
                <button class="btn primary" form=ANSWERS formaction=format!("{base}/submit")>"Submit for review"</button>
            }
                .into_any(),
        ),
        (_, true, false) => Some(view! { <p>"Every required question is answered. An owner of the partner submits the document."</p> }.into_any()),
        (_, false, true) => Some(view! { <p class="quiet">"You can submit the document once nothing is missing."</p> }.into_any()),
        (_, false, false) => None,
    };
    view! {
        <Card title="Progress" aside=move || format!("{} of {}", count(answered), count(required))>
            <div class="body stack tight" data-live="progress">
                <progress class="meter" max=required.max(1) value=answered aria-label="Required questions that are answered"></progress>
                {(!is_complete)
                    .then(|| {
                        view! {
                            <p>{format!("Missing: {}", counted(required.saturating_sub(answered), "answer", "answers"))}</p>
                            <ul class="missing">{items.collect_view()}</ul>
                        }
                    })}
                {next}
            </div>
        </Card>
    }
}

/// The questions of one area.
#[component]
fn AreaCard(area: ReadinessArea, may_answer: bool, base: String) -> impl IntoView {
    let ReadinessArea { title, why, questions } = area;
    let (asked, answered) = questions
        .iter()
        .filter(|q| q.asked)
        .fold((0, 0), |(asked, answered), q| {
            (asked + 1, answered + u32::from(q.shown != ShownAnswer::Nothing))
        });
    let aside = format!("{answered} of {asked} answered");
    let list = title.clone();
    let items = questions
        .into_iter()
        .filter(|question| question.asked || is_refused(&question.key))
        .map(move |question| view! { <QuestionItem question may_answer base=base.clone()/> });
    view! {
        <Card title=title aside=move || aside.clone()>
            <p class="body quiet">{why}</p>
            <ol class="questions" data-area=list>{items.collect_view()}</ol>
        </Card>
    }
}

/// An answer to be read.
#[component]
fn Answer(shown: ShownAnswer) -> impl IntoView {
    match shown {
        ShownAnswer::Nothing => view! { <p class="quiet">"Not answered"</p> }.into_any(),
        ShownAnswer::Prose(html) => view! { <div class="prose" inner_html=html></div> }.into_any(),
        ShownAnswer::Words(words) => view! { <p>{words}</p> }.into_any(),
        ShownAnswer::Link(link) => {
            let href = link.clone();
            view! { <p><a href=href rel="nofollow noopener noreferrer">{link}</a></p> }.into_any()
        }
    }
}
