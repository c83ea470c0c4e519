use rampart_app::{form::FieldError, services::AppError};

use crate::store;

pub type Result<T> = std::result::Result<T, Error>;

/// Why a use case did not happen. Nothing of it did: each is one transaction.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was typed cannot be used.
    #[error("invalid input")]
    Invalid(Invalid),
    /// It does not exist, or the person may not know that it does.
    #[error("not found")]
    NotFound,
    /// The person knows the thing but may not do this with it.
    #[error("{0}")]
    Forbidden(String),
    /// Somebody else was faster; the message says what to do.
    #[error("{0}")]
    Conflict(String),
    /// The form was based on an older version than the stored one.
    #[error("{0}")]
    Stale(String),
    /// Too many tries.
    #[error("{0}")]
    Limited(String),
    /// Something failed on our side. The source goes to the log, never to people.
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

/// What is wrong with a form, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invalid {
    pub fields: Vec<FieldError>,
    /// What is wrong with the whole.
    pub message: Option<String>,
}

impl Error {
    /// One field is wrong.
    pub fn field(field: &str, message: impl ToString) -> Self {
        let mut checks = Checks::default();
        checks.note(field, message);
        checks.error()
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::NotFound,
            Error::Forbidden(why) => Self::Forbidden(why),
            // Pages take no input that could be invalid; whatever else comes up is ours.
            other => {
                tracing::error!(error = &other as &dyn std::error::Error, "a page could not be shown");
                Self::Internal
            }
        }
    }
}

/// Collects everything that is wrong with a form before it is refused.
#[derive(Debug, Default)]
pub struct Checks(Invalid);

impl Checks {
    /// Notes that `field` is wrong.
    pub fn note(&mut self, field: &str, message: impl ToString) {
        self.0.fields.push(FieldError {
            field: field.to_owned(),
            message: message.to_string(),
        });
    }

    /// The value, or a note of why there is none.
    pub fn take<T, E: ToString>(&mut self, field: &str, value: std::result::Result<T, E>) -> Option<T> {
        value.map_err(|error| self.note(field, error)).ok()
    }

    /// A text that must not be empty nor longer than `max` characters, trimmed.
    pub fn text(&mut self, field: &str, what: &str, value: &str, max: usize) -> Option<String> {
        let value = value.trim();
        if value.is_empty() {
            self.note(field, format!("Enter {what}."));
            return None;
        }
        self.optional_text(field, value, max)
    }

    /// A text of one line, as [`Checks::text`]; line ends and runs of spaces become a space.
    pub fn line(&mut self, field: &str, what: &str, value: &str, max: usize) -> Option<String> {
        let words: Vec<&str> = value
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|w| !w.is_empty())
            .collect();
        self.text(field, what, &words.join(" "), max)
    }

    /// A text of at most `max` characters, trimmed.
    pub fn optional_text(&mut self, field: &str, value: &str, max: usize) -> Option<String> {
        let length = value.trim().chars().count();
        if length > max {
            self.note(field, format!("This has {length} characters; at most {max} fit."));
            return None;
        }
        Some(value.trim().to_owned())
    }

    pub fn is_fine(&self) -> bool {
        self.0.fields.is_empty()
    }

    /// Everything noted.
    pub fn into_fields(self) -> Vec<FieldError> {
        self.0.fields
    }

    /// The refusal with everything noted.
    pub fn error(self) -> Error {
        Error::Invalid(self.0)
    }
}
