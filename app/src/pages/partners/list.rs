//! All partners, and adding one.

use leptos::prelude::*;
use rampart_domain::access::Action;

use super::super::PageTitle;
use crate::{
    model::{self, PartnerRow},
    request::{actor, services},
    services::AppError,
    ui::{
        Badge, Crumbs, Empty, Scroll, Tone,
        figure::{Count, counted},
        form::{Form, Submit, TextField},
        link, page,
    },
};

/// The partners the reader may see.
#[component]
pub(super) fn PartnersPage() -> impl IntoView {
    page(async move { services().partners(&actor()).await }, show)
}

fn show(partners: model::PartnersPage) -> impl IntoView {
    let model::PartnersPage { rows, may_create } = partners;
    let total = rows.len() as u64;
    view! {
        <PageTitle text="Partners"/>
        <div class="head">
            <h1>"Partners"</h1>
            <span class="total">{counted(total, "partner", "partners")}</span>
            {may_create.then(|| view! { <div class="acts"><a class="btn primary" href="/partners/new">"Add a partner"</a></div> })}
        </div>
        <div class="card">
            {if rows.is_empty() {
                view! {
                    <Empty title="There is no partner yet">
                        <p>"A partner is a company with apps. Its first owner is invited when it is added, and invites the others."</p>
                    </Empty>
                }
                .into_any()
            } else {
                view! { <Table rows/> }.into_any()
            }}
        </div>
    }
}

#[component]
fn Table(rows: Vec<PartnerRow>) -> impl IntoView {
    let rows = rows.into_iter().map(|row| {
        view! {
            <tr>
                <th scope="row"><a href=link::partner(&row.id, "")>{row.name}</a></th>
                <td class="num"><Count value=u64::from(row.apps)/></td>
                <td class="num"><Count value=u64::from(row.members)/></td>
                <td>{row.archived_at.map(|_| view! { <Badge tone=Tone::Unknown word="Archived"/> })}</td>
            </tr>
        }
    });
    view! {
        <Scroll label="Partners">
            <table class="rows">
                <thead>
                    <tr>
                        <th scope="col">"Partner"</th>
                        <th scope="col" class="num">"Apps"</th>
                        <th scope="col" class="num">"Members"</th>
                        <th scope="col"><span class="visually-hidden">"State"</span></th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

/// The form that adds a partner.
#[component]
pub(super) fn NewPartnerPage() -> impl IntoView {
    let may = actor().may_everywhere(Action::ManagePartners);
    let allowed = if may {
        Ok(())
    } else {
        Err(AppError::Forbidden("Only administrators add partners.".to_owned()))
    };
    page(std::future::ready(allowed), |()| {
        view! {
            <PageTitle text="Add a partner"/>
            <Crumbs above=vec![("Partners".to_owned(), "/partners".to_owned())]/>
            <div class="writing stack">
                <div>
                    <h1>"Add a partner"</h1>
                    <p class="lead">"Its first owner gets an invitation by mail and can register apps and invite the others."</p>
                </div>
                <Form id="new-partner" action="/partners/new" class="form card padded">
                    <TextField name="name" label="Name of the company" maxlength=120/>
                    <TextField name="owner_mail" label="Mail address of the first owner" kind="email" required=false help="Gets an invitation. You can invite somebody later as well."/>
                    <Submit label="Add the partner"/>
                </Form>
            </div>
        }
    })
}
