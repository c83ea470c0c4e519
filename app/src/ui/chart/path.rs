//! The band between the lowest and the highest rates, and the line along the lowest.

use std::fmt::Write as _;

use super::columns::Columns;

pub(super) struct Drawn {
    pub(super) band: String,
    pub(super) low: String,
}

/// Draws every stretch of neighbouring columns by itself, so that a gap in the data is a gap in the picture.
pub(super) fn draw(columns: &Columns, x: impl Fn(i64) -> f64, y: impl Fn(f64) -> f64) -> Drawn {
    let mut drawn = Drawn {
        band: String::new(),
        low: String::new(),
    };
    let placed: Vec<_> = columns
        .points
        .iter()
        .map(|p| (columns.slot(p), y(p.low), y(p.high)))
        .collect();
    for stretch in placed.chunk_by(|a, b| b.0 == a.0 + 1) {
        let lows = corners(stretch.iter().map(|(slot, low, _)| (x(*slot), *low)).collect());
        let mut highs = corners(stretch.iter().map(|(slot, _, high)| (x(*slot), *high)).collect());
        line(&mut drawn.low, &lows, 'M');
        if let [(alone, low)] = lows[..] {
            // A single column would be a point, which has no line.
            let _ = write!(drawn.low, "M{:.1} {low:.1}h1", alone - 0.5);
        }
        highs.reverse();
        line(&mut drawn.band, &lows, 'M');
        line(&mut drawn.band, &highs, 'L');
        drawn.band.push('Z');
    }
    drawn
}

fn line(out: &mut String, points: &[(f64, f64)], first: char) {
    for (i, (x, y)) in points.iter().enumerate() {
        let _ = write!(out, "{}{x:.1} {y:.1}", if i == 0 { first } else { 'L' });
    }
}

/// Leaves out points in the middle of a level stretch: most of a good month.
fn corners(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let last = points.len().saturating_sub(1);
    let level = |i: usize| i > 0 && i < last && points[i - 1].1 == points[i].1 && points[i + 1].1 == points[i].1;
    points
        .iter()
        .enumerate()
        .filter(|(i, _)| !level(*i))
        .map(|(_, p)| *p)
        .collect()
}
