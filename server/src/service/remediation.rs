//! Remediation plans (SPEC section 6): opened and closed by the decisions that bring an app into remediation and out of it,
//! completed once every action is verified.

use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::{
    access::{Action, Actor, StaffRole},
    action::{ParentKind, Progress},
    escalation::{Decision, Fact, FactKind, Rule, State},
    id::{AppId, PlanId, UserId},
    thread::SubjectKind,
};
use serde_json::json;

use super::{
    Error, Result, Service,
    access::require_in,
    actions::Parent,
    audit::{self, Change},
    facts as filing,
    threads::Subject,
};
use crate::{
    mail::{self, ContactNotice},
    random,
    store::{
        Scope, Tx, accounts, actions,
        apps::{self, App},
        audit::Who,
        escalation::{self, Standing},
        facts, outbox,
        plans::{self, Plan},
    },
};

/// What became of a plan, for the audit log.
#[derive(Clone, Copy, Debug)]
pub(super) enum PlanStep {
    Opened(PlanId),
    Reopened(PlanId),
    Closed(PlanId),
}

/// Whether an app in this state has a plan that is open.
pub(super) fn has_plan(state: State) -> bool {
    matches!(state, State::Remediation | State::DemotionProposed)
}

/// The page of a plan.
pub fn plan_page(app_key: &str, plan: PlanId) -> String {
    rampart_app::ui::link::app(app_key, &format!("/remediation/{plan}"))
}

impl Service {
    /// The plan `id` of the app `key`, as far as the actor may see it.
    pub(super) async fn plan_of(&self, actor: &Actor, key: &str, id: &str) -> Result<(App, Plan)> {
        let app = self.app(actor, key).await?;
        let id: PlanId = id.parse().map_err(|_| Error::NotFound)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let plans = plans::of_app(&self.store.portal, scope, app.id).await?;
        let plan = plans.into_iter().find(|plan| plan.id == id).ok_or(Error::NotFound)?;
        Ok((app, plan))
    }

    /// A plan as that to which actions belong.
    ///
    /// # Errors
    /// [`Error::NotFound`] for what does not exist and for what the actor may not see alike.
    pub async fn plan_with_actions(&self, actor: &Actor, key: &str, id: &str) -> Result<Parent> {
        let (app, plan) = self.plan_of(actor, key, id).await?;
        Ok(as_parent(app, plan))
    }

    /// Adds a comment to the thread of a plan. Returns where it stands.
    ///
    /// # Errors
    /// As [`Self::comment`]; [`Error::NotFound`] for a plan that the actor may not see.
    pub async fn comment_on_plan(&self, actor: &Actor, key: &str, id: &str, text: &str) -> Result<String> {
        let (app, plan) = self.plan_of(actor, key, id).await?;
        let name = plan_name(&app);
        let comment = self.comment(actor, &as_subject(&app, &plan, &name), text).await?;
        Ok(super::threads::anchor(&plan_page(&app.key, plan.id), comment))
    }

    /// Writes a comment in the thread of a plan anew. Returns where it stands.
    ///
    /// # Errors
    /// As [`Self::edit_comment`]; [`Error::NotFound`] for a plan that the actor may not see.
    pub async fn edit_comment_on_plan(
        &self,
        actor: &Actor,
        (key, id): (&str, &str),
        comment: &str,
        version: i64,
        text: &str,
    ) -> Result<String> {
        let (app, plan) = self.plan_of(actor, key, id).await?;
        let name = plan_name(&app);
        let subject = as_subject(&app, &plan, &name);
        let comment = self.edit_comment(actor, &subject, comment, version, text).await?;
        Ok(super::threads::anchor(&plan_page(&app.key, plan.id), comment))
    }

    /// Says whom the partner asks at the platform: a reviewer, incident manager or program manager.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not; [`Error::Invalid`] for somebody who is none of these; [`Error::Conflict`] once
    /// the plan is closed.
    pub async fn assign_contact(&self, actor: &Actor, key: &str, id: &str, contact: &str) -> Result<()> {
        let app = self.app(actor, key).await?;
        require_in(actor, Action::AssignContacts, app.partner_id)?;
        let (app, plan) = self.plan_of(actor, key, id).await?;
        let contacts = self.possible_contacts().await?;
        let chosen = contacts.into_iter().find(|(id, ..)| id.to_string() == contact);
        let (account, name, mail) = chosen.ok_or_else(|| Error::field("contact", "Choose who the partner asks."))?;
        if plan.contact.as_ref().is_some_and(|known| known.account == account) {
            return Err(Error::Conflict(format!("{name} is the contact already.")));
        }
        let mut tx = self.store.portal.begin().await?;
        if !plans::set_contact(&mut tx, plan.id, account).await? {
            return Err(Error::Conflict(
                "This plan is closed: the app has left remediation.".to_owned(),
            ));
        }
        let standing = escalation::standing_for(&mut tx, app.id).await?;
        let owners = accounts::owner_mails(&mut tx, app.partner_id).await?;
        let owners = owners.iter().map(|owner| (owner.as_str(), false));
        for (recipient, to_contact) in owners.chain([(mail.as_str(), true)]) {
            let notice = ContactNotice {
                app: &app,
                name: &name,
                mail: &mail,
                deadline: standing.as_ref().and_then(|standing| standing.deadline),
                page: &plan_page(&app.key, plan.id),
                recipient,
                to_contact,
            };
            let notice = mail::contact_notice(&self.stationery(), &notice);
            outbox::push(&mut tx, &notice, self.clock.now()).await?;
        }
        let change = Change {
            action: "remediation.contact_assigned",
            subject: ("remediation plan", plan.id.to_string(), &app.name),
            partner: Some(app.partner_id),
            before: json!({ "contact": plan.contact.map(|known| known.mail) }),
            after: json!({ "contact": mail }),
            why: None,
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(())
    }

    /// (account, name, mail) of everybody who can be a contact, by name.
    pub(super) async fn possible_contacts(&self) -> Result<Vec<(UserId, String, String)>> {
        let roles = accounts::staff_roles(&self.store.portal).await?;
        let staff = accounts::staff(&self.store.portal).await?;
        let is_possible = |id: UserId| {
            roles
                .iter()
                .any(|(account, role)| *account == id && *role != StaffRole::Administrator)
        };
        let possible = staff
            .into_iter()
            .filter(|s| s.disabled_at.is_none() && is_possible(s.id));
        Ok(possible.map(|s| (s.id, s.name, s.mail)).collect())
    }

    /// Opens and closes the plan of an app as these decisions bring it into remediation and out of it. A change of the ledger that
    /// leads back into a remediation goes on with its plan, unless that plan is from before `baseline`: it belongs to a
    /// remediation that is over.
    pub(super) async fn follow_with_plan<'a>(
        &self,
        tx: &mut Tx,
        app: &App,
        baseline: DateTime<Utc>,
        decisions: impl Iterator<Item = &'a Decision>,
    ) -> Result<Vec<PlanStep>> {
        let mut steps = Vec::new();
        for decision in decisions {
            let latest = plans::latest_for(tx, app.id).await?;
            let open = latest.as_ref().filter(|plan| plan.closed_at.is_none());
            match (has_plan(decision.to), open, &latest) {
                (true, None, Some(latest)) if decision.rule == Rule::Ledger && latest.opened_at >= baseline => {
                    plans::reopen(tx, latest.id).await?;
                    steps.push(PlanStep::Reopened(latest.id));
                }
                (true, None, _) => {
                    let id = PlanId(random::id(self.clock.now()));
                    plans::open(tx, id, app.id, decision.at).await?;
                    steps.push(PlanStep::Opened(id));
                }
                (false, Some(open), _) => {
                    plans::close(tx, open.id, decision.at).await?;
                    steps.push(PlanStep::Closed(open.id));
                }
                (true, Some(_), _) | (false, None, _) => {}
            }
        }
        Ok(steps)
    }

    /// Whether an app in remediation has a plan of which everything is verified, while no completion counts for this
    /// remediation: a demotion was declined, or a change of the ledger moved its beginning (SPEC section 6).
    pub(super) async fn is_still_complete(&self, tx: &mut Tx, app: AppId, standing: &Standing) -> Result<bool> {
        if standing.state != State::Remediation || is_completed(tx, app, standing.entered).await? {
            return Ok(false);
        }
        let Some(plan) = plans::latest_for(tx, app)
            .await?
            .filter(|plan| plan.closed_at.is_none())
        else {
            return Ok(false);
        };
        let states = actions::states(tx, (ParentKind::RemediationPlan, plan.id.0)).await?;
        Ok(Progress::of(states).is_complete())
    }

    /// Files that a remediation is completed, once for each entry into it. `held` is what the head of the facts is held at.
    pub(super) async fn complete_remediation(
        &self,
        tx: &mut Tx,
        app: &App,
        held: DateTime<Utc>,
    ) -> Result<Option<Fact>> {
        let standing = escalation::standing_for(tx, app.id).await?;
        let entered = standing.map_or(DateTime::UNIX_EPOCH, |standing| standing.entered);
        if is_completed(tx, app.id, entered).await? {
            return Ok(None);
        }
        // At an instant of its own: no rule acts at one at which the ledger was changed.
        let at = facts::hold(tx, held + TimeDelta::seconds(1)).await?;
        let kind = FactKind::RemediationCompleted;
        Ok(Some(filing::file(tx, at, Some((app.id, &app.key)), kind).await?))
    }

    /// The audit row of a completion.
    pub(super) async fn audit_completion(&self, tx: &mut Tx, app: &App, fact: &Fact) -> Result<()> {
        let change = Change {
            action: "remediation.completed",
            subject: ("app", app.id.to_string(), &app.name),
            partner: Some(app.partner_id),
            before: json!({}),
            after: json!({ "fact": fact.id, "at": fact.at }),
            why: Some("Every action of the remediation plan is verified."),
        };
        audit::write(tx, Who::System, &self.clock, change).await
    }

    /// The audit row of a plan that was opened or closed.
    pub(super) async fn audit_plan(&self, tx: &mut Tx, app: &App, step: PlanStep) -> Result<()> {
        let (action, id, open) = match step {
            PlanStep::Opened(id) => ("remediation.opened", id, true),
            PlanStep::Reopened(id) => ("remediation.reopened", id, true),
            PlanStep::Closed(id) => ("remediation.closed", id, false),
        };
        let change = Change {
            action,
            subject: ("remediation plan", id.to_string(), &app.name),
            partner: Some(app.partner_id),
            before: json!({ "open": !open }),
            after: json!({ "open": open }),
            why: None,
        };
        audit::write(tx, Who::System, &self.clock, change).await
    }

    /// Whether a plan still takes actions.
    pub(super) async fn plan_is_open(&self, tx: &mut Tx, parent: &Parent) -> Result<bool> {
        let latest = plans::latest_for(tx, parent.app.id).await?;
        Ok(latest.is_some_and(|plan| plan.id.0 == parent.of.1 && plan.closed_at.is_none()))
    }

    /// What actions belong to, for the rules; nothing once it is closed or its app archived.
    pub(super) async fn parent_of(&self, (kind, id): actions::Parent) -> Result<Option<Parent>> {
        let (db, scope) = (&self.store.portal, Scope::system());
        match kind {
            ParentKind::RemediationPlan => {
                let Some(app) = plans::app_of(db, scope, PlanId(id)).await? else {
                    return Ok(None);
                };
                let plans = plans::of_app(db, scope, app).await?;
                let plan = plans
                    .into_iter()
                    .find(|plan| plan.id.0 == id && plan.closed_at.is_none());
                let app = apps::by_ids(db, scope, &[app]).await?.pop();
                let app = app.filter(|app| app.archived_at.is_none());
                Ok(app.zip(plan).map(|(app, plan)| as_parent(app, plan)))
            }
        }
    }
}

async fn is_completed(tx: &mut Tx, app: AppId, entered: DateTime<Utc>) -> Result<bool> {
    Ok(facts::is_filed_since(tx, app, FactKind::RemediationCompleted.name(), entered).await?)
}

/// As the audit log names it.
pub(super) fn plan_name(app: &App) -> String {
    format!("Remediation plan of {}", app.name)
}

pub(super) fn as_subject<'a>(app: &App, plan: &Plan, name: &'a str) -> Subject<'a> {
    Subject {
        kind: SubjectKind::RemediationPlan,
        id: plan.id.0,
        partner: app.partner_id,
        name,
    }
}

pub(super) fn as_parent(app: App, plan: Plan) -> Parent {
    Parent {
        of: (ParentKind::RemediationPlan, plan.id.0),
        page: plan_page(&app.key, plan.id),
        contact: plan.contact.map(|contact| (contact.account, contact.mail)),
        app,
    }
}
