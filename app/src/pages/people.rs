//! Staff: who they are, what they may do, who is invited.

use leptos::prelude::*;

use super::PageTitle;
use crate::{
    form::FormState,
    model::{self, InvitationRow, PersonRow},
    request::{actor, services},
    ui::{
        Badge, Card, Empty, Scroll, Time, TimeStyle, Tone,
        form::{Choices, Confirm, Form, PostButton, Submit, TextField},
        link, page,
    },
};

/// The people on the platform's side.
#[component]
pub(super) fn PeoplePage() -> impl IntoView {
    page(async move { services().people(&actor()).await }, show)
}

fn show(people: model::PeoplePage) -> impl IntoView {
    let model::PeoplePage {
        staff,
        invitations,
        roles,
    } = people;
    let choices = roles
        .iter()
        .map(|(key, name)| (key.clone(), name.clone(), false))
        .collect();
    let rows = staff
        .into_iter()
        .map(|person| view! { <Person person roles=roles.clone()/> })
        .collect_view();
    view! {
        <PageTitle text="People"/>
        <div class="head">
            <h1>"People"</h1>
        </div>
        <p class="sub"><span>"Staff and their roles. The people of partners are on the partner's page."</span></p>
        <div class="grid">
            <div class="stack">
                <Card title="Staff">
                    <Scroll label="Staff">
                        <table class="rows">
                            <thead>
                                <tr>
                                    <th scope="col">"Person"</th>
                                    <th scope="col">"Roles"</th>
                                    <th scope="col">"Last seen"</th>
                                    <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </Scroll>
                </Card>
                <Card title="Invitations" aside=|| "a link is valid for 7\u{a0}days">
                    {if invitations.is_empty() {
                        view! { <Empty title="Nobody is invited at the moment"><p>"Invite a colleague with the form on this page."</p></Empty> }
                            .into_any()
                    } else {
                        view! { <InvitationTable invitations base="/people/invitations" withdraw=true/> }.into_any()
                    }}
                </Card>
            </div>
            <aside class="stack" aria-label="Invite staff">
                <Card title="Invite staff">
                    <div class="body">
                        <Form id="invite-staff" action="/people/invite">
                            <TextField name="mail" label="Mail address" kind="email"/>
                            <TextField name="name" label="Name"/>
                            <Choices name="roles" legend="Roles" options=choices several=true/>
                            <Submit label="Send the invitation"/>
                        </Form>
                    </div>
                </Card>
            </aside>
        </div>
    }
}

#[component]
fn Person(person: PersonRow, roles: Vec<(String, String)>) -> impl IntoView {
    let below = format!("/people/{}", link::encode(&person.id));
    let names = roles
        .iter()
        .filter(|(key, _)| person.roles.contains(key))
        .map(|(_, name)| name.clone())
        .collect::<Vec<_>>()
        .join(", ");
    let names = if names.is_empty() { "no role".to_owned() } else { names };
    let disabled = person.disabled_at.is_some();
    let choices: Vec<_> = roles
        .into_iter()
        .map(|(key, name)| {
            let held = person.roles.contains(&key);
            (key, name, held)
        })
        .collect();
    // Nobody changes their own roles (SPEC section 1).
    let role_cell = if person.is_self || disabled {
        names.into_any()
    } else {
        let id = format!("roles-{}", person.id);
        let open = FormState::of(&id).is_refused();
        view! {
            <details class="change" open=open>
                <summary>{names}</summary>
                <Form id action=format!("{below}/roles")>
                    <Choices name="roles" legend="Roles" options=choices several=true quiet=true/>
                    <Submit label="Save roles" look="small"/>
                </Form>
            </details>
        }
        .into_any()
    };
    let action = if person.is_self {
        ().into_any()
    } else if disabled {
        view! {
            <PostButton
                id=format!("enable-{}", person.id)
                action=format!("{below}/enable")
                label="Enable"
                title=format!("Enable {}", person.name)
            />
        }
        .into_any()
    } else {
        view! {
            <Confirm
                id=format!("disable-{}", person.id)
                action=format!("{below}/disable")
                label="Disable"
                title=format!("Disable {}", person.name)
                confirm="Disable"
                explanation=format!("{} is signed out everywhere and cannot sign in until enabled again. Roles are kept.", person.name)
            />
        }
        .into_any()
    };
    view! {
        <tr class=disabled.then_some("off")>
            <th scope="row">
                {person.name.clone()}{person.is_self.then(|| view! { <span class="optional">" (you)"</span> })}
                <span class="key-line">{person.mail}</span>
                {person.disabled_at.map(|at| view! { <Badge tone=Tone::Unknown word="Disabled"/>" since "<Time at style=TimeStyle::Date/> })}
            </th>
            <td>{role_cell}</td>
            <td>
                {match person.last_seen {
                    Some(at) => view! { <Time at style=TimeStyle::Relative/> }.into_any(),
                    None => view! { <span class="quiet">"never"</span> }.into_any(),
                }}
            </td>
            <td class="actions">{action}</td>
        </tr>
    }
}

/// Invitations that were not used yet.
#[component]
pub(super) fn InvitationTable(
    invitations: Vec<InvitationRow>,
    /// The address that the ids of invitations are below.
    #[prop(into)]
    base: String,
    /// Whether the reader may withdraw them.
    withdraw: bool,
) -> impl IntoView {
    let rows = invitations.into_iter().map(move |invitation| {
        let button = withdraw.then(|| {
            view! {
                <PostButton
                    id=format!("withdraw-{}", invitation.id)
                    action=format!("{base}/{}/withdraw", link::encode(&invitation.id))
                    label="Withdraw"
                    look="small"
                    title=format!("Withdraw the invitation of {}", invitation.mail)
                />
            }
        });
        view! {
            <tr>
                <th scope="row">{invitation.mail}<span class="key-line">"by "{invitation.invited_by}</span></th>
                <td>{invitation.roles}</td>
                <td>
                    {if invitation.expired {
                        view! { <Badge tone=Tone::Warn word="Expired"/> }.into_any()
                    } else {
                        view! { "ends "<Time at=invitation.expires_at style=TimeStyle::Relative/> }.into_any()
                    }}
                </td>
                <td class="actions">{button}</td>
            </tr>
        }
    });
    view! {
        <Scroll label="Invitations">
            <table class="rows">
                <thead>
                    <tr>
                        <th scope="col">"Mail address"</th>
                        <th scope="col">"Roles"</th>
                        <th scope="col">"Link"</th>
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}
