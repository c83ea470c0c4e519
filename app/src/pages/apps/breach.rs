//! One breach: what happened, and what it means.

use leptos::prelude::*;

use super::{
    super::{PageTitle, param},
    head::Head,
    tables::{BreachTable, MailTable, MinuteTable, ProbeTable},
};
use crate::{
    model::{self, Closing, Standing},
    request::{actor, services, viewer},
    ui::{
        Badge, Card, StandingBadge, Time, TimeStyle, Tone,
        chart::Chart,
        figure::{count, counted, duration, percent, percent_or_dash, target},
        form::{Form, Submit, TextArea},
        page,
    },
};

/// One alert episode.
#[component]
pub(super) fn BreachPage() -> impl IntoView {
    let (key, incident) = (param("key"), param("incident"));
    page(async move { services().breach(&actor(), &key, &incident).await }, show)
}

fn show(breach: model::BreachPage) -> impl IntoView {
    let head = breach.head.clone();
    let story = breach.clone();
    let chart = breach.chart.clone();
    let (minutes, probes, mails) = (breach.minutes.clone(), breach.probes.clone(), breach.mails.clone());
    view! {
        <PageTitle text=format!("{} breach, {}", breach.row.indicator, head.name)/>
        <Head head tab="Breaches"/>
        <div class="grid">
            <div class="stack">
                <Card title="What happened">
                    <div class="body story">
                        <Story breach=story/>
                    </div>
                </Card>
                {chart
                    .map(|chart| {
                        let title = chart.title.clone();
                        view! {
                            <Card title>
                                <div class="body">
                                    <Chart chart/>
                                </div>
                            </Card>
                        }
                    })}
                {breach.occurrence.clone().map(|occurrence| view! { <OccurrenceCard occurrence this=breach.row.incident_id.clone()/> })}
                <Card title="Minutes with failures" aside=|| "the latest 200 at most">
                    {if minutes.is_empty() {
                        view! { <p class="body quiet">"No minute with a bad event is on record."</p> }.into_any()
                    } else {
                        view! { <MinuteTable minutes dated=true/> }.into_any()
                    }}
                </Card>
                {(!probes.is_empty())
                    .then(|| {
                        view! {
                            <Card title="Probes">
                                <ProbeTable probes dated=true/>
                            </Card>
                        }
                    })}
                <Card title="Mails">
                    {if mails.is_empty() {
                        view! { <p class="body quiet">"No mail was sent about this breach."</p> }.into_any()
                    } else {
                        view! { <MailTable mails label="Mails about this breach"/> }.into_any()
                    }}
                </Card>
            </div>
            <aside class="stack" aria-label="Assessment and figures">
                <Assess breach=breach.clone()/>
                <Figures breach/>
            </aside>
        </div>
    }
}

/// Two sentences: what happened, and whether it counts and why.
#[component]
fn Story(breach: model::BreachPage) -> impl IntoView {
    let row = &breach.row;
    let now = viewer().now;
    let lasted = duration((row.closed_at.unwrap_or(now) - row.opened_at).num_seconds());
    let end = match (row.closed_at, row.closing) {
        (None, _) => view! { {format!(" It is still open, for {lasted} now.")} }.into_any(),
        (Some(at), Some(Closing::Unknown)) => {
            view! { " It was closed on "<Time at/>", after 24\u{a0}hours without data." }.into_any()
        }
        (Some(at), _) => view! { {format!(" It lasted {lasted}, until ")}<Time at/>"." }.into_any(),
    };
    let of = row.target.as_ref().map(|url| format!(" of {url}")).unwrap_or_default();
    view! {
        <p class="sentence">
            {row.indicator.clone()}{of}" was "{breach.condition.clone()}", first seen on "<Time at=row.opened_at/>"."{end}
        </p>
        <p>{verdict(&breach)}</p>
        {(!breach.excluded_by.is_empty()).then(|| view! { <ExcludedBy entries=breach.excluded_by.clone()/> })}
        {breach.counted_at.map(|at| view! { <p class="quiet">"Counted since "<Time at/>"."</p> })}
    }
}

/// The entries of the ledger that exclude some of its bad events.
#[component]
fn ExcludedBy(entries: Vec<(String, String)>) -> impl IntoView {
    let links = entries
        .into_iter()
        .map(|(words, href)| view! { <li><a href=href>{words}</a></li> })
        .collect_view();
    view! {
        <div>
            <p class="quiet">"Bad events of it are excluded by:"</p>
            <ul>{links}</ul>
        </div>
    }
}

/// What the breach counts as together with others.
#[component]
fn OccurrenceCard(occurrence: model::Occurrence, this: String) -> impl IntoView {
    let number = occurrence.breaches.len() as u64;
    let others = occurrence
        .breaches
        .into_iter()
        .filter(|row| row.incident_id != this)
        .collect::<Vec<_>>();
    let end = match occurrence.closed_at {
        Some(at) => view! { ", closed on "<Time at/>", 6\u{a0}hours after the last of its breaches ended." }.into_any(),
        None => view! { ". It closes 6\u{a0}hours after the last of its breaches ended." }.into_any(),
    };
    view! {
        <Card title="Occurrence" aside=move || counted(number, "breach", "breaches")>
            <div class="body stack tight">
                <p>"Counted breaches that lie within 6\u{a0}hours of each other count as one. This one is called "<span class="code">{occurrence.name}</span>" and counts since "<Time at=occurrence.counted_at/>{end}</p>
                {occurrence.excused.then(|| view! { <p>"It is excused, since all of its breaches are."</p> })}
            </div>
            {(!others.is_empty()).then(|| view! { <BreachTable rows=others label="Other breaches of the occurrence"/> })}
        </Card>
    }
}

/// Why the breach counts, or why it does not.
fn verdict(breach: &model::BreachPage) -> String {
    let threshold = counted(breach.counting_threshold, "bad event", "bad events");
    let remain = counted(breach.bad_adjusted, "bad event", "bad events");
    let left_out = breach.bad.saturating_sub(breach.bad_adjusted);
    match breach.row.standing {
        Standing::Blip => format!(
            "It does not count: it had {remain}, and a breach counts from {threshold} on, which is 5\u{202f}% of the 28-day budget and at least 2."
        ),
        Standing::Counts => format!(
            "It counts: it had {remain}, and a breach counts from {threshold} on, which is 5\u{202f}% of the 28-day budget and at least 2."
        ),
        Standing::Excused if breach.bad_adjusted < breach.counting_threshold => format!(
            "It is excused: {} of its {} lie in excused minutes, and with the {} that remain it stays below the {threshold} from which a breach counts.",
            count(left_out),
            counted(breach.bad, "bad event", "bad events"),
            count(breach.bad_adjusted),
        ),
        Standing::Excused => "It is excused: without the excused minutes the condition held at no time.".to_owned(),
    }
}

/// What the partner says of the breach: for them a form, for others a text.
#[component]
fn Assess(breach: model::BreachPage) -> impl IntoView {
    let said = breach.row.assessment.clone();
    let note = said.as_ref().map(|said| said.note.clone()).unwrap_or_default();
    let has_said = said.is_some();
    let state = match said {
        Some(said) => view! {
            <p>
                <Badge tone=Tone::Good word="no emergency"/>" said by "{said.by}", "<Time at=said.at/>
            </p>
            {(!breach.may_assess).then(|| view! { <p class="said">{said.note}</p> })}
        }
        .into_any(),
        None => view! { <p><Badge tone=Tone::Unknown word="not looked at"/></p> }.into_any(),
    };
    let base = format!("{}/assessment", breach.row.href);
    let version = breach.assessment_version;
    view! {
        <Card title="Assessment">
            <div class="body stack tight">
                {state}
                {breach
                    .may_assess
                    .then(|| {
                        view! {
                            <Form id="assess-breach" action=base.clone() version>
                                <TextArea
                                    name="note"
                                    label="Why it was no emergency"
                                    value=note
                                    help="What you saw, and why customers did not need an emergency response. The platform's reviewers read it."
                                />
                                <Submit label=if has_said { "Save the note" } else { "It was no emergency" }/>
                            </Form>
                            {has_said
                                .then(|| {
                                    view! {
                                        <Form id="withdraw-assessment" action=format!("{base}/withdraw") version class="button-form">
                                            <button class="btn">"Take it back"</button>
                                        </Form>
                                    }
                                })}
                        }
                    })}
            </div>
        </Card>
    }
}

#[component]
fn Figures(breach: model::BreachPage) -> impl IntoView {
    let row = breach.row;
    let excused = breach.bad != breach.bad_adjusted;
    view! {
        <Card title="Figures">
            <dl class="body facts">
                <dt>"State"</dt>
                <dd>
                    {match (row.closed_at, row.closing) {
                        (None, _) => view! { <Badge tone=Tone::Bad word="open"/> }.into_any(),
                        (_, Some(Closing::Unknown)) => view! { <Badge tone=Tone::Unknown word="closed without data"/> }.into_any(),
                        _ => view! { <Badge tone=Tone::Good word="closed"/> }.into_any(),
                    }}
                </dd>
                <dt>"Standing"</dt>
                <dd><StandingBadge standing=row.standing/></dd>
                <dt>"Lowest rate"</dt>
                <dd>{percent(row.lowest)}</dd>
                <dt>"Latest rate"</dt>
                <dd>{percent(breach.latest)}</dd>
                <dt>"Target, 28\u{a0}days"</dt>
                <dd>{target(breach.slo)}</dd>
                <dt>"Bad events"</dt>
                <dd>{count(breach.bad)}</dd>
                {excused.then(|| view! { <dt>"Bad, adjusted"</dt><dd>{count(breach.bad_adjusted)}</dd> })}
                <dt>"Rate throughout"</dt>
                <dd>{percent_or_dash(breach.rate)}</dd>
                {excused.then(|| view! { <dt>"Rate, adjusted"</dt><dd>{percent_or_dash(breach.rate_adjusted)}</dd> })}
                <dt>"Counts from"</dt>
                <dd>{count(breach.counting_threshold)}</dd>
                <dt>"First minute"</dt>
                <dd><Time at=breach.window_from style=TimeStyle::Short/></dd>
                <dt>"Incident id"</dt>
                <dd class="code">{row.incident_id}</dd>
            </dl>
        </Card>
    }
}
