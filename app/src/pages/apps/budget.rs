//! Where the error budget of a series went.

use chrono::NaiveDate;
use leptos::prelude::*;

use super::{
    super::{PageTitle, page_number, param, query},
    head::Head,
};
use crate::{
    model::{self, Budget, ExcludedRow, Outlook, SpentRow},
    request::{actor, services},
    ui::{
        Badge, BudgetBar, Card, Empty, Pager, Scroll, Time, TimeStyle, Tone,
        figure::{Count, Rate, amount, count, counted, percent, target},
        link, page,
    },
};

/// What is left, as a bar, with the link to where the rest went. What excused minutes make of it is said beside.
#[component]
pub(super) fn Left(budget: Budget, raw: Budget, outlook: Outlook, href: String) -> impl IntoView {
    let as_measured = (raw.bad != budget.bad).then(|| format!("{} as measured", raw.words().1));
    view! {
        <BudgetBar budget/>
        {as_measured.map(|words| view! { <span class="key-line">{words}</span> })}
        <OutlookText outlook/>
        {(budget.bad > 0).then(|| view! { <span class="key-line"><a href=href>"Where it went"</a></span> })}
    }
}

fn day(date: NaiveDate) -> String {
    date.format("%-d\u{a0}%b\u{a0}%Y").to_string()
}

/// What becomes of the budget, in a few words.
#[component]
fn OutlookText(outlook: Outlook) -> impl IntoView {
    let text = match (outlook.exhausted_on, outlook.met_again_on) {
        (Some(date), _) => format!("exhausted on {} at this rate", day(date)),
        (None, Some(date)) => format!("met again on {}", day(date)),
        (None, None) => return None,
    };
    Some(view! { <span class="key-line outlook">{text}</span> })
}

/// The budget of one series and its worst hours.
#[component]
pub(super) fn BudgetPage() -> impl IntoView {
    let key = param("key");
    let (series, number) = (query("series"), page_number());
    page(
        async move { services().app_budget(&actor(), &key, series.as_deref(), number).await },
        show,
    )
}

fn show(shown: model::BudgetPage) -> impl IntoView {
    let model::BudgetPage {
        head,
        choices,
        name,
        slo,
        month,
        month_raw,
        budget,
        budget_raw,
        outlook,
        from,
        to,
        rows,
        total,
        page,
        pages,
        excluded,
        excluded_minutes,
        href,
        series_href,
    } = shown;
    let all = link::app(&head.key, "/metrics");
    let next_page = move |page: u32| link::with_query(&href, &[("page", &page.to_string())]);
    let chips = (choices.len() > 1).then(|| {
        let chips = choices.into_iter().map(|(name, href, selected)| {
            view! { <a class="chip" href=href aria-current=selected.then_some("true")>{name}</a> }
        });
        view! { <nav class="chips" aria-label="Series">{chips.collect_view()}</nav> }
    });
    view! {
        <PageTitle text=format!("Error budget of {}", head.name)/>
        <Head head tab="Metrics"/>
        <div class="stack">
            {chips}
            <nav class="steps" aria-label="Figures">
                <ol>
                    <li><a href=all>"All series"</a></li>
                    <li><a href=series_href>{name.clone()}</a></li>
                    <li aria-current="true">"Error budget"</li>
                </ol>
            </nav>
            <Card title="Error budget" aside=move || view! { <Time at=from style=TimeStyle::Short/>" to "<Time at=to style=TimeStyle::Short/> }>
                <div class="body">
                    <Sentence budget outlook slo month/>
                </div>
                <Figures slo month month_raw budget raw=budget_raw/>
            </Card>
            <Card title="Where it went" aside=move || counted(total, "hour with bad events", "hours with bad events")>
                {if rows.is_empty() {
                    view! {
                        <Empty title="Nothing was spent">
                            <p>"No bad event counts in these 28 days."</p>
                        </Empty>
                    }
                    .into_any()
                } else {
                    view! { <SpentTable rows in_minutes=budget.in_minutes/> }.into_any()
                }}
            </Card>
            <Pager page pages href=Box::new(next_page)/>
            <Card title="Left out" aside=move || counted(excluded_minutes, "minute", "minutes")>
                {if excluded.is_empty() {
                    view! { <p class="body quiet">"No minute of these 28 days is excused."</p> }.into_any()
                } else {
                    view! { <ExcludedTable rows=excluded/> }.into_any()
                }}
            </Card>
        </div>
    }
}

/// What the budget allows, what was used and what becomes of it, in plain words.
#[component]
fn Sentence(budget: Budget, outlook: Outlook, slo: f64, month: Option<f64>) -> impl IntoView {
    let unit = if budget.in_minutes { "bad minutes" } else { "bad events" };
    let Some(month) = month else {
        return view! { <p class="sentence">"Nothing was counted in these 28 days, so there is no budget yet."</p> }
            .into_any();
    };
    let used = format!(
        "{} {unit} in 28 days, where a target of {} allows {}",
        count(budget.bad),
        target(slo),
        amount(budget.allowed)
    );
    let outlook = match (outlook.exhausted_on, outlook.met_again_on) {
        (_, Some(date)) => format!("If nothing else goes wrong, the target is met again on {}.", day(date)),
        (Some(date), None) => format!(
            "At the rate of the last seven days the budget is exhausted on {}.",
            day(date)
        ),
        (None, None) if month < slo => "The target is met again as the bad days leave the window.".to_owned(),
        (None, None) => "At the rate of the last seven days it is never exhausted.".to_owned(),
    };
    view! {
        <p class="sentence">{used}": "<strong>{budget.words().1}</strong>"."</p>
        <p>{outlook}</p>
    }
    .into_any()
}

/// Adjusted and as measured, side by side.
#[component]
fn Figures(slo: f64, month: Option<f64>, month_raw: Option<f64>, budget: Budget, raw: Budget) -> impl IntoView {
    let row = move |name: &'static str, rate: Option<f64>, budget: Budget| {
        let (tone, word) = match rate {
            None => (Tone::Unknown, "no data"),
            Some(rate) if rate < slo => (Tone::Bad, "below target"),
            Some(_) => (Tone::Good, "on target"),
        };
        let unit = if budget.in_minutes { "\u{202f}min" } else { "" };
        let sign = if budget.left < 0.0 { "−" } else { "" };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row" class="wrap">{name}</th>
                <td role="cell" data-label="Rate"><Rate value=rate/></td>
                <td role="cell" data-label="State"><Badge tone word/></td>
                <td role="cell" class="num" data-label="Counted">{format!("{}{unit}", count(budget.counted))}</td>
                <td role="cell" class="num" data-label="Allowed bad">{format!("{}{unit}", amount(budget.allowed))}</td>
                <td role="cell" class="num" data-label="Bad">{format!("{}{unit}", count(budget.bad))}</td>
                <td role="cell" class="num" data-label="Left">{format!("{sign}{}{unit}", amount(budget.left))}</td>
            </tr>
        }
    };
    view! {
        <Scroll label="Error budget">
            <table class="rows blocks ruled" role="table">
                <caption class="visually-hidden">"The error budget without excused minutes and as measured"</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"28\u{a0}days"</th>
                        <th role="columnheader" scope="col">"Rate"</th>
                        <th role="columnheader" scope="col">{format!("Target {}", target(slo))}</th>
                        <th role="columnheader" scope="col" class="num">"Counted"</th>
                        <th role="columnheader" scope="col" class="num">"Allowed bad"</th>
                        <th role="columnheader" scope="col" class="num">"Bad"</th>
                        <th role="columnheader" scope="col" class="num">"Left"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {row("Excused minutes left out", month, budget)} {row("As measured", month_raw, raw)}
                </tbody>
            </table>
        </Scroll>
    }
}

/// Hours, the one that cost most first.
#[component]
fn SpentTable(rows: Vec<SpentRow>, in_minutes: bool) -> impl IntoView {
    let rows = rows.into_iter().map(move |row| {
        let rate = row.good as f64 / (row.good + row.bad).max(1) as f64 * 100.0;
        view! {
            <tr>
                <th scope="row"><a href=row.href><Time at=row.from style=TimeStyle::Cell/></a></th>
                <td class="num"><Count value=row.bad/></td>
                <td class="num">{row.share.map_or_else(|| "–".to_owned(), share)}</td>
                <td class="num">{percent(rate)}</td>
                {(!in_minutes).then(|| view! { <td class="num"><Count value=u64::from(row.bad_minutes)/></td> })}
            </tr>
        }
    });
    view! {
        <Scroll label="Hours with bad events">
            <table class="rows dense">
                <caption class="visually-hidden">"Hours with bad events, the one that cost most first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Hour from, UTC"</th>
                        <th scope="col" class="num">{if in_minutes { "Bad min" } else { "Bad" }}</th>
                        <th scope="col" class="num">"Of the budget"</th>
                        <th scope="col" class="num">"Rate"</th>
                        {(!in_minutes).then(|| view! { <th scope="col" class="num">"Minutes with bad"</th> })}
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

/// A part of the budget. What is not nothing never reads "0".
fn share(share: f64) -> String {
    format!("{}\u{202f}%", amount(share * 100.0))
}

/// What is excused, the latest first.
#[component]
fn ExcludedTable(rows: Vec<ExcludedRow>) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        view! {
            <tr>
                <th scope="row"><a href=row.href><Time at=row.from style=TimeStyle::Cell/></a></th>
                <td><Time at=row.to style=TimeStyle::Cell/></td>
                <td class="num"><Count value=row.minutes/></td>
                <td class="num"><Count value=row.good/></td>
                <td class="num"><Count value=row.bad/></td>
                <td class="wrap">{row.reason}</td>
            </tr>
        }
    });
    view! {
        <Scroll label="Excused minutes">
            <table class="rows dense">
                <caption class="visually-hidden">"Stretches that are left out of the budget, the latest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"From, UTC"</th>
                        <th scope="col">"To, UTC"</th>
                        <th scope="col" class="num">"Minutes"</th>
                        <th scope="col" class="num">"Good"</th>
                        <th scope="col" class="num">"Bad"</th>
                        <th scope="col">"Why"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_a_budget_have_their_unit() {
        assert_eq!(share(0.5), "50\u{202f}%");
        assert_eq!(share(0.0004), "<0.1\u{202f}%");
        assert_eq!(share(1.75), "175\u{202f}%");
    }
}
