//! One question with its answer, and the form to answer it.

use chrono::{DateTime, Utc};
use leptos::{context::Provider, prelude::*};
use rampart_domain::readiness::{Day, Kind, Typed, Unit};

use super::{Answer, conversation::TalkLink};
use crate::{
    form::FormState,
    model::{ReadinessNote, ReadinessQuestion, ShownAnswer},
    ui::{
        Time, TimeStyle, capitalized,
        form::{Choices, CurrentForm, Select, Submit, TextArea, TextField},
    },
};

const MARKDOWN: &str = "You can use Markdown.";

/// The form of all answers. The names of the fields of a question begin with its key, and it is told from them which answers
/// were changed, so that saving one saves all and nothing typed is lost.
pub(super) const ANSWERS: &str = "answers";

#[component]
pub(super) fn QuestionItem(question: ReadinessQuestion, may_answer: bool, base: String) -> impl IntoView {
    let talk = view! { <TalkLink talk=question.talk.clone() base question=question.key.clone()/> };
    let key = question.key.clone();
    let form = CurrentForm {
        id: ANSWERS.to_owned(),
        state: refused(&key),
    };
    // What was typed is shown even where the answers are closed by now: it is saved nowhere else.
    let is_open = may_answer || form.state.is_refused();
    let unasked = (!question.asked).then(|| view! { <p class="quiet">"This question is not asked at present."</p> });
    let request = question.request.clone().map(|note| view! { <Request note/> });
    let saved = question.saved.clone().map(|(by, at)| {
        view! { <p class="byline">"Saved by "{by}", "<Time at style=TimeStyle::Short/></p> }
    });
    let content = match is_open {
        true => view! {
            <Provider value=form>
                <AnswerFields question/>
            </Provider>
        }
        .into_any(),
        false => view! {
            <h3>{question.text}</h3>
            <Answer shown=question.shown/>
        }
        .into_any(),
    };
    view! {
        <li id=format!("q-{key}") class="question-item" data-question=key>
            {unasked}
            {request}
            {content}
            <div data-saved="">{saved}</div>
            {talk}
        </li>
    }
}

/// What was refused of the answer to this question; of the others there is nothing to say, they are shown as they are saved.
fn refused(question: &str) -> FormState {
    let state = FormState::of(ANSWERS);
    let version = name(question, "version");
    match state.values.iter().any(|(name, _)| *name == version) {
        true => state,
        false => FormState::default(),
    }
}

/// Whether an answer to this question comes back because it was refused.
pub(super) fn is_refused(question: &str) -> bool {
    refused(question).is_refused()
}

fn name(question: &str, field: &str) -> String {
    format!("{question}-{field}")
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
fn AnswerFields(question: ReadinessQuestion) -> impl IntoView {
    let ReadinessQuestion {
        key,
        text,
        help,
        required,
        kind,
        version,
        mut typed,
        saved,
        shown,
        ..
    } = question;
    let form = CurrentForm::get();
    if kind == Kind::Duration && typed.unit.is_empty() {
        typed.unit = Unit::Hours.to_string();
    }
    let of_version = name(&key, "version");
    let conflict = form.state.error(&of_version);
    let base = form.state.value(&of_version, &version.to_string());
    let submit = match conflict {
        None => view! { <Submit label="Save" look=""/> }.into_any(),
        // Any other button saves this one again on its old version, so that only this replaces what was saved meanwhile.
        Some(message) => view! {
            <Theirs id=form.field_id(&of_version) message typed=typed.clone() kind=kind.clone() saved shown/>
            <input type="hidden" name=name(&key, "theirs") value=version/>
            <div class="submit">
                <button class="btn" name="over" value=key.clone()>"Save mine instead"</button>
            </div>
        }
        .into_any(),
    };
    view! {
        <div class="form answer">
            <input type="hidden" name=of_version value=base/>
            <input type="hidden" name=name(&key, "shown") value=typed.fingerprint()/>
            <Fields key text help required kind typed/>
            {submit}
            <p class="byline" data-state="" aria-live="polite"></p>
        </div>
    }
}

/// What somebody else saved, beside what was typed.
#[component]
fn Theirs(
    id: String,
    message: String,
    typed: Typed,
    kind: Kind,
    saved: Option<(String, DateTime<Utc>)>,
    shown: ShownAnswer,
) -> impl IntoView {
    let text = match kind {
        // The words themselves, so that they can be taken over.
        Kind::Text if !typed.value.is_empty() => view! { <p class="preserved">{typed.value}</p> }.into_any(),
        _ => view! { <Answer shown/> }.into_any(),
    };
    let who = saved.map(|(by, at)| view! { " by "{by}", "<Time at style=TimeStyle::Short/> });
    view! {
        <div class="theirs" id=id tabindex="-1">
            <p class="byline"><strong>"Saved meanwhile"</strong>{who}</p>
            {text}
            <p class="help">{message}</p>
        </div>
    }
}

/// The fields of an answer, by the kind of question.
#[component]
fn Fields(key: String, text: String, help: String, required: bool, kind: Kind, typed: Typed) -> impl IntoView {
    match kind {
        Kind::Text => {
            let help = [help.as_str(), MARKDOWN].join(" ");
            view! { <TextArea name=name(&key, "value") label=text value=typed.value help=help.trim().to_owned() required rows=4 own=true/> }.into_any()
        }
        Kind::Choice { options } => {
            let options = options.into_iter().map(|option| {
                let chosen = option.key == typed.value;
                (option.key, option.label, chosen)
            });
            view! { <Choices name=name(&key, "value") legend=text options=options.collect() help/> }.into_any()
        }
        Kind::Number { unit, .. } => {
            let help = format!("{help} In {unit}.");
            view! { <TextField name=name(&key, "value") label=text value=typed.value help=help.trim().to_owned() required own=true/> }.into_any()
        }
        Kind::Duration => {
            let units = Unit::ALL
                .iter()
                .map(|unit| (unit.to_string(), capitalized(unit.as_str())));
            view! {
                <div class="duration">
                    <TextField name=name(&key, "value") label=text value=typed.value help required own=true/>
                    <Select name=name(&key, "unit") label="Unit" value=typed.unit options=units.collect()/>
                </div>
            }
            .into_any()
        }
        Kind::Hours => view! { <HoursFields key text help required typed/> }.into_any(),
        Kind::Date => {
            view! { <TextField name=name(&key, "value") label=text kind="date" value=typed.value help required own=true/> }
                .into_any()
        }
        Kind::Link => {
            view! { <TextField name=name(&key, "value") label=text kind="url" value=typed.value help required code=true own=true/> }
                .into_any()
        }
    }
}

#[component]
fn HoursFields(key: String, text: String, help: String, required: bool, typed: Typed) -> impl IntoView {
    let days = Day::ALL.iter().map(|day| {
        let key = day.to_string();
        let chosen = typed.days.contains(&key);
        (key, day.label().to_owned(), chosen)
    });
    view! {
        <Choices name=name(&key, "days") legend=text options=days.collect() several=true help/>
        <div class="numbers">
            <TextField name=name(&key, "from") label="From" kind="time" value=typed.from required own=true/>
            <TextField name=name(&key, "to") label="To" kind="time" value=typed.to required own=true/>
            <TextField name=name(&key, "zone") label="Time zone" value=typed.zone required own=true/>
        </div>
        <p class="help">"From a time to the same time means around the clock. The time zone is one of the names of the IANA, for example Europe/Berlin or UTC."</p>
    }
}
