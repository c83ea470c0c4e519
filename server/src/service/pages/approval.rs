//! The page of an app's approval, what it asks of its readers, and the queue of all open tickets (SPEC section 3).

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use rampart_app::{
    model::{
        ApprovalFilter, ApprovalPage, ApprovalPermissions, ApprovalQueue, ApprovalRow, ChecklistItem, InstanceView,
        PartnerRef, Saying, SeriesToReview, TicketVerdict, TicketView, Todo, TrainingView, WaiverView,
    },
    ui::link,
};
use rampart_domain::{
    access::{Action, Actor},
    escalation::State as Ladder,
    id::AppId,
    onboarding::{Entry, Item, Party, ReviewState},
};

use super::{
    super::{
        Result, Service,
        access::require,
        approval::{
            AppChecklist, approval_name, approval_page, as_subject, is_asked, obstacle_to_asking, products,
            refuse_own_people,
        },
    },
    count, pages, slice,
};
use crate::store::{
    Scope,
    approvals::{self, Ticket},
    apps::{self, App},
    checklists::{Said, Waiver},
    escalation,
};

impl Service {
    pub(super) async fn approval_page(&self, actor: &Actor, key: &str) -> Result<ApprovalPage> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let db = &self.store.portal;
        let mut tickets = approvals::of_app(db, scope, app.id).await?.into_iter();
        let ticket = tickets.next();
        let open = ticket
            .as_ref()
            .filter(|ticket| is_open(ticket) && app.archived_at.is_none());
        let opened = open.map(|ticket| ticket.opened_at);
        let is_open = opened.is_some();
        let list = self.checklist(actor, &app).await?;
        let state = escalation::standing(db, scope, app.id)
            .await?
            .map(|standing| standing.state);
        let (done, required) = list.progress();
        let (name, base) = (approval_name(&app), approval_page(&app.key));
        let may = |action| actor.may_in(action, app.partner_id) && app.archived_at.is_none();
        let thread = match &ticket {
            Some(_) => Some(self.thread(actor, &as_subject(&app, &name), &base).await?),
            None => None,
        };
        let products = products(&app).into_iter();
        let today = self.clock.now().date_naive();
        Ok(ApprovalPage {
            next: is_open.then(|| list.next().sentence),
            ticket: ticket.map(ticket_view),
            earlier: tickets.map(ticket_view).collect(),
            done,
            required,
            items: list
                .checklist
                .entries
                .iter()
                .map(|entry| item(actor, &app, &list, entry, today))
                .collect(),
            series: series(actor, &app, &list),
            products: products.map(|p| (p.as_str().to_owned(), p.name().to_owned())).collect(),
            may: ApprovalPermissions {
                ask: may(Action::AskForApproval) && !is_open,
                work: may(Action::WorkOnChecklist),
                answer: may(Action::AnswerFlags),
                request: may(Action::Discuss) && is_open,
                decide: may(Action::DecideApprovals) && refuse_own_people(actor, &app).is_ok(),
            },
            obstacle: opened
                .filter(|_| may(Action::DecideApprovals))
                .and_then(|since| why_not(actor, &app, &list, since)),
            cannot_ask: obstacle_to_asking(state),
            instances: list
                .instances
                .into_iter()
                .map(|instance| InstanceView {
                    id: instance.id.to_string(),
                    product: instance.product.name().to_owned(),
                    site: instance.site,
                    added_by: instance.added_by,
                })
                .collect(),
            training: list.training.map(|said| TrainingView {
                watched_by: said.watched_by,
                said_by: said.said_by,
                at: said.said_at,
            }),
            thread,
            today,
            head: self.head(actor, &app).await?.head,
        })
    }

    /// What the open ticket of an app asks of the reader, and that there is none yet.
    pub(super) async fn approval_asks(&self, actor: &Actor, app: &App, state: Option<Ladder>) -> Result<Vec<Todo>> {
        if app.archived_at.is_some() {
            return Ok(Vec::new());
        }
        let scope = Scope::of(actor, Action::ViewApp);
        let tickets = approvals::of_app(&self.store.portal, scope, app.id).await?;
        let page = approval_page(&app.key);
        let todo = |title: &str, detail: String| {
            vec![Todo {
                title: title.to_owned(),
                detail,
                href: page.clone(),
            }]
        };
        let Some(ticket) = tickets.first().filter(|ticket| is_open(ticket)) else {
            let is_free = obstacle_to_asking(state).is_none() && tickets.is_empty();
            return Ok(match is_free && actor.may_in(Action::AskForApproval, app.partner_id) {
                true => todo("Ask for approval", "The checklist says what is required.".to_owned()),
                false => Vec::new(),
            });
        };
        let list = self.checklist(actor, app).await?;
        let next = list.next();
        let (done, required) = list.progress();
        let is_mine = |party: &Party| match party {
            Party::Partner => actor.may_in(Action::WorkOnChecklist, app.partner_id),
            Party::Reviewers => actor.may_in(Action::AnswerFlags, app.partner_id),
            Party::ProgramManagers => actor.may_in(Action::DecideApprovals, app.partner_id),
        };
        if !next.parties.iter().any(is_mine) {
            return Ok(Vec::new());
        }
        let opened = ticket.opened_at.format("%-d %B %Y");
        let title = match list.checklist.is_complete() && list.facts.asked.is_empty() {
            true => "Decide on the approval",
            false => "Work on the approval",
        };
        Ok(todo(
            title,
            format!("{done} of {required} required items are done or waived; asked for on {opened}."),
        ))
    }

    pub(super) async fn approval_queue(&self, actor: &Actor, mut filter: ApprovalFilter) -> Result<ApprovalQueue> {
        require(actor, Action::ViewApp)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let db = &self.store.portal;
        let tickets = approvals::open_ones(db, scope).await?;
        let ids: Vec<AppId> = tickets.iter().map(|ticket| ticket.app).collect();
        let apps: HashMap<AppId, App> = apps::by_ids(db, scope, &ids)
            .await?
            .into_iter()
            .map(|app| (app.id, app))
            .collect();
        let known: Vec<App> = apps.values().cloned().collect();
        // Who acts next follows from live facts, so all open tickets are looked at, by one statement for each kind of fact.
        let checklists = self.checklists(scope, &known).await?;
        let now = self.clock.now();
        let wanted = Party::ALL.into_iter().find(|party| party.as_str() == filter.next);
        if wanted.is_none() {
            filter.next = String::new();
        }
        let search = filter.search.trim().to_lowercase();
        let (mut rows, mut everything) = (Vec::new(), 0);
        let mut waiting: HashMap<Party, u64> = HashMap::new();
        for ticket in &tickets {
            let (Some(app), Some(list)) = (apps.get(&ticket.app), checklists.get(&ticket.app)) else {
                continue;
            };
            let next = list.next();
            everything += 1;
            next.parties
                .iter()
                .for_each(|party| *waiting.entry(*party).or_default() += 1);
            let is_found = [&app.name, &app.key, &app.partner_name]
                .iter()
                .any(|text| text.to_lowercase().contains(&search));
            if !is_found || wanted.is_some_and(|party| !next.parties.contains(&party)) {
                continue;
            }
            let (done, required) = list.progress();
            rows.push(ApprovalRow {
                app_key: app.key.clone(),
                app_name: app.name.clone(),
                partner: PartnerRef {
                    id: app.partner_id.to_string(),
                    name: app.partner_name.clone(),
                },
                opened_at: ticket.opened_at,
                age_days: (now - ticket.opened_at).num_days().max(0),
                done,
                required,
                next: next.sentence,
            });
        }
        let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        filter.page = filter.page.clamp(1, pages(total));
        let (offset, limit) = slice(filter.page);
        let within = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
        Ok(ApprovalQueue {
            rows: rows.into_iter().skip(within(offset)).take(within(limit)).collect(),
            total: count(total),
            page: filter.page,
            pages: pages(total),
            filter,
            waiting: Party::ALL
                .into_iter()
                .map(|party| (party, waiting.get(&party).copied().unwrap_or_default()))
                .collect(),
            everything,
        })
    }

    /// How many required items are to be done on the open ticket of an app; nothing without one, or when none is.
    pub(super) async fn open_items(&self, actor: &Actor, app: &App) -> Result<Option<u64>> {
        let scope = Scope::of(actor, Action::ViewApp);
        let tickets = approvals::of_app(&self.store.portal, scope, app.id).await?;
        if !tickets.first().is_some_and(is_open) {
            return Ok(None);
        }
        let (done, required) = self.checklist(actor, app).await?.progress();
        Ok((done < required).then_some(required - done))
    }
}

/// Why this program manager cannot decide on the ticket.
fn why_not(actor: &Actor, app: &App, list: &AppChecklist, since: DateTime<Utc>) -> Option<String> {
    if let Err(error) = refuse_own_people(actor, app) {
        return Some(error.to_string());
    }
    let asked = list.waivers.iter().filter_map(|waiver| waiver.asked.as_ref());
    let has_asked = asked
        .into_iter()
        .any(|asked| asked.by == actor.user && asked.at >= since);
    has_asked.then(|| "You asked for a waiver on this ticket, so somebody else has to decide.".to_owned())
}

fn is_open(ticket: &Ticket) -> bool {
    ticket.verdict.is_none()
}

fn ticket_view(ticket: Ticket) -> TicketView {
    TicketView {
        opened_at: ticket.opened_at,
        opened_by: ticket.opened_by,
        verdict: ticket.verdict.map(|verdict| TicketVerdict {
            approved: verdict.approved,
            why: verdict.why,
            by: verdict.by,
            at: verdict.at,
        }),
    }
}

fn saying(said: &Said) -> Saying {
    Saying {
        by: said.name.clone(),
        at: said.at,
        text: said.text.clone(),
    }
}

fn waiver_view(actor: &Actor, waiver: &Waiver) -> WaiverView {
    WaiverView {
        asked: waiver.asked.as_ref().map(saying),
        granted: waiver.granted.as_ref().map(saying),
        until: waiver.until,
        ended: waiver.ended.as_ref().map(saying),
        is_own: waiver.asked.as_ref().is_some_and(|asked| asked.by == actor.user),
    }
}

fn item(actor: &Actor, app: &App, list: &AppChecklist, entry: &Entry, today: NaiveDate) -> ChecklistItem {
    let own = || list.waivers.iter().filter(|waiver| waiver.item == entry.item);
    // One that has run out was not ended, and does not hold.
    let holds = |waiver: &&Waiver| {
        waiver.ended.is_none() && (is_asked(waiver) || waiver.until.is_some_and(|until| until >= today))
    };
    ChecklistItem {
        item: entry.item,
        need: entry.need,
        state: entry.state,
        reason: entry.reason.clone(),
        href: href(app, entry.item),
        waiver: own().find(holds).map(|waiver| waiver_view(actor, waiver)),
        past: own()
            .rev()
            .filter(|waiver| !holds(waiver))
            .map(|waiver| waiver_view(actor, waiver))
            .collect(),
    }
}

/// Where an item is done.
fn href(app: &App, item: Item) -> Option<String> {
    let below = |below: &str| Some(link::app(&app.key, below));
    match item {
        Item::HealthCheck => below("/settings#health-check"),
        Item::AlertMail => below("/settings#alert-mails"),
        Item::Slis => Some("#series".to_owned()),
        Item::Rollout => Some("#developer-first-rollout".to_owned()),
        Item::Training => Some("#training".to_owned()),
        Item::IframeEvents | Item::Synthetics => below("/metrics"),
        Item::Readiness => below("/readiness"),
        Item::Trial => None,
    }
}

fn series(actor: &Actor, app: &App, list: &AppChecklist) -> Vec<SeriesToReview> {
    let both = list.series.iter().zip(&list.facts.series);
    both.map(|((series, said), fact)| {
        let last = said.last();
        let metrics = link::app(&app.key, "/metrics");
        SeriesToReview {
            id: series.id.to_string(),
            name: fact.name.clone(),
            href: link::with_query(&metrics, &[("series", &series.id.to_string())]),
            has_data: fact.has_data,
            state: fact.review,
            said: last.map(|review| (review.id.to_string(), saying(&review.said))),
            answer: last.and_then(|review| review.answer.as_ref()).map(saying),
            is_own: last.is_some_and(|review| review.said.by == actor.user && fact.review == ReviewState::Flagged),
        }
    })
    .collect()
}
