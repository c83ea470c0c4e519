//! Registering an app.

use leptos::prelude::*;

use super::super::PageTitle;
use crate::{
    model::{self, PartnerRef},
    request::{actor, services, viewer},
    ui::{
        Crumbs, Empty,
        form::{Choices, Form, Select, Submit, TextArea, TextField},
        page,
    },
};

/// The kinds of app: (key, name).
pub(super) const KINDS: [(&str, &str); 3] = [("connect", "Connect"), ("forge", "Forge"), ("other", "Other")];

/// The form that registers an app.
#[component]
pub(super) fn NewAppPage() -> impl IntoView {
    page(async move { services().new_app(&actor()).await }, show)
}

fn show(new: model::NewAppPage) -> impl IntoView {
    let model::NewAppPage { partners, products } = new;
    let platform = viewer().platform.name;
    let form = if partners.is_empty() {
        view! {
            <Empty title="There is no partner to register an app for">
                <p>"The owner of a team registers its apps. An administrator can make you one."</p>
            </Empty>
        }
        .into_any()
    } else {
        view! { <NewAppForm partners products/> }.into_any()
    };
    view! {
        <PageTitle text="Register an app"/>
        <Crumbs above=vec![("Apps".to_owned(), "/apps".to_owned())]/>
        <div class="writing stack">
            <div>
                <h1>"Register an app"</h1>
                <p class="lead">
                    {format!("Nothing is measured yet when you are done: staff of {platform} start that on the app's page. All of this but the key can be changed later.")}
                </p>
            </div>
            {form}
        </div>
    }
}

/// For whom the app is registered; not worth a question when there is only one.
#[component]
fn PartnerField(partners: Vec<PartnerRef>) -> impl IntoView {
    if let [only] = partners.as_slice() {
        return view! { <input type="hidden" name="partner" value=only.id.clone()/> }.into_any();
    }
    let options = partners.into_iter().map(|p| (p.id, p.name)).collect();
    view! { <Select name="partner" label="Partner" options/> }.into_any()
}

#[component]
fn NewAppForm(partners: Vec<PartnerRef>, products: Vec<(String, String)>) -> impl IntoView {
    let kinds = KINDS
        .iter()
        .enumerate()
        .map(|(i, (key, name))| ((*key).to_owned(), (*name).to_owned(), i == 0))
        .collect();
    let products = products.into_iter().map(|(key, name)| (key, name, false)).collect();
    view! {
        <Form id="new-app" action="/apps/new" class="form card padded">
            <section aria-labelledby="the-app">
                <h2 id="the-app">"The app"</h2>
                <PartnerField partners/>
                <TextField
                    name="key"
                    label="App key"
                    code=true
                    maxlength=80
                    help="As in the app's descriptor, for example com.example.my-app. It cannot be changed later."
                />
                <TextField name="name" label="Name" maxlength=120 help="As customers know it."/>
                <Choices name="kind" legend="Kind" options=kinds/>
                <Choices name="products" legend="Products it runs in" options=products several=true/>
            </section>
            <section aria-labelledby="the-health-check">
                <h2 id="the-health-check">"Health check"</h2>
                <p class="help">
                    "Once a minute, every base URL is asked for this path. An answer of 200 within 3 seconds is good; anything else is bad, a redirect too."
                </p>
                <TextField
                    name="health_path"
                    label="Path"
                    code=true
                    help="Starts with a slash, for example /health. It must fail when the app does; a static file proves nothing."
                />
                <TextArea
                    name="base_urls"
                    label="Base URLs"
                    code=true
                    help="One per line, at most 20, for example https://app.example.com. Each is measured by itself."
                />
            </section>
            <section aria-labelledby="the-contacts">
                <h2 id="the-contacts">"Alerts and contacts"</h2>
                <TextField
                    name="alert_address"
                    label="Alert address"
                    kind="email"
                    required=false
                    help="A drill mail is sent there, and alerts follow once somebody confirms it. Until then the owners of your team get them."
                />
                <TextField name="support_contact" label="Support contact" required=false help="A mail address or a link where customers get help."/>
                <TextArea
                    name="operations_contacts"
                    label="Operations contacts"
                    required=false
                    help="Who can act on an outage, one per line, with how to reach them."
                />
            </section>
            <Submit label="Register the app"/>
        </Form>
    }
}
