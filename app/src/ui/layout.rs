//! What stands around the content of every page.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use rampart_domain::access::{Action, Actor};

use crate::{islands::LocalTimes, request::Viewer, ui::link};

/// Skip link, top bar, message of the request before, content, footer.
#[component]
pub fn Layout(children: Children) -> impl IntoView {
    // Without a request, the routes are only being listed.
    let Some(Viewer {
        actor,
        flash,
        alert,
        platform,
        demonstration,
        ..
    }) = use_context::<Viewer>()
    else {
        return children();
    };
    let signed_in = actor.is_some();
    view! {
        <a class="skip" href="#content">"Skip to content"</a>
        <Sprite/>
        <header class="top">
            <a class="brand" href="/">
                <svg width="18" height="18" aria-hidden="true">
                    <use href="#mark"></use>
                </svg>
                "Rampart"
            </a>
            {actor.map(|actor| view! { <TopBar actor/> })}
        </header>
        {demonstration
            .then(|| view! { <p class="demonstration">"Demonstration data: all of it is made up"</p> })}
        <main id="content" tabindex="-1">
            {flash
                .map(|message| {
                    view! {
                        <div class="flash" role="status">
                            <svg aria-hidden="true">
                                <use href="#shape-good"></use>
                            </svg>
                            <p>{message}</p>
                        </div>
                    }
                })}
            {alert
                .map(|message| {
                    view! {
                        <div class="summary" role="alert" tabindex="-1" autofocus>
                            <svg aria-hidden="true">
                                <use href="#shape-bad"></use>
                            </svg>
                            <p>{message}</p>
                        </div>
                    }
                })}
            {children()}
        </main>
        <footer class="foot">
            <p>{format!("{} {}, service levels by Rampart", platform.name, platform.designation)}</p>
            <p>"Times are in UTC"</p>
        </footer>
        {signed_in.then(|| view! { <LocalTimes/> })}
    }
    .into_any()
}

/// (name, address) of what this person may read about apps and partners.
fn entries(actor: &Actor) -> Vec<(&'static str, String)> {
    let mut entries = Vec::new();
    if actor.may_somewhere(Action::ViewApp) {
        entries.push(("Apps", "/apps".to_owned()));
    }
    if actor.is_staff() {
        entries.push(("Partners", "/partners".to_owned()));
    } else {
        match actor.memberships.as_slice() {
            [] => {}
            [only] => entries.push(("Team", link::partner(&only.partner.to_string(), ""))),
            _ => entries.push(("Teams", "/partners".to_owned())),
        }
    }
    if actor.may_everywhere(Action::ViewApp) {
        entries.push(("Approvals", "/approvals".to_owned()));
        entries.push(("Readiness", "/readiness".to_owned()));
        entries.push(("Escalation", "/escalation".to_owned()));
        entries.push(("Ledger", "/ledger".to_owned()));
    }
    entries.push(("Rules", "/policies/measurement".to_owned()));
    entries
}

/// The same of what keeps the portal itself going.
fn administration(actor: &Actor) -> Vec<(&'static str, String)> {
    [
        (Action::ManagePeople, "People", "/people"),
        (Action::ManagePlatformTokens, "Tokens", "/tokens"),
        (Action::ManageMail, "Mail", "/mail"),
        (Action::ViewAudit, "Audit", "/audit"),
    ]
    .into_iter()
    .filter(|(action, ..)| actor.may_somewhere(*action))
    .map(|(_, name, href)| (name, href.to_owned()))
    .collect()
}

#[component]
fn TopBar(actor: Actor) -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    let is_here = |href: &str| path == href || path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/'));
    view! {
        <nav class="main-nav" aria-label="Main">
            {[entries(&actor), administration(&actor)]
                .into_iter()
                .filter(|group| !group.is_empty())
                .map(|group| {
                    let links = group
                        .into_iter()
                        .map(|(name, href)| {
                            let current = is_here(&href).then_some("page");
                            view! { <a href=href aria-current=current>{name}</a> }
                        })
                        .collect_view();
                    view! { <div>{links}</div> }
                })
                .collect_view()}
        </nav>
        <div class="who">
            <a href="/account" aria-current=is_here("/account").then_some("page")>{actor.name.clone()}</a>
            <form method="post" action="/sign-out">
                <button class="plain">"Sign out"</button>
            </form>
        </div>
    }
}

/// The shapes that are used on a page, once.
#[component]
fn Sprite() -> impl IntoView {
    view! {
        <svg class="sprite" aria-hidden="true">
            <defs>
                <symbol id="mark" viewBox="0 0 18 18">
                    <path d="M1 5V2h3v2h3V2h4v2h3V2h3v3l-2 2v9h-4v-4a2 2 0 0 0-4 0v4H3V7z" fill="currentColor"></path>
                </symbol>
                <symbol id="shape-good" viewBox="0 0 12 12">
                    <path
                        d="M2 6.5 5 9.5 10 3"
                        fill="none"
                        stroke="currentColor"
                        stroke-width="2"
                        stroke-linecap="round"
                        stroke-linejoin="round"
                    ></path>
                </symbol>
                <symbol id="shape-warn" viewBox="0 0 12 12">
                    <path d="M6 1 11.5 11H.5Z" fill="currentColor"></path>
                </symbol>
                <symbol id="shape-bad" viewBox="0 0 12 12">
                    <rect x="1.5" y="1.5" width="9" height="9" rx="1" fill="currentColor"></rect>
                </symbol>
                <symbol id="shape-unknown" viewBox="0 0 12 12">
                    <circle cx="6" cy="6" r="4.5" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="2 1.8"></circle>
                </symbol>
                <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <rect class="hatch" width="2" height="6"></rect>
                </pattern>
            </defs>
        </svg>
    }
}
