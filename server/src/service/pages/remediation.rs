//! The page of a remediation plan, and what it asks of its readers.

use chrono::{DateTime, NaiveDate, Utc};
use rampart_app::model::{
    ActionFields, ActionView, ContactRef, Offer, PlanRow, PlanView, RemediationPage, StepRow, Todo,
};
use rampart_domain::{
    access::{Action, Actor},
    action::{ActionState, ParentKind, Progress, Step, is_overdue},
    escalation::FactKind,
    id::ActionId,
};

use super::super::{
    Error, Result, Service,
    actions::{Parent, is_member, needs, owner_shown},
    remediation::{as_parent, as_subject, plan_name, plan_page},
};
use crate::{
    markdown,
    store::{
        Scope, accounts,
        actions::{self, Event, Item, Owner},
        apps::App,
        escalation, facts,
        plans::{self, Plan},
    },
};

/// An action is on the list of what needs somebody so many days before it is due.
const SOON: i64 = 7;

impl Service {
    /// The plan of this id, or the one that is open or was last.
    pub(super) async fn remediation_page(
        &self,
        actor: &Actor,
        key: &str,
        plan: Option<String>,
    ) -> Result<RemediationPage> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let mut plans = plans::of_app(&self.store.portal, scope, app.id).await?;
        let shown = match plan {
            Some(id) => Some(
                plans
                    .iter()
                    .position(|plan| plan.id.to_string() == id)
                    .ok_or(Error::NotFound)?,
            ),
            None => (!plans.is_empty()).then_some(0),
        };
        let shown = shown.map(|place| plans.remove(place));
        let mut others = Vec::new();
        for plan in &plans {
            let items = actions::of_parent(&self.store.portal, scope, (ParentKind::RemediationPlan, plan.id.0)).await?;
            let progress = Progress::of(items.iter().map(|item| item.state));
            others.push(PlanRow {
                href: plan_page(&app.key, plan.id),
                opened_at: plan.opened_at,
                closed_at: plan.closed_at,
                verified: progress.verified,
                asked: progress.asked,
            });
        }
        Ok(RemediationPage {
            head: self.head(actor, &app).await?.head,
            plan: match shown {
                Some(plan) => Some(self.plan_view(actor, scope, &app, plan).await?),
                None => None,
            },
            others,
        })
    }

    async fn plan_view(&self, actor: &Actor, scope: Scope, app: &App, plan: Plan) -> Result<PlanView> {
        let db = &self.store.portal;
        let is_open = plan.closed_at.is_none() && app.archived_at.is_none();
        let standing = escalation::standing(db, scope, app.id)
            .await?
            .filter(|_| plan.closed_at.is_none());
        let deadline = standing.as_ref().and_then(|standing| standing.deadline);
        let base = plan_page(&app.key, plan.id);
        let name = plan_name(app);
        let thread = self.thread(actor, &as_subject(app, &plan, &name), &base).await?;
        let parent = as_parent(app.clone(), plan.clone());
        let items = actions::of_parent(db, scope, parent.of).await?;
        let events = actions::events(db, scope, parent.of).await?;
        let progress = Progress::of(items.iter().map(|item| item.state));
        let today = self.clock.now().date_naive();
        let seen = Seen {
            actor,
            parent: &parent,
            is_open,
            today,
            deadline,
        };
        let views = items.iter().map(|item| {
            let events = events.get(&item.id).map(Vec::as_slice).unwrap_or_default();
            seen.view(item, events)
        });
        let may_propose = is_open && actor.may_in(Action::ProposeActions, app.partner_id);
        let may_assign = is_open && actor.may_in(Action::AssignContacts, app.partner_id);
        Ok(PlanView {
            actions: views.collect(),
            base,
            opened_at: plan.opened_at,
            closed_at: plan.closed_at,
            state: standing.as_ref().map(|standing| standing.state),
            deadline,
            paused: standing.as_ref().is_some_and(|standing| standing.paused),
            completed_at: match &standing {
                Some(standing) => self.completed_at(scope, app, standing.entered).await?,
                None => None,
            },
            contact: plan.contact.map(|contact| ContactRef {
                account: contact.account.to_string(),
                name: contact.name,
                mail: contact.mail,
            }),
            contacts: match may_assign {
                true => {
                    let all = self.possible_contacts().await?;
                    all.into_iter().map(|(id, name, _)| (id.to_string(), name)).collect()
                }
                false => Vec::new(),
            },
            verified: progress.verified,
            asked: progress.asked,
            owners: match may_propose {
                true => {
                    let members = accounts::members(db, Scope::system(), app.partner_id).await?;
                    members.into_iter().map(|m| (m.id.to_string(), m.name)).collect()
                }
                false => Vec::new(),
            },
            may_propose,
            thread,
        })
    }

    /// When it became known that the remediation under way is completed.
    async fn completed_at(&self, scope: Scope, app: &App, entered: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let facts = facts::of_app(&self.store.portal, scope, app.id).await?;
        let mut completed = facts.iter().filter(|fact| fact.kind == FactKind::RemediationCompleted);
        Ok(completed.find(|fact| fact.at >= entered).map(|fact| fact.at))
    }

    /// What the open plan of an app asks of the reader.
    pub(super) async fn remediation_asks(&self, actor: &Actor, app: &App) -> Result<Vec<Todo>> {
        let scope = Scope::of(actor, Action::ViewApp);
        let plans = plans::of_app(&self.store.portal, scope, app.id).await?;
        let plan = plans.into_iter().find(|plan| plan.closed_at.is_none());
        let Some(plan) = plan.filter(|_| app.archived_at.is_none()) else {
            return Ok(Vec::new());
        };
        let has_contact = plan.contact.is_some();
        let parent = as_parent(app.clone(), plan);
        let items = actions::of_parent(&self.store.portal, scope, parent.of).await?;
        let events = actions::events(&self.store.portal, scope, parent.of).await?;
        let today = self.clock.now().date_naive();
        let mut todo = Vec::new();
        let mut add = |title: String, detail: String, action: Option<ActionId>| {
            let anchor = action.map(|id| format!("#action-{id}")).unwrap_or_default();
            todo.push(Todo {
                title,
                detail,
                href: format!("{}{anchor}", parent.page),
            });
        };
        let is_own = |item: &Item| has_a_hand_in(actor, events.get(&item.id).map(Vec::as_slice).unwrap_or_default());
        if is_member(actor, &parent) {
            if items.iter().all(|item| item.state == ActionState::Declined) {
                let detail = "The remediation plan has no action yet.".to_owned();
                add("Propose what you will do".to_owned(), detail, None);
            }
            for item in items.iter().filter(|item| item.state == ActionState::Accepted) {
                let Some(due) = item.due else { continue };
                let day = due.format("%-d %B %Y");
                let title = &item.terms.title;
                if is_overdue(due, today) {
                    add(
                        format!("Overdue: {title}"),
                        format!("It was due on {day}."),
                        Some(item.id),
                    );
                } else if (due - today).num_days() <= SOON {
                    add(format!("Do: {title}"), format!("It is due on {day}."), Some(item.id));
                }
            }
        }
        if actor.may_in(Action::AssignContacts, app.partner_id) && !has_contact {
            let detail = "The partner has nobody to ask about the remediation.".to_owned();
            add("Assign a contact".to_owned(), detail, None);
        }
        if actor.may_in(Action::SignOffActions, app.partner_id) {
            for item in items.iter().filter(|item| !is_own(item)) {
                let title = &item.terms.title;
                match item.state {
                    ActionState::Proposed => {
                        let detail = "Proposed: accept or decline it.".to_owned();
                        add(format!("Look at: {title}"), detail, Some(item.id));
                    }
                    ActionState::Done => {
                        let detail = "Done: verify it or send it back.".to_owned();
                        add(format!("Look at: {title}"), detail, Some(item.id));
                    }
                    _ => {}
                }
            }
        }
        Ok(todo)
    }
}

fn has_a_hand_in(actor: &Actor, events: &[Event]) -> bool {
    events.iter().any(|e| e.step.contributes() && e.by == actor.user)
}

/// Who sees the actions of a plan, and when.
struct Seen<'a> {
    actor: &'a Actor,
    parent: &'a Parent,
    is_open: bool,
    today: NaiveDate,
    deadline: Option<DateTime<Utc>>,
}

impl Seen<'_> {
    fn view(&self, item: &Item, events: &[Event]) -> ActionView {
        let is_own = has_a_hand_in(self.actor, events);
        let is_asked = !item.state.is_final();
        let terms = &item.terms;
        let may = |step| self.is_open && self.actor.may_in(needs(step), self.parent.app.partner_id);
        let may_edit = may(Step::Edit) && (is_own || is_member(self.actor, self.parent));
        let offers = [
            Step::Accept,
            Step::Decline,
            Step::Complete,
            Step::Verify,
            Step::SendBack,
            Step::Waive,
        ];
        ActionView {
            id: item.id.to_string(),
            title: terms.title.clone(),
            description: rendered(&terms.description),
            owner: owner_shown(item).to_owned(),
            kind: terms.kind,
            priority: terms.priority,
            due: item.due,
            overdue: item.state == ActionState::Accepted && item.due.is_some_and(|due| is_overdue(due, self.today)),
            late: is_asked
                && item
                    .due
                    .zip(self.deadline)
                    .is_some_and(|(due, end)| due > end.date_naive()),
            tracker: (!terms.tracker.is_empty()).then(|| terms.tracker.clone()),
            state: item.state,
            version: item.version,
            waits_for: match item.state {
                _ if !self.is_open => None,
                ActionState::Proposed => Some("An incident manager accepts or declines it."),
                ActionState::Accepted => Some("The partner does it, and says so here."),
                ActionState::Done => Some("An incident manager verifies it or sends it back."),
                _ => None,
            },
            steps: events
                .iter()
                .map(|event| StepRow {
                    step: event.step,
                    by: event.by_name.clone(),
                    at: event.at,
                    html: rendered(&event.text),
                })
                .collect(),
            offers: offers
                .into_iter()
                .filter(|step| may(*step) && step.taken(item.state, false).is_ok())
                .map(|step| Offer {
                    step,
                    obstacle: step.taken(item.state, is_own).err().map(|refusal| refusal.to_string()),
                })
                .collect(),
            edit: (may_edit && Step::Edit.taken(item.state, is_own).is_ok()).then(|| fields(item)),
        }
    }
}

fn rendered(text: &str) -> String {
    match text {
        "" => String::new(),
        text => markdown::render(text),
    }
}

fn fields(item: &Item) -> ActionFields {
    let terms = &item.terms;
    let (owner, owner_name) = match &terms.owner {
        Owner::Account(id) => (id.to_string(), String::new()),
        Owner::Named(name) => (String::new(), name.clone()),
    };
    ActionFields {
        title: terms.title.clone(),
        description: terms.description.clone(),
        owner,
        owner_name,
        kind: terms.kind.as_str().to_owned(),
        priority: terms.priority.as_str().to_owned(),
        due: terms.chosen.map(|day| day.to_string()).unwrap_or_default(),
        tracker: terms.tracker.clone(),
    }
}
