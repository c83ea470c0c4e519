//! Tokens of the API: the platform's page, and what the partner's page shares with it.

use leptos::prelude::*;
use rampart_domain::access::LONGEST_TOKEN_DAYS;

use super::PageTitle;
use crate::{
    model::{MadeToken, TokenRow, TokensPage},
    request::{actor, services},
    ui::{
        Badge, Card, Empty, Notice, Scroll, Time, TimeStyle, Tone,
        form::{Confirm, Form, Submit, TextField},
        link, page,
    },
};

/// The platform's own tokens.
#[component]
pub(super) fn PlatformTokensPage() -> impl IntoView {
    page(async move { services().platform_tokens(&actor()).await }, show)
}

fn show(page: TokensPage) -> impl IntoView {
    view! {
        <PageTitle text="API tokens"/>
        <div class="head">
            <h1>"API tokens"</h1>
        </div>
        <p class="sub"><span>"With these the platform sends its events: iframe loads, installation callbacks and webhook deliveries of every app."</span></p>
        <div class="grid">
            <div class="stack">
                <Made/>
                <Card title="Tokens">
                    <TokenTable tokens=page.tokens base="/tokens" none="Make one for the service that sends the events."/>
                </Card>
            </div>
            <aside class="stack" aria-label="Make a token">
                <Card title="Make a token">
                    <div class="body">
                        <MakeToken action="/tokens/new" example="Which service will use it."/>
                    </div>
                </Card>
            </aside>
        </div>
    }
}

/// The value of a token that was made just now.
#[component]
pub(super) fn Made() -> impl IntoView {
    use_context::<MadeToken>().map(|made| {
        view! {
            <Notice tone=Tone::Good>
                <p>"The token is made. Copy it now: it is stored nowhere and not shown again."</p>
                <p><code id="made-token">{made.value}</code></p>
            </Notice>
        }
    })
}

/// The form that makes a token.
#[component]
pub(super) fn MakeToken(#[prop(into)] action: String, example: &'static str) -> impl IntoView {
    view! {
        <Form id="make-token" action>
            <TextField name="name" label="What it is for" maxlength=80 help=example/>
            <TextField name="days" label="Valid for, in days" value="365" help=format!("At most {LONGEST_TOKEN_DAYS}.")/>
            <Submit label="Make the token"/>
        </Form>
    }
}

/// Tokens that were not revoked.
#[component]
pub(super) fn TokenTable(
    tokens: Vec<TokenRow>,
    /// The address that the ids of tokens are below.
    #[prop(into)]
    base: String,
    /// What to do when there is none.
    none: &'static str,
) -> impl IntoView {
    if tokens.is_empty() {
        return view! { <Empty title="There is no token"><p>{none}</p></Empty> }.into_any();
    }
    let rows = tokens.into_iter().map(move |token| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">
                    {token.name.clone()}
                    <span class="key-line">{token.scope}</span>
                </th>
                <td role="cell" data-label="Made"><Time at=token.created_at style=TimeStyle::Date/>" by "{token.created_by}</td>
                <td role="cell" data-label="Last used">
                    {match token.last_used_at {
                        Some(at) => view! { <Time at style=TimeStyle::Relative/> }.into_any(),
                        None => view! { <span class="quiet">"never"</span> }.into_any(),
                    }}
                </td>
                <td role="cell" data-label="Ends">
                    {if token.expired {
                        view! { <Badge tone=Tone::Warn word="Expired"/> }.into_any()
                    } else {
                        view! { <Time at=token.expires_at style=TimeStyle::Date/> }.into_any()
                    }}
                </td>
                <td role="cell" class="actions">
                    <Confirm
                        id=format!("revoke-token-{}", token.id)
                        action=format!("{base}/{}/revoke", link::encode(&token.id))
                        label="Revoke"
                        title=format!("Revoke {}", token.name)
                        confirm="Revoke"
                        explanation="Whatever uses this token is refused at once. A revoked token does not come back."
                    />
                </td>
            </tr>
        }
    });
    view! {
        <Scroll label="Tokens">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Token"</th>
                        <th role="columnheader" scope="col">"Made"</th>
                        <th role="columnheader" scope="col">"Last used"</th>
                        <th role="columnheader" scope="col">"Ends"</th>
                        <th role="columnheader" scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
    .into_any()
}
