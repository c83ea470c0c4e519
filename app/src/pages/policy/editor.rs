//! The next version of the measurement policy: typed, looked at, then published.

use leptos::prelude::*;

use super::{super::PageTitle, Changes};
use crate::{
    model::{PolicyEditor, PolicyReview, RuleFields, SliRules},
    request::{actor, services},
    ui::{
        Card, Crumbs, Notice, Time, Tone,
        form::{Form, Submit, TextArea, TextField},
        page,
    },
};

/// The form of a new version, and what it would change once it was reviewed.
#[component]
pub(in crate::pages) fn PolicyEditorPage() -> impl IntoView {
    page(
        async move { services().measurement_policy_editor(&actor()).await },
        show,
    )
}

fn show(editor: PolicyEditor) -> impl IntoView {
    let review = use_context::<PolicyReview>();
    let next = editor.base + 1;
    view! {
        <PageTitle text="Change the measurement rules"/>
        <Crumbs above=vec![("Measurement rules".to_owned(), "/policies/measurement".to_owned())]/>
        <div class="head">
            <h1>"Change the measurement rules"</h1>
        </div>
        <p class="sub">
            <span>{format!("Version {next}, based on version {}", editor.base)}</span>
            <span>"the rules change for every app"</span>
        </p>
        <div class="stack">
            {editor
                .starts
                .map(|at| {
                    view! {
                        <Notice tone=Tone::Warn>
                            <p>
                                {format!("Version {} is published and takes over on ", editor.base)}<Time at/>
                                ". The fields show what it says."
                            </p>
                        </Notice>
                    }
                })} {review.clone().map(|review| view! { <Review review/> })}
            <EditForm editor review/>
        </div>
    }
}

/// What publishing would change, and the button that does it.
#[component]
fn Review(review: PolicyReview) -> impl IntoView {
    let hidden = review
        .values
        .iter()
        .map(|(name, value)| view! { <input type="hidden" name=name.clone() value=value.clone()/> })
        .collect_view();
    let reason = review
        .values
        .iter()
        .find(|(name, _)| name == "reason")
        .map(|(_, value)| value.clone());
    view! {
        <Card title="What will change">
            <div class="body stack tight">
                <Changes changes=review.changes/>
                <p>
                    {format!("Version {} takes over ", review.version)}
                    {match review.starts {
                        Some(at) => view! { "on "<Time at/>"." }.into_any(),
                        None => "within two minutes.".into_any(),
                    }}
                    " Open breaches go on under the new rules from then; what was decided before stays."
                </p>
                {review
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
                <p class="why">{reason}</p>
                <Form id="publish-policy" action="/policies/measurement/publish">
                    {hidden}
                    <Submit label="Publish"/>
                </Form>
                <p class="fine">"Nothing is published yet. To change something, change it below and review again."</p>
            </div>
        </Card>
    }
}

#[component]
fn EditForm(editor: PolicyEditor, review: Option<PolicyReview>) -> impl IntoView {
    let typed = move |name: &str, stored: String| {
        let values = review.as_ref().map(|r| r.values.as_slice()).unwrap_or_default();
        values
            .iter()
            .find(|(n, _)| n == name)
            .map_or(stored, |(_, v)| v.clone())
    };
    let (starts, reason) = (typed("starts", String::new()), typed("reason", String::new()));
    view! {
        <Form id="measurement-policy" action="/policies/measurement/review" version=i64::from(editor.base) class="form card padded">
            {editor
                .rules
                .into_iter()
                .filter_map(|rules| Some(section(rules, RuleFields::of(rules.sli)?, &typed).into_any()))
                .collect_view()}
            <section aria-labelledby="publishing">
                <h2 id="publishing">"Publishing"</h2>
                <TextField
                    name="starts"
                    label="Takes over at (UTC)"
                    kind="datetime-local"
                    value=starts
                    required=false
                    own=true
                    help="A time ahead, within a year. Left empty, the version takes over within two minutes."
                />
                <TextArea
                    name="reason"
                    label="Reason"
                    value=reason
                    own=true
                    help="Everybody who is signed in can read it beside the version."
                />
            </section>
            <Submit label="Review the changes"/>
        </Form>
    }
}

fn section(rules: SliRules, fields: RuleFields, typed: &dyn Fn(&str, String) -> String) -> impl IntoView + use<> {
    let SliRules { sli, policy } = rules;
    let share = |ppm: rampart_domain::policy::Ppm| ppm.to_string().trim_end_matches(" %").to_owned();
    let slo = typed(fields.slo, share(policy.slo));
    let threshold = typed(fields.threshold, share(policy.alert.threshold));
    let window = typed(fields.window, policy.alert.window_minutes.to_string());
    let min_bad = typed(fields.min_bad, policy.alert.min_bad.to_string());
    let settle = typed(fields.settle, policy.settle_minutes.to_string());
    let id = format!("rules-{}", sli.as_str());
    let heading = id.clone();
    view! {
        <section aria-labelledby=id>
            <h2 id=heading>{sli.name()}</h2>
            <div class="numbers">
                <TextField name=fields.slo label="Objective, 28\u{a0}days, %" value=slo/>
                <TextField name=fields.threshold label="Alert below, %" value=threshold/>
                <TextField name=fields.window label="Alert window, min" value=window/>
                <TextField name=fields.min_bad label="Bad events for an alert" value=min_bad/>
                <TextField name=fields.settle label="Settling, min" value=settle/>
            </div>
        </section>
    }
}
