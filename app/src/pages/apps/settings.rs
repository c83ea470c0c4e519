//! What can be set about an app.

use leptos::prelude::*;

use super::{
    super::{PageTitle, param},
    head::{Head, Measuring},
    installations::{InstallationsCard, SecretShown},
    new::KINDS,
    tables::MailList,
};
use crate::{
    model::{AlertAddress, AppSettings, BurnRates, TestResult, TestResults},
    request::{actor, services},
    ui::{
        Badge, Card, Notice, Scroll, Time, TimeStyle, Tone,
        figure::millis,
        form::{Checkbox, Choices, Confirm, Form, PostButton, Submit, TextArea, TextField},
        link, page,
    },
};

/// Details, health check, alert mails, and the end of an app. Readers who may not edit see the same without forms.
#[component]
pub(super) fn SettingsPage() -> impl IntoView {
    let key = param("key");
    page(async move { services().app_settings(&actor(), &key).await }, show)
}

fn show(settings: AppSettings) -> impl IntoView {
    let head = settings.head.clone();
    let edit = head.may.edit && head.archived_at.is_none();
    let (address, mails) = (settings.alert_address.clone(), settings.mails.clone());
    let key = head.key.clone();
    let (details, installations) = (settings.clone(), settings.installations.clone());
    let (sites_of, sites, version) = (key.clone(), settings.excluded_sites.clone(), settings.version);
    let (burning_of, burn_rates) = (key.clone(), settings.burn_rates);
    view! {
        <PageTitle text=format!("Settings of {}", head.name)/>
        <Head head=head.clone() tab="Settings"/>
        <div class="writing stack">
            <SecretShown/>
            {(!edit)
                .then(|| {
                    let why = if head.archived_at.is_some() {
                        "This app is archived: its settings can be read, not changed."
                    } else {
                        "You can read these settings. The people of the app's team change them."
                    };
                    view! { <Notice tone=Tone::Unknown><p>{why}</p></Notice> }
                })}
            <Card title="Details">
                <div class="body">
                    <Details settings=details edit/>
                </div>
            </Card>
            <Card title="Health check">
                <div class="body">
                    <HealthCheck settings edit/>
                </div>
            </Card>
            <Card title="Excluded sites">
                <div class="body">
                    <ExcludedSites key=sites_of sites version edit/>
                </div>
            </Card>
            <Card title="Burn-rate alerts">
                <div class="body stack tight">
                    <BurnRateAlerts key=burning_of burn_rates version edit/>
                </div>
            </Card>
            <Card title="Alert mails">
                <div class="body stack tight">
                    <AlertMails key=key address edit/>
                </div>
                {if mails.is_empty() {
                    view! { <p class="body quiet ruled">"No mail was sent about this app yet."</p> }.into_any()
                } else {
                    view! { <div class="ruled"><MailList mails label="Mails about this app"/></div> }.into_any()
                }}
            </Card>
            <InstallationsCard key=head.key.clone() installations/>
            <Ending head/>
        </div>
    }
}

/// A text that may be left out.
fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

#[component]
fn Details(settings: AppSettings, edit: bool) -> impl IntoView {
    let head = settings.head;
    if !edit {
        let products = settings
            .products
            .into_iter()
            .filter(|p| p.2)
            .map(|p| p.1)
            .collect::<Vec<_>>()
            .join(", ");
        return view! {
            <dl class="facts wide">
                <dt>"Name"</dt>
                <dd>{head.name}</dd>
                <dt>"Kind"</dt>
                <dd>{head.kind}</dd>
                <dt>"Products"</dt>
                <dd>{or_none(products)}</dd>
                <dt>"Support contact"</dt>
                <dd>{or_none(settings.support_contact)}</dd>
                <dt>"Operations contacts"</dt>
                <dd class="lines">{or_none(settings.operations_contacts)}</dd>
            </dl>
        }
        .into_any();
    }
    let kinds = KINDS
        .iter()
        .map(|(key, name)| ((*key).to_owned(), (*name).to_owned(), *key == settings.kind))
        .collect();
    view! {
        <Form id="app-details" action=link::app(&head.key, "/settings") version=settings.version>
            <TextField name="name" label="Name" value=head.name maxlength=120/>
            <Choices name="kind" legend="Kind" options=kinds/>
            <Choices name="products" legend="Products it runs in" options=settings.products several=true/>
            <TextField
                name="support_contact"
                label="Support contact"
                value=settings.support_contact
                required=false
                help="A mail address or a link where customers get help."
            />
            <TextArea
                name="operations_contacts"
                label="Operations contacts"
                value=settings.operations_contacts
                required=false
                help="Who can act on an outage, one per line, with how to reach them."
            />
            <Submit label="Save details"/>
        </Form>
    }
    .into_any()
}

#[component]
fn HealthCheck(settings: AppSettings, edit: bool) -> impl IntoView {
    let key = settings.head.key;
    let results = use_context::<TestResults>().map(|TestResults(results)| view! { <Results results/> });
    if !edit {
        return view! {
            <dl class="facts wide">
                <dt>"Path"</dt>
                <dd class="code">{settings.health_path}</dd>
                <dt>"Base URLs"</dt>
                <dd class="code lines">{settings.base_urls.join("\n")}</dd>
                <dt>"Fails when the app is down"</dt>
                <dd>{if settings.fails_when_down { "yes, says the team" } else { "not stated" }}</dd>
            </dl>
            {results}
        }
        .into_any();
    }
    view! {
        <Form id="health-check" action=link::app(&key, "/health-check") version=settings.version>
            <p class="help">
                "Once a minute, every base URL is asked for this path. An answer of 200 within 3 seconds is good; anything else is bad, a redirect too."
            </p>
            <TextField name="health_path" label="Path" value=settings.health_path code=true help="Starts with a slash, for example /health."/>
            <TextArea
                name="base_urls"
                label="Base URLs"
                value=settings.base_urls.join("\n")
                code=true
                help="One per line, at most 20. Each is measured by itself; the history of one that is removed is kept."
            />
            <Checkbox
                name="fails_when_down"
                label="This URL does not answer 200 when the app is down"
                checked=settings.fails_when_down
                help="A static file or a cached answer proves nothing."
            />
            <Submit label="Save health check"/>
        </Form>
        <div class="ruled inset">
            <PostButton id="test-health-check" action=link::app(&key, "/test") label="Test now"/>
            <p class="help">"Asks every saved base URL once, right now. It does not enter the figures."</p>
            {results}
        </div>
    }
    .into_any()
}

/// Sites whose events are neither good nor bad.
#[component]
fn ExcludedSites(key: String, sites: Vec<String>, version: i64, edit: bool) -> impl IntoView {
    if !edit {
        return view! {
            <dl class="facts wide">
                <dt>"Sites"</dt>
                <dd class="code lines">{or_none(sites.join("\n"))}</dd>
            </dl>
        }
        .into_any();
    }
    view! {
        <Form id="excluded-sites" action=link::app(&key, "/excluded-sites") version=version>
            <TextArea
                name="excluded_sites"
                label="Sites"
                value=sites.join("\n")
                code=true
                required=false
                help="Your own and test sites, one host name per line. Their events are counted as excluded, neither good nor bad, from the moment you save."
            />
            <Submit label="Save excluded sites"/>
        </Form>
    }
    .into_any()
}

/// Whether somebody is warned before the error budget is gone.
#[component]
fn BurnRateAlerts(key: String, burn_rates: BurnRates, version: i64, edit: bool) -> impl IntoView {
    let state = view! {
        <dl class="facts wide">
            <dt>"Burn-rate alerts"</dt>
            <dd>{if burn_rates.on { "on" } else { "off" }}</dd>
            <dt>"Last one"</dt>
            <dd>
                {match burn_rates.last {
                    Some(at) => {
                        view! { <Time at/>{if burn_rates.is_open { ", and it goes on" } else { ", over" }} }.into_any()
                    }
                    None => "none so far".into_any(),
                }}
            </dd>
        </dl>
    };
    let form = edit.then(|| {
        view! {
            <Form id="burn-rate-alerts" action=link::app(&key, "/burn-rate-alerts") version=version>
                <Checkbox
                    name="burn_rate_alerts"
                    label="Mail when an error budget is spent too fast"
                    checked=burn_rates.on
                    help="One mail when it starts: 13.44 times too fast over the past hour and 5 minutes, or 5.6 times over 6 hours and 30 minutes. One when it was over for 15 minutes. Besides the alerts of the programme, and never a breach."
                />
                <Submit label="Save burn-rate alerts"/>
            </Form>
        }
    });
    view! {
        {state}
        {form}
    }
}

/// What "Test now" found, per base URL.
#[component]
fn Results(results: Vec<TestResult>) -> impl IntoView {
    let items = results.into_iter().map(|result| {
        let (tone, word) = match (result.good, result.status) {
            (true, Some(status)) => (Tone::Good, format!("good, {status}")),
            (true, None) => (Tone::Good, "good".to_owned()),
            (false, Some(status)) => (Tone::Bad, format!("bad, {status}")),
            (false, None) => (Tone::Bad, "no answer".to_owned()),
        };
        let phases: Vec<_> = result.timings;
        let timings = (!phases.is_empty()).then(|| {
            let heads = phases
                .iter()
                .map(|(name, _)| view! { <th scope="col" class="num">{name.clone()}</th> })
                .collect_view();
            let cells = phases
                .iter()
                .map(|(_, ms)| view! { <td class="num">{millis(*ms)}</td> })
                .collect_view();
            view! {
                <Scroll label=format!("Timings of {}", result.url)>
                    <table class="rows dense">
                        <thead>
                            <tr>{heads}</tr>
                        </thead>
                        <tbody>
                            <tr>{cells}</tr>
                        </tbody>
                    </table>
                </Scroll>
            }
        });
        let warnings = result
            .warnings
            .into_iter()
            .map(|text| view! { <Notice tone=Tone::Warn><p>{text}</p></Notice> });
        view! {
            <li>
                <p class="result"><Badge tone word/><span class="code">{result.url}</span></p>
                <p>{result.reason}</p>
                {timings}
                {warnings.collect_view()}
            </li>
        }
    });
    view! {
        <div id="test-results" role="status">
            <h3>"Result of the test"</h3>
            <ul class="results">{items.collect_view()}</ul>
        </div>
    }
}

#[component]
fn AlertMails(key: String, address: AlertAddress, edit: bool) -> impl IntoView {
    let AlertAddress {
        confirmed,
        confirmed_at,
        pending,
        drill_sent_at,
        failed,
        recipients,
    } = address;
    let shown = pending.clone().or_else(|| confirmed.clone()).unwrap_or_default();
    let waiting = pending.is_some();
    view! {
        {failed
            .map(|(address, at)| {
                view! {
                    <Notice tone=Tone::Bad>
                        <p>"The mail server of "{address}" refused for good on "<Time at/>". Since then the owners of the team get the alerts."</p>
                    </Notice>
                }
            })}
        {pending
            .map(|address| {
                view! {
                    <Notice tone=Tone::Warn>
                        <p>
                            {address}" is not confirmed yet."
                            {drill_sent_at.map(|at| view! { " A drill mail with the link was sent on "<Time at/>"." })}
                        </p>
                    </Notice>
                }
            })}
        <dl class="facts wide">
            <dt>"Confirmed address"</dt>
            <dd>
                {match confirmed {
                    Some(address) => {
                        view! { {address} {confirmed_at.map(|at| view! { ", since "<Time at style=TimeStyle::Date/> })} }.into_any()
                    }
                    None => "none; the owners of the team get the alerts".into_any(),
                }}
            </dd>
            <dt>"Alerts go to"</dt>
            <dd>{if recipients.is_empty() { "nobody".to_owned() } else { recipients.join(", ") }}</dd>
        </dl>
        {edit
            .then(|| {
                view! {
                    <Form id="alert-address" action=link::app(&key, "/alert-address")>
                        <TextField
                            name="address"
                            label="Alert address"
                            kind="email"
                            value=shown
                            help="A drill mail is sent to a new address. Alerts go there once somebody opens its link and confirms."
                        />
                        <Submit label="Send a drill mail"/>
                    </Form>
                    {waiting
                        .then(|| {
                            view! { <PostButton id="resend-drill" action=link::app(&key, "/alert-address/resend") label="Send the drill mail again"/> }
                        })}
                }
            })}
    }
}

/// Stopping, archiving, and taking back.
#[component]
fn Ending(head: crate::model::AppHead) -> impl IntoView {
    let archived = head.archived_at;
    let may = head.may;
    (may.archive || may.measure).then(|| {
        let archive = may.archive.then(|| match archived {
            Some(at) => view! {
                <p>"Archived on "<Time at style=TimeStyle::Date/>"."</p>
                <PostButton id="restore-app" action=link::app(&head.key, "/restore") label="Take back from the archive"/>
            }
            .into_any(),
            None => view! {
                <Confirm
                    id="archive-app"
                    action=link::app(&head.key, "/archive")
                    label="Archive this app"
                    confirm="Archive it"
                    explanation="It is no longer measured, sends no alerts and leaves the list. Its figures and breaches are kept, and it can be taken back at any time."
                />
            }
            .into_any(),
        });
        view! {
            <Card title="Measuring and archive">
                <div class="body stack tight">
                    <Measuring head=head.clone()/>
                    {archive}
                </div>
            </Card>
        }
    })
}
