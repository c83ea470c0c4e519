//! One partner: its name, its people, and who is invited.

use leptos::prelude::*;
use rampart_domain::access::PartnerRole;

use super::super::{
    PageTitle, param,
    people::InvitationTable,
    tokens::{Made, MakeToken, TokenTable},
};
use crate::{
    model::{self, MemberRow},
    request::{actor, services},
    ui::{
        Badge, Card, Crumbs, Empty, Scroll, Time, TimeStyle, Tone,
        form::{Choices, Confirm, Form, Select, Submit, TextField},
        link, page,
    },
};

/// A partner's team.
#[component]
pub(super) fn PartnerPage() -> impl IntoView {
    let id = param("id");
    page(async move { services().partner(&actor(), &id).await }, show)
}

fn show(partner: model::PartnerPage) -> impl IntoView {
    let model::PartnerPage {
        id,
        name,
        version,
        archived_at,
        members,
        invitations,
        may_edit,
        may_manage_members,
        tokens,
    } = partner;
    let manage = may_manage_members && archived_at.is_none();
    let crumbs = if actor().is_staff() {
        vec![("Partners".to_owned(), "/partners".to_owned())]
    } else {
        Vec::new()
    };
    let base = link::partner(&id, "");
    let levels = link::with_query("/apps/levels", &[("partner", &id)]);
    let (team, invite) = (base.clone(), base.clone());
    let details = base.clone();
    let edit = may_edit && archived_at.is_none();
    let may_make_tokens = tokens.is_some();
    let tokens_base = format!("{base}/tokens");
    let make_token = format!("{tokens_base}/new");
    view! {
        <PageTitle text=name.clone()/>
        {(!crumbs.is_empty()).then(|| view! { <Crumbs above=crumbs/> })}
        <div class="head">
            <h1>{name.clone()}</h1>
            {archived_at.map(|_| view! { <Badge tone=Tone::Unknown word="Archived"/> })}
        </div>
        <p class="sub">
            <span><a href="/apps">"Apps"</a></span>
            <span><a href=levels>"Service levels of its apps"</a></span>
            {archived_at.map(|at| view! { <span>"archived on "<Time at style=TimeStyle::Date/></span> })}
        </p>
        <div class="grid">
            <div class="stack">
                <Made/>
                <Card title="Members">
                    <Members members base=team manage/>
                </Card>
                {(manage || !invitations.is_empty())
                    .then(|| {
                        view! {
                            <Card title="Invitations" aside=|| "a link is valid for 7\u{a0}days">
                                {if invitations.is_empty() {
                                    view! { <p class="body quiet">"Nobody is invited at the moment."</p> }.into_any()
                                } else {
                                    let base = format!("{base}/invitations");
                                    view! { <InvitationTable invitations base withdraw=manage/> }.into_any()
                                }}
                            </Card>
                        }
                    })}
                {tokens
                    .map(|tokens| {
                        view! {
                            <Card title="API tokens" aside=|| "for synthetic results">
                                <TokenTable tokens base=tokens_base none="With a token your synthetic tests can publish their results."/>
                            </Card>
                        }
                    })}
            </div>
            <aside class="stack" aria-label="Changes to the team">
                {manage.then(|| view! { <Invite base=invite/> })}
                {may_make_tokens
                    .then(|| {
                        view! {
                            <Card title="Make an API token">
                                <div class="body">
                                    <MakeToken action=make_token example="Which of your tests or services will use it."/>
                                </div>
                            </Card>
                        }
                    })}
                {edit
                    .then(|| {
                        view! {
                            <Card title="Partner">
                                <div class="body stack tight">
                                    <Form id="partner-details" action=format!("{details}/edit") version=version>
                                        <TextField name="name" label="Name of the company" value=name maxlength=120/>
                                        <Submit label="Save name" look=""/>
                                    </Form>
                                    <Confirm
                                        id="archive-partner"
                                        action=format!("{details}/archive")
                                        label="Archive this partner"
                                        confirm="Archive it"
                                        explanation="All its apps are archived, no longer measured, and its people can no longer sign in for it. Everything recorded is kept."
                                    />
                                </div>
                            </Card>
                        }
                    })}
            </aside>
        </div>
    }
}

fn role_options() -> Vec<(String, String)> {
    PartnerRole::ALL
        .iter()
        .map(|role| (role.as_str().to_owned(), role.label().to_owned()))
        .collect()
}

fn role_name(key: &str) -> String {
    key.parse::<PartnerRole>()
        .map_or_else(|_| key.to_owned(), |role| role.label().to_owned())
}

#[component]
fn Members(members: Vec<MemberRow>, base: String, manage: bool) -> impl IntoView {
    if members.is_empty() {
        return view! {
            <Empty title="Nobody is a member yet">
                <p>"An invited person becomes a member when they accept."</p>
            </Empty>
        }
        .into_any();
    }
    let rows = members
        .into_iter()
        .map(move |member| view! { <Member member base=base.clone() manage/> });
    view! {
        <Scroll label="Members">
            <table class="rows">
                <thead>
                    <tr>
                        <th scope="col">"Person"</th>
                        <th scope="col">"Role"</th>
                        <th scope="col">"Last seen"</th>
                        {manage.then(|| view! { <th scope="col"><span class="visually-hidden">"Actions"</span></th> })}
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
    .into_any()
}

#[component]
fn Member(member: MemberRow, base: String, manage: bool) -> impl IntoView {
    let below = format!("{base}/members/{}", link::encode(&member.id));
    let name = member.name.clone();
    // Nobody changes their own roles (SPEC section 1).
    let editable = manage && !member.is_self;
    let role_label = format!("Role of {name}");
    let role = if editable {
        view! {
            <Form id=format!("member-role-{}", member.id) action=format!("{below}/role") class="inline-form">
                <Select name="role" label=role_label options=role_options() value=member.role.clone() quiet=true/>
                <Submit label="Change" look="small"/>
            </Form>
        }
        .into_any()
    } else {
        role_name(&member.role).into_any()
    };
    view! {
        <tr>
            <th scope="row">
                {member.name}{member.is_self.then(|| view! { <span class="optional">" (you)"</span> })}
                <span class="key-line">{member.mail}</span>
            </th>
            <td>{role}</td>
            <td>
                {match member.last_seen {
                    Some(at) => view! { <Time at style=TimeStyle::Relative/> }.into_any(),
                    None => view! { <span class="quiet">"never"</span> }.into_any(),
                }}
            </td>
            {manage
                .then(|| {
                    view! {
                        <td class="actions">
                            {editable
                                .then(|| {
                                    view! {
                                        <Confirm
                                            id=format!("member-remove-{}", member.id)
                                            action=format!("{below}/remove")
                                            label="Remove"
                                            title=format!("Remove {name}")
                                            confirm="Remove"
                                            explanation=format!("{name} loses access to this team at once. What they did stays on record.")
                                        />
                                    }
                                })}
                        </td>
                    }
                })}
        </tr>
    }
}

#[component]
fn Invite(base: String) -> impl IntoView {
    let roles = vec![
        ("member".to_owned(), "Member: sees and edits the apps".to_owned(), true),
        (
            "owner".to_owned(),
            "Owner: also people, new apps and the archive".to_owned(),
            false,
        ),
    ];
    view! {
        <Card title="Invite somebody">
            <div class="body">
                <Form id="invite-member" action=format!("{base}/invite")>
                    <TextField name="mail" label="Mail address" kind="email"/>
                    <Choices name="role" legend="Role" options=roles/>
                    <Submit label="Send the invitation"/>
                </Form>
            </div>
        </Card>
    }
}
