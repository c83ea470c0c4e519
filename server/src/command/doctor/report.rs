use std::io::Write;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Ok,
    Warning,
    Error,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Ok => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default().bold(),
            Self::Error => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// What one check came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    pub(super) level: Level,
    /// What is so, or what is wrong.
    pub(super) message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Ok,
            message: message.into(),
            advice: None,
        }
    }

    pub(super) fn warning(check: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            advice: Some(advice.into()),
            ..Self::ok(check, message)
        }
    }

    pub(super) fn error(check: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            ..Self::warning(check, message, advice)
        }
    }
}

/// Everything that was found, in the order in which it was looked at.
#[derive(Default, Serialize)]
pub(super) struct Report {
    checks: Vec<Finding>,
}

impl Report {
    pub(super) fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.checks.extend(findings);
    }

    pub(super) fn has_errors(&self) -> bool {
        self.count(Level::Error) > 0
    }

    fn count(&self, level: Level) -> usize {
        self.checks.iter().filter(|finding| finding.level == level).count()
    }

    /// Prints for people, with colours on a terminal alone, or for machines.
    ///
    /// # Errors
    /// When standard output takes nothing.
    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            let object = serde_json::json!({
                "version": env!("CARGO_PKG_VERSION"),
                "errors": self.count(Level::Error),
                "warnings": self.count(Level::Warning),
                "checks": self.checks,
            });
            writeln!(std::io::stdout(), "{object:#}")?;
        } else {
            write!(anstream::stdout(), "{}", self.text())?;
        }
        Ok(())
    }

    fn text(&self) -> String {
        let widest = self.checks.iter().map(|f| f.check.len()).max().unwrap_or_default();
        // "warning", the check's name, and two spaces after each.
        let indent = " ".repeat(7 + 2 + widest + 2);
        let mut text = String::new();
        for finding in &self.checks {
            let (style, word) = (finding.level.style(), finding.level.word());
            let message = finding.message.replace('\n', &format!("\n{indent}"));
            text += &format!("{style}{word:<7}{style:#}  {:<widest$}  {message}\n", finding.check);
            if let Some(advice) = &finding.advice {
                text += &format!("{indent}-> {advice}\n");
            }
        }
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (errors, warnings) = (self.count(Level::Error), self.count(Level::Warning));
        text += &format!(
            "{errors} error{}, {warnings} warning{}\n",
            plural(errors),
            plural(warnings)
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_stand_in_columns_with_what_to_do_below() {
        let mut report = Report::default();
        report.add([
            Finding::ok("clock", "right"),
            Finding::warning("public_url", "two\nlines", "do this"),
        ]);
        let text = anstream::adapter::strip_str(&report.text()).to_string();
        insta::assert_snapshot!(text, @r"
        ok       clock       right
        warning  public_url  two
                             lines
                             -> do this
        0 errors, 1 warning
        ");
        assert!(!report.has_errors());
        report.add([Finding::error("disk", "full", "make room")]);
        assert!(report.has_errors());
    }
}
