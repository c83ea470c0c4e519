//! The approval of an app (SPEC section 3): an owner asks for it, the checklist is worked off, and a program manager decides.
//! An approval gives the designation in its own transaction.

mod items;
mod standing;

use rampart_app::ui::link;
use rampart_domain::{
    access::{Action, Actor, StaffRole},
    escalation::State,
    id::{AppId, TicketId},
    thread::SubjectKind,
};
use serde_json::{Value, json};

use super::{
    Checks, Error, Result, Service,
    audit::{self, Change},
    escalation::{Given, Verdict},
    threads::{Subject, anchor},
};
use crate::{
    mail::{self, ApprovalNews, ApprovalNotice},
    random,
    store::{
        Scope, Tx, accounts, approvals,
        apps::{self, App},
        checklists, escalation, outbox,
    },
};

pub use items::WaiverForm;
pub(in crate::service) use standing::{AppChecklist, is_asked, products};

/// How many characters a reason has at most.
const LONGEST_REASON: usize = 4_000;

/// The page of the approval of an app.
pub fn approval_page(app_key: &str) -> String {
    link::app(app_key, "/approval")
}

/// As the audit log names it.
pub(super) fn approval_name(app: &App) -> String {
    format!("Approval of {}", app.name)
}

/// The approval as that about which people talk.
pub(super) fn as_subject<'a>(app: &App, name: &'a str) -> Subject<'a> {
    Subject {
        kind: SubjectKind::Approval,
        id: app.id.0,
        partner: app.partner_id,
        name,
    }
}

impl Service {
    /// Opens the approval ticket of an app.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not; [`Error::Conflict`] while a ticket is open, and for an app that has been designated.
    pub async fn ask_for_approval(&self, actor: &Actor, key: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::AskForApproval).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let standing = escalation::standing(&self.store.portal, scope, app.id).await?;
        if let Some(obstacle) = obstacle_to_asking(standing.map(|standing| standing.state)) {
            return Err(Error::Conflict(obstacle.to_owned()));
        }
        let now = self.clock.now();
        let id = TicketId(random::id(now));
        let mut tx = self.store.portal.begin().await?;
        if !approvals::open(&mut tx, id, app.id, actor.user, now).await? {
            return Err(Error::Conflict("Approval was asked for already.".to_owned()));
        }
        let change = Change {
            action: "approval.asked",
            subject: ("approval ticket", id.to_string(), &app.name),
            partner: Some(app.partner_id),
            before: Value::Null,
            after: json!({ "open": true }),
            why: None,
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        Ok(tx.commit().await?)
    }

    /// Approves an app, which gives it the designation in the same transaction, or refuses it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not, for the partner's own people, and for who asked for a waiver on this ticket;
    /// [`Error::Invalid`] without a reason; [`Error::Conflict`] while something required is neither done nor waived.
    pub async fn decide_on_approval(&self, actor: &Actor, key: &str, approved: bool, why: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::DecideApprovals).await?;
        let mut checks = Checks::default();
        let Some(why) = checks.text("why", "the reason", why, LONGEST_REASON) else {
            return Err(checks.error());
        };
        if approved {
            self.require_complete(actor, &app).await?;
        }
        let mut tx = self.store.portal.begin().await?;
        let standing = escalation::standing_for(&mut tx, app.id).await?;
        let state = standing.map_or(State::None, |standing| standing.state);
        let ticket = approvals::open_for(&mut tx, app.id).await?;
        let ticket =
            ticket.ok_or_else(|| Error::Conflict("No ticket is open. It was decided meanwhile.".to_owned()))?;
        self.refuse_partial(&mut tx, actor, &app).await?;
        let filed = match (approved, state) {
            (true, State::None) => Some(
                self.file_verdict(&mut tx, actor, &app, Verdict::Designate, &why, Given::default())
                    .await?,
            ),
            (true, State::Demoted) => {
                return Err(Error::Conflict(
                    "This app was demoted. Take it back on its page “Escalation”, or refuse the ticket.".to_owned(),
                ));
            }
            _ => None,
        };
        if !approvals::decide(&mut tx, ticket.id, actor.user, (approved, &why), self.clock.now()).await? {
            return Err(Error::Conflict("The ticket was decided meanwhile.".to_owned()));
        }
        let news = match approved {
            true => ApprovalNews::Approved { why: &why },
            false => ApprovalNews::Refused { why: &why },
        };
        self.tell_owners(&mut tx, &app, news).await?;
        if let Some(filed) = &filed {
            self.audit_verdict(&mut tx, actor, &app, filed, &why).await?;
        }
        let change = Change {
            action: if approved {
                "approval.approved"
            } else {
                "approval.refused"
            },
            subject: ("approval ticket", ticket.id.to_string(), &app.name),
            partner: Some(app.partner_id),
            before: json!({ "open": true }),
            after: json!({ "open": false, "approved": approved }),
            why: Some(&why),
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        if filed.is_some() {
            self.escalate_at_once(app.id).await;
        }
        Ok(())
    }

    async fn require_complete(&self, actor: &Actor, app: &App) -> Result<()> {
        let checklist = self.checklist(actor, app).await?.checklist;
        let open: Vec<&str> = checklist.open().map(|entry| entry.item.label()).collect();
        match open.is_empty() {
            true => Ok(()),
            false => Err(Error::Conflict(format!(
                "Not everything required is done or waived: {}.",
                open.join(", ")
            ))),
        }
    }

    /// Nobody approves an app of a partner they belong to, or on whose ticket they asked for a waiver (SPEC section 1).
    pub(super) async fn refuse_partial(&self, tx: &mut Tx, actor: &Actor, app: &App) -> Result<()> {
        refuse_own_people(actor, app)?;
        let Some(ticket) = approvals::open_for(tx, app.id).await? else {
            return Ok(());
        };
        let askers = checklists::askers(tx, app.id, ticket.opened_at).await?;
        match askers.contains(&actor.user) {
            true => Err(Error::Forbidden(
                "You asked for a waiver on this ticket, so somebody else has to decide.".to_owned(),
            )),
            false => Ok(()),
        }
    }

    /// Tells program managers of each open ticket of which everything required is done or waived, once. Returns of how many.
    ///
    /// # Errors
    /// When a database cannot be read or written to.
    pub async fn announce_complete_tickets(&self) -> Result<usize> {
        let (db, scope) = (&self.store.portal, Scope::system());
        let tickets = approvals::open_ones(db, scope).await?;
        let waiting: Vec<_> = tickets.into_iter().filter(|ticket| ticket.ready_at.is_none()).collect();
        let ids: Vec<AppId> = waiting.iter().map(|ticket| ticket.app).collect();
        let apps = apps::by_ids(db, scope, &ids).await?;
        let checklists = self.checklists(scope, &apps).await?;
        let mut announced = 0;
        for ticket in waiting {
            let app = apps.iter().find(|app| app.id == ticket.app);
            let complete = checklists
                .get(&ticket.app)
                .is_some_and(|list| list.checklist.is_complete());
            let (Some(app), true) = (app, complete) else { continue };
            let mut tx = db.begin().await?;
            if !approvals::set_ready(&mut tx, ticket.id, self.clock.now()).await? {
                continue;
            }
            for manager in accounts::staff_mails(&mut tx, StaffRole::ProgramManager).await? {
                self.push_approval(&mut tx, app, ApprovalNews::Complete, manager.as_str())
                    .await?;
            }
            tx.commit().await?;
            announced += 1;
        }
        if announced > 0 {
            self.wake.outbox.notify_one();
        }
        Ok(announced)
    }

    /// Adds a comment to the thread of an app's approval. Returns where it stands.
    ///
    /// # Errors
    /// As [`Self::comment`]; [`Error::NotFound`] before approval was asked for.
    pub async fn comment_on_approval(&self, actor: &Actor, key: &str, text: &str) -> Result<String> {
        let app = self.app_with_ticket(actor, key).await?;
        let name = approval_name(&app);
        let comment = self.comment(actor, &as_subject(&app, &name), text).await?;
        Ok(anchor(&approval_page(&app.key), comment))
    }

    /// Writes a comment in the thread of an app's approval anew. Returns where it stands.
    ///
    /// # Errors
    /// As [`Self::edit_comment`]; [`Error::NotFound`] before approval was asked for.
    pub async fn edit_comment_on_approval(
        &self,
        actor: &Actor,
        key: &str,
        comment: &str,
        version: i64,
        text: &str,
    ) -> Result<String> {
        let app = self.app_with_ticket(actor, key).await?;
        let name = approval_name(&app);
        let comment = self
            .edit_comment(actor, &as_subject(&app, &name), comment, version, text)
            .await?;
        Ok(anchor(&approval_page(&app.key), comment))
    }

    async fn app_with_ticket(&self, actor: &Actor, key: &str) -> Result<App> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        match approvals::of_app(&self.store.portal, scope, app.id).await?.is_empty() {
            true => Err(Error::NotFound),
            false => Ok(app),
        }
    }

    /// Queues a mail to each owner of the partner.
    async fn tell_owners(&self, tx: &mut Tx, app: &App, news: ApprovalNews<'_>) -> Result<()> {
        for owner in accounts::owner_mails(tx, app.partner_id).await? {
            self.push_approval(tx, app, news, owner.as_str()).await?;
        }
        Ok(())
    }

    async fn push_approval(&self, tx: &mut Tx, app: &App, news: ApprovalNews<'_>, recipient: &str) -> Result<()> {
        let notice = ApprovalNotice {
            news,
            app,
            page: &approval_page(&app.key),
            recipient,
        };
        let notice = mail::approval_notice(&self.stationery(), &notice);
        Ok(outbox::push(tx, &notice, self.clock.now()).await?)
    }
}

/// Why approval cannot be asked for where the app stands on the ladder.
pub(super) fn obstacle_to_asking(state: Option<State>) -> Option<&'static str> {
    match state {
        None | Some(State::None) => None,
        Some(State::Demoted) => Some("This app was demoted. A program manager takes it back on its page “Escalation”."),
        Some(_) => Some("This app carries the designation already."),
    }
}

/// Nobody decides about an app of a partner they belong to.
pub(super) fn refuse_own_people(actor: &Actor, app: &App) -> Result<()> {
    match actor.memberships.iter().any(|m| m.partner == app.partner_id) {
        true => Err(Error::Forbidden(
            "You belong to this partner, so somebody else has to decide.".to_owned(),
        )),
        false => Ok(()),
    }
}
