use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use lettre::message::Mailbox;
use url::Url;

use crate::seal::{SealingKey, WrongKey};

/// Variables that begin like ours but are no settings.
const NOT_SETTINGS: [&str; 5] = [
    "RAMPART_CONFIG",
    "RAMPART_TEST_CLOCK_RATE",
    "RAMPART_TEST_CLOCK_SINCE",
    "RAMPART_TEST_POSTGRES",
    "RAMPART_BIN",
];

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: a key, a variable or a file.
    pub at: String,
    pub message: String,
}

/// Everything that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} problem(s):", self.0.len())?;
        self.0.iter().try_for_each(|p| write!(f, "\n  {}: {}", p.at, p.message))
    }
}

/// Takes settings by key and remembers what is wrong and which keys there are.
pub(super) struct Reader {
    file: BTreeMap<String, toml::Value>,
    environment: BTreeMap<String, String>,
    known: BTreeSet<&'static str>,
    problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn new(file: Option<&Path>, environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut problems = Vec::new();
        let file = file.map(|path| read_file(path, &mut problems)).unwrap_or_default();
        let environment = environment
            .into_iter()
            .filter(|(name, _)| name.starts_with("RAMPART_") && !NOT_SETTINGS.contains(&name.as_str()))
            .collect();
        Self {
            file,
            environment,
            known: BTreeSet::new(),
            problems,
        }
    }

    /// The value of `key`, or the default when it is set nowhere. A wrong value is noted and the default used meanwhile.
    pub(super) fn get<T: Setting>(&mut self, key: &'static str, default: impl FnOnce() -> T) -> T {
        let default = default();
        self.find(key, |raw| default.parse_like(raw)).unwrap_or(default)
    }

    /// The value of a key that has no default.
    pub(super) fn optional<T: Parse>(&mut self, key: &'static str) -> Option<T> {
        self.find(key, T::parse)
    }

    /// A list: an array in the file, separated by commas in the environment.
    pub(super) fn list<T: Parse>(&mut self, key: &'static str) -> Vec<T> {
        self.known.insert(key);
        let raws = match (self.environment.get(&variable(key)), self.file.get(key)) {
            (Some(text), _) => text
                .split(',')
                .filter(|t| !t.trim().is_empty())
                .map(|t| Raw::Text(t.trim().to_owned()))
                .collect(),
            (None, Some(toml::Value::Array(values))) => values.iter().map(Raw::of).collect(),
            (None, Some(other)) => {
                self.note(key, format!("must be a list, not {}", kind(other)));
                Vec::new()
            }
            (None, None) => Vec::new(),
        };
        let (mut values, mut wrong) = (Vec::new(), Vec::new());
        for raw in raws {
            match T::parse(&raw) {
                Ok(value) => values.push(value),
                Err(message) => wrong.push(message),
            }
        }
        wrong.into_iter().for_each(|message| self.note(key, message));
        values
    }

    /// Notes a problem with the value of `key` unless `holds`.
    pub(super) fn check(&mut self, key: &'static str, holds: bool, message: &str) {
        if !holds {
            self.note(key, message.to_owned());
        }
    }

    /// # Errors
    /// Everything noted, and every key or variable that nobody asked for.
    pub(super) fn finish(mut self) -> Result<(), ConfigError> {
        let names: BTreeSet<String> = self.known.iter().map(|k| variable(k)).collect();
        for key in self.file.keys().filter(|k| !self.known.contains(k.as_str())) {
            self.problems.push(Problem {
                at: key.clone(),
                message: unknown(key, self.known.iter().copied()),
            });
        }
        for name in self.environment.keys().filter(|n| !names.contains(*n)) {
            self.problems.push(Problem {
                at: name.clone(),
                message: unknown(name, names.iter().map(String::as_str)),
            });
        }
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(ConfigError(self.problems))
        }
    }

    fn find<T>(&mut self, key: &'static str, parse: impl FnOnce(&Raw) -> Result<T, String>) -> Option<T> {
        self.known.insert(key);
        let raw = match (self.environment.get(&variable(key)), self.file.get(key)) {
            (Some(text), _) => Raw::Text(text.clone()),
            (None, Some(value)) => Raw::of(value),
            (None, None) => return None,
        };
        parse(&raw).map_err(|message| self.note(key, message)).ok()
    }

    fn note(&mut self, key: &str, message: String) {
        let variable = variable(key);
        let at = if self.environment.contains_key(&variable) {
            variable
        } else {
            key.to_owned()
        };
        self.problems.push(Problem { at, message });
    }
}

fn read_file(path: &Path, problems: &mut Vec<Problem>) -> BTreeMap<String, toml::Value> {
    let mut note = |message: String| {
        problems.push(Problem {
            at: path.display().to_string(),
            message,
        });
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            note(format!("cannot be read: {error}"));
            return BTreeMap::new();
        }
    };
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            note(format!("is not valid TOML: {}", error.to_string().trim_end()));
            return BTreeMap::new();
        }
    };
    let mut flat = BTreeMap::new();
    for (section, value) in table {
        match value {
            toml::Value::Table(keys) => flat.extend(keys.into_iter().map(|(k, v)| (format!("{section}.{k}"), v))),
            other => {
                flat.insert(section, other);
            }
        }
    }
    flat
}

/// `server.listen` is `RAMPART_SERVER_LISTEN`.
fn variable(key: &str) -> String {
    format!("RAMPART_{}", key.replace('.', "_").to_uppercase())
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known.map(|k| (distance(name, k), k)).min();
    match nearest {
        Some((distance, key)) if distance <= 3 => format!("there is no such setting; did you mean {key}?"),
        _ => "there is no such setting".to_owned(),
    }
}

/// Levenshtein's edit distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substitution = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// A value before its type is known.
pub(super) enum Raw {
    /// From a string, or from the environment.
    Text(String),
    Integer(i64),
    Other(&'static str),
}

impl Raw {
    fn of(value: &toml::Value) -> Self {
        match value {
            toml::Value::String(text) => Self::Text(text.clone()),
            toml::Value::Integer(number) => Self::Integer(*number),
            other => Self::Other(kind(other)),
        }
    }

    fn text(&self, wanted: &str) -> Result<&str, String> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Integer(_) => Err(format!("must be {wanted}, not a number")),
            Self::Other(kind) => Err(format!("must be {wanted}, not {kind}")),
        }
    }
}

fn kind(value: &toml::Value) -> &'static str {
    match value {
        toml::Value::String(_) => "a text",
        toml::Value::Integer(_) | toml::Value::Float(_) => "a number",
        toml::Value::Boolean(_) => "true or false",
        toml::Value::Datetime(_) => "a date",
        toml::Value::Array(_) => "a list",
        toml::Value::Table(_) => "a table",
    }
}

/// A type that a setting can have.
pub(super) trait Parse: Sized {
    fn parse(raw: &Raw) -> Result<Self, String>;
}

/// A setting with a default, which may say what else is allowed.
pub(super) trait Setting: Sized {
    fn parse_like(&self, raw: &Raw) -> Result<Self, String>;
}

impl<T: Parse> Setting for T {
    fn parse_like(&self, raw: &Raw) -> Result<Self, String> {
        T::parse(raw)
    }
}

macro_rules! parsed_from_text {
    ($($type:ty, $wanted:literal);* $(;)?) => {$(
        impl Parse for $type {
            fn parse(raw: &Raw) -> Result<Self, String> {
                let text = raw.text($wanted)?;
                text.parse().map_err(|_| format!("must be {}, not \"{text}\"", $wanted))
            }
        }
    )*};
}

parsed_from_text! {
    SocketAddr, "an address with a port such as 127.0.0.1:3000";
    IpNet, "a network such as 10.0.0.0/8";
    Mailbox, "a mail address such as \"Rampart <rampart@example.com>\"";
    PathBuf, "a path";
    String, "a text";
}

/// The value is not repeated: a URL may hold a password, and just such a one is often not written right.
impl Parse for Url {
    fn parse(raw: &Raw) -> Result<Self, String> {
        let text = raw.text("a URL")?;
        text.parse()
            .map_err(|error| format!("is no URL ({error}); special characters in a password are written as %XX"))
    }
}

/// The value is not repeated, since it is a secret.
impl Parse for SealingKey {
    fn parse(raw: &Raw) -> Result<Self, String> {
        raw.text("a text")?
            .trim()
            .parse()
            .map_err(|wrong: WrongKey| wrong.to_string())
    }
}

/// A key in a file of its own.
pub(super) struct KeyFile(pub(super) SealingKey);

impl Parse for KeyFile {
    fn parse(raw: &Raw) -> Result<Self, String> {
        let file = raw.text("a path")?;
        let text = std::fs::read_to_string(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
        match text.trim().parse() {
            Ok(key) => Ok(Self(key)),
            Err(wrong) => Err(format!("{file}: {}", WrongKey::to_string(&wrong))),
        }
    }
}

macro_rules! parsed_from_integer {
    ($($type:ty),*) => {$(
        impl Parse for $type {
            fn parse(raw: &Raw) -> Result<Self, String> {
                let wrong = |what: &dyn fmt::Display| format!("must be a whole number from {} to {}, not {what}", <$type>::MIN, <$type>::MAX);
                match raw {
                    Raw::Integer(number) => Self::try_from(*number).map_err(|_| wrong(number)),
                    Raw::Text(text) => text.trim().parse().map_err(|_| wrong(&format!("\"{text}\""))),
                    Raw::Other(kind) => Err(wrong(kind)),
                }
            }
        }
    )*};
}

parsed_from_integer!(u16, u32, u64);

/// One word out of a few; the first is the default.
pub(super) struct OneOf<const N: usize> {
    words: [&'static str; N],
    chosen: &'static str,
}

impl<const N: usize> OneOf<N> {
    pub(super) fn new(words: [&'static str; N]) -> Self {
        Self {
            words,
            chosen: words[0],
        }
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.chosen == word
    }
}

impl<const N: usize> Setting for OneOf<N> {
    fn parse_like(&self, raw: &Raw) -> Result<Self, String> {
        let wanted = self.words.join(" or ");
        let text = raw.text(&wanted)?;
        let chosen = self.words.into_iter().find(|w| *w == text);
        chosen
            .map(|chosen| Self {
                words: self.words,
                chosen,
            })
            .ok_or_else(|| format!("must be {wanted}, not \"{text}\""))
    }
}
