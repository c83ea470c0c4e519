//! The reader's own account.

use leptos::prelude::*;

use super::PageTitle;
use crate::{
    model::{self, SessionRow},
    request::{actor, services},
    ui::{
        Badge, Card, Scroll, Time, TimeStyle, Tone, browser,
        form::{Confirm, Form, PasswordField, PostButton, Submit},
        link, page,
    },
};

/// Roles, sessions and password.
#[component]
pub(super) fn AccountPage() -> impl IntoView {
    page(async move { services().account(&actor()).await }, show)
}

fn show(account: model::AccountPage) -> impl IntoView {
    let model::AccountPage {
        name,
        mail,
        roles,
        sessions,
    } = account;
    let roles = if roles.is_empty() {
        "no role".to_owned()
    } else {
        roles.join(", ")
    };
    view! {
        <PageTitle text="Your account"/>
        <div class="head">
            <h1>{name}</h1>
        </div>
        <p class="sub">
            <span>{mail.clone()}</span>
            <span>{roles}</span>
        </p>
        <div class="grid">
            <div class="stack">
                <Card title="Sessions" aside=|| "where you are signed in">
                    <Sessions sessions/>
                    <div class="body ruled">
                        <Confirm
                            id="sign-out-everywhere"
                            action="/account/sign-out-everywhere"
                            label="Sign out everywhere"
                            confirm="Sign out everywhere"
                            explanation="Every session ends, this one too. You sign in again afterwards."
                        />
                    </div>
                </Card>
            </div>
            <aside class="stack" aria-label="Password">
                <Card title="Change password">
                    <div class="body">
                        <Form id="change-password" action="/account/password">
                            // Password managers store the password under this name.
                            <input class="visually-hidden" type="email" autocomplete="username" value=mail readonly tabindex="-1" aria-hidden="true"/>
                            <PasswordField name="current" label="Current password" autocomplete="current-password"/>
                            <PasswordField name="password" label="New password" autocomplete="new-password" help="At least 12 characters."/>
                            <PasswordField name="password_again" label="The same again" autocomplete="new-password"/>
                            <Submit label="Change password"/>
                        </Form>
                    </div>
                </Card>
            </aside>
        </div>
    }
}

/// On narrow screens each row becomes a block, so the roles are spelled out.
#[component]
fn Sessions(sessions: Vec<SessionRow>) -> impl IntoView {
    let rows = sessions.into_iter().map(|session| {
        let browser = browser(&session.agent);
        let last = if session.is_current {
            view! { <Badge tone=Tone::Good word="this one"/> }.into_any()
        } else {
            view! {
                <PostButton
                    id=format!("revoke-{}", session.id)
                    action=format!("/account/sessions/{}/revoke", link::encode(&session.id))
                    label="Revoke"
                    look="small"
                    title=format!("Revoke the session of {browser}")
                />
            }
            .into_any()
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">
                    <span title=session.agent>{browser}</span>
                    {session.address.map(|address| view! { <span class="key-line">{address}</span> })}</th>
                <td role="cell" data-label="Since, UTC"><Time at=session.created_at style=TimeStyle::Cell/></td>
                <td role="cell" data-label="Last seen"><Time at=session.last_seen style=TimeStyle::Relative/></td>
                <td role="cell" class="actions">{last}</td>
            </tr>
        }
    });
    view! {
        <Scroll label="Sessions">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Browser"</th>
                        <th role="columnheader" scope="col">"Since, UTC"</th>
                        <th role="columnheader" scope="col">"Last seen"</th>
                        <th role="columnheader" scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}
