//! Actions that are agreed on after something went wrong (SPEC section 4). What they belong to has the page with their forms,
//! and says what follows once all of them are verified.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use rampart_domain::{
    access::{self, Actor, StaffRole},
    action::{
        ActionKind, LONGEST_TITLE, MOST_ACTIONS, ParentKind, Priority, Progress, Refusal, Step, TrackerLink,
        reminder_due,
    },
    app::MailAddress,
    id::{ActionId, UserId},
    thread::LONGEST_COMMENT,
};
use serde_json::{Value, json};

use super::{
    Checks, Error, Result, Service,
    access::require_in,
    audit::{self, Change},
};
use crate::{
    mail::{self, ActionNews, ActionNotice},
    random,
    store::{
        Scope, Tx, accounts,
        actions::{self, Item, NewEvent, Owner, Terms},
        apps::App,
        facts, outbox,
    },
};

/// How many characters a reason has at most.
const LONGEST_REASON: usize = 4_000;
/// How far ahead an action without priority is due at most.
const FARTHEST_DUE: TimeDelta = TimeDelta::days(366);
/// Reminders begin so many days before an action is due.
const REMINDED_AHEAD: TimeDelta = TimeDelta::days(7);

/// What actions belong to, of which the actor may know.
pub struct Parent {
    pub of: actions::Parent,
    pub app: App,
    /// Its page, as a path.
    pub page: String,
    /// Whom the partner asks at the platform.
    pub contact: Option<(UserId, String)>,
}

/// An action as it is typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ActionForm<'a> {
    pub title: &'a str,
    pub description: &'a str,
    /// The id of a member of the partner, or empty.
    pub owner: &'a str,
    /// Somebody without an account, or empty.
    pub owner_name: &'a str,
    pub kind: &'a str,
    pub priority: &'a str,
    /// A day, "2026-11-23", for an action without priority.
    pub due: &'a str,
    pub tracker: &'a str,
}

/// What a person needs to be for a step.
pub(super) fn needs(step: Step) -> access::Action {
    match step {
        Step::Propose | Step::Edit => access::Action::ProposeActions,
        Step::Complete => access::Action::CompleteActions,
        Step::Accept | Step::Decline | Step::SendBack | Step::Verify => access::Action::SignOffActions,
        Step::Waive => access::Action::WaiveActions,
    }
}

/// Why staff may not edit what others proposed.
pub(super) const NOT_YOURS: &str = "The partner's people and whoever proposed an action may change it.";

impl Service {
    /// Proposes an action. Returns its id.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not; [`Error::Invalid`] for what cannot be used; [`Error::Conflict`] once what it
    /// would belong to is closed.
    pub async fn propose_action(&self, actor: &Actor, parent: &Parent, form: &ActionForm<'_>) -> Result<ActionId> {
        require_in(actor, needs(Step::Propose), parent.app.partner_id)?;
        let terms = self.terms(parent, form, None).await?;
        let now = self.clock.now();
        let id = ActionId(random::id(now));
        let mut tx = self.store.portal.begin().await?;
        facts::hold(&mut tx, now.trunc_subsecs(0)).await?;
        self.require_open(&mut tx, parent).await?;
        if actions::states(&mut tx, parent.of).await?.len() >= MOST_ACTIONS {
            let full = format!("There are {MOST_ACTIONS} actions already, and no more fit.");
            return Err(Error::Conflict(full));
        }
        let event = NewEvent {
            step: Step::Propose,
            by: actor.user,
            at: now,
            text: "",
        };
        actions::propose(&mut tx, id, parent.of, parent.app.partner_id, &terms, event).await?;
        let item = Item {
            id,
            parent: parent.of,
            partner: parent.app.partner_id,
            due: terms.chosen,
            owner_account: self.owner_name(&terms).await?,
            terms,
            state: rampart_domain::action::ActionState::Proposed,
            version: 1,
            reminded: None,
        };
        self.tell(&mut tx, actor, parent, &item, Step::Propose, "").await?;
        let change = changed(
            "action.proposed",
            parent,
            &item,
            Value::Null,
            described(&item.terms),
            None,
        );
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(id)
    }

    /// Changes what is proposed. `version` is the one it was based on.
    ///
    /// # Errors
    /// As [`Self::propose_action`]; [`Error::Stale`] when it was changed meanwhile.
    pub async fn edit_action(
        &self,
        actor: &Actor,
        parent: &Parent,
        action: &str,
        version: i64,
        form: &ActionForm<'_>,
    ) -> Result<()> {
        require_in(actor, needs(Step::Edit), parent.app.partner_id)?;
        let item = self.action(actor, parent, action).await?;
        let is_own = self.has_a_hand_in(actor, parent, item.id).await?;
        if !is_own && !is_member(actor, parent) {
            return Err(Error::Forbidden(NOT_YOURS.to_owned()));
        }
        let state = Step::Edit.taken(item.state, is_own).map_err(refused)?;
        let terms = self.terms(parent, form, item.terms.chosen).await?;
        if item.version != version {
            return Err(stale());
        }
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        facts::hold(&mut tx, now.trunc_subsecs(0)).await?;
        self.require_open(&mut tx, parent).await?;
        let event = NewEvent {
            step: Step::Edit,
            by: actor.user,
            at: now,
            text: "",
        };
        if !actions::edit(&mut tx, item.id, version, &terms, event).await? {
            return Err(stale());
        }
        let (before, after) = (described(&item.terms), described(&terms));
        let item = Item { terms, state, ..item };
        let change = changed("action.edited", parent, &item, before, after, None);
        audit::by(&mut tx, actor, &self.clock, change).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a step with an action. `text` is the evidence or the reason, `version` the action's as the actor saw it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not, and for who proposed or did it and would decide on it; [`Error::Conflict`] while
    /// it is in another state, and once what it belongs to is closed; [`Error::Stale`] when it was changed meanwhile.
    pub async fn take_step(
        &self,
        actor: &Actor,
        parent: &Parent,
        action: &str,
        version: i64,
        step: Step,
        text: &str,
    ) -> Result<()> {
        require_in(actor, needs(step), parent.app.partner_id)?;
        let item = self.action(actor, parent, action).await?;
        let mut checks = Checks::default();
        let text = match step {
            Step::Complete => checks.text("text", "what shows that it is done", text, LONGEST_COMMENT),
            step if step.needs_reason() => checks.text("text", "the reason", text, LONGEST_REASON),
            _ => Some(String::new()),
        };
        let Some(text) = text else { return Err(checks.error()) };
        let is_own = self.has_a_hand_in(actor, parent, item.id).await?;
        let state = step.taken(item.state, is_own).map_err(refused)?;
        if item.version != version {
            return Err(stale());
        }
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        let held = facts::hold(&mut tx, now.trunc_subsecs(0)).await?;
        self.require_open(&mut tx, parent).await?;
        let event = NewEvent {
            step,
            by: actor.user,
            at: now,
            text: &text,
        };
        if !actions::set_state(&mut tx, item.id, version, state, event).await? {
            return Err(stale());
        }
        let mut due = item.due;
        if step == Step::Accept {
            due = item.terms.priority.due(now.date_naive(), item.terms.chosen);
            actions::set_due(&mut tx, item.id, due, now.date_naive()).await?;
        }
        let before = json!({ "state": item.state });
        let item = Item { state, due, ..item };
        self.tell(&mut tx, actor, parent, &item, step, &text).await?;
        let completed = match state.is_final() {
            true => self.after_the_last(&mut tx, parent, held).await?,
            false => None,
        };
        let why = (!text.is_empty()).then_some(text.as_str());
        let after = json!({ "state": state, "due": due });
        let change = changed(audited(step), parent, &item, before, after, why);
        audit::by(&mut tx, actor, &self.clock, change).await?;
        if let Some(fact) = &completed {
            self.audit_completion(&mut tx, &parent.app, fact).await?;
        }
        tx.commit().await?;
        self.wake.outbox.notify_one();
        if completed.is_some() {
            self.escalate_at_once(parent.app.id).await;
        }
        Ok(())
    }

    /// Sends the reminders of today that were not sent yet, here or by another server. Says how many mails that were.
    ///
    /// # Errors
    /// When the database cannot be reached; what was sent until then is sent.
    pub async fn remind_of_actions(&self) -> Result<usize> {
        let today = self.clock.now().date_naive();
        let Some(until) = today.checked_add_signed(REMINDED_AHEAD) else {
            return Ok(0);
        };
        let mut mails = 0;
        for item in actions::due_until(&self.store.portal, until).await? {
            let (Some(due), Some(reminded)) = (item.due, item.reminded) else {
                continue;
            };
            let Some(day) = reminder_due(due, reminded, today) else {
                continue;
            };
            // What is closed, or of an app that was archived, is asked of nobody.
            let Some(parent) = self.parent_of(item.parent).await? else {
                continue;
            };
            let mut tx = self.store.portal.begin().await?;
            if actions::remind(&mut tx, item.id, day).await? {
                let recipients = self.of_the_partner(&mut tx, &parent, &item, None).await?;
                mails += recipients.len();
                for recipient in &recipients {
                    self.push(&mut tx, &parent, &item, ActionNews::Reminder, recipient.as_str(), false)
                        .await?;
                }
                tx.commit().await?;
            }
        }
        if mails > 0 {
            self.wake.outbox.notify_one();
        }
        Ok(mails)
    }

    /// Whether what the actions belong to still takes any.
    async fn require_open(&self, tx: &mut Tx, parent: &Parent) -> Result<()> {
        let is_open = match parent.of.0 {
            ParentKind::RemediationPlan => self.plan_is_open(tx, parent).await?,
        };
        match is_open {
            true => Ok(()),
            false => Err(Error::Conflict(
                "This plan is closed: the app has left remediation. Its actions stay as they are.".to_owned(),
            )),
        }
    }

    /// What follows in the same transaction once nothing is left to do.
    async fn after_the_last(
        &self,
        tx: &mut Tx,
        parent: &Parent,
        held: DateTime<Utc>,
    ) -> Result<Option<rampart_domain::escalation::Fact>> {
        let states = actions::states(tx, parent.of).await?;
        match parent.of.0 {
            _ if !Progress::of(states).is_complete() => Ok(None),
            ParentKind::RemediationPlan => self.complete_remediation(tx, &parent.app, held).await,
        }
    }

    /// The action of this id, as far as the actor may see it.
    async fn action(&self, actor: &Actor, parent: &Parent, id: &str) -> Result<Item> {
        let id: ActionId = id.parse().map_err(|_| Error::NotFound)?;
        let scope = Scope::of(actor, access::Action::ViewApp);
        let items = actions::of_parent(&self.store.portal, scope, parent.of).await?;
        items.into_iter().find(|item| item.id == id).ok_or(Error::NotFound)
    }

    /// Whether the actor proposed, changed or did it.
    async fn has_a_hand_in(&self, actor: &Actor, parent: &Parent, action: ActionId) -> Result<bool> {
        let scope = Scope::of(actor, access::Action::ViewApp);
        let events = actions::events(&self.store.portal, scope, parent.of).await?;
        let events = events.get(&action).map(Vec::as_slice).unwrap_or_default();
        Ok(events.iter().any(|e| e.step.contributes() && e.by == actor.user))
    }

    /// What was typed, if it can be used. A day that was chosen before (`chosen`) may lie in the past by now.
    async fn terms(&self, parent: &Parent, form: &ActionForm<'_>, chosen: Option<NaiveDate>) -> Result<Terms> {
        let mut checks = Checks::default();
        let title = checks.line("title", "what is to be done, in one line", form.title, LONGEST_TITLE);
        let description = checks.optional_text("description", form.description, LONGEST_COMMENT);
        let kind: Option<ActionKind> =
            checks.take("kind", form.kind.parse().map_err(|_| "Choose what it is good for."));
        let priority: Option<Priority> = checks.take(
            "priority",
            form.priority.parse().map_err(|_| "Choose by when it has to be done."),
        );
        let day = match priority {
            Some(Priority::Chosen) => Some(self.chosen_day(form.due, chosen, &mut checks)),
            _ => None,
        };
        let tracker = match form.tracker.trim() {
            "" => Some(String::new()),
            text => checks
                .take("tracker", text.parse::<TrackerLink>())
                .map(|link| link.to_string()),
        };
        let name = checks.optional_text("owner_name", form.owner_name, LONGEST_TITLE);
        let owner = match (form.owner.trim(), name.as_deref()) {
            ("", Some("")) => {
                checks.note("owner", "Choose who sees to it, or enter a name below.");
                None
            }
            ("", Some(name)) => Some(Owner::Named(name.to_owned())),
            (id, Some("")) => self.owner_with_account(parent, id, &mut checks).await?,
            (_, Some(_)) => {
                checks.note("owner_name", "Choose a member or enter a name, not both.");
                None
            }
            (_, None) => None,
        };
        match (title, description, owner, kind, priority, tracker) {
            (Some(title), Some(description), Some(owner), Some(kind), Some(priority), Some(tracker))
                if checks.is_fine() =>
            {
                Ok(Terms {
                    title,
                    description,
                    owner,
                    kind,
                    priority,
                    chosen: day.flatten(),
                    tracker,
                })
            }
            _ => Err(checks.error()),
        }
    }

    fn chosen_day(&self, text: &str, before: Option<NaiveDate>, checks: &mut Checks) -> Option<NaiveDate> {
        let today = self.clock.now().date_naive();
        let Ok(day) = text.trim().parse::<NaiveDate>() else {
            checks.note("due", "Enter the day on which it is due, as in 2026-11-23.");
            return None;
        };
        if day < today && before != Some(day) {
            checks.note("due", "This day is over. Choose a later one.");
        }
        if day - today > FARTHEST_DUE {
            checks.note("due", "Choose a day within a year.");
        }
        Some(day)
    }

    async fn owner_with_account(&self, parent: &Parent, id: &str, checks: &mut Checks) -> Result<Option<Owner>> {
        let members = accounts::members(&self.store.portal, Scope::system(), parent.app.partner_id).await?;
        let member = members.iter().find(|member| member.id.to_string() == id);
        if member.is_none() {
            checks.note("owner", "This person is not a member any more. Choose another one.");
        }
        Ok(member.map(|member| Owner::Account(member.id)))
    }

    async fn owner_name(&self, terms: &Terms) -> Result<Option<String>> {
        match terms.owner {
            Owner::Account(id) => Ok(accounts::by_id(&self.store.portal, id)
                .await?
                .map(|account| account.name)),
            Owner::Named(_) => Ok(None),
        }
    }

    /// Tells everybody whom a step concerns, but not whoever took it (SPEC section 4).
    async fn tell(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        parent: &Parent,
        item: &Item,
        step: Step,
        text: &str,
    ) -> Result<()> {
        let news = ActionNews::Taken {
            step,
            by: &actor.name,
            text,
        };
        let to_platform = matches!(step, Step::Propose | Step::Complete);
        if !to_platform || !is_member(actor, parent) {
            for recipient in self.of_the_partner(tx, parent, item, Some(actor.user)).await? {
                self.push(tx, parent, item, news, recipient.as_str(), false).await?;
            }
        }
        if to_platform {
            for recipient in self.of_the_platform(tx, parent, actor).await? {
                self.push(tx, parent, item, news, &recipient, true).await?;
            }
        }
        Ok(())
    }

    /// The partner's owners and the action's, but not `except`.
    async fn of_the_partner(
        &self,
        tx: &mut Tx,
        parent: &Parent,
        item: &Item,
        except: Option<UserId>,
    ) -> Result<Vec<MailAddress>> {
        let partner = parent.app.partner_id;
        let mut mails = accounts::owner_mails(tx, partner).await?;
        if let Owner::Account(id) = item.terms.owner {
            let own = accounts::member_mail(tx, partner, id).await?;
            mails.extend(own.filter(|mail| !mails.contains(mail)));
        }
        if let Some(user) = except {
            let own = accounts::member_mail(tx, partner, user).await?;
            mails.retain(|mail| Some(mail) != own.as_ref());
        }
        Ok(mails)
    }

    /// The contact, or until there is one the program managers, who assign it; and the incident managers.
    async fn of_the_platform(&self, tx: &mut Tx, parent: &Parent, actor: &Actor) -> Result<Vec<String>> {
        let mails = match &parent.contact {
            Some((account, _)) if *account == actor.user => Vec::new(),
            Some((_, mail)) => vec![mail.clone()],
            None => {
                let managers = accounts::staff_mails(tx, StaffRole::ProgramManager).await?;
                managers.iter().map(ToString::to_string).collect()
            }
        };
        let mut mails: BTreeSet<String> = mails.into_iter().collect();
        // They alone accept and verify.
        let managers = accounts::staff_mails(tx, StaffRole::IncidentManager).await?;
        mails.extend(managers.iter().map(ToString::to_string));
        Ok(mails.into_iter().filter(|mail| *mail != actor.mail).collect())
    }

    async fn push(
        &self,
        tx: &mut Tx,
        parent: &Parent,
        item: &Item,
        news: ActionNews<'_>,
        recipient: &str,
        to_staff: bool,
    ) -> Result<()> {
        let page = format!("{}#action-{}", parent.page, item.id);
        let notice = ActionNotice {
            news,
            item,
            owner: owner_shown(item),
            app: parent.app.id,
            app_key: &parent.app.key,
            app_name: &parent.app.name,
            partner: parent.app.partner_id,
            page: &page,
            recipient,
            to_staff,
        };
        let mail = mail::action_notice(&self.stationery(), &notice);
        Ok(outbox::push(tx, &mail, self.clock.now()).await?)
    }
}

/// Who sees to an action, by name.
pub(super) fn owner_shown(item: &Item) -> &str {
    match &item.terms.owner {
        Owner::Account(_) => item.owner_account.as_deref().unwrap_or_default(),
        Owner::Named(name) => name,
    }
}

pub(super) fn is_member(actor: &Actor, parent: &Parent) -> bool {
    actor.memberships.iter().any(|m| m.partner == parent.app.partner_id)
}

fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::State(_) => Error::Conflict(format!("{refusal} Look at it again: it has changed meanwhile.")),
        Refusal::Own => Error::Forbidden(refusal.to_string()),
    }
}

fn stale() -> Error {
    Error::Stale("Somebody else changed this action meanwhile. Look at it again, then send it once more.".to_owned())
}

fn audited(step: Step) -> &'static str {
    match step {
        Step::Propose => "action.proposed",
        Step::Edit => "action.edited",
        Step::Accept => "action.accepted",
        Step::Decline => "action.declined",
        Step::Complete => "action.done",
        Step::SendBack => "action.sent_back",
        Step::Verify => "action.verified",
        Step::Waive => "action.waived",
    }
}

fn changed<'a>(
    action: &'static str,
    parent: &Parent,
    item: &'a Item,
    before: Value,
    after: Value,
    why: Option<&'a str>,
) -> Change<'a> {
    Change {
        action,
        subject: ("action", item.id.to_string(), &item.terms.title),
        partner: Some(parent.app.partner_id),
        before,
        after,
        why,
    }
}

/// What is proposed, as the audit log shows it.
fn described(terms: &Terms) -> Value {
    json!({
        "title": terms.title,
        "description": terms.description,
        "owner": match &terms.owner {
            Owner::Account(id) => id.to_string(),
            Owner::Named(name) => name.clone(),
        },
        "kind": terms.kind,
        "priority": terms.priority,
        "due": terms.chosen,
        "tracker": terms.tracker,
    })
}
