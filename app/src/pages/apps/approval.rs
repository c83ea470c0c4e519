//! The approval of an app: who has to act next, the checklist, the decision, and what was said about it.

use leptos::prelude::*;
use rampart_domain::onboarding::{Item, LONGEST_WAIVER_DAYS, Need, ReviewState, State};

use super::{
    super::{PageTitle, param},
    head::{Head, Measuring},
};
use crate::{
    model::{
        self, ApprovalPermissions, ChecklistItem, InstanceView, Saying, SeriesToReview, TicketView, TrainingView,
        WaiverView,
    },
    request::{actor, services, viewer},
    ui::{
        Badge, Card, Notice, ThreadCard, Time, TimeStyle, Tone,
        figure::{count, counted},
        form::{Confirm, Form, PostButton, Select, Submit, TextArea, TextField},
        link, page,
    },
};

#[component]
pub(super) fn ApprovalPage() -> impl IntoView {
    let key = param("key");
    page(async move { services().approval(&actor(), &key).await }, show)
}

fn show(page: model::ApprovalPage) -> impl IntoView {
    let base = link::app(&page.head.key, "/approval");
    let head = page.head.clone();
    let thread = page.thread.clone();
    let may = page.may;
    let (items, series, instances) = (page.items.clone(), page.series.clone(), page.instances.clone());
    let (products, training, earlier) = (page.products.clone(), page.training.clone(), page.earlier.clone());
    let at = base.clone();
    view! {
        <PageTitle text=format!("Approval of {}", head.name)/>
        <Head head=head tab="Approval"/>
        <div class="grid">
            <div class="stack">
                <StandingCard page=page.clone() base=base.clone()/>
                <ChecklistCard items may base=at.clone()/>
                <SeriesCard series may base=at.clone() page=page.clone()/>
                <InstancesCard instances products may base=at.clone()/>
                <TrainingCard training may base=at/>
                {thread
                    .map(|thread| {
                        view! {
                            <ThreadCard
                                thread
                                empty="Nothing was said yet. Questions about the approval are asked and answered here, and planned downtime is announced here."
                            />
                        }
                    })}
            </div>
            <aside class="stack" aria-label="The decision, and tickets before">
                <DecisionCard page base/>
                {(!earlier.is_empty()).then(|| view! { <EarlierCard earlier/> })}
            </aside>
        </div>
    }
}

/// How far it is, and who has to act next.
#[component]
fn StandingCard(page: model::ApprovalPage, base: String) -> impl IntoView {
    let designation = viewer().platform.designation;
    let model::ApprovalPage {
        ticket,
        next,
        done,
        required,
        may,
        cannot_ask,
        ..
    } = page;
    let opened = ticket.clone();
    let (may_ask, asked_before) = (may.ask && cannot_ask.is_none(), ticket.is_some());
    let sentence = match (next, ticket.and_then(|ticket| ticket.verdict), cannot_ask) {
        (Some(next), ..) => view! { <strong>"Next: "</strong>{next} }.into_any(),
        (None, Some(verdict), _) if verdict.approved => {
            view! { "Approved on "<Time at=verdict.at style=TimeStyle::Date/>" by "{verdict.by}"." }.into_any()
        }
        (None, Some(verdict), _) => {
            view! { "Not approved, on "<Time at=verdict.at style=TimeStyle::Date/>" by "{verdict.by}"." }.into_any()
        }
        (None, None, Some(obstacle)) => obstacle.into_any(),
        (None, None, None) => {
            view! { "Approval was not asked for yet. An owner of the partner asks for it; then the checklist is worked off, and a program manager decides." }
                .into_any()
        }
    };
    view! {
        <Card title="Approval" aside=move || format!("{} of {} required items", count(done), count(required))>
            <div class="body stack tight">
                <div>
                    <p class="sentence">{sentence}</p>
                    {opened
                        .map(|ticket| {
                            view! {
                                <p>
                                    "Asked for by "{ticket.opened_by}" on "<Time at=ticket.opened_at style=TimeStyle::Date/>
                                    ". Once it is approved, the app is "{designation}"."
                                </p>
                                {ticket.verdict.map(|verdict| view! { <p class="said">"Reason: "{verdict.why}</p> })}
                            }
                        })}
                </div>
                <progress class="meter" max=required value=done aria-label="Required items that are done or waived"></progress>
                {may_ask
                    .then(|| {
                        view! {
                            <PostButton
                                id="ask-approval"
                                action=format!("{base}/ask")
                                label=if asked_before { "Ask for approval again" } else { "Ask for approval" }
                                look="primary"
                            />
                        }
                    })}
            </div>
        </Card>
    }
}

#[component]
fn ChecklistCard(items: Vec<ChecklistItem>, may: ApprovalPermissions, base: String) -> impl IntoView {
    let rows = items
        .into_iter()
        .map(move |item| view! { <ItemRow item may base=base.clone()/> });
    view! {
        <Card title="Checklist" aside=|| view! { <a href="/requirements">"What all of this means"</a> }>
            <ol class="action-list">{rows.collect_view()}</ol>
        </Card>
    }
}

/// How an item stands, as shape, word and colour.
#[component]
fn StateBadge(state: State, need: Need) -> impl IntoView {
    let tone = match (state, need) {
        (State::Done, _) => Tone::Good,
        (State::ToDo, Need::Required) => Tone::Warn,
        _ => Tone::Unknown,
    };
    view! { <Badge tone word=state.label()/> }
}

/// Where an item is done, in words.
fn where_to(item: Item) -> &'static str {
    match item {
        Item::HealthCheck => "Settings, health check",
        Item::AlertMail => "Settings, alert mails",
        Item::Slis => "The series below",
        Item::Readiness => "Readiness document",
        Item::Rollout => "The instances below",
        Item::Trial => "Incidents",
        Item::IframeEvents | Item::Synthetics => "Metrics",
        Item::Training => "The training below",
    }
}

#[component]
fn ItemRow(item: ChecklistItem, may: ApprovalPermissions, base: String) -> impl IntoView {
    let ChecklistItem {
        item,
        need,
        state,
        reason,
        href,
        waiver,
        past,
    } = item;
    let effort = item
        .effort()
        .map(|(least, most)| format!("{least} to {most}\u{a0}days"));
    let forms = format!("{base}/items/{item}");
    let asked = waiver.as_ref().is_some_and(|waiver| waiver.granted.is_none());
    let is_own = waiver.as_ref().is_some_and(|waiver| waiver.is_own);
    let is_open = need == Need::Required && state == State::ToDo;
    let has_waiver = waiver.as_ref().is_some_and(|waiver| waiver.granted.is_some());
    let may_request = may.request && is_open && waiver.is_none() && !may.decide;
    let may_waive = may.decide && is_open && !(asked && is_own);
    let may_ask_as_manager = may.request && may.decide && is_open && waiver.is_none();
    let has_forms = may_request || may_ask_as_manager || may_waive || (may.decide && (has_waiver || asked));
    view! {
        <li id=format!("item-{item}")>
            <div class="result">
                <h3>{item.label()}</h3>
                <StateBadge state need/>
            </div>
            <p class="byline">
                <span>{need.label()}</span>
                {effort.map(|effort| view! { <span>{effort}</span> })}
                {href.map(|href| view! { <a href=href>{where_to(item)}</a> })}
            </p>
            <p>{item.asks()}</p>
            <p class="fine">{reason}</p>
            {waiver.map(|waiver| view! { <WaiverLine waiver/> })}
            {has_forms
                .then(|| {
                    view! {
                        <div class="decisions">
                            {may_waive.then(|| view! { <WaiveForm item forms=forms.clone()/> })}
                            {(may.decide && asked && !is_own)
                                .then(|| {
                                    view! {
                                        <ReasonForm
                                            id=format!("decline-{item}")
                                            action=format!("{forms}/decline")
                                            label="Decline the request"
                                            what=item.label()
                                            explanation="The requirement stays. The owners get a mail with your reason."
                                        />
                                    }
                                })}
                            {(may.decide && has_waiver)
                                .then(|| {
                                    view! {
                                        <ReasonForm
                                            id=format!("take-back-{item}")
                                            action=format!("{forms}/take-back")
                                            label="Take the waiver back"
                                            what=item.label()
                                            explanation="The requirement is asked for again. The owners get a mail with your reason."
                                        />
                                    }
                                })}
                            {(may_request || may_ask_as_manager)
                                .then(|| {
                                    view! {
                                        <ReasonForm
                                            id=format!("ask-{item}")
                                            action=format!("{forms}/ask")
                                            label="Ask for a waiver"
                                            what=item.label()
                                            explanation="A program manager waives the requirement for a time, or declines. Who asks does not decide on this ticket."
                                        />
                                    }
                                })}
                        </div>
                    }
                })}
            {(!past.is_empty()).then(|| view! { <PastWaivers past/> })}
        </li>
    }
}

/// Who asked and who granted, and why.
#[component]
fn WaiverLine(waiver: WaiverView) -> impl IntoView {
    let WaiverView {
        asked, granted, until, ..
    } = waiver;
    view! {
        {asked.map(|said| view! { <Quote what="asked for a waiver" said/> })}
        {granted
            .map(|said| {
                let what = match until {
                    Some(day) => format!("waived it until {}", day.format("%-d\u{a0}%B\u{a0}%Y")),
                    None => "waived it".to_owned(),
                };
                view! { <Quote what said/> }
            })}
    }
}

#[component]
fn Quote(#[prop(into)] what: String, said: Saying) -> impl IntoView {
    view! {
        <div>
            <p class="byline">
                <span>{format!("{} {what}", said.by)}</span>
                <Time at=said.at style=TimeStyle::Short/>
            </p>
            {(!said.text.is_empty()).then(|| view! { <p class="said">{said.text}</p> })}
        </div>
    }
}

#[component]
fn PastWaivers(past: Vec<WaiverView>) -> impl IntoView {
    let total = past.len() as u64;
    let rows = past.into_iter().map(|waiver| {
        let was_granted = waiver.granted.is_some();
        let ended = waiver.ended.clone();
        view! {
            <li>
                <WaiverLine waiver/>
                {match ended {
                    Some(said) => {
                        view! { <Quote what=if was_granted { "ended it" } else { "declined" } said/> }.into_any()
                    }
                    None => view! { <p class="byline">"It has run out."</p> }.into_any(),
                }}
            </li>
        }
    });
    view! {
        <details class="earlier">
            <summary>{format!("Before ({})", counted(total, "waiver or request", "waivers and requests"))}</summary>
            <ol class="thread">{rows.collect_view()}</ol>
        </details>
    }
}

#[component]
fn WaiveForm(item: Item, forms: String) -> impl IntoView {
    view! {
        <Confirm
            id=format!("waive-{item}")
            action=format!("{forms}/waive")
            label="Waive"
            title=format!("Waive: {}", item.label())
            confirm="Waive it"
            explanation="The requirement is not asked for up to and including the day you choose. The owners get a mail with your reason."
            look="primary"
        >
            <TextField
                name="until"
                label="Last day"
                kind="date"
                help=format!("At most {LONGEST_WAIVER_DAYS} days ahead.")
            />
            <TextArea name="why" label="Reason" help="Everybody who may see this page reads it."/>
        </Confirm>
    }
}

/// A disclosure with a form that asks for a reason alone.
#[component]
fn ReasonForm(
    id: String,
    action: String,
    label: &'static str,
    /// What it is about, for assistive technology.
    what: &'static str,
    explanation: &'static str,
) -> impl IntoView {
    view! {
        <Confirm id action label title=format!("{label}: {what}") confirm=label explanation look="primary">
            <TextArea name="why" label="Reason" help="Everybody who may see this page reads it."/>
        </Confirm>
    }
}

#[component]
fn SeriesCard(
    series: Vec<SeriesToReview>,
    may: ApprovalPermissions,
    base: String,
    page: model::ApprovalPage,
) -> impl IntoView {
    let total = series.len() as u64;
    let is_measured = page.head.measuring_since.is_some();
    let rows = series
        .into_iter()
        .map(move |series| view! { <SeriesRow series may base=base.clone()/> });
    view! {
        <Card title="Series" aside=move || counted(total, "series", "series")>
            {if total == 0 {
                let text = match is_measured {
                    true => "Nothing was counted yet. Series appear here with the first events.",
                    false => "Nothing is measured yet. Data collection begins when staff start it.",
                };
                view! {
                    <div class="body stack tight">
                        <p class="quiet">{text}</p>
                        {(!is_measured).then(|| view! { <Measuring head=page.head/> })}
                    </div>
                }
                .into_any()
            } else {
                view! { <ol class="action-list">{rows.collect_view()}</ol> }.into_any()
            }}
        </Card>
    }
}

#[component]
fn SeriesRow(series: SeriesToReview, may: ApprovalPermissions, base: String) -> impl IntoView {
    let SeriesToReview {
        id,
        name,
        href,
        has_data,
        state,
        said,
        answer,
        is_own,
    } = series;
    let (tone, word) = match state {
        ReviewState::Unseen => (Tone::Unknown, "Not looked at"),
        ReviewState::Expected => (Tone::Good, "As expected"),
        ReviewState::Flagged => (Tone::Bad, "Flagged"),
        ReviewState::Answered => (Tone::Warn, "Answered"),
    };
    let forms = format!("{base}/series/{id}");
    let flagged = matches!(state, ReviewState::Flagged | ReviewState::Answered);
    let review = said.as_ref().map(|(id, _)| id.clone()).unwrap_or_default();
    let may_answer = may.answer && state == ReviewState::Flagged && !is_own;
    let name_of = name.clone();
    view! {
        <li id=format!("series-{id}")>
            <div class="result">
                <h3><a href=href>{name.clone()}</a></h3>
                <Badge tone word/>
            </div>
            {(!has_data).then(|| view! { <p class="fine">"Nothing was counted in it yet."</p> })}
            {said
                .map(|(_, said)| {
                    let what = if flagged { "flagged it" } else { "found what they expect" };
                    view! { <Quote what said/> }
                })}
            {answer.map(|said| view! { <Quote what="answered" said/> })}
            {may
                .work
                .then(|| {
                    view! {
                        <div class="decisions">
                            {(has_data && state != ReviewState::Expected)
                                .then(|| {
                                    view! {
                                        <PostButton
                                            id=format!("confirm-{id}")
                                            action=format!("{forms}/confirm")
                                            label="It is as expected"
                                            title=format!("It is as expected: {name_of}")
                                            look="primary"
                                        />
                                    }
                                })}
                            <Confirm
                                id=format!("flag-{id}")
                                action=format!("{forms}/flag")
                                label="Flag it"
                                title=format!("Flag it: {name}")
                                confirm="Flag it"
                                explanation="Say what is suspicious or missing. Staff answer here, and you look at it again."
                                look="primary"
                            >
                                <TextArea name="note" label="What is suspicious or missing"/>
                            </Confirm>
                        </div>
                    }
                })}
            {may_answer
                .then(|| {
                    view! {
                        <Form id=format!("answer-{review}") action=format!("{base}/reviews/{review}/answer")>
                            <TextArea name="text" label="Your answer" help="The partner reads it, and looks at the series again."/>
                            <Submit label="Answer"/>
                        </Form>
                    }
                })}
        </li>
    }
}

#[component]
fn InstancesCard(
    instances: Vec<InstanceView>,
    products: Vec<(String, String)>,
    may: ApprovalPermissions,
    base: String,
) -> impl IntoView {
    let forms = base.clone();
    let rows = instances.clone().into_iter().map(move |instance| {
        let InstanceView {
            id,
            product,
            site,
            added_by,
        } = instance;
        view! {
            <li>
                <div class="result">
                    <h3 class="code">{site.clone()}</h3>
                    {may
                        .work
                        .then(|| {
                            view! {
                                <PostButton
                                    id=format!("remove-{id}")
                                    action=format!("{forms}/instances/{id}/remove")
                                    label="Remove"
                                    title=format!("Remove {site}")
                                />
                            }
                        })}
                </div>
                <p class="byline"><span>{product}</span><span>{format!("named by {added_by}")}</span></p>
            </li>
        }
    });
    view! {
        <Card title="Developer first rollout">
            {if instances.is_empty() {
                view! { <p class="body quiet">"No instance is named yet. It is where changes of a product arrive first, and where the app is tested against them."</p> }
                    .into_any()
            } else {
                view! { <ul class="action-list">{rows.collect_view()}</ul> }.into_any()
            }}
            {(may.work && !products.is_empty())
                .then(|| {
                    view! {
                        <div class="body ruled">
                            <Form id="new-instance" action=format!("{base}/instances/new")>
                                <Select name="product" label="Product" options=products/>
                                <TextField
                                    name="site"
                                    label="Site"
                                    help="Its host name, for example example-dfr.atlassian.net."
                                    code=true
                                />
                                <Submit label="Name the instance" look=""/>
                            </Form>
                        </div>
                    }
                })}
        </Card>
    }
}

#[component]
fn TrainingCard(training: Option<TrainingView>, may: ApprovalPermissions, base: String) -> impl IntoView {
    let watched = training
        .as_ref()
        .map(|said| said.watched_by.clone())
        .unwrap_or_default();
    view! {
        <Card title="Training">
            <div class="body stack tight">
                {match training {
                    Some(said) => {
                        view! {
                            <div>
                                <p class="byline">
                                    <span>{format!("{} noted who has watched it", said.said_by)}</span>
                                    <Time at=said.at style=TimeStyle::Short/>
                                </p>
                                <p class="said">{said.watched_by}</p>
                            </div>
                        }
                        .into_any()
                    }
                    None => view! { <p class="quiet">"It is not noted yet that anybody has watched the training on incidents and reviews."</p> }.into_any(),
                }}
                {may
                    .work
                    .then(|| {
                        view! {
                            <Form id="training-watched" action=format!("{base}/training")>
                                <TextArea
                                    name="watched_by"
                                    label="Who of your operations contacts has watched it"
                                    value=watched
                                    required=false
                                    rows=2
                                />
                                <Submit label="Save" look=""/>
                            </Form>
                        }
                    })}
            </div>
        </Card>
    }
}

/// What a program manager decides, and what it takes.
#[component]
fn DecisionCard(page: model::ApprovalPage, base: String) -> impl IntoView {
    let is_open = page.next.is_some();
    let left = page.required - page.done;
    let decide = is_open && page.may.decide;
    let open: Vec<&'static str> = page
        .items
        .iter()
        .filter(|item| item.need == Need::Required && item.state == State::ToDo)
        .map(|item| item.item.label())
        .collect();
    let designation = viewer().platform.designation;
    view! {
        <Card title="Decision">
            <div class="body stack tight">
                {match (is_open, left) {
                    (true, 0) => view! { <p>"Everything required is done or waived."</p> }.into_any(),
                    (true, _) => {
                        view! {
                            <div>
                                <p>{format!("Still to be done or waived: {}.", open.join(", "))}</p>
                            </div>
                        }
                        .into_any()
                    }
                    (false, _) => view! { <p class="quiet">"No ticket is open, so there is nothing to decide."</p> }.into_any(),
                }}
                {match (decide, page.obstacle) {
                    (_, Some(obstacle)) if is_open => {
                        view! { <Notice tone=Tone::Unknown><p>{obstacle}</p></Notice> }.into_any()
                    }
                    (true, _) => {
                        view! {
                            {(left == 0)
                                .then(|| {
                                    view! {
                                        <Confirm
                                            id="approve"
                                            action=format!("{base}/approve")
                                            label="Approve"
                                            confirm="Approve the app"
                                            explanation=format!("The app is {designation} from then on. The owners get a mail with your reason.")
                                            look="primary"
                                        >
                                            <TextArea name="why" label="Reason" help="Everybody who may see this page reads it."/>
                                        </Confirm>
                                    }
                                })}
                            <Confirm
                                id="refuse"
                                action=format!("{base}/refuse")
                                label="Refuse"
                                confirm="Refuse the app"
                                explanation="The ticket is closed. An owner can ask again. The owners get a mail with your reason."
                            >
                                <TextArea name="why" label="Reason" help="Everybody who may see this page reads it."/>
                            </Confirm>
                        }
                        .into_any()
                    }
                    (false, _) if is_open => view! { <p class="fine">"A program manager decides."</p> }.into_any(),
                    _ => ().into_any(),
                }}
            </div>
        </Card>
    }
}

#[component]
fn EarlierCard(earlier: Vec<TicketView>) -> impl IntoView {
    let rows = earlier.into_iter().map(|ticket| {
        view! {
            <li>
                <span>"Asked for on "<Time at=ticket.opened_at style=TimeStyle::Date/>" by "{ticket.opened_by}</span>
                {ticket
                    .verdict
                    .map(|verdict| {
                        let word = if verdict.approved { "Approved" } else { "Not approved" };
                        view! {
                            <small>{word}" on "<Time at=verdict.at style=TimeStyle::Date/>" by "{verdict.by}": "{verdict.why}</small>
                        }
                    })}
            </li>
        }
    });
    view! {
        <Card title="Tickets before">
            <ul class="todo">{rows.collect_view()}</ul>
        </Card>
    }
}
