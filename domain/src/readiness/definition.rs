use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Answer, LONGEST_ANSWER};

/// The questionnaire that comes with Rampart, as TOML.
pub const STANDARD: &str = include_str!("standard.toml");

/// What is asked (SPEC section 3). A published version is never changed, because submissions name the version they answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// From 1 on.
    pub version: i64,
    #[serde(rename = "area")]
    pub areas: Vec<Area>,
}

/// Questions that are asked for one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    pub key: String,
    pub title: String,
    /// Why it is asked.
    pub why: String,
    #[serde(rename = "question")]
    pub questions: Vec<Question>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Stable across versions, so that answers can be taken over and compared.
    pub key: String,
    pub text: String,
    #[serde(default)]
    pub help: String,
    #[serde(default = "yes")]
    pub required: bool,
    /// Asked only then; `None` for a question that is always asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    #[serde(rename = "answer")]
    pub kind: Kind,
}

fn yes() -> bool {
    true
}

/// An earlier choice has one of these answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub question: String,
    pub is: Vec<String>,
}

/// What an answer looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// Free Markdown.
    Text,
    /// One of a few.
    Choice { options: Vec<Choice> },
    /// A number in this unit, between two numbers, both included.
    Number { unit: String, min: f64, max: f64 },
    /// A length of time.
    Duration,
    /// Hours in which somebody responds.
    Hours,
    /// A day.
    Date,
    /// An address of http or https.
    Link,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub key: String,
    pub label: String,
}

/// Why a definition cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    #[error("The version of a questionnaire is 1 or more.")]
    Version,
    #[error("A questionnaire has one area at least, and each area one question.")]
    Empty,
    #[error("{0:?} is no key: small letters, digits and _ are, up to 60 of them.")]
    Key(String),
    #[error("The key {0:?} is used twice.")]
    Twice(String),
    #[error("{0} has no title or text.")]
    Blank(String),
    #[error("The question {0} offers fewer than two different choices.")]
    Choices(String),
    #[error("The smallest number for {0} is greater than the largest.")]
    Bounds(String),
    #[error("The question {question} depends on {on}, which is no choice that is asked before it.")]
    Condition { question: String, on: String },
    #[error("The question {question} depends on the choice {choice:?}, which {on} does not offer.")]
    ConditionChoice {
        question: String,
        on: String,
        choice: String,
    },
}

/// Answers by the keys of their questions.
pub type Answers = BTreeMap<String, Answer>;

impl Definition {
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(&self) -> Result<(), DefinitionError> {
        if self.version < 1 {
            return Err(DefinitionError::Version);
        }
        if self.areas.is_empty() || self.areas.iter().any(|area| area.questions.is_empty()) {
            return Err(DefinitionError::Empty);
        }
        let mut areas = BTreeSet::new();
        let mut earlier: BTreeMap<&str, &Question> = BTreeMap::new();
        for area in &self.areas {
            check_key(&area.key)?;
            if !areas.insert(&area.key) {
                return Err(DefinitionError::Twice(area.key.clone()));
            }
            if area.title.trim().is_empty() || area.why.trim().is_empty() {
                return Err(DefinitionError::Blank(area.key.clone()));
            }
            for question in &area.questions {
                question.check(&earlier)?;
                if earlier.insert(&question.key, question).is_some() {
                    return Err(DefinitionError::Twice(question.key.clone()));
                }
            }
        }
        Ok(())
    }

    /// Every question in its order.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.areas.iter().flat_map(|area| &area.questions)
    }

    /// The question of this key.
    pub fn question(&self, key: &str) -> Option<&Question> {
        self.questions().find(|question| question.key == key)
    }

    /// The questions that are asked, given these answers. What depends on a question that is not asked is not asked either.
    pub fn asked(&self, answers: &Answers) -> Vec<&Question> {
        let mut asked: Vec<&Question> = Vec::new();
        for question in self.questions() {
            let is_asked = question.when.as_ref().is_none_or(|condition| {
                asked.iter().any(|earlier| earlier.key == condition.question) && condition.holds(answers)
            });
            if is_asked {
                asked.push(question);
            }
        }
        asked
    }

    /// The required questions that are asked and have no answer: while there are any, nothing is submitted.
    pub fn missing(&self, answers: &Answers) -> Vec<&Question> {
        let asked = self.asked(answers).into_iter();
        asked
            .filter(|question| question.required && !answers.contains_key(&question.key))
            .collect()
    }

    pub fn progress(&self, answers: &Answers) -> Progress {
        let required = self.asked(answers).iter().filter(|question| question.required).count();
        Progress {
            answered: required - self.missing(answers).len(),
            required,
        }
    }

    /// The answers to what is asked, given all of them: what is submitted.
    pub fn relevant(&self, answers: &Answers) -> Answers {
        let asked = self.asked(answers).into_iter();
        asked
            .filter_map(|question| Some((question.key.clone(), answers.get(&question.key)?.clone())))
            .collect()
    }
}

/// How many of the required questions that are asked are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub answered: usize,
    pub required: usize,
}

impl Progress {
    pub fn is_complete(self) -> bool {
        self.answered >= self.required
    }
}

impl Condition {
    fn holds(&self, answers: &Answers) -> bool {
        matches!(answers.get(&self.question), Some(Answer::Choice { key }) if self.is.contains(key))
    }
}

impl Question {
    fn check(&self, earlier: &BTreeMap<&str, &Question>) -> Result<(), DefinitionError> {
        check_key(&self.key)?;
        if self.text.trim().is_empty() || self.text.len() + self.help.len() > LONGEST_ANSWER {
            return Err(DefinitionError::Blank(self.key.clone()));
        }
        match &self.kind {
            Kind::Choice { options } => {
                for option in options {
                    check_key(&option.key)?;
                }
                let different: BTreeSet<_> = options.iter().map(|option| &option.key).collect();
                let labelled = options.iter().all(|option| !option.label.trim().is_empty());
                if different.len() < 2 || different.len() < options.len() || !labelled {
                    return Err(DefinitionError::Choices(self.key.clone()));
                }
            }
            // A bound that is no number is no bound.
            Kind::Number { min, max, .. } if min.partial_cmp(max).is_none_or(|order| order.is_gt()) => {
                return Err(DefinitionError::Bounds(self.key.clone()));
            }
            _ => {}
        }
        match &self.when {
            Some(condition) => self.check_condition(condition, earlier),
            None => Ok(()),
        }
    }

    fn check_condition(
        &self,
        condition: &Condition,
        earlier: &BTreeMap<&str, &Question>,
    ) -> Result<(), DefinitionError> {
        let on = earlier.get(condition.question.as_str()).map(|question| &question.kind);
        let Some(Kind::Choice { options }) = on.filter(|_| !condition.is.is_empty()) else {
            return Err(DefinitionError::Condition {
                question: self.key.clone(),
                on: condition.question.clone(),
            });
        };
        match condition
            .is
            .iter()
            .find(|key| options.iter().all(|option| option.key != **key))
        {
            Some(choice) => Err(DefinitionError::ConditionChoice {
                question: self.key.clone(),
                on: condition.question.clone(),
                choice: choice.clone(),
            }),
            None => Ok(()),
        }
    }
}

/// Keys stand in addresses and in ids of fields.
fn check_key(key: &str) -> Result<(), DefinitionError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match !key.is_empty() && key.len() <= 60 && key.chars().all(fits) {
        true => Ok(()),
        false => Err(DefinitionError::Key(key.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard() -> Definition {
        toml::from_str(STANDARD).expect("the questionnaire is TOML")
    }

    fn chosen(pairs: &[(&str, &str)]) -> Answers {
        let answer = |key: &str| Answer::Choice { key: key.to_owned() };
        pairs.iter().map(|(q, a)| ((*q).to_owned(), answer(a))).collect()
    }

    fn keys(questions: &[&Question]) -> Vec<String> {
        questions.iter().map(|question| question.key.clone()).collect()
    }

    /// Two choices and a text, the last of which depends on the second, which depends on the first.
    fn chain() -> Definition {
        toml::from_str(
            r#"
            version = 1
            [[area]]
            key = "a"
            title = "A"
            why = "Because."
            [[area.question]]
            key = "first"
            text = "First?"
            answer = { kind = "choice", options = [{ key = "yes", label = "Yes" }, { key = "no", label = "No" }] }
            [[area.question]]
            key = "second"
            text = "Second?"
            when = { question = "first", is = ["yes"] }
            answer = { kind = "choice", options = [{ key = "yes", label = "Yes" }, { key = "no", label = "No" }] }
            [[area.question]]
            key = "third"
            text = "Third?"
            when = { question = "second", is = ["yes"] }
            answer = { kind = "text" }
            [[area.question]]
            key = "fourth"
            text = "Fourth?"
            required = false
            answer = { kind = "number", unit = "users", min = 0, max = 10 }
            "#,
        )
        .expect("this is TOML")
    }

    #[test]
    fn the_standard_questionnaire_can_be_used_and_has_the_four_areas() {
        let standard = standard();
        assert_eq!(standard.check(), Ok(()));
        assert_eq!(standard.version, 1);
        let areas: Vec<_> = standard.areas.iter().map(|area| area.key.as_str()).collect();
        assert_eq!(areas, ["scalability", "first_rollout", "restoration", "incidents"]);
        assert_eq!(standard.questions().count(), 33);
        let thresholds = standard.question("alerting_thresholds").expect("it is asked");
        assert_eq!(
            thresholds.when,
            Some(Condition {
                question: "alerting".to_owned(),
                is: vec!["yes".to_owned()]
            })
        );
        assert_eq!(
            standard.question("restore_duration").map(|q| &q.kind),
            Some(&Kind::Duration)
        );
        assert_eq!(standard.question("cover_hours").map(|q| &q.kind), Some(&Kind::Hours));
    }

    #[test]
    fn a_definition_survives_being_stored() {
        let text = serde_json::to_string(&standard()).expect("it can be written");
        assert_eq!(serde_json::from_str::<Definition>(&text).ok(), Some(standard()));
    }

    #[test]
    fn what_depends_on_an_answer_is_asked_only_then() {
        let chain = chain();
        assert_eq!(chain.check(), Ok(()));
        assert_eq!(keys(&chain.asked(&Answers::new())), ["first", "fourth"]);
        let both = chosen(&[("first", "yes"), ("second", "yes")]);
        assert_eq!(keys(&chain.asked(&both)), ["first", "second", "third", "fourth"]);
        let no_more = chosen(&[("first", "no"), ("second", "yes")]);
        assert_eq!(keys(&chain.asked(&no_more)), ["first", "fourth"]);
        assert_eq!(chain.relevant(&no_more), chosen(&[("first", "no")]));
    }

    #[test]
    fn progress_counts_what_is_required_and_asked() {
        let chain = chain();
        let progress = |pairs| {
            let Progress { answered, required } = chain.progress(&chosen(pairs));
            (answered, required)
        };
        assert_eq!(progress(&[]), (0, 1));
        assert_eq!(progress(&[("first", "yes")]), (1, 2));
        assert_eq!(progress(&[("first", "yes"), ("second", "yes")]), (2, 3));
        assert_eq!(progress(&[("first", "no"), ("third", "yes")]), (1, 1));
        assert_eq!(keys(&chain.missing(&chosen(&[("first", "yes")]))), ["second"]);
        assert!(chain.progress(&chosen(&[("first", "no")])).is_complete());
        assert!(!chain.progress(&chosen(&[("first", "yes")])).is_complete());
    }

    #[test]
    fn a_definition_that_contradicts_itself_is_refused() {
        let refused = |change: fn(&mut Definition)| {
            let mut definition = chain();
            change(&mut definition);
            definition.check().expect_err("it cannot be used").to_string()
        };
        assert_eq!(
            refused(|d| d.version = 0),
            "The version of a questionnaire is 1 or more."
        );
        assert_eq!(refused(|d| d.areas.clear()), DefinitionError::Empty.to_string());
        assert_eq!(
            refused(|d| d.areas[0].questions.clear()),
            DefinitionError::Empty.to_string()
        );
        assert_eq!(
            refused(|d| d.areas[0].questions[3].key = "first".to_owned()),
            "The key \"first\" is used twice."
        );
        assert_eq!(
            refused(|d| {
                let area = d.areas[0].clone();
                d.areas.push(area);
            }),
            "The key \"a\" is used twice."
        );
        for key in ["", "First", "a b", "ä", &"x".repeat(61)] {
            let mut definition = chain();
            definition.areas[0].questions[3].key = key.to_owned();
            assert_eq!(definition.check(), Err(DefinitionError::Key(key.to_owned())));
        }
        assert_eq!(refused(|d| d.areas[0].why.clear()), "a has no title or text.");
        assert_eq!(
            refused(|d| d.areas[0].questions[0].text.clear()),
            "first has no title or text."
        );
        assert_eq!(
            refused(|d| d.areas[0].questions.swap(0, 1)),
            "The question second depends on first, which is no choice that is asked before it."
        );
        assert_eq!(
            refused(|d| d.areas[0].questions[1].when = Some(Condition {
                question: "first".to_owned(),
                is: vec!["maybe".to_owned()]
            })),
            "The question second depends on the choice \"maybe\", which first does not offer."
        );
        assert_eq!(
            refused(
                |d| if let Kind::Choice { options } = &mut d.areas[0].questions[0].kind {
                    options.truncate(1);
                }
            ),
            "The question first offers fewer than two different choices."
        );
        assert_eq!(
            refused(
                |d| if let Kind::Number { max, .. } = &mut d.areas[0].questions[3].kind {
                    *max = -1.0;
                }
            ),
            "The smallest number for fourth is greater than the largest."
        );
    }
}
