//! The ladder of an app: what is asked, where it stands, what counts, and how it came there.

use leptos::prelude::*;
use rampart_domain::escalation::{EscalationPolicy, State};

use super::{
    super::{PageTitle, param},
    head::Head,
};
use crate::{
    model::{self, Act, ActKind, CountingRow, DecidedAppeal, DecisionRow, Ladder, OpenAppeal, SetAsideRow},
    request::{actor, services, viewer},
    ui::{
        Card, Empty, EscalationBadge, Notice, Scroll, Time, TimeStyle, Tone, capitalized,
        figure::counted,
        form::{Choices, Confirm, TextArea, TextField},
        link, page,
    },
};

/// The steps, from the best down.
const STEPS: [State; 5] = [
    State::GoodStanding,
    State::Notified,
    State::Remediation,
    State::DemotionProposed,
    State::Demoted,
];

/// Where an app stands on the way between good standing and demotion.
#[component]
pub(super) fn EscalationPage() -> impl IntoView {
    let key = param("key");
    page(async move { services().app_escalation(&actor(), &key).await }, show)
}

fn show(page: model::EscalationPage) -> impl IntoView {
    let model::EscalationPage {
        head,
        ladder,
        error,
        decisions,
        policy,
        acts,
        appealable,
        appeal,
        appeals,
        at_fault,
        set_aside,
        open_items,
        record_href,
    } = page;
    let (app, partner) = (head.key.clone(), head.partner.name.clone());
    let plan_href = link::app(&app, "/remediation");
    let stopped_app = app.clone();
    let total = decisions.len() as u64;
    let has_history = total > 0 || !set_aside.is_empty();
    let counting = ladder.as_ref().map(|ladder| ladder.counting.clone());
    let is_known = ladder.is_some() || error.is_some();
    view! {
        <PageTitle text=format!("Escalation of {}", head.name)/>
        <Head head tab="Escalation"/>
        <div class="grid">
            <div class="stack">
                {error
                    .map(|error| {
                        view! {
                            <Notice tone=Tone::Bad>
                                <p>"The escalation engine has stopped for this app: "{error}</p>
                            </Notice>
                        }
                    })}
                {at_fault.map(|fact| view! { <SetAside app=stopped_app fact/> })}
                {ladder.map(|ladder| view! { <StandingCard ladder partner plan=plan_href/> })}
                {appeal.map(|appeal| view! { <AppealCard appeal/> })}
                {(!is_known).then(|| view! { <NotYet/> })}
                {counting.map(|rows| view! { <CountingCard rows/> })}
                {has_history
                    .then(|| {
                        view! {
                            <Card title="Decisions" aside=move || counted(total, "decision", "decisions")>
                                {(total > 0).then(|| view! { <DecisionTable decisions/> })}
                                {(!set_aside.is_empty()).then(|| view! { <FactsSetAside rows=set_aside/> })}
                            </Card>
                        }
                    })}
                {(!appeals.is_empty()).then(|| view! { <DecidedAppeals appeals/> })}
            </div>
            <aside class="stack" aria-label="What you can decide, and the rules">
                {(!acts.is_empty()).then(|| view! { <Acts acts app appealable open_items/> })}
                <Rules policy/>
                {record_href
                    .map(|href| {
                        view! {
                            <Card title="Public record">
                                <p class="body">
                                    <a href=href>"What anybody may read"</a>
                                    ": that the app carries the designation, or no longer does, and since when. Steps before a demotion are not in it."
                                </p>
                            </Card>
                        }
                    })}
            </aside>
        </div>
    }
}

#[component]
fn NotYet() -> impl IntoView {
    let designation = viewer().platform.designation;
    view! {
        <div class="card">
            <Empty title=format!("This app is not {designation} yet")>
                <p>
                    "A program manager of the platform gives it the designation. From then on breaches that count and missed targets move it on a ladder, which is shown here."
                </p>
            </Empty>
        </div>
    }
}

/// What is asked, the ladder, and what is next.
#[component]
fn StandingCard(ladder: Ladder, partner: String, plan: String) -> impl IntoView {
    let state = ladder.state;
    let has_plan = matches!(state, State::Remediation | State::DemotionProposed);
    let is_asked = !matches!(state, State::None | State::GoodStanding);
    let whom = (actor().is_staff() && is_asked).then(|| format!("Asked of {partner}: "));
    let deadline = ladder.deadline;
    let since = ladder.since;
    let meaning = move || {
        view! {
            {capitalized(state.label())}{since.map(|at| view! { " since "<Time at/> })}". "{state.effect()}
        }
    };
    view! {
        <Card title="Where this app stands">
            <div class="body stack tight">
                <div>
                    {if is_asked {
                        view! {
                            <p class="sentence">
                                {whom}{state.what_to_do()}
                                {deadline.map(|at| view! { " The deadline is "<strong><Time at/></strong>", "<Time at style=TimeStyle::Relative/>"." })}
                            </p>
                            <p>{meaning()}</p>
                        }
                        .into_any()
                    } else {
                        view! {
                            <p class="sentence">{meaning()}</p>
                            <p>{state.what_to_do()}</p>
                        }
                        .into_any()
                    }}
                </div>
                {(state != State::None).then(|| view! { <Steps state/> })}
                {has_plan.then(|| view! { <p><a class="btn primary" href=plan.clone()>"Open the remediation plan"</a></p> })}
                <Paused ladder=ladder.clone()/>
                <ul class="bullets">
                    {ladder.outlook.into_iter().map(|sentence| view! { <li>{sentence}</li> }).collect_view()}
                    {ladder
                        .clears
                        .map(|at| view! { <li>"In good standing again on "<strong><Time at/></strong>" if nothing further happens."</li> })}
                    {ladder
                        .cools_off
                        .map(|at| {
                            let what = match state {
                                State::None => "The designation can be given again from ",
                                _ => "It may be taken back from ",
                            };
                            view! { <li>{what}<strong><Time at/></strong>" on."</li> }
                        })}
                </ul>
            </div>
        </Card>
    }
}

/// The ladder, with the present step marked by shape, word and colour.
#[component]
fn Steps(state: State) -> impl IntoView {
    let steps = STEPS.into_iter().map(|step| {
        let is_here = step == state;
        view! {
            <li aria-current=is_here.then_some("step")>
                {if is_here {
                    view! {
                        <EscalationBadge state/>
                        <small>"now"</small>
                    }
                    .into_any()
                } else {
                    capitalized(step.label()).into_any()
                }}
            </li>
        }
    });
    view! { <ol class="ladder" aria-label="The ladder">{steps.collect_view()}</ol> }
}

/// What stands still, and why.
#[component]
fn Paused(ladder: Ladder) -> impl IntoView {
    let causes = [
        (ladder.appeal_open, "an appeal is open"),
        (ladder.app_frozen, "this app is frozen"),
        (ladder.all_frozen, "every app is frozen"),
    ];
    let causes: Vec<&str> = causes
        .into_iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, cause)| cause)
        .collect();
    let has_deadline = ladder.deadline.is_some();
    let thaws = ladder.thaws;
    (!causes.is_empty()).then(|| {
        view! {
            <Notice tone=Tone::Warn>
                <p>
                    <strong>"Paused: "</strong>{causes.join(", and ")}". Nothing further is enforced"
                    {has_deadline.then_some(", and the deadline moves on by as long as this lasts")}"."
                    {thaws.map(|at| view! { " The freeze of every app ends on "<Time at/>", unless a program manager keeps it or ends it earlier." })}
                </p>
            </Notice>
        }
    })
}

/// The appeal that waits, and what granting it would do.
#[component]
fn AppealCard(appeal: OpenAppeal) -> impl IntoView {
    let OpenAppeal {
        since,
        why,
        about,
        if_granted,
        deadline,
        waivers,
        besides,
        beyond,
    } = appeal;
    let nothing = waivers.is_empty();
    view! {
        <Card title="The open appeal">
            <div class="body stack tight">
                <p class="sentence">
                    "If it is granted, the app is "<strong>{if_granted.label()}</strong>
                    {deadline.map(|at| view! { ", with the deadline "<strong><Time at/></strong> })}"."
                </p>
                <p>"Open since "<Time at=since/>". The owner's reason: "<q>{why}</q></p>
                <EvidenceList title="It is about" rows=about/>
                {if nothing {
                    view! { <p>"There is nothing that a waiver could excuse: granting it closes the appeal, and no more."</p> }.into_any()
                } else {
                    view! {
                        <div>
                            <p>"Granting it files these waivers in the exclusion ledger:"</p>
                            <ul class="bullets">
                                {waivers
                                    .into_iter()
                                    .map(|row| view! { <li>{row.series}", "<Time at=row.from/>" to "<Time at=row.to/></li> })
                                    .collect_view()}
                            </ul>
                        </div>
                    }
                    .into_any()
                }}
                <EvidenceList title="They change these as well, because they lie in the same minutes" rows=besides/>
                <EvidenceList title="They cannot excuse these: their minutes are no longer kept, or too much of them is left" rows=beyond/>
            </div>
        </Card>
    }
}

/// Breaches and misses in a list; nothing when there are none.
#[component]
fn EvidenceList(title: &'static str, rows: Vec<CountingRow>) -> impl IntoView {
    (!rows.is_empty()).then(|| {
        let rows = rows.into_iter().map(|row| {
            let what = if row.is_miss { "Missed target" } else { "Breach" };
            view! { <li><a href=row.href>{what}</a>" of "{row.series}", "<Time at=row.at/></li> }
        });
        view! {
            <div>
                <p>{title}":"</p>
                <ul class="bullets">{rows.collect_view()}</ul>
            </div>
        }
    })
}

/// What became of earlier appeals.
#[component]
fn DecidedAppeals(appeals: Vec<DecidedAppeal>) -> impl IntoView {
    let total = appeals.len() as u64;
    let rows = appeals.into_iter().map(|appeal| {
        let verdict = if appeal.granted { "Granted" } else { "Refused" };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">
                    <Time at=appeal.at style=TimeStyle::Cell/>
                    <span class="key-line">"opened "<Time at=appeal.opened_at style=TimeStyle::Cell/></span>
                </th>
                <td role="cell" class="wrap" data-label="Appeal">{appeal.opened_why}</td>
                <td role="cell" class="wrap" data-label="Verdict">
                    <strong>{verdict}</strong>": "{appeal.why}
                    <span class="key-line">{appeal.effect}</span>
                </td>
            </tr>
        }
    });
    view! {
        <Card title="Appeals" aside=move || counted(total, "appeal", "appeals")>
            <Scroll label="Appeals">
                <table class="rows blocks" role="table">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">"Decided, UTC"</th>
                            <th role="columnheader" scope="col">"Appeal"</th>
                            <th role="columnheader" scope="col">"Verdict"</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows.collect_view()}</tbody>
                </table>
            </Scroll>
        </Card>
    }
}

#[component]
fn CountingCard(rows: Vec<CountingRow>) -> impl IntoView {
    let total = rows.len() as u64;
    let shown = rows.into_iter().rev().map(|row| {
        let what = if row.is_miss { "Missed target" } else { "Breach" };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row"><a href=row.href>{what}</a></th>
                <td role="cell" class="wrap" data-label="Series">{row.series}</td>
                <td role="cell" data-label="Counted"><Time at=row.at style=TimeStyle::Cell/></td>
                <td role="cell" data-label="Ended">
                    {match row.ended {
                        Some(at) => view! { <Time at style=TimeStyle::Cell/> }.into_any(),
                        None => "not yet".into_any(),
                    }}
                </td>
            </tr>
        }
    });
    view! {
        <Card title="What counts now" aside=move || counted(total, "fact", "facts")>
            {if total == 0 {
                view! { <p class="body quiet">"Nothing counts against this app."</p> }.into_any()
            } else {
                view! {
                    <Scroll label="What counts now">
                        <table class="rows blocks" role="table">
                            <thead role="rowgroup">
                                <tr role="row">
                                    <th role="columnheader" scope="col">"What"</th>
                                    <th role="columnheader" scope="col">"Series"</th>
                                    <th role="columnheader" scope="col">"Counted, UTC"</th>
                                    <th role="columnheader" scope="col">"Ended, UTC"</th>
                                </tr>
                            </thead>
                            <tbody role="rowgroup">{shown.collect_view()}</tbody>
                        </table>
                    </Scroll>
                }
                .into_any()
            }}
        </Card>
    }
}

#[component]
fn DecisionTable(decisions: Vec<DecisionRow>) -> impl IntoView {
    let rows = decisions.into_iter().map(|row| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">
                    <Time at=row.at style=TimeStyle::Cell/>
                    <a class="key-line" href=row.href>"Receipt"</a>
                </th>
                <td role="cell" class="wrap" data-label="Step">
                    {capitalized(row.from.label())}" → "<strong>{row.to.label()}</strong>
                </td>
                <td role="cell" class="wrap" data-label="Why">
                    {row.explanation}
                    <span class="key-line">{format!("rule {}, policy version {}", row.rule, row.policy_version)}</span>
                </td>
            </tr>
        }
    });
    view! {
        <Scroll label="Decisions">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"When, UTC"</th>
                        <th role="columnheader" scope="col">"Step"</th>
                        <th role="columnheader" scope="col">"Why"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

/// What is left out of the history, and why.
#[component]
fn FactsSetAside(rows: Vec<SetAsideRow>) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        view! {
            <li>
                "A fact was set aside on "<Time at=row.at/>": "{row.what}" Because: "<q>{row.why}</q>
                <span class="key-line">{row.fact}</span>
            </li>
        }
    });
    view! { <div class="body"><ul class="bullets">{rows.collect_view()}</ul></div> }
}

/// Sets the fact aside at which the engine has stopped.
#[component]
fn SetAside(app: String, fact: String) -> impl IntoView {
    view! {
        <Card title="Mending">
            <div class="body">
                <Confirm
                    id="set-aside"
                    action=link::app(&app, "/escalation/set-aside")
                    label="Set the fact aside"
                    confirm="Set it aside"
                    explanation="The fact stays in the database, but nothing rests on it any more: neither decisions nor exports. The engine goes on at once. This cannot be undone."
                >
                    <input type="hidden" name="fact" value=fact/>
                    <TextArea name="why" label="Reason" help="The partner reads it."/>
                </Confirm>
            </div>
        </Card>
    }
}

/// The numbers in force.
#[component]
fn Rules(policy: EscalationPolicy) -> impl IntoView {
    // Lines may break within these.
    let days = |number: u64| counted(number, "day", "days").replace('\u{a0}', " ");
    let breaches = |number: u64| counted(number, "breach", "breaches").replace('\u{a0}', " ");
    let (remediation, demotion, recovery) = (policy.remediation, policy.demotion, policy.recovery);
    view! {
        <Card title="The rules" aside=move || format!("version {}", policy.version)>
            <dl class="body facts">
                <dt>"Notified by"</dt>
                <dd>"the first"</dd>
                <dt>"Remediation by"</dt>
                <dd>{breaches(remediation.breaches)}" in "{days(remediation.window_days)}</dd>
                <dt>"or a target missed"</dt>
                <dd>{days(remediation.slo_missed_days)}</dd>
                <dt>"Its deadline"</dt>
                <dd>{days(demotion.deadline_days)}</dd>
                <dt>"Demotion by"</dt>
                <dd>{breaches(demotion.further_breaches)}" after "{days(demotion.grace_days)}</dd>
                <dt>"Demotion decided by"</dt>
                <dd>{if demotion.automatic { "the policy alone" } else { "a person" }}</dd>
                <dt>"Notification clears after"</dt>
                <dd>{days(recovery.clear_quiet_days)}" quiet"</dd>
                <dt>"Remediation clears after"</dt>
                <dd>{days(recovery.recover_quiet_days)}" quiet"</dd>
                <dt>"Taken back after"</dt>
                <dd>{days(policy.reinstatement.cool_off_days)}</dd>
                <dt>"Notice of tighter rules"</dt>
                <dd>{days(policy.transition_days)}</dd>
            </dl>
        </Card>
    }
}

/// How a form asks.
struct Question {
    label: &'static str,
    explanation: &'static str,
    confirm: &'static str,
    destroys: bool,
}

impl ActKind {
    fn question(self) -> Question {
        let question = |label, explanation, confirm| Question {
            label,
            explanation,
            confirm,
            destroys: matches!(self, Self::ConfirmDemotion | Self::Withdraw),
        };
        match self {
            Self::Designate => question(
                "Give the designation",
                "From now on breaches that count and missed targets move the app on the ladder.",
                "Give it",
            ),
            Self::Withdraw => question(
                "Withdraw the designation",
                "The app leaves the programme at once and loses the designation.",
                "Withdraw it",
            ),
            Self::ConfirmDemotion => question(
                "Confirm the demotion",
                "The app loses the designation at once, the public record says so, and it cannot be taken back before the wait is over.",
                "Demote the app",
            ),
            Self::DeclineDemotion => question(
                "Decline the demotion",
                "The app goes back into remediation, with a new deadline.",
                "Decline it",
            ),
            Self::Reinstate => question(
                "Take the app back",
                "It is in good standing at once; what came before no longer counts.",
                "Take it back",
            ),
            Self::OpenAppeal => question(
                "Appeal",
                "While the appeal is open the deadline stands still and nothing further is enforced. Granted, what it is about no longer counts.",
                "Open the appeal",
            ),
            Self::CloseAppeal => question(
                "Decide on the appeal",
                "Granted, what it names is excused by the waivers on this page. Either way the deadline goes on, and the owners are told.",
                "Decide",
            ),
            Self::Freeze => question(
                "Freeze this app",
                "The deadline stands still and nothing further is enforced until it is thawed.",
                "Freeze it",
            ),
            Self::Thaw => question(
                "Thaw this app",
                "The deadline goes on, and the rules hold again.",
                "Thaw it",
            ),
        }
    }
}

/// What an appeal is about: everything that it can be about, unless the owner chooses less.
#[component]
fn AppealedChoice(appealable: Vec<(String, CountingRow)>) -> impl IntoView {
    let options: Vec<_> = appealable
        .into_iter()
        .map(|(id, row)| {
            let what = if row.is_miss { "Missed target" } else { "Breach" };
            let text = format!("{what} of {}, {}", row.series, row.at.format("%-d %b %Y, %H:%M UTC"));
            (id, text, true)
        })
        .collect();
    (!options.is_empty()).then(|| view! { <Choices name="about" legend="What should not count" options several=true/> })
}

#[component]
fn Acts(acts: Vec<Act>, app: String, appealable: Vec<(String, CountingRow)>, open_items: Option<u64>) -> impl IntoView {
    let is_offered = acts
        .iter()
        .any(|act| act.kind == ActKind::Designate && act.obstacle.is_none());
    let approval = link::app(&app, "/approval");
    let checklist = open_items.filter(|_| is_offered).map(|items| {
        view! {
            <Notice tone=Tone::Warn>
                <p>
                    "The checklist of this app is open: "{counted(items, "required item is", "required items are")}
                    " neither done nor waived. "<a href=approval>"Look at the approval"</a>
                </p>
            </Notice>
        }
    });
    let shown = acts.into_iter().map(move |Act { kind, about, obstacle }| {
        let question = kind.question();
        let appealable = match kind {
            ActKind::OpenAppeal => appealable.clone(),
            _ => Vec::new(),
        };
        match obstacle {
            Some(obstacle) => view! { <p><strong>{question.label}</strong>": not now. "{obstacle}</p> }.into_any(),
            None => view! {
                <Confirm
                    id=format!("decide-{}", kind.key())
                    action=link::app(&app, &format!("/escalation/decide/{}", kind.key()))
                    label=question.label
                    confirm=question.confirm
                    explanation=question.explanation
                    look=if question.destroys { "danger" } else { "primary" }
                >
                    <input type="hidden" name="decides_on" value=about/>
                    {(kind == ActKind::DeclineDemotion)
                        .then(|| view! { <TextField name="extend_days" label="Days until the new deadline" kind="number" help="1 to 365."/> })}
                    {(kind == ActKind::OpenAppeal).then(|| view! { <AppealedChoice appealable/> })}
                    {(kind == ActKind::CloseAppeal)
                        .then(|| {
                            let options = [("granted", "Granted"), ("refused", "Refused")];
                            let options = options.map(|(key, text)| (key.to_owned(), text.to_owned(), false)).to_vec();
                            view! { <Choices name="verdict" legend="Verdict" options/> }
                        })}
                    <TextArea name="why" label="Reason" help="It is kept in the audit log, which the partner's owners read."/>
                </Confirm>
            }
            .into_any(),
        }
    });
    view! {
        <Card title="What you can decide">
            <div class="body stack tight">{checklist}{shown.collect_view()}</div>
        </Card>
    }
}
