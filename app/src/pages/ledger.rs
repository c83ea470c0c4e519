//! The exclusion ledger: every entry, one entry, and filing a waiver.

use leptos::prelude::*;

use super::{PageTitle, page_number, param, query};
use crate::{
    model::{
        self, BreachEffect, LedgerEffect, LedgerEntryPage as Entry, LedgerFilter, LedgerRow, SeriesEffect, WaiverDraft,
        WaiverPage,
    },
    request::{actor, services},
    ui::{
        Badge, Card, Crumbs, Empty, GetField, Pager, Scroll, StandingBadge, Time, TimeStyle, Tone,
        figure::{Count, count, counted, duration, percent_or_dash, target},
        form::{Checkbox, Confirm, Form, Select, Submit, TextArea, TextField},
        link::{self, encode, with_query},
        page,
    },
};

/// The states by which the list is narrowed: (key, name).
const STATES: [(&str, &str); 3] = [("", "all"), ("in_force", "in force"), ("revoked", "revoked")];

/// Every entry, the latest first.
#[component]
pub(super) fn LedgerPage() -> impl IntoView {
    let filter = LedgerFilter {
        search: query("q").unwrap_or_default(),
        kind: query("kind").unwrap_or_default(),
        state: query("state").unwrap_or_default(),
        page: page_number(),
    };
    page(async move { services().ledger(&actor(), filter).await }, show)
}

fn show(ledger: model::LedgerPage) -> impl IntoView {
    let model::LedgerPage {
        rows,
        total,
        page,
        pages,
        filter,
        kinds,
        may_file,
    } = ledger;
    let narrowed = !(filter.search.is_empty() && filter.kind.is_empty() && filter.state.is_empty());
    let LedgerFilter {
        search, kind, state, ..
    } = filter.clone();
    let href = move |page: u32| {
        with_query(
            "/ledger",
            &[
                ("q", &search),
                ("kind", &kind),
                ("state", &state),
                ("page", &page.to_string()),
            ],
        )
    };
    view! {
        <PageTitle text="Exclusion ledger"/>
        <div class="head">
            <h1>"Exclusion ledger"</h1>
            <span class="total">{count(total)}</span>
            {may_file
                .then(|| {
                    view! {
                        <div class="acts">
                            <a class="btn primary" href="/ledger/new">"File a waiver"</a>
                        </div>
                    }
                })}
        </div>
        <p class="sub"><span>"Every interval that is left out of the figures. Measuring goes on inside them."</span></p>
        <Filter filter kinds/>
        <div class="card">
            {if rows.is_empty() {
                view! {
                    <Empty title=if narrowed { "No entry matches" } else { "Nothing is excluded" }>
                        {if narrowed {
                            view! { <p><a href="/ledger">"Show all entries"</a></p> }.into_any()
                        } else {
                            view! { <p>"Outages of the portal itself are entered here, and waivers that program managers file."</p> }.into_any()
                        }}
                    </Empty>
                }
                .into_any()
            } else {
                view! { <LedgerTable rows shows_app=true/> }.into_any()
            }}
        </div>
        <Pager page pages href=Box::new(href)/>
    }
}

#[component]
fn Filter(filter: LedgerFilter, kinds: Vec<(String, String)>) -> impl IntoView {
    let options = |all: Vec<(String, String)>, chosen: String| {
        all.into_iter()
            .map(|(key, name)| {
                let selected = key == chosen;
                view! { <option value=key selected=selected>{name}</option> }
            })
            .collect_view()
    };
    let mut all_kinds = vec![(String::new(), "all".to_owned())];
    all_kinds.extend(kinds);
    let states = STATES.map(|(key, name)| (key.to_owned(), name.to_owned())).to_vec();
    view! {
        <form class="filter" method="get" action="/ledger" role="search" aria-label="Narrow the ledger down">
            <GetField name="q" label="App" kind="search" value=filter.search/>
            <div class="field">
                <label for="filter-kind">"Kind"</label>
                <select id="filter-kind" name="kind">{options(all_kinds, filter.kind)}</select>
            </div>
            <div class="field">
                <label for="filter-state">"State"</label>
                <select id="filter-state" name="state">{options(states, filter.state)}</select>
            </div>
            <button class="btn">"Show"</button>
        </form>
    }
}

/// Entries, the latest first. On narrow screens each row becomes a block, so the roles are spelled out.
#[component]
pub(super) fn LedgerTable(rows: Vec<LedgerRow>, shows_app: bool) -> impl IntoView {
    let rows = rows.into_iter().map(move |row| {
        let lasts = duration((row.to - row.from).num_seconds());
        let about = match &row.app {
            Some((key, name)) => {
                view! { <a href=link::app(key, "")>{name.clone()}</a> }.into_any()
            }
            None => "All apps".into_any(),
        };
        let for_all = row.app.is_none();
        view! {
            <tr role="row" id=format!("entry-{}", row.id)>
                <th role="rowheader" scope="row">
                    <a href=row.href><Time at=row.from style=TimeStyle::Cell/>" – "<Time at=row.to style=TimeStyle::Cell/></a>
                    <span class="key-line">{lasts}</span>
                </th>
                {shows_app.then(|| view! { <td role="cell" class="wrap" data-label="App">{about}</td> })}
                <td role="cell" class="wrap" data-label="Series">
                    {row.series}
                    {row.target.map(|url| view! { <span class="key-line">{url}</span> })}
                    {(!shows_app && for_all).then(|| view! { <span class="key-line">"of all apps"</span> })}
                </td>
                <td role="cell" class="wrap" data-label="Why">{row.kind}<span class="key-line">{row.authority}</span></td>
                <td role="cell" data-label="Entered">
                    <Time at=row.entered_at style=TimeStyle::Cell/>
                    <span class="key-line">{row.entered_by.unwrap_or_else(|| "by Rampart".to_owned())}</span>
                </td>
                <td role="cell" class="wrap">
                    <StateBadge revoked=row.revoked.is_some()/>
                    {row.revoked.map(|revoked| view! { <span class="key-line">{revoked.why}</span> })}
                </td>
            </tr>
        }
    });
    view! {
        <Scroll label="Exclusion ledger">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Minutes, UTC"</th>
                        {shows_app.then(|| view! { <th role="columnheader" scope="col">"App"</th> })}
                        <th role="columnheader" scope="col">"Series"</th>
                        <th role="columnheader" scope="col">"Why"</th>
                        <th role="columnheader" scope="col">"Entered, UTC"</th>
                        <th role="columnheader" scope="col">"State"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

#[component]
fn StateBadge(revoked: bool) -> impl IntoView {
    let (tone, word) = match revoked {
        true => (Tone::Unknown, "revoked"),
        false => (Tone::Good, "in force"),
    };
    view! { <Badge tone word/> }
}

/// One entry, with what revoking it does for whoever may.
#[component]
pub(super) fn LedgerEntryPage() -> impl IntoView {
    let id = param("id");
    page(async move { services().ledger_entry(&actor(), &id).await }, entry)
}

fn entry(page: Entry) -> impl IntoView {
    let Entry { row, effect } = page;
    let about = row.app.as_ref().map_or("All apps", |(_, name)| name).to_owned();
    let title = format!("{about}, {}", row.kind);
    let action = format!("/ledger/{}/revoke", encode(&row.id));
    view! {
        <PageTitle text=title.clone()/>
        <Crumbs above=vec![("Ledger".to_owned(), "/ledger".to_owned())]/>
        <div class="head spaced">
            <h1>{title}</h1>
            <StateBadge revoked=row.revoked.is_some()/>
        </div>
        <div class="grid">
            <div class="stack">
                <Card title="What it rests on">
                    <div class="body">
                        <p class="sentence">{row.authority.clone()}</p>
                        {row
                            .revoked
                            .clone()
                            .map(|revoked| {
                                let by = revoked.by.map(|by| format!(" by {by}")).unwrap_or_default();
                                view! { <p>"Revoked on "<Time at=revoked.at/>{by}": "{revoked.why}</p> }
                            })}
                    </div>
                </Card>
                {effect
                    .map(|effect| {
                        view! {
                            <EffectCard title="What revoking it changes" effect/>
                            <div>
                                <Confirm
                                    id="revoke-entry"
                                    action
                                    label="Revoke this entry"
                                    confirm="Revoke"
                                    explanation="Its minutes count again, as shown above, at once. A revoked entry does not come back; a new one can be filed."
                                >
                                    <TextField name="why" label="Reason" help="The partner reads it."/>
                                </Confirm>
                            </div>
                        }
                    })}
            </div>
            <aside class="stack" aria-label="Entry">
                <Card title="Entry">
                    <dl class="body facts">
                        <dt>"App"</dt>
                        <dd>
                            {match row.app {
                                Some((key, name)) => view! { <a href=link::app(&key, "")>{name}</a> }.into_any(),
                                None => "all apps".into_any(),
                            }}
                        </dd>
                        <dt>"Series"</dt>
                        <dd>{row.series}</dd>
                        {row.target.map(|url| view! { <dt>"Base URL"</dt><dd>{url}</dd> })}
                        <dt>"From"</dt>
                        <dd><Time at=row.from/></dd>
                        <dt>"To"</dt>
                        <dd><Time at=row.to/></dd>
                        <dt>"Entered"</dt>
                        <dd><Time at=row.entered_at/></dd>
                        <dt>"By"</dt>
                        <dd>{row.entered_by.unwrap_or_else(|| "Rampart".to_owned())}</dd>
                    </dl>
                </Card>
            </aside>
        </div>
    }
}

/// Filing a waiver: what it does is shown first.
#[component]
pub(super) fn NewWaiverPage() -> impl IntoView {
    let text = |name: &str| query(name).unwrap_or_default();
    let draft = WaiverDraft {
        app: text("app"),
        all_apps: query("all_apps").is_some(),
        sli: text("sli"),
        product: text("product"),
        target: text("target"),
        from: text("from"),
        to: text("to"),
        why: text("why"),
    };
    page(async move { services().new_waiver(&actor(), draft).await }, new_waiver)
}

fn new_waiver(page: WaiverPage) -> impl IntoView {
    let WaiverPage {
        draft,
        slis,
        products,
        effect,
    } = page;
    let with_all = |options: Vec<(String, String)>| {
        let mut all = vec![(String::new(), "all".to_owned())];
        all.extend(options);
        all
    };
    let confirmed = draft.clone();
    view! {
        <PageTitle text="File a waiver"/>
        <Crumbs above=vec![("Ledger".to_owned(), "/ledger".to_owned())]/>
        <div class="head">
            <h1>"File a waiver"</h1>
        </div>
        <p class="sub"><span>"Its minutes leave the figures, and breaches may be excused. You see what changes before anything is filed."</span></p>
        <div class="stack">
            <div class="card padded writing">
                <Form id="waiver" action="/ledger/new">
                    <TextField name="app" label="Key of the app" value=draft.app required=false code=true/>
                    <Checkbox name="all_apps" label="All apps, of every partner" checked=draft.all_apps/>
                    <div class="numbers">
                        <Select name="sli" label="Service level indicator" options=with_all(slis) value=draft.sli/>
                        <Select name="product" label="Product" options=with_all(products) value=draft.product/>
                    </div>
                    <TextField
                        name="target"
                        label="Base URL"
                        value=draft.target
                        required=false
                        code=true
                        help="Only for the availability of one of several base URLs."
                    />
                    <div class="field">
                        <div class="numbers">
                            <TextField name="from" label="From, UTC" kind="datetime-local" value=draft.from help="The first minute that is left out."/>
                            <TextField name="to" label="To, UTC" kind="datetime-local" value=draft.to help="The minute that counts again."/>
                        </div>
                        <p class="help">"At most 28 days after the beginning, and 28 days from now."</p>
                    </div>
                    <TextArea name="why" label="Reason" value=draft.why help="Everybody whose app it covers reads it."/>
                    <Submit label="Show what it changes"/>
                </Form>
            </div>
            {effect
                .map(|effect| {
                    view! {
                        <EffectCard title="What it changes" effect/>
                        <ConfirmWaiver draft=confirmed/>
                    }
                })}
        </div>
    }
}

/// Files just what was shown.
#[component]
fn ConfirmWaiver(draft: WaiverDraft) -> impl IntoView {
    let all_apps = if draft.all_apps { "yes" } else { "" }.to_owned();
    let fields = [
        ("app", draft.app),
        ("all_apps", all_apps),
        ("sli", draft.sli),
        ("product", draft.product),
        ("target", draft.target),
        ("from", draft.from),
        ("to", draft.to),
        ("why", draft.why),
        ("shown", "yes".to_owned()),
    ];
    let fields = fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect_view();
    view! {
        <form method="post" action="/ledger/new" class="form">
            {fields}
            <Submit label="File this waiver"/>
        </form>
    }
}

/// What a change of the ledger does.
#[component]
fn EffectCard(title: &'static str, effect: LedgerEffect) -> impl IntoView {
    let LedgerEffect {
        series,
        total_series,
        breaches,
        misses,
    } = effect;
    let listed = series.len() as u64;
    let nothing = series.is_empty() && breaches.is_empty() && misses.is_empty();
    let more = total_series.saturating_sub(listed);
    view! {
        <Card title aside=move || counted(total_series, "series", "series")>
            {nothing
                .then(|| view! { <p class="body quiet">"No series has an event in these minutes so far, and no breach changes."</p> })}
            {(!series.is_empty()).then(|| view! { <SeriesTable series/> })}
            {(more > 0).then(|| view! { <p class="body quiet">{format!("And {} more series.", count(more))}</p> })}
            {match breaches.is_empty() {
                true => (!nothing).then(|| view! { <p class="body">"No breach changes its standing."</p> }).into_any(),
                false => view! {
                    <p class="body quiet">"Breaches whose standing changes:"</p>
                    <BreachTable breaches/>
                }
                .into_any(),
            }}
            {misses
                .into_iter()
                .map(|miss| {
                    let then = if miss.excused { " becomes excused." } else { " counts again." };
                    view! {
                        <p class="body">
                            {format!("{}, {}: the missed target since ", miss.app, miss.indicator)}<Time at=miss.since/>{then}
                        </p>
                    }
                })
                .collect_view()}
        </Card>
    }
}

#[component]
fn SeriesTable(series: Vec<SeriesEffect>) -> impl IntoView {
    let rows = series.into_iter().map(|row| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{row.indicator}<span class="key-line">{row.app}</span>{row.target.map(|url| view! { <span class="key-line">{url}</span> })}</th>
                <td role="cell" class="num" data-label="Target">{target(row.slo)}</td>
                <td role="cell" class="num" data-label="Raw">{percent_or_dash(row.raw)}</td>
                <td role="cell" class="num" data-label="Adjusted now">{percent_or_dash(row.before)}</td>
                <td role="cell" class="num" data-label="Adjusted then">{percent_or_dash(row.after)}</td>
                <td role="cell" class="num" data-label="Bad now"><Count value=row.bad_before/></td>
                <td role="cell" class="num" data-label="Bad then"><Count value=row.bad_after/></td>
            </tr>
        }
    });
    view! {
        <Scroll label="Figures over 28 days">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"28\u{a0}days"</th>
                        <th role="columnheader" scope="col" class="num">"Target"</th>
                        <th role="columnheader" scope="col" class="num">"Raw"</th>
                        <th role="columnheader" scope="col" class="num">"Adjusted now"</th>
                        <th role="columnheader" scope="col" class="num">"Adjusted then"</th>
                        <th role="columnheader" scope="col" class="num">"Bad now"</th>
                        <th role="columnheader" scope="col" class="num">"Bad then"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}

#[component]
fn BreachTable(breaches: Vec<BreachEffect>) -> impl IntoView {
    let rows = breaches.into_iter().map(|breach| {
        let BreachEffect {
            app,
            row,
            after,
            bad_after,
        } = breach;
        view! {
            <tr role="row">
                <th role="rowheader" scope="row"><a href=row.href><Time at=row.opened_at style=TimeStyle::Cell/></a><span class="key-line">{app}</span></th>
                <td role="cell" class="wrap">{row.indicator}{row.target.map(|url| view! { <span class="key-line">{url}</span> })}</td>
                <td role="cell" data-label="Now"><StandingBadge standing=row.standing/></td>
                <td role="cell" data-label="Then"><StandingBadge standing=after/></td>
                <td role="cell" class="num" data-label="Bad, raw">{row.bad.map(|(raw, _)| count(raw)).unwrap_or_default()}</td>
                <td role="cell" class="num" data-label="Bad then"><Count value=bad_after/></td>
            </tr>
        }
    });
    view! {
        <Scroll label="Breaches whose standing changes">
            <table class="rows blocks" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Breach, UTC"</th>
                        <th role="columnheader" scope="col">"Indicator"</th>
                        <th role="columnheader" scope="col">"Now"</th>
                        <th role="columnheader" scope="col">"Then"</th>
                        <th role="columnheader" scope="col" class="num">"Bad, raw"</th>
                        <th role="columnheader" scope="col" class="num">"Bad then"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </Scroll>
    }
}
