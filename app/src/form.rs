//! The one form mechanism, as pages see it.
//!
//! A form posts to a URL of its own. When the server refuses what was typed, it renders the page again with status 422 and
//! a [`FormState`] in context; every field then shows what was typed and what is wrong with it. So nothing typed is lost,
//! with scripts and without (SPEC section 3).

use leptos::prelude::*;

/// What was posted to a form and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormState {
    /// The id of the form that was posted.
    pub form: String,
    /// Every field as it was posted, in order; a name may occur several times.
    pub values: Vec<(String, String)>,
    pub errors: Vec<FieldError>,
    /// What is wrong with the whole, when it belongs to no single field.
    pub message: Option<String>,
}

/// One refused field: what was wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

impl FormState {
    /// The state of the form `id` in this request; empty unless just this form was posted and refused.
    pub fn of(id: &str) -> Self {
        use_context::<Self>()
            .filter(|state| state.form == id)
            .unwrap_or_default()
    }

    /// Whether this form was just refused.
    pub fn is_refused(&self) -> bool {
        !self.form.is_empty()
    }

    /// What to show in the field `name`: what was typed, or `initial` on a fresh form.
    pub fn value(&self, name: &str, initial: &str) -> String {
        if !self.is_refused() {
            return initial.to_owned();
        }
        self.values
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.clone())
            .unwrap_or_default()
    }

    /// Whether the choice `value` of the field `name` is ticked.
    pub fn is_chosen(&self, name: &str, value: &str, initially: bool) -> bool {
        if !self.is_refused() {
            return initially;
        }
        self.values.iter().any(|(n, v)| n == name && v == value)
    }

    /// Everything that is wrong with the field `name`.
    pub fn error(&self, name: &str) -> Option<String> {
        let messages: Vec<&str> = self
            .errors
            .iter()
            .filter(|e| e.field == name)
            .map(|e| e.message.as_str())
            .collect();
        (!messages.is_empty()).then(|| messages.join(" "))
    }
}

/// A form that was posted after the session had ended: the sign-in page carries it along and the server submits it after
/// the sign-in. Nothing of it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedForm {
    /// The path the form was posted to.
    pub action: String,
    pub values: Vec<(String, String)>,
}

/// The name of the hidden field of the sign-in form that holds the carried form's path.
pub const CARRIED_ACTION: &str = "carried_action";
/// Prefix of the hidden fields of the sign-in form that hold the carried form's fields.
pub const CARRIED_FIELD: &str = "carried.";
