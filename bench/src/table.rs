//! Figures beside what is aimed at.

use crate::machine;

/// Printed as text, one figure per row.
pub(crate) struct Table {
    rows: Vec<[String; 3]>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// A figure that is only told.
    pub(crate) fn tell(&mut self, figure: impl Into<String>, reached: impl Into<String>) {
        self.rows.push([figure.into(), String::new(), reached.into()]);
    }

    /// A figure that should be `limit` at most.
    pub(crate) fn at_most(&mut self, figure: impl Into<String>, limit: f64, reached: f64, unit: &str) {
        self.judge(figure.into(), "≤", limit, reached, unit, reached <= limit);
    }

    /// A figure that should be `limit` at least.
    pub(crate) fn at_least(&mut self, figure: impl Into<String>, limit: f64, reached: f64, unit: &str) {
        self.judge(figure.into(), "≥", limit, reached, unit, reached >= limit);
    }

    fn judge(&mut self, figure: String, sign: &str, limit: f64, reached: f64, unit: &str, is_reached: bool) {
        let mark = if is_reached { "" } else { "  MISSED" };
        self.rows.push([
            figure,
            format!("{sign} {limit} {unit}"),
            format!("{} {unit}{mark}", number(reached)),
        ]);
    }

    pub(crate) fn print(&self, title: &str) {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        };
        println!("\n{title} ({}, load {})", machine::describe(), machine::load());
        let (first, second) = (width(0).max(6), width(1).max(3));
        println!("  {:first$}  {:second$}  reached", "figure", "aim");
        for [figure, aim, reached] in &self.rows {
            println!("  {figure:first$}  {aim:second$}  {reached}");
        }
    }
}

/// Three significant digits are more than these figures deserve.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
