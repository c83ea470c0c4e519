//! Where an app stands, in one plain sentence, and when that clears.

use leptos::prelude::*;

use crate::{
    model::{AppOverview, AppState, SliRow},
    request::viewer,
    ui::{
        Time, TimeStyle,
        figure::{amount, duration, percent, target},
        link,
    },
};

/// The name of a series, with its base URL when the app has several.
fn series_name(row: &SliRow) -> String {
    match &row.target {
        Some(url) => format!("{} of {url}", row.name),
        None => row.name.clone(),
    }
}

/// The first card of the overview.
#[component]
pub(super) fn Standing(overview: AppOverview) -> impl IntoView {
    match overview.head.state {
        AppState::Archived => archived(&overview).into_any(),
        AppState::NotMeasured => not_measured(&overview).into_any(),
        AppState::Unknown => unknown(&overview).into_any(),
        AppState::Good => good(&overview).into_any(),
        AppState::BelowTarget => below_target(&overview).into_any(),
        AppState::Breach => breach(&overview).into_any(),
    }
}

fn archived(overview: &AppOverview) -> impl IntoView + use<> {
    let since = overview.head.archived_at;
    view! {
        <p class="sentence">
            "This app is archived"{since.map(|at| view! { " since "<Time at style=TimeStyle::Date/> })}
            ". It is not measured and sends no alerts."
        </p>
        <p>"Its figures and breaches are kept. Taken back from the archive, it starts where it stopped."</p>
    }
}

fn not_measured(overview: &AppOverview) -> impl IntoView + use<> {
    let head = overview.head.clone();
    let settings = link::app(&head.key, "/settings");
    if let Some(until) = head.complete_until {
        return view! {
            <p class="sentence">"Measuring was stopped. The last figures are from "<Time at=until/>"."</p>
            <p>"Until it is started again, no probe is sent and no alert can open. What was measured is kept."</p>
        }
        .into_any();
    }
    let platform = viewer().platform.name;
    let next = if head.may.measure {
        view! {
            <p>
                "You can start it at the top of this page. "<a href=format!("{settings}#health-check")>"Test the health check"</a>
                " first: a check that does not answer opens a breach within minutes."
            </p>
        }
        .into_any()
    } else {
        view! {
            <p>
                {format!("Staff of {platform} start it here. Until then, ")}
                <a href=format!("{settings}#health-check")>"test the health check"</a>" and "
                <a href=format!("{settings}#alert-mails")>"confirm the alert address"</a>"."
            </p>
        }
        .into_any()
    };
    view! {
        <p class="sentence">"This app is not measured yet."</p>
        {next}
    }
    .into_any()
}

fn unknown(overview: &AppOverview) -> impl IntoView + use<> {
    let head = &overview.head;
    match head.complete_until {
        Some(at) => view! {
            <p class="sentence">"Nothing was counted in the last 15 minutes; the last figures are from "<Time at/>"."</p>
            <p>"No data is neither good nor bad. If probes stay away for longer, the health check on the right says why."</p>
        }
        .into_any(),
        None => view! {
            <p class="sentence">"Measuring has begun. The first figures appear within a few minutes."</p>
            <p>"The 28-day figures grow from today on; a service level below its target is called so from the first day."</p>
        }
        .into_any(),
    }
}

fn good(overview: &AppOverview) -> impl IntoView + use<> {
    // The series that is nearest to its limit tells most.
    let tightest = overview
        .slis
        .iter()
        .filter(|row| !row.budget.is_young())
        .filter_map(|row| Some((row, row.budget.share?)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(row, share)| {
            let unit = if row.budget.in_minutes { "minutes" } else { "failures" };
            let (left, allowed) = (amount(row.budget.left), amount(row.budget.allowed));
            let urge = if share < 0.25 { "Only " } else { "" };
            format!(
                "{urge}{left} of {allowed} bad {unit} are left over 28 days ({}).",
                series_name(row)
            )
        });
    view! {
        <p class="sentence">"No breach is open, and every service level is on target."</p>
        <p>
            {tightest
                .unwrap_or_else(|| {
                    "The error budget is below one event so far; it grows with everything that is counted.".to_owned()
                })}
        </p>
    }
}

fn below_target(overview: &AppOverview) -> impl IntoView + use<> {
    let worst = overview
        .slis
        .iter()
        .filter(|row| row.month.is_some_and(|month| month < row.slo))
        .min_by(|a, b| a.budget.share.unwrap_or(0.0).total_cmp(&b.budget.share.unwrap_or(0.0)))
        .map(|row| {
            (
                series_name(row),
                row.month.map(percent).unwrap_or_default(),
                target(row.slo),
                row.budget.words().1,
            )
        });
    let clears = overview.clears_on;
    view! {
        {match worst {
            Some((name, month, slo, over)) => {
                view! {
                    <p class="sentence">
                        {format!("No breach is open, but {name} stands at ")}<strong>{month}</strong>
                        {format!(" over 28 days, below its target of {slo}.")}
                    </p>
                    <p>{format!("The error budget is {over}. ")}<Clears on=clears/></p>
                }
                .into_any()
            }
            None => view! { <p class="sentence">"No breach is open, but a 28-day figure is below its target."</p> }.into_any(),
        }}
    }
}

/// When the figures are on target again.
#[component]
fn Clears(on: Option<chrono::NaiveDate>) -> impl IntoView {
    match on {
        Some(date) => view! {
            "If nothing else goes wrong, this clears on "<strong>{date.format("%-d\u{a0}%b\u{a0}%Y").to_string()}</strong>
            ", when the bad days leave the window."
        }
        .into_any(),
        None => "It clears as the bad days leave the window.".into_any(),
    }
}

fn breach(overview: &AppOverview) -> impl IntoView + use<> {
    let now = viewer().now;
    let mut open: Vec<_> = overview
        .slis
        .iter()
        .filter_map(|row| Some((row.breach_since?, row)))
        .collect();
    open.sort_by_key(|(since, _)| *since);
    let others = open.len().saturating_sub(1);
    let first = open.first().map(|(since, row)| {
        (
            *since,
            series_name(row),
            target(row.slo),
            duration((now - *since).num_seconds()),
        )
    });
    let newest = overview
        .breaches
        .iter()
        .find(|b| b.closed_at.is_none())
        .map(|b| b.href.clone());
    view! {
        {match first {
            Some((since, name, slo, lasted)) => {
                view! {
                    <p class="sentence">
                        {name}" has been below "{slo}" since "<strong><Time at=since style=TimeStyle::Short/></strong>
                        {format!(", for {lasted}.")}
                    </p>
                }
                .into_any()
            }
            None => view! { <p class="sentence">"A breach is open."</p> }.into_any(),
        }}
        <p>
            "It closes once the condition has not held for 15 minutes. "
            {(others > 0)
                .then(|| {
                    let number = if others == 1 { "One more breach is open. ".to_owned() } else { format!("{others} more breaches are open. ") };
                    view! { {number} }
                })} {newest.map(|href| view! { <a href=href>"Look at the breach"</a> })}
        </p>
    }
}
