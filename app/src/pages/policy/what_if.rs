//! What a draft of the escalation policy would have made of every app, and would make of them.

use leptos::prelude::*;
use rampart_domain::escalation::State;

use super::{
    super::{PageTitle, page_number, param},
    Changes,
};
use crate::{
    islands::Progress,
    model::{self, WhatIfDecision, WhatIfRow, WhatIfSide, WhatIfStatus},
    request::{actor, services},
    ui::{
        Badge, Card, Crumbs, Empty, EscalationBadge, Notice, Pager, Scroll, Time, TimeStyle, Tone, capitalized,
        figure::{count, counted},
        form::{Form, PostButton, Submit, TextArea},
        link, page,
    },
};

/// The replay of a draft: how far it is, what it found, and the form that publishes.
#[component]
pub(in crate::pages) fn WhatIfPage() -> impl IntoView {
    let (id, number) = (param("id"), page_number());
    page(async move { services().what_if(&actor(), &id, number).await }, show)
}

fn show(replay: model::WhatIfPage) -> impl IntoView {
    let at = format!("/policies/escalation/what-if/{}", link::encode(&replay.id));
    let change = format!("/policies/escalation/edit?draft={}", link::encode(&replay.id));
    let (status, version, stopped) = (replay.status, replay.version, replay.stopped);
    let is_unfinished = matches!(status, WhatIfStatus::Waiting | WhatIfStatus::Running { .. });
    view! {
        <PageTitle text=format!("What if: version {version}")/>
        <Crumbs above=vec![("Escalation rules".to_owned(), "/policies/escalation".to_owned())]/>
        <div class="head">
            <h1>{format!("What if: version {version}")}</h1>
            <div class="acts"><a class="btn" href=change>"Change the draft"</a></div>
        </div>
        <p class="sub">
            <span>{format!("Based on version {}", replay.base)}</span>
            <span>{format!("asked by {} ", replay.by)}<Time at=replay.asked_at/></span>
            {replay.as_of.map(|at| view! { <span>"history up to "<Time at/></span> })}
        </p>
        <div class="stack">
            <Card title="The draft">
                <div class="body stack tight">
                    <Changes changes=replay.changes/>
                    <p>
                        {match replay.starts {
                            Some(at) => view! { "It takes over on "<Time at/>"." }.into_any(),
                            None => "It takes over as soon as it is published.".into_any(),
                        }}
                        {format!(
                            " For {} after that, until ",
                            counted(replay.transition_days, "day", "days"),
                        )}
                        <Time at=replay.transition_ends/>
                        {replay.starts.is_none().then_some(" if it is published now")}
                        ", what it tightens waits for the rules before it. What it loosens holds at once, and so do changed quiet days and waits."
                    </p>
                    {replay
                        .replaces
                        .into_iter()
                        .map(|(version, at)| {
                            view! {
                                <Notice tone=Tone::Warn>
                                    <p>{format!("Version {version}, planned for ")}<Time at/>", will not take over: this one replaces it."</p>
                                </Notice>
                            }
                        })
                        .collect_view()}
                </div>
            </Card>
            {is_unfinished.then(|| view! { <Running at=at.clone() status/> })}
            {(status == WhatIfStatus::Cancelled).then(|| view! { <Cancelled at=at.clone()/> })}
            {(status == WhatIfStatus::Finished)
                .then(|| {
                    let below = at.clone();
                    let href = move |page: u32| link::with_query(&below, &[("page", &page.to_string())]);
                    view! {
                        <States states=replay.states/>
                        {(stopped > 0)
                            .then(|| {
                                view! {
                                    <Notice tone=Tone::Warn>
                                        <p>
                                            {format!("{} left out, since their facts contradict each other. ", counted(stopped, "app is", "apps are"))}
                                            <a href="/escalation">"The board"</a>" shows them first."
                                        </p>
                                    </Notice>
                                }
                            })}
                        <Differing at=at.clone() total=replay.differing rows=replay.rows/>
                        <Pager page=replay.page pages=replay.pages href=Box::new(href)/>
                        <Publish at=at.clone() version obstacle=replay.obstacle/>
                    }
                })}
        </div>
    }
}

#[component]
fn Running(at: String, status: WhatIfStatus) -> impl IntoView {
    let (done, total) = match status {
        WhatIfStatus::Running { done, total } => (done, total),
        _ => (0, 0),
    };
    view! {
        <Card title="Replaying the history of all apps">
            <div class="body stack tight">
                <div data-live="progress" data-unfinished="yes">
                    <progress value=done max=total.max(1) aria-label="Replay"></progress>
                    <p>
                        {if total == 0 {
                            "Waiting for its turn.".to_owned()
                        } else {
                            format!("{} of {}", count(done), counted(total, "app", "apps"))
                        }}
                    </p>
                </div>
                <PostButton id="cancel-replay" action=format!("{at}/cancel") label="Cancel"/>
                <Progress/>
                <noscript>
                    <meta http-equiv="refresh" content="2"/>
                    <p class="fine">"This page loads itself again every two seconds."</p>
                </noscript>
            </div>
        </Card>
    }
}

#[component]
fn Cancelled(at: String) -> impl IntoView {
    view! {
        <Card title="Cancelled">
            <div class="body stack tight">
                <p>"The replay was cancelled before it had finished. Nothing was published."</p>
                <PostButton id="replay-again" action=format!("{at}/again") label="Replay again"/>
            </div>
        </Card>
    }
}

/// How many apps are in each state, and how many would be.
#[component]
fn States(states: Vec<(State, u64, u64)>) -> impl IntoView {
    let rows = states.into_iter().map(|(state, now, by_draft)| {
        let change = match by_draft.cmp(&now) {
            std::cmp::Ordering::Less => format!("−{}", count(now - by_draft)),
            std::cmp::Ordering::Equal => "–".to_owned(),
            std::cmp::Ordering::Greater => format!("+{}", count(by_draft - now)),
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{capitalized(state.label())}</th>
                <td role="cell" class="num" data-label="Now">{count(now)}</td>
                <td role="cell" class="num" data-label="By the draft">{count(by_draft)}</td>
                <td role="cell" class="num" data-label="Difference">{change}</td>
            </tr>
        }
    });
    view! {
        <Card title="Where apps would stand today" aside=|| "had the draft always held">
            <Scroll label="Where apps would stand today">
                <table class="rows blocks" role="table">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">"State"</th>
                            <th role="columnheader" scope="col" class="num">"Now"</th>
                            <th role="columnheader" scope="col" class="num">"By the draft"</th>
                            <th role="columnheader" scope="col" class="num">"Difference"</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows.collect_view()}</tbody>
                </table>
            </Scroll>
        </Card>
    }
}

#[component]
fn Differing(at: String, total: u64, rows: Vec<WhatIfRow>) -> impl IntoView {
    if rows.is_empty() {
        return view! {
            <Card title="Apps that differ">
                <Empty title="No app differs">
                    <p>"Every decision would have been the same, and publishing the draft moves nobody."</p>
                </Empty>
            </Card>
        }
        .into_any();
    }
    let rows = rows.into_iter().map(move |row| {
        let href = format!("{at}/{}", link::encode(&row.app_key));
        view! {
            <tr role="row">
                <th role="rowheader" scope="row" class="wrap">
                    <a href=href>{row.app_name}</a>
                    <span class="key-line">{row.partner}</span>
                </th>
                <td role="cell" class="wrap" data-label="Now"><EscalationBadge state=row.state/></td>
                <td role="cell" class="wrap" data-label="Had it always held"><Moved from=row.state to=row.by_draft/></td>
                <td role="cell" class="wrap" data-label="After its transition"><Moved from=row.later to=row.later_with_draft/></td>
                <td role="cell" class="num" data-label="Decisions that differ">{count(row.decisions)}</td>
                <td role="cell" data-label="First">
                    {match row.first_at {
                        Some(at) => view! { <Time at style=TimeStyle::Date/> }.into_any(),
                        None => view! { <span class="quiet">"–"</span> }.into_any(),
                    }}
                </td>
            </tr>
        }
    });
    view! {
        <Card title="Apps that differ" aside=move || counted(total, "app", "apps")>
            <Scroll label="Apps that differ">
                <table class="rows blocks" role="table">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">"App"</th>
                            <th role="columnheader" scope="col">"Now"</th>
                            <th role="columnheader" scope="col">"Had it always held"</th>
                            <th role="columnheader" scope="col">"After its transition"</th>
                            <th role="columnheader" scope="col" class="num">"Decisions that differ"</th>
                            <th role="columnheader" scope="col">"First"</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows.collect_view()}</tbody>
                </table>
            </Scroll>
            <p class="body fine">
                "“After its transition”: where the app stands then if nothing further happens, compared with where it would without the draft."
            </p>
        </Card>
    }
    .into_any()
}

/// A state where it is another one, else "the same".
#[component]
fn Moved(from: State, to: State) -> impl IntoView {
    if from == to {
        view! { <span class="quiet">"the same"</span> }.into_any()
    } else {
        view! { <EscalationBadge state=to/> }.into_any()
    }
}

#[component]
fn Publish(at: String, version: u64, obstacle: Option<String>) -> impl IntoView {
    view! {
        <Card title="Publish">
            <div class="body stack tight">
                {match obstacle {
                    Some(obstacle) => {
                        view! {
                            <Notice tone=Tone::Warn>
                                <p>{obstacle}</p>
                            </Notice>
                        }
                        .into_any()
                    }
                    None => {
                        view! {
                            <Form id="publish-escalation-policy" action=format!("{at}/publish")>
                                <TextArea
                                    name="reason"
                                    label="Reason"
                                    help="Everybody who is signed in can read it beside the version."
                                />
                                <Submit label="Publish"/>
                            </Form>
                            <p class="fine">{format!("Version {version} cannot be changed afterwards; a newer one can replace it.")}</p>
                        }
                        .into_any()
                    }
                }}
            </div>
        </Card>
    }
}

/// One app of a replay, decision by decision.
#[component]
pub(in crate::pages) fn WhatIfAppPage() -> impl IntoView {
    let (id, app) = (param("id"), param("app"));
    page(
        async move { services().what_if_app(&actor(), &id, &app).await },
        show_app,
    )
}

fn show_app(replay: model::WhatIfAppPage) -> impl IntoView {
    let model::WhatIfAppPage {
        id,
        version,
        as_of,
        transition_ends,
        row,
        decisions,
    } = replay;
    let above = vec![
        ("Escalation rules".to_owned(), "/policies/escalation".to_owned()),
        (
            format!("What if: version {version}"),
            format!("/policies/escalation/what-if/{}", link::encode(&id)),
        ),
    ];
    view! {
        <PageTitle text=format!("What if: {}", row.app_name)/>
        <Crumbs above/>
        <div class="head">
            <h1>{row.app_name}</h1>
            <div class="acts"><a class="btn" href=link::app(&row.app_key, "/escalation")>"Open its ladder"</a></div>
        </div>
        <p class="sub">
            <span class="code">{row.app_key}</span>
            <span>{row.partner}</span>
            <span>"history up to "<Time at=as_of/></span>
        </p>
        <div class="stack">
            <Card title=format!("Under version {version}")>
                <dl class="body facts">
                    <dt>"Stands now"</dt>
                    <dd><EscalationBadge state=row.state/></dd>
                    <dt>"Had it always held"</dt>
                    <dd><Moved from=row.state to=row.by_draft/></dd>
                    <dt>"On "<Time at=transition_ends style=TimeStyle::Date/>" without it"</dt>
                    <dd><EscalationBadge state=row.later/></dd>
                    <dt>"On that day with it"</dt>
                    <dd><Moved from=row.later to=row.later_with_draft/></dd>
                </dl>
            </Card>
            <Card title="Decisions" aside=move || format!("{} of them differ", count(row.decisions))>
                {if decisions.is_empty() {
                    view! { <Empty title="No decision"><p>"Neither side has decided anything about this app."</p></Empty> }.into_any()
                } else {
                    view! { <Decisions decisions/> }.into_any()
                }}
            </Card>
        </div>
    }
}

#[component]
fn Decisions(decisions: Vec<WhatIfDecision>) -> impl IntoView {
    let rows = decisions.into_iter().map(|decision| {
        let (tone, word) = match decision.side {
            WhatIfSide::Both => (Tone::Unknown, "in both"),
            WhatIfSide::Falls => (Tone::Warn, "was decided, would not be"),
            WhatIfSide::Comes => (Tone::Bad, "would be decided"),
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row"><Time at=decision.at style=TimeStyle::Full/></th>
                <td role="cell" class="wrap" data-label="Step">
                    {format!("{} → {}", capitalized(decision.from.label()), decision.to.label())}
                </td>
                <td role="cell" class="wrap" data-label="Why">{decision.explanation}</td>
                <td role="cell" class="wrap" data-label="Where"><Badge tone word/></td>
            </tr>
        }
    });
    view! {
        <Scroll label="Decisions">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Time"</th>
                        <th role="columnheader" scope="col">"Step"</th>
                        <th role="columnheader" scope="col">"Why"</th>
                        <th role="columnheader" scope="col">"Where"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}
