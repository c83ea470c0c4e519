//! Where an app is installed, and the secrets that sign its requests.

use leptos::prelude::*;

use crate::{
    form::FormState,
    model::{InstallationRow, Installations, NewSecret},
    ui::{
        Badge, Card, Notice, Time, TimeStyle, Tone,
        form::{Confirm, Form, PasswordField, Select, Submit, TextArea, TextField},
        link,
    },
};

const MODULE_TYPES: &str = "Keys under \"modules\" of the app's descriptor, such as generalPages, one per line. An event that names another one is refused.";
const SECRET: &str =
    "Leave this empty, and one is made and shown once. One that you have already needs at least 32 characters.";

/// A secret that was just made. It is on this page alone, so it comes before everything else.
#[component]
pub(super) fn SecretShown() -> impl IntoView {
    use_context::<NewSecret>().map(|NewSecret { installation, secret }| {
        view! {
            <div id="new-secret" role="status" tabindex="-1" autofocus>
                <Notice tone=Tone::Warn>
                    <p>
                        <strong>"Copy this shared secret now: it is not shown again."</strong>
                        " It signs the requests of "{installation}"."
                    </p>
                    <p class="code secret">{secret}</p>
                </Notice>
            </div>
        }
    })
}

/// Every installation, and the form of a new one.
#[component]
pub(super) fn InstallationsCard(key: String, installations: Installations) -> impl IntoView {
    let Installations {
        rows,
        products,
        groups,
        may_manage,
        can_keep_secrets,
    } = installations;
    let base = link::app(&key, "/installations");
    let is_empty = rows.is_empty();
    let shown = rows
        .into_iter()
        .map(|row| view! { <Installation row base=base.clone() may_manage/> })
        .collect_view();
    let new = may_manage.then(|| {
        if can_keep_secrets {
            view! { <NewInstallation base products groups/> }.into_any()
        } else {
            view! {
                <Notice tone=Tone::Warn>
                    <p>
                        "No installation can be added yet: the operator has to set "<span class="code">"secrets.key_file"</span>
                        " (or "<span class="code">"secrets.key"</span>"), under which shared secrets are encrypted."
                    </p>
                </Notice>
            }
            .into_any()
        }
    });
    view! {
        <Card title="Installations">
            <div class="body stack tight">
                <p class="help">
                    "Where the app runs. The shared secret of an installation signs what the app itself publishes: whether its pages loaded, and how its synthetic tests went."
                </p>
                {is_empty.then(|| view! { <p class="quiet">"No installation yet, so the app can publish nothing."</p> })}
            </div>
            {shown}
            {new.map(|new| view! { <div class="body ruled">{new}</div> })}
        </Card>
    }
}

#[component]
fn Installation(row: InstallationRow, base: String, may_manage: bool) -> impl IntoView {
    let ended = row.ended_at;
    let change = (may_manage && ended.is_none()).then(|| view! { <Change row=row.clone() base/> });
    let module_types = if row.module_types.is_empty() {
        "none".to_owned()
    } else {
        row.module_types.join(", ")
    };
    view! {
        <section class="body ruled stack tight installation" aria-label=format!("{}, {}", row.product, row.site)>
            <h3>
                {row.site.clone()}
                {ended.map(|_| view! { " "<Badge tone=Tone::Unknown word="Ended"/> })}
            </h3>
            <dl class="facts wide">
                <dt>"Product"</dt>
                <dd>{row.product.clone()}</dd>
                <dt>"Group"</dt>
                <dd>{row.group}</dd>
                <dt>"Module types"</dt>
                <dd class="code">{module_types}</dd>
                {match ended {
                    Some(at) => view! { <dt>"Ended"</dt><dd><Time at/></dd> }.into_any(),
                    None => {
                        view! {
                            <dt>"Shared secret"</dt>
                            <dd>
                                {match row.secret_since {
                                    Some(at) => view! { "since "<Time at/> }.into_any(),
                                    None => "none".into_any(),
                                }}
                                {row.old_secret_until.map(|at| view! { "; the one before is valid until "<Time at style=TimeStyle::Short/> })}
                            </dd>
                        }
                        .into_any()
                    }
                }}
            </dl>
            {change}
        </section>
    }
}

/// A new secret, other module types, and the end.
#[component]
fn Change(row: InstallationRow, base: String) -> impl IntoView {
    let below = format!("{base}/{}", link::encode(&row.id));
    let name = format!("{}, {}", row.product, row.site);
    let (rotate, modules) = (format!("rotate-{}", row.id), format!("modules-{}", row.id));
    let is_open = |id: &str| FormState::of(id).is_refused();
    view! {
        <div class="acts">
            <details class="confirm" open=is_open(&rotate)>
                <summary class="btn" aria-label=format!("Replace the secret of {name}")>"Replace the secret"</summary>
                <div class="question">
                    <Form id=rotate.clone() action=format!("{below}/rotate") version=row.version>
                        <PasswordField name="secret" label="New shared secret" autocomplete="off" required=false help=SECRET/>
                        <TextField
                            name="overlap_hours"
                            label="Hours for which the old secret stays valid"
                            value="24"
                            kind="number"
                            help="0 to 168. With 0 it ends at once, as when somebody else has it."
                        />
                        <Submit label="Replace it"/>
                    </Form>
                </div>
            </details>
            <details class="confirm" open=is_open(&modules)>
                <summary class="btn" aria-label=format!("Change the module types of {name}")>"Module types"</summary>
                <div class="question">
                    <Form id=modules.clone() action=format!("{below}/modules") version=row.version>
                        <TextArea
                            name="module_types"
                            label="Module types"
                            value=row.module_types.join("\n")
                            required=false
                            code=true
                            help=MODULE_TYPES
                        />
                        <Submit label="Save module types"/>
                    </Form>
                </div>
            </details>
            <Confirm
                id=format!("end-{}", row.id)
                action=format!("{below}/end")
                label="End"
                title=format!("End the installation {name}")
                confirm="End it"
                explanation="Requests signed with its secret are refused from now on. What they published is kept. It cannot be taken back; a new installation can be added."
            />
        </div>
    }
}

#[component]
fn NewInstallation(base: String, products: Vec<(String, String)>, groups: Vec<(String, String)>) -> impl IntoView {
    view! {
        <details class="confirm" open=FormState::of("new-installation").is_refused()>
            <summary class="btn">"Add an installation"</summary>
            <div class="question">
                <Form id="new-installation" action=format!("{base}/new")>
                    <TextField name="site" label="Site" help="Whose installation it is, for example acme.atlassian.net." maxlength=200/>
                    <Select name="product" label="Product" options=products/>
                    <Select name="group" label="Group" options=groups help="Only production counts for service levels."/>
                    <TextArea name="module_types" label="Module types" required=false code=true help=MODULE_TYPES/>
                    <PasswordField name="secret" label="Shared secret" autocomplete="off" required=false help=SECRET/>
                    <Submit label="Add the installation"/>
                </Form>
            </div>
        </details>
    }
}
