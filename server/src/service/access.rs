//! What every use case asks first: may this person do this to that?

use rampart_domain::{
    access::{Action, Actor},
    id::PartnerId,
};

use super::{Error, Result, Service};
use crate::store::{Scope, apps, partners};

/// # Errors
/// [`Error::Forbidden`] unless the actor may do `action` for every partner.
pub(super) fn require(actor: &Actor, action: Action) -> Result<()> {
    if actor.may_everywhere(action) {
        Ok(())
    } else {
        Err(forbidden(action))
    }
}

/// # Errors
/// [`Error::Forbidden`] unless the actor may do `action` to what belongs to `partner`.
pub(super) fn require_in(actor: &Actor, action: Action, partner: PartnerId) -> Result<()> {
    if actor.may_in(action, partner) {
        Ok(())
    } else {
        Err(forbidden(action))
    }
}

fn forbidden(action: Action) -> Error {
    let who = match action {
        Action::ViewApp | Action::ViewPartner => "The partner's people and the platform's reviewers may see this.",
        Action::RegisterApp => "An owner of the partner may register an app.",
        Action::EditApp => "The partner's people may change this.",
        Action::ArchiveApp => "An owner of the partner may archive an app and take it back.",
        Action::MeasureApp => "The platform's reviewers start and stop measuring.",
        Action::ManageLedger => "Program managers file waivers and revoke entries of the ledger.",
        Action::ManageSecrets => "An owner of the partner may manage installations and their secrets.",
        Action::ManagePartners | Action::ManagePeople | Action::ManagePlatformTokens | Action::ManageMail => {
            "Administrators may do this."
        }
        Action::ManageMembers => "An owner of the partner may change who is in it.",
        Action::ManagePartnerTokens => "An owner of the partner makes and revokes its tokens.",
        Action::DecideEscalation => "Program managers decide on designations.",
        Action::AppealDecisions => "An owner of the partner may appeal.",
        Action::ManagePolicies => "A program manager publishes the programme's rules.",
        Action::Discuss => "The partner's people and the platform's reviewers may write here.",
        Action::ProposeActions => "The partner's people and the platform's reviewers propose actions.",
        Action::CompleteActions => "The partner's people say when an action is done.",
        Action::SignOffActions => "Incident managers accept, decline and verify actions, and send them back.",
        Action::WaiveActions => "Program managers waive actions.",
        Action::AssignContacts => "Program managers assign the contact.",
        Action::AskForApproval => "An owner of the partner asks for approval.",
        Action::WorkOnChecklist => "The partner's people do this.",
        Action::AnswerFlags => "The platform's reviewers answer what a partner flagged.",
        Action::DecideApprovals => "Program managers waive requirements, and approve or refuse apps.",
        Action::AnswerReadiness => "The partner's people answer the readiness document.",
        Action::SubmitReadiness => "An owner of the partner submits the readiness document.",
        Action::ReviewReadiness => "The platform's reviewers review readiness documents.",
        Action::AssessBreach => "The partner's people assess a breach of their app.",
        Action::ViewAudit => "Program managers, administrators and owners of a partner may read the audit log.",
    };
    Error::Forbidden(who.to_owned())
}

impl Service {
    /// The app `key` as far as the actor may see it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for what does not exist and for what the actor may not see alike.
    pub(super) async fn app(&self, actor: &Actor, key: &str) -> Result<apps::App> {
        let scope = Scope::of(actor, Action::ViewApp);
        apps::by_key(&self.store.portal, scope, key)
            .await?
            .ok_or(Error::NotFound)
    }

    /// The app `key`, to be changed: visible, allowed, and not archived.
    pub(super) async fn app_for(&self, actor: &Actor, key: &str, action: Action) -> Result<apps::App> {
        let app = self.app(actor, key).await?;
        require_in(actor, action, app.partner_id)?;
        if app.archived_at.is_some() {
            return Err(Error::Conflict(
                "This app is archived. Take it back first, then change it.".to_owned(),
            ));
        }
        Ok(app)
    }

    /// The partner `id` as far as the actor may see it.
    pub(super) async fn visible_partner(&self, actor: &Actor, id: &str) -> Result<partners::Partner> {
        let id = id.parse().map_err(|_| Error::NotFound)?;
        let scope = Scope::of(actor, Action::ViewPartner);
        partners::find(&self.store.portal, scope, id)
            .await?
            .ok_or(Error::NotFound)
    }
}
