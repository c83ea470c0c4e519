//! State as shape, word and colour, never as colour alone.

use leptos::prelude::*;
use rampart_domain::escalation::State;

use super::{figure::amount, link};
use crate::model::{AppState, Budget, MailState, Standing};

/// How bad something is. Each has a shape of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A tick.
    Good,
    /// A triangle.
    Warn,
    /// A square.
    Bad,
    /// A broken ring.
    Unknown,
}

impl Tone {
    /// The class that gives the colours.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }

    /// The shape in the sprite of the layout.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Good => "#shape-good",
            Self::Warn => "#shape-warn",
            Self::Bad => "#shape-bad",
            Self::Unknown => "#shape-unknown",
        }
    }
}

impl AppState {
    /// The one name of the state, and how bad it is.
    pub fn word(self) -> (Tone, &'static str) {
        match self {
            Self::Good => (Tone::Good, "On target"),
            Self::NotMeasured => (Tone::Unknown, "Not measured"),
            Self::Unknown => (Tone::Unknown, "No data"),
            Self::BelowTarget => (Tone::Warn, "Below target"),
            Self::Breach => (Tone::Bad, "Breach open"),
            Self::Archived => (Tone::Unknown, "Archived"),
        }
    }
}

impl Budget {
    /// Whether so little was counted yet that not even one event may fail; a share of that would say nothing.
    pub fn is_young(&self) -> bool {
        self.left >= 0.0 && self.allowed < 1.0
    }

    /// What is left in words ("8 of 40 min left"), and how bad that is.
    pub fn words(&self) -> (Tone, String) {
        let unit = if self.in_minutes { "min" } else { "failures" };
        let Some(share) = self.share else {
            return (Tone::Unknown, "nothing counted".to_owned());
        };
        if self.left < 0.0 {
            return (Tone::Bad, format!("{}\u{202f}{unit} over", amount(self.left)));
        }
        if self.is_young() {
            let unit = if self.in_minutes { "min" } else { "failure" };
            return (Tone::Unknown, format!("less than 1\u{202f}{unit} allowed so far"));
        }
        let tone = if share < 0.25 { Tone::Warn } else { Tone::Good };
        (
            tone,
            format!("{} of {}\u{202f}{unit} left", amount(self.left), amount(self.allowed)),
        )
    }
}

/// A state: shape, word, colour.
#[component]
pub fn Badge(tone: Tone, #[prop(into)] word: String) -> impl IntoView {
    view! {
        <span class=format!("state {}", tone.class())>
            <svg aria-hidden="true">
                <use href=tone.shape()></use>
            </svg>
            {word}
        </span>
    }
}

/// How an app is doing.
#[component]
pub fn AppBadge(state: AppState) -> impl IntoView {
    let (tone, word) = state.word();
    view! { <Badge tone word/> }
}

/// How bad it is to stand there on the ladder.
pub fn escalation_tone(state: State) -> Tone {
    match state {
        State::None => Tone::Unknown,
        State::GoodStanding => Tone::Good,
        State::Notified | State::Remediation => Tone::Warn,
        State::DemotionProposed | State::Demoted => Tone::Bad,
    }
}

/// Where an app stands on the ladder.
#[component]
pub fn EscalationBadge(state: State) -> impl IntoView {
    view! { <Badge tone=escalation_tone(state) word=capitalized(state.label())/> }
}

/// Where an app stands on the ladder, with the way there; nothing in good standing and without the designation.
#[component]
pub fn OffStandingBadge(app: String, state: Option<State>) -> impl IntoView {
    let state = state.filter(|state| !matches!(state, State::None | State::GoodStanding));
    state.map(|state| {
        view! {
            <a class="badge-link" href=link::app(&app, "/escalation")>
                <EscalationBadge state/>
            </a>
        }
    })
}

/// A label at the beginning of a line.
pub fn capitalized(label: &str) -> String {
    let mut letters = label.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Whether a breach counts.
#[component]
pub fn StandingBadge(standing: Standing) -> impl IntoView {
    let (tone, word) = match standing {
        Standing::Blip => (Tone::Unknown, "blip"),
        Standing::Counts => (Tone::Bad, "counts"),
        Standing::Excused => (Tone::Unknown, "excused"),
    };
    view! { <Badge tone word/> }
}

/// Where a mail is on its way.
#[component]
pub fn MailBadge(state: MailState) -> impl IntoView {
    let (tone, word) = match state {
        MailState::Queued => (Tone::Unknown, "Waiting"),
        MailState::Retrying => (Tone::Warn, "Retrying"),
        MailState::Sent => (Tone::Good, "Sent"),
        MailState::Failed => (Tone::Bad, "Failed"),
    };
    view! { <Badge tone word/> }
}

/// What is left of an error budget, in words and as a bar. An overspent budget fills the whole bar in its colour.
#[component]
pub fn BudgetBar(budget: Budget) -> impl IntoView {
    let (tone, word) = budget.words();
    let share = budget.share.unwrap_or(0.0);
    let width = if share < 0.0 { 100.0 } else { share.min(1.0) * 100.0 };
    view! {
        <Badge tone word/>
        <svg class=format!("bar {}", tone.class()) viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
            <rect width=format!("{width:.1}") height="1"></rect>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(allowed: f64, left: f64) -> (Tone, String) {
        let budget = Budget {
            counted: 1,
            bad: 0,
            allowed,
            left,
            share: Some(left / allowed),
            in_minutes: true,
        };
        let (tone, words) = budget.words();
        (tone, words.replace('\u{202f}', " "))
    }

    #[test]
    fn a_budget_below_one_event_is_not_called_spent() {
        assert_eq!(budget(40.3, 8.29), (Tone::Warn, "8.2 of 40 min left".to_owned()));
        assert_eq!(
            budget(0.07, 0.07),
            (Tone::Unknown, "less than 1 min allowed so far".to_owned())
        );
        assert_eq!(budget(0.97, -0.03), (Tone::Bad, "<0.1 min over".to_owned()));
    }
}
