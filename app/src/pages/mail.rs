//! Outgoing mail: the queue, and one mail.

use leptos::prelude::*;

use super::{PageTitle, apps::MailTable, page_number, param, query};
use crate::{
    model::{self, MailQueue, MailRow},
    request::{actor, services},
    ui::{
        Card, Crumbs, Empty, MailBadge, Notice, Pager, Time, Tone,
        figure::count,
        form::PostButton,
        link::{self, with_query},
        page,
    },
};

/// The filters of the queue: (key, name).
const FILTERS: [(&str, &str); 3] = [("all", "All"), ("waiting", "Waiting"), ("failed", "Failed")];

/// All outgoing mail, the latest first.
#[component]
pub(super) fn MailQueuePage() -> impl IntoView {
    let filter = query("filter")
        .filter(|f| FILTERS.iter().any(|(key, _)| key == f))
        .unwrap_or_else(|| "all".to_owned());
    let number = page_number();
    page(
        async move { services().mail_queue(&actor(), &filter, number).await },
        show,
    )
}

fn show(queue: MailQueue) -> impl IntoView {
    let MailQueue {
        rows,
        total,
        page,
        pages,
        queued,
        retrying,
        failed,
        filter,
    } = queue;
    let chosen = filter.clone();
    let href = move |page: u32| with_query("/mail", &[("filter", &chosen), ("page", &page.to_string())]);
    let chips = FILTERS.iter().map(|(key, name)| {
        let number = match *key {
            "waiting" => Some(queued + retrying),
            "failed" => Some(failed),
            _ => None,
        };
        view! {
            <a class="chip" href=with_query("/mail", &[("filter", key)]) aria-current=(*key == filter).then_some("true")>
                {*name}
                {number.map(|n| view! { <span class="number">{count(n)}</span> })}
            </a>
        }
    });
    view! {
        <PageTitle text="Mail"/>
        <div class="head">
            <h1>"Mail"</h1>
            <span class="total">{count(total)}</span>
        </div>
        <p class="sub">
            <span>{format!("{} waiting", count(queued))}</span>
            <span>{format!("{} retrying", count(retrying))}</span>
            <span>{format!("{} failed", count(failed))}</span>
        </p>
        <nav class="chips" aria-label="Which mails">{chips.collect_view()}</nav>
        <div class="card">
            {if rows.is_empty() {
                view! {
                    <Empty title="No mail here">
                        <p>"Invitations, drills and alerts appear here as they are written, and stay until they are delivered or given up."</p>
                    </Empty>
                }
                .into_any()
            } else {
                view! { <MailTable mails=rows label="Outgoing mail"/> }.into_any()
            }}
        </div>
        <Pager page pages href=Box::new(href)/>
    }
}

/// One mail: where it is, what it says, and sending it again.
#[component]
pub(super) fn MailPage() -> impl IntoView {
    let id = param("id");
    page(async move { services().mail(&actor(), &id).await }, show_one)
}

fn show_one(mail: model::MailPage) -> impl IntoView {
    let model::MailPage {
        row,
        message_id,
        text,
        partner,
        may_retry,
    } = mail;
    let MailRow {
        id,
        subject,
        recipients,
        state,
        queued_at,
        sent_at,
        attempts,
        next_attempt_at,
        error,
        ..
    } = row;
    // Broken before the "@" when it has to be, not within a name.
    let message_id = message_id.replace('@', "\n@");
    let parts: Vec<_> = message_id
        .lines()
        .map(|part| view! { <span>{part.to_owned()}</span> })
        .collect();
    let action = format!("/mail/{}/retry", link::encode(&id));
    view! {
        <PageTitle text=subject.clone()/>
        <Crumbs above=vec![("Mail".to_owned(), "/mail".to_owned())]/>
        <div class="head spaced">
            <h1>{subject}</h1>
            <MailBadge state/>
            {may_retry
                .then(|| {
                    view! {
                        <div class="acts">
                            <PostButton id="retry-mail" action label="Send again"/>
                        </div>
                    }
                })}
        </div>
        <div class="grid">
            <div class="stack">
                {error
                    .map(|error| {
                        view! {
                            <Notice tone=Tone::Bad>
                                <p>"The mail server said: "<q>{error}</q></p>
                            </Notice>
                        }
                    })}
                <Card title="Text">
                    <pre class="body mail-text">{text}</pre>
                </Card>
            </div>
            <aside class="stack" aria-label="Delivery">
                <Card title="Delivery">
                    <dl class="body facts">
                        <dt>"To"</dt>
                        <dd>{recipients}</dd>
                        {partner
                            .map(|partner| {
                                view! { <dt>"Partner"</dt><dd><a href=link::partner(&partner.id, "")>{partner.name}</a></dd> }
                            })}
                        <dt>"Queued"</dt>
                        <dd><Time at=queued_at/></dd>
                        {sent_at.map(|at| view! { <dt>"Sent"</dt><dd><Time at/></dd> })}
                        {next_attempt_at.map(|at| view! { <dt>"Next attempt"</dt><dd><Time at/></dd> })}
                        <dt>"Attempts"</dt>
                        <dd>{attempts}</dd>
                        <dt>"Message-ID"</dt>
                        <dd class="code whole">{parts.collect_view()}</dd>
                    </dl>
                </Card>
            </aside>
        </div>
    }
}
