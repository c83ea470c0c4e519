//! The board: where every app in the programme stands.

use leptos::prelude::*;

use super::{PageTitle, page_number, query};
use crate::{
    model::{BoardFilter, BoardRow, EscalationBoard, FreezeOfAll, WaitingAppeal},
    request::{actor, services},
    ui::{
        Badge, Card, Empty, EscalationBadge, GetField, Notice, Pager, Scroll, Time, TimeStyle, Tone, capitalized,
        figure::{count, counted},
        form::{Confirm, TextArea},
        link::{self, with_query},
        page,
    },
};

/// Apps for which the engine has stopped first, then those closest to demotion.
#[component]
pub(super) fn BoardPage() -> impl IntoView {
    let filter = BoardFilter {
        state: query("state").unwrap_or_default(),
        search: query("q").unwrap_or_default(),
        page: page_number(),
    };
    page(async move { services().escalation_board(&actor(), filter).await }, show)
}

fn show(board: EscalationBoard) -> impl IntoView {
    let EscalationBoard {
        rows,
        total,
        page,
        pages,
        filter: BoardFilter { state, search, .. },
        states,
        freeze,
        appeals,
        may_freeze,
    } = board;
    let is_narrowed = !(state.is_empty() && search.is_empty());
    let everything: u64 = states.iter().map(|(_, number)| number).sum();
    let chips = std::iter::once(("", "All".to_owned(), everything))
        .chain(
            states
                .iter()
                .map(|(state, number)| (state.as_str(), capitalized(state.label()), *number)),
        )
        .map(|(key, name, number)| {
            let href = with_query("/escalation", &[("state", key), ("q", &search)]);
            view! {
                <a class="chip" href=href aria-current=(key == state).then_some("true")>
                    {name}<span class="number">{count(number)}</span>
                </a>
            }
        })
        .collect_view();
    let (chosen, searched) = (state.clone(), search.clone());
    let href = move |page: u32| {
        let page = page.to_string();
        with_query("/escalation", &[("state", &chosen), ("q", &searched), ("page", &page)])
    };
    view! {
        <PageTitle text="Escalation"/>
        <div class="head">
            <h1>"Escalation"</h1>
            <span class="total">{counted(total, "app", "apps")}</span>
        </div>
        <p class="sub"><span>"Where every app in the programme stands."</span></p>
        <div class="stack tight">
            {freeze.clone().map(|freeze| view! { <Frozen freeze/> })}
            {(!appeals.is_empty()).then(|| view! { <Appeals appeals/> })}
            <nav class="chips" aria-label="Which apps">{chips}</nav>
            <form class="filter" method="get" action="/escalation" role="search" aria-label="Narrow the board down">
                {(!state.is_empty()).then(|| view! { <input type="hidden" name="state" value=state.clone()/> })}
                <GetField name="q" label="App or partner" kind="search" value=search/>
                <button class="btn">"Show"</button>
            </form>
            <div class="card">
                {if rows.is_empty() {
                    view! {
                        <Empty title=if is_narrowed { "No app matches" } else { "No app is in the programme yet" }>
                            {if is_narrowed {
                                view! { <p><a href="/escalation">"Show all apps"</a></p> }.into_any()
                            } else {
                                view! { <p>"A program manager gives an app the designation on its page “Escalation”."</p> }.into_any()
                            }}
                        </Empty>
                    }
                    .into_any()
                } else {
                    view! { <Board rows/> }.into_any()
                }}
            </div>
            <Pager page pages href=Box::new(href)/>
            {may_freeze.then(|| view! { <FreezeCard freeze/> })}
        </div>
    }
}

#[component]
fn Board(rows: Vec<BoardRow>) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        let due = match (row.deadline, row.clears) {
            (Some(at), _) => view! { "deadline "<Time at style=TimeStyle::Cell/> }.into_any(),
            (None, Some(at)) => view! { "clears "<Time at style=TimeStyle::Cell/> }.into_any(),
            (None, None) => view! { <span class="quiet">"–"</span> }.into_any(),
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row" class="wrap">
                    <a href=link::app(&row.app_key, "/escalation")>{row.app_name}</a>
                    <span class="key-line">{row.app_key.clone()}</span>
                </th>
                <td role="cell" class="wrap" data-label="Partner">
                    <a href=link::partner(&row.partner.id, "")>{row.partner.name}</a>
                </td>
                <td role="cell" class="wrap" data-label="State">
                    <EscalationBadge state=row.state/>
                    {row.paused.then(|| view! { <span class="key-line">"paused"</span> })}
                    {row
                        .error
                        .map(|error| {
                            view! {
                                " "
                                <Badge tone=Tone::Bad word="Engine stopped"/>
                                <span class="key-line">{error}</span>
                            }
                        })}
                </td>
                <td role="cell" data-label="Since">
                    {match row.since {
                        Some(at) => view! { <Time at style=TimeStyle::Cell/> }.into_any(),
                        None => view! { <span class="quiet">"–"</span> }.into_any(),
                    }}
                </td>
                <td role="cell" data-label="Next date">{due}</td>
            </tr>
        }
    });
    view! {
        <Scroll label="Escalation">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"App"</th>
                        <th role="columnheader" scope="col">"Partner"</th>
                        <th role="columnheader" scope="col">"State"</th>
                        <th role="columnheader" scope="col">"Since, UTC"</th>
                        <th role="columnheader" scope="col">"Next date, UTC"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

/// The appeals that wait for a program manager.
#[component]
fn Appeals(appeals: Vec<WaitingAppeal>) -> impl IntoView {
    let total = appeals.len() as u64;
    let rows = appeals.into_iter().map(|appeal| {
        view! {
            <li>
                <a href=link::app(&appeal.app_key, "/escalation")>{appeal.app_name}</a>", since "<Time at=appeal.since/>
            </li>
        }
    });
    view! {
        <Notice tone=Tone::Warn>
            <p>
                <strong>{counted(total, "appeal waits", "appeals wait")}</strong>
                " for a program manager's decision. Nothing is enforced on these apps meanwhile."
            </p>
            <ul class="bullets">{rows.collect_view()}</ul>
        </Notice>
    }
}

/// That every app is frozen, since when, why, and until when.
#[component]
fn Frozen(freeze: FreezeOfAll) -> impl IntoView {
    let FreezeOfAll {
        since,
        by,
        why,
        thaws,
        kept,
    } = freeze;
    let whose = match by {
        Some(name) => format!("by {name}: {why}"),
        None => format!("because {why}"),
    };
    view! {
        <Notice tone=Tone::Warn>
            <p><strong>"Every app is frozen."</strong>" Deadlines stand still and nothing is enforced."</p>
            <p>"Frozen since "<Time at=since/>" "{with_full_stop(whose)}</p>
            {thaws.map(|at| view! { <p>"It thaws on "<strong><Time at/></strong>", unless it is kept or thawed earlier."</p> })}
            {kept
                .map(|kept| {
                    let why = with_full_stop(format!("{}: {}", kept.by, kept.why));
                    view! { <p>"Kept on "<Time at=kept.at/>" by "{why}" Only a person thaws it."</p> }
                })}
        </Notice>
    }
}

fn with_full_stop(text: String) -> String {
    match text.ends_with(['.', '!', '?']) {
        true => text,
        false => text + ".",
    }
}

/// Suspending enforcement for everybody, and going on with it.
#[component]
fn FreezeCard(freeze: Option<FreezeOfAll>) -> impl IntoView {
    let thaws_by_itself = freeze.as_ref().is_some_and(|freeze| freeze.thaws.is_some());
    let form = if freeze.is_some() {
        view! {
            {thaws_by_itself
                .then(|| {
                    view! {
                        <Confirm
                            id="keep-freeze"
                            action="/escalation/keep-freeze"
                            label="Keep the freeze"
                            confirm="Keep the freeze"
                            explanation="It no longer thaws by itself: every app stays frozen until a program manager thaws it."
                            look="primary"
                        >
                            <TextArea name="why" label="Reason"/>
                        </Confirm>
                    }
                })}
            <Confirm
                id="thaw-all"
                action="/escalation/thaw"
                label="Thaw"
                confirm="Thaw"
                explanation="Deadlines go on, and the rules hold again. Apps that are frozen by themselves stay frozen."
                look="primary"
            >
                <TextArea name="why" label="Reason"/>
            </Confirm>
        }
        .into_any()
    } else {
        view! {
            <Confirm
                id="freeze-all"
                action="/escalation/freeze"
                label="Freeze every app"
                confirm="Freeze every app"
                explanation="Every deadline stands still, and nothing is enforced for anybody until it is thawed."
            >
                <TextArea name="why" label="Reason"/>
            </Confirm>
        }
        .into_any()
    };
    view! {
        <Card title="Every app at once">
            <div class="body stack tight">{form}</div>
        </Card>
    }
}
