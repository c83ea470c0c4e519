//! The remediation plan of an app: where it stands, its actions, and what was said about it.

use leptos::prelude::*;
use rampart_domain::{
    action::{ActionKind, ActionState, LONGEST_TITLE, Priority, Step},
    escalation::State,
};

use super::{
    super::{PageTitle, param},
    head::Head,
};
use crate::{
    form::FormState,
    model::{ActionFields, ActionView, Offer, PlanRow, PlanView, StepRow},
    request::{actor, services},
    ui::{
        Badge, Card, Empty, Notice, ThreadCard, Time, TimeStyle, Tone, capitalized,
        figure::{count, counted},
        form::{Form, Select, Submit, TextArea, TextField},
        link, page,
    },
};

/// A plan of an app: the one in the address, else the one that is open or was last.
#[component]
pub(super) fn RemediationPage() -> impl IntoView {
    let key = param("key");
    let plan = Some(param("plan")).filter(|plan| !plan.is_empty());
    page(async move { services().remediation(&actor(), &key, plan).await }, show)
}

fn show(page: crate::model::RemediationPage) -> impl IntoView {
    let crate::model::RemediationPage { head, plan, others } = page;
    let escalation = link::app(&head.key, "/escalation");
    view! {
        <PageTitle text=format!("Remediation of {}", head.name)/>
        <Head head tab="Escalation"/>
        {match plan {
            None => view! {
                <div class="card">
                    <Empty title="This app was never in remediation">
                        <p>
                            "Once breaches or a missed target bring it there, its plan is made here: what will be done, by whom and by when."
                        </p>
                        <p><a href=escalation>"Where this app stands"</a></p>
                    </Empty>
                </div>
            }
            .into_any(),
            Some(plan) => view! { <Plan plan others escalation/> }.into_any(),
        }}
    }
}

#[component]
fn Plan(plan: PlanView, others: Vec<PlanRow>, escalation: String) -> impl IntoView {
    let thread = plan.thread.clone();
    view! {
        <div class="grid">
            <div class="stack">
                <StandingCard plan=plan.clone() escalation/>
                <ActionsCard plan=plan.clone()/>
                <ThreadCard thread empty="Nothing was said yet. Questions about the plan are asked and answered here."/>
            </div>
            <aside class="stack" aria-label="Contact and other plans">
                <ContactCard plan/>
                {(!others.is_empty()).then(|| view! { <OthersCard others/> })}
            </aside>
        </div>
    }
}

/// What is asked and by when, and how far it is.
#[component]
fn StandingCard(plan: PlanView, escalation: String) -> impl IntoView {
    let PlanView {
        opened_at,
        closed_at,
        state,
        deadline,
        paused,
        completed_at,
        verified,
        asked,
        ..
    } = plan;
    let sentence = match (closed_at, state, deadline) {
        (Some(closed), ..) => view! {
            "This plan was closed on "<Time at=closed style=TimeStyle::Date/>", when the app left remediation."
        }
        .into_any(),
        (None, Some(State::DemotionProposed), _) => {
            "A demotion is proposed. What is verified here speaks against it.".into_any()
        }
        (None, _, Some(at)) => view! {
            "Every action has to be verified by "<strong><Time at/></strong>", "<Time at style=TimeStyle::Relative/>
            ", and the app has to have been quiet for as long as the rules ask."
        }
        .into_any(),
        (None, _, None) => "Every action has to be verified.".into_any(),
    };
    let progress = match asked {
        0 => "No action is agreed on yet.".to_owned(),
        asked => format!(
            "{} of {} verified.",
            count(verified),
            counted(asked, "action", "actions")
        ),
    };
    view! {
        <Card title="Remediation plan" aside=move || view! { <a href=escalation.clone()>"Where this app stands"</a> }>
            <div class="body stack tight">
                <div>
                    <p class="sentence">{sentence}</p>
                    <p>{progress}" Opened on "<Time at=opened_at style=TimeStyle::Date/>"."</p>
                </div>
                {(asked > 0).then(|| view! { <progress class="meter" max=asked value=verified aria-label="Verified actions"></progress> })}
                {completed_at
                    .map(|at| {
                        view! {
                            <Notice tone=Tone::Good>
                                <p>
                                    <strong>"Completed "<Time at/></strong>
                                    ". The app is in good standing again once nothing that counts is open and the quiet time is over."
                                </p>
                            </Notice>
                        }
                    })}
                {(paused && closed_at.is_none())
                    .then(|| view! { <Notice tone=Tone::Warn><p><strong>"Paused: "</strong>"the deadline stands still."</p></Notice> })}
            </div>
        </Card>
    }
}

#[component]
fn ActionsCard(plan: PlanView) -> impl IntoView {
    let PlanView {
        base,
        actions,
        owners,
        may_propose,
        closed_at,
        ..
    } = plan;
    let total = actions.len() as u64;
    let (actions_base, owners_of) = (base.clone(), owners.clone());
    let items = actions
        .into_iter()
        .map(move |action| view! { <ActionItem action base=actions_base.clone() owners=owners_of.clone()/> });
    let form = "new-action";
    // Where there is nothing yet, proposing is what one comes for.
    let open = total == 0 || FormState::of(form).is_refused();
    view! {
        <Card title="Actions" aside=move || counted(total, "action", "actions")>
            {if total == 0 {
                let text = match closed_at {
                    None => "No action is proposed yet. Propose what will keep this from happening again, and an incident manager accepts or declines it.",
                    Some(_) => "This plan had no actions.",
                };
                view! { <p class="body quiet">{text}</p> }.into_any()
            } else {
                view! { <ol class="action-list">{items.collect_view()}</ol> }.into_any()
            }}
            {may_propose
                .then(|| {
                    view! {
                        <div class="body ruled">
                            <details class="confirm" open=open>
                                <summary class="btn">"Propose an action"</summary>
                                <div class="question">
                                    <Form id=form action=format!("{base}/actions/new")>
                                        <Fields fields=ActionFields::default() owners/>
                                        <Submit label="Propose it"/>
                                    </Form>
                                </div>
                            </details>
                        </div>
                    }
                })}
        </Card>
    }
}

/// What an action is made of.
#[component]
fn Fields(fields: ActionFields, owners: Vec<(String, String)>) -> impl IntoView {
    let nobody = (String::new(), "Nobody with an account".to_owned());
    let owners: Vec<_> = std::iter::once(nobody).chain(owners).collect();
    let kinds = ActionKind::ALL
        .iter()
        .map(|kind| (kind.as_str().to_owned(), kind.label().to_owned()));
    let priorities = Priority::ALL
        .iter()
        .map(|priority| (priority.as_str().to_owned(), priority.label().to_owned()));
    view! {
        <TextField name="title" label="What is to be done" value=fields.title maxlength=LONGEST_TITLE as u32 help="In one line."/>
        <TextArea
            name="description"
            label="Description"
            value=fields.description
            required=false
            help="How it will be done, and how one will see that it works. You can use Markdown."
        />
        <Select name="kind" label="What it is good for" options=kinds.collect() value=fields.kind/>
        <Select name="owner" label="Who sees to it" options=owners value=fields.owner/>
        <TextField name="owner_name" label="Or somebody without an account" value=fields.owner_name required=false/>
        <Select name="priority" label="By when" options=priorities.collect() value=fields.priority/>
        <TextField
            name="due"
            label="Day of your choice"
            kind="date"
            value=fields.due
            required=false
            help="Only for an action without priority."
        />
        <TextField
            name="tracker"
            label="Link to your tracker"
            kind="url"
            value=fields.tracker
            required=false
            help="Beginning with https://."
        />
    }
}

/// How an action stands, as shape, word and colour.
#[component]
fn StateBadge(state: ActionState) -> impl IntoView {
    let tone = match state {
        ActionState::Verified => Tone::Good,
        ActionState::Done => Tone::Warn,
        ActionState::Proposed | ActionState::Accepted | ActionState::Declined | ActionState::Waived => Tone::Unknown,
    };
    view! { <Badge tone word=capitalized(state.label())/> }
}

#[component]
fn ActionItem(action: ActionView, base: String, owners: Vec<(String, String)>) -> impl IntoView {
    let ActionView {
        id,
        title,
        description,
        owner,
        kind,
        priority,
        due,
        overdue,
        late,
        tracker,
        state,
        version,
        waits_for,
        steps,
        offers,
        edit,
    } = action;
    let due = match (due, priority) {
        (Some(day), _) => format!("due {}", day.format("%-d\u{a0}%b\u{a0}%Y")),
        (None, Priority::FourWeeks) => "due 4\u{a0}weeks after it is accepted".to_owned(),
        (None, _) => "due 8\u{a0}weeks after it is accepted".to_owned(),
    };
    let forms = format!("{base}/actions/{id}");
    let has_forms = edit.is_some() || !offers.is_empty();
    let (mine, blocked): (Vec<Offer>, Vec<Offer>) = offers.into_iter().partition(|offer| offer.obstacle.is_none());
    // The same reason holds for all that somebody may not decide.
    let obstacle = blocked.into_iter().find_map(|offer| offer.obstacle);
    let version_of = version;
    let (edit_id, edit_base) = (id.clone(), forms.clone());
    view! {
        <li id=format!("action-{id}")>
            <div class="result">
                <h3>{title.clone()}</h3>
                <StateBadge state/>
                {overdue.then(|| view! { <Badge tone=Tone::Bad word="Overdue"/> })}
            </div>
            <p class="byline">
                <span>{kind.label()}</span>
                <span>{owner}</span>
                <span>{due}</span>
                {tracker.map(|href| view! { <a href=href rel="nofollow noopener noreferrer">"Tracker"</a> })}
            </p>
            {late.then(|| view! { <p class="over">"It is due after the deadline of the remediation."</p> })}
            {(!description.is_empty()).then(|| view! { <div class="prose" inner_html=description></div> })}
            {waits_for.map(|text| view! { <p class="fine">{text}</p> })}
            {has_forms
                .then(|| {
                    view! {
                        <div class="decisions">
                            {mine
                                .into_iter()
                                .map(|offer| {
                                    view! { <StepForm step=offer.step id=id.clone() forms=forms.clone() version title=title.clone()/> }
                                })
                                .collect_view()}
                            {edit.map(|fields| view! { <EditForm id=edit_id forms=edit_base version=version_of fields owners/> })}
                        </div>
                    }
                })}
            {obstacle.map(|text| view! { <p class="fine">{text}</p> })}
            <Steps steps/>
        </li>
    }
}

/// How a step is asked for: (label, what happens, what the button says, what the text is).
fn question(
    step: Step,
) -> (
    &'static str,
    &'static str,
    &'static str,
    Option<(&'static str, &'static str)>,
) {
    const REASON: Option<(&str, &str)> = Some(("Reason", "The partner reads it."));
    match step {
        Step::Propose | Step::Edit => ("Change", "", "Save it", None),
        Step::Accept => (
            "Accept",
            "The partner then does it. From now on it has a due day, and reminders are sent.",
            "Accept it",
            None,
        ),
        Step::Decline => (
            "Decline",
            "It is not asked for, and cannot be taken up again.",
            "Decline it",
            REASON,
        ),
        Step::Complete => (
            "It is done",
            "An incident manager looks at it, and verifies it or sends it back.",
            "Say that it is done",
            Some((
                "Evidence",
                "What shows that it is done: a link, a figure, a release. You can use Markdown.",
            )),
        ),
        Step::SendBack => ("Send back", "It counts as accepted again.", "Send it back", REASON),
        Step::Verify => (
            "Verify",
            "Nothing more is to be done about it. Once every action is verified, the remediation is completed.",
            "Verify it",
            None,
        ),
        Step::Waive => ("Waive", "It is no longer asked for.", "Waive it", REASON),
    }
}

#[component]
fn StepForm(step: Step, id: String, forms: String, version: i64, title: String) -> impl IntoView {
    let (label, explanation, confirm, text) = question(step);
    let form = format!("{step}-{id}");
    let open = FormState::of(&form).is_refused();
    let look = match step {
        Step::Decline | Step::SendBack | Step::Waive => "danger",
        _ => "primary",
    };
    view! {
        <details class="confirm" open=open>
            <summary class="btn" aria-label=format!("{label}: {title}")>{label}</summary>
            <div class="question">
                <p>{explanation}</p>
                <Form id=form action=format!("{forms}/{step}") version>
                    {text.map(|(label, help)| view! { <TextArea name="text" label=label help=help own=true/> })}
                    <Submit label=confirm look=look/>
                </Form>
            </div>
        </details>
    }
}

#[component]
fn EditForm(
    id: String,
    forms: String,
    version: i64,
    fields: ActionFields,
    owners: Vec<(String, String)>,
) -> impl IntoView {
    let form = format!("edit-{id}");
    let open = FormState::of(&form).is_refused();
    let title = format!("Change: {}", fields.title);
    view! {
        <details class="confirm" open=open>
            <summary class="btn" aria-label=title>"Change"</summary>
            <div class="question">
                <Form id=form action=format!("{forms}/edit") version>
                    <Fields fields owners/>
                    <Submit label="Save the changes"/>
                </Form>
            </div>
        </details>
    }
}

/// What was done with an action.
#[component]
fn Steps(steps: Vec<StepRow>) -> impl IntoView {
    let total = steps.len() as u64;
    let word = |step: Step| match step {
        Step::Propose => "proposed it",
        Step::Edit => "changed it",
        Step::Accept => "accepted it",
        Step::Decline => "declined it",
        Step::Complete => "did it",
        Step::SendBack => "sent it back",
        Step::Verify => "verified it",
        Step::Waive => "waived it",
    };
    // The last one says how it came to stand where it is.
    let open = steps.last().is_some_and(|step| !step.html.is_empty());
    let rows = steps.into_iter().map(move |step| {
        view! {
            <li>
                <p class="byline">
                    <span><strong>{step.by}</strong>" "{word(step.step)}</span>
                    <Time at=step.at style=TimeStyle::Short/>
                </p>
                {(!step.html.is_empty()).then(|| view! { <div class="prose" inner_html=step.html></div> })}
            </li>
        }
    });
    view! {
        <details class="earlier" open=open>
            <summary>{format!("History ({})", counted(total, "step", "steps"))}</summary>
            <ol class="thread">{rows.collect_view()}</ol>
        </details>
    }
}

/// Whom the partner asks, and the form to assign somebody.
#[component]
fn ContactCard(plan: PlanView) -> impl IntoView {
    let PlanView {
        base,
        contact,
        contacts,
        ..
    } = plan;
    let current = contact
        .as_ref()
        .map(|contact| contact.account.clone())
        .unwrap_or_default();
    let has_contact = contact.is_some();
    let shown = match contact {
        Some(contact) => view! {
            <p>
                <strong>{contact.name}</strong>
                <span class="key-line"><a href=format!("mailto:{}", contact.mail)>{contact.mail.clone()}</a></span>
            </p>
        }
        .into_any(),
        None => {
            view! { <p class="quiet">"Nobody is assigned yet. A program manager assigns the contact."</p> }.into_any()
        }
    };
    let label = if has_contact {
        "Assign another one"
    } else {
        "Assign the contact"
    };
    let choose = (String::new(), "Choose a person".to_owned());
    let options: Vec<_> = std::iter::once(choose).chain(contacts.clone()).collect();
    view! {
        <Card title="Contact at the platform">
            <div class="body stack tight">
                {shown}
                {(!contacts.is_empty())
                    .then(|| {
                        view! {
                            <Form id="contact" action=format!("{base}/contact")>
                                <Select
                                    name="contact"
                                    label="Reviewer, incident manager or program manager"
                                    options
                                    value=current
                                />
                                <Submit label look=if has_contact { "" } else { "primary" }/>
                            </Form>
                        }
                    })}
            </div>
        </Card>
    }
}

#[component]
fn OthersCard(others: Vec<PlanRow>) -> impl IntoView {
    let rows = others.into_iter().map(|plan| {
        view! {
            <li>
                <a href=plan.href>"Opened "<Time at=plan.opened_at style=TimeStyle::Date/></a>
                <small>
                    {match plan.closed_at {
                        Some(at) => view! { "closed "<Time at style=TimeStyle::Date/> }.into_any(),
                        None => "open".into_any(),
                    }}
                    {format!(", {} of {} verified", count(plan.verified), counted(plan.asked, "action", "actions"))}
                </small>
            </li>
        }
    });
    view! {
        <Card title="Other plans">
            <ul class="todo">{rows.collect_view()}</ul>
        </Card>
    }
}
