//! One question with its answer, and the form to answer it.

use leptos::prelude::*;
use rampart_domain::readiness::{Day, Kind, Typed, Unit};

use super::Answer;
use crate::{
    form::FormState,
    model::{ReadinessNote, ReadinessQuestion},
    ui::{
        Time, TimeStyle, capitalized,
        form::{Choices, Form, Select, Submit, TextArea, TextField},
    },
};

const MARKDOWN: &str = "You can use Markdown.";

#[component]
pub(super) fn QuestionItem(question: ReadinessQuestion, base: String, may_answer: bool) -> impl IntoView {
    let form = format!("answer-{}", question.key);
    // What was typed is shown even where the answers are closed by now: it is saved nowhere else.
    let is_open = may_answer || FormState::of(&form).is_refused();
    let anchor = format!("q-{}", question.key);
    let request = question.request.clone().map(|note| view! { <Request note/> });
    let saved = question.saved.clone().map(|(by, at)| {
        view! { <p class="byline" data-saved="">"Saved by "{by}", "<Time at style=TimeStyle::Short/></p> }
    });
    let content = match is_open {
        true => view! { <AnswerForm question form base/> }.into_any(),
        false => view! {
            <h3>{question.text}</h3>
            <Answer shown=question.shown/>
        }
        .into_any(),
    };
    view! {
        <li id=anchor class="question-item">
            {request}
            {content}
            {saved}
        </li>
    }
}

/// The change that a reviewer asked for.
#[component]
fn Request(note: ReadinessNote) -> impl IntoView {
    let ReadinessNote { html, by, at } = note;
    view! {
        <div class="request">
            <p class="byline"><strong>"Change requested"</strong>" by "{by}", "<Time at style=TimeStyle::Short/></p>
            <div class="prose" inner_html=html></div>
        </div>
    }
}

#[component]
fn AnswerForm(question: ReadinessQuestion, form: String, base: String) -> impl IntoView {
    let ReadinessQuestion {
        key,
        text,
        help,
        required,
        kind,
        version,
        typed,
        saved,
        shown,
        ..
    } = question;
    let action = format!("{base}/answers/{key}");
    let is_conflict = FormState::of(&form).error("version").is_some();
    let theirs = (is_conflict && version > 0).then(|| {
        let text = match &kind {
            // The words themselves, so that they can be taken over.
            Kind::Text if !typed.value.is_empty() => {
                view! { <p class="preserved">{typed.value.clone()}</p> }.into_any()
            }
            _ => view! { <Answer shown/> }.into_any(),
        };
        let who = saved.map(|(by, at)| view! { " by "{by}", "<Time at style=TimeStyle::Short/> });
        view! {
            <div class="theirs">
                <p class="byline"><strong>"Saved meanwhile"</strong>{who}</p>
                {text}
            </div>
        }
    });
    view! {
        <Form id=form action version class="form answer">
            <Fields text help required kind typed/>
            {theirs}
            <Submit label="Save" look=""/>
        </Form>
    }
}

/// The fields of an answer, by the kind of question.
#[component]
fn Fields(text: String, help: String, required: bool, kind: Kind, typed: Typed) -> impl IntoView {
    match kind {
        Kind::Text => {
            let help = [help.as_str(), MARKDOWN].join(" ");
            view! { <TextArea name="value" label=text value=typed.value help=help.trim().to_owned() required rows=4 own=true/> }.into_any()
        }
        Kind::Choice { options } => {
            let options = options.into_iter().map(|option| {
                let chosen = option.key == typed.value;
                (option.key, option.label, chosen)
            });
            view! { <Choices name="value" legend=text options=options.collect() help/> }.into_any()
        }
        Kind::Number { unit, .. } => {
            let help = format!("{help} In {unit}.");
            view! { <TextField name="value" label=text value=typed.value help=help.trim().to_owned() required own=true/> }.into_any()
        }
        Kind::Duration => {
            let units = Unit::ALL
                .iter()
                .map(|unit| (unit.to_string(), capitalized(unit.as_str())));
            let unit = if typed.unit.is_empty() {
                Unit::Hours.to_string()
            } else {
                typed.unit
            };
            view! {
                <div class="duration">
                    <TextField name="value" label=text value=typed.value help required own=true/>
                    <Select name="unit" label="Unit" value=unit options=units.collect()/>
                </div>
            }
            .into_any()
        }
        Kind::Hours => view! { <HoursFields text help required typed/> }.into_any(),
        Kind::Date => {
            view! { <TextField name="value" label=text kind="date" value=typed.value help required own=true/> }
                .into_any()
        }
        Kind::Link => {
            view! { <TextField name="value" label=text kind="url" value=typed.value help required code=true own=true/> }
                .into_any()
        }
    }
}

#[component]
fn HoursFields(text: String, help: String, required: bool, typed: Typed) -> impl IntoView {
    let days = Day::ALL.iter().map(|day| {
        let key = day.to_string();
        let chosen = typed.days.contains(&key);
        (key, day.label().to_owned(), chosen)
    });
    view! {
        <Choices name="days" legend=text options=days.collect() several=true help/>
        <div class="numbers">
            <TextField name="from" label="From" kind="time" value=typed.from required own=true/>
            <TextField name="to" label="To" kind="time" value=typed.to required own=true/>
            <TextField name="zone" label="Time zone" value=typed.zone required own=true/>
        </div>
        <p class="help">"From a time to the same time means around the clock. The time zone is one of the names of the IANA, for example Europe/Berlin or UTC."</p>
    }
}
