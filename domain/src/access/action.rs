use super::Role;

/// Something a signed-in person may want to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// See an app: its figures, breaches, settings and mails.
    ViewApp,
    /// Register a new app of a partner.
    RegisterApp,
    /// Change an app's details, health check and alert address, and test the health check.
    EditApp,
    /// Archive an app, or take it back.
    ArchiveApp,
    /// Start and stop the measuring of an app.
    MeasureApp,
    /// File waivers in the exclusion ledger, and revoke its entries.
    ManageLedger,
    /// Make, change and end an app's installations, whose secrets sign requests.
    ManageSecrets,
    /// See a partner and its members.
    ViewPartner,
    /// Create, rename and archive partners.
    ManagePartners,
    /// Invite, promote and remove the members of a partner.
    ManageMembers,
    /// Invite staff, give and take staff roles, disable and enable accounts.
    ManagePeople,
    /// Make and revoke the tokens with which the platform sends its events.
    ManagePlatformTokens,
    /// Make and revoke the tokens with which a partner publishes synthetic results.
    ManagePartnerTokens,
    /// Read the audit log.
    ViewAudit,
    /// See the state of all outgoing mail, and send an item again.
    ManageMail,
    /// Decide on the designation of an app: give, withdraw, demote, take back, freeze, and answer appeals.
    DecideEscalation,
    /// Appeal against a decision on an app.
    AppealDecisions,
    /// Publish a version of the measurement policy.
    ManagePolicies,
    /// Say, for the partner, what a breach of its app was.
    AssessBreach,
    /// Write in the threads that one may read, and change one's own comments.
    Discuss,
    /// Propose actions of a plan, and change them while they are proposed.
    ProposeActions,
    /// Say that an accepted action is done.
    CompleteActions,
    /// Accept and decline actions, verify them and send them back: the incident manager's sign-off.
    SignOffActions,
    /// Waive an action.
    WaiveActions,
    /// Say who of the platform a partner's contact is.
    AssignContacts,
    /// Ask that an app gets the designation.
    AskForApproval,
    /// Do the items of an app's checklist that are the partner's: look at series, name instances, note the training.
    WorkOnChecklist,
    /// Answer what a partner flagged in a series.
    AnswerFlags,
    /// Waive items of a checklist, and approve or refuse an app.
    DecideApprovals,
    /// Answer the questions of an app's readiness document.
    AnswerReadiness,
    /// Submit an app's readiness document for review.
    SubmitReadiness,
    /// Review readiness documents, and decide on them.
    ReviewReadiness,
}

impl Action {
    pub const ALL: [Self; 32] = [
        Self::ViewApp,
        Self::RegisterApp,
        Self::EditApp,
        Self::ArchiveApp,
        Self::MeasureApp,
        Self::ManageLedger,
        Self::ManageSecrets,
        Self::ViewPartner,
        Self::ManagePartners,
        Self::ManageMembers,
        Self::ManagePeople,
        Self::ManagePlatformTokens,
        Self::ManagePartnerTokens,
        Self::ViewAudit,
        Self::ManageMail,
        Self::DecideEscalation,
        Self::AppealDecisions,
        Self::ManagePolicies,
        Self::AssessBreach,
        Self::Discuss,
        Self::ProposeActions,
        Self::CompleteActions,
        Self::SignOffActions,
        Self::WaiveActions,
        Self::AssignContacts,
        Self::AskForApproval,
        Self::WorkOnChecklist,
        Self::AnswerFlags,
        Self::DecideApprovals,
        Self::AnswerReadiness,
        Self::SubmitReadiness,
        Self::ReviewReadiness,
    ];
}

/// How far a role's permission reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// Not at all.
    No,
    /// For the partner the role was given in.
    OwnPartner,
    /// For every partner.
    Everywhere,
}

/// What `role` alone may do (SPEC section 1). A person with several roles has the widest of their grants.
pub fn grant(role: Role, action: Action) -> Grant {
    use Action as A;
    use Grant::{Everywhere, No, OwnPartner};
    use Role as R;
    match (action, role) {
        (A::ViewApp, R::PartnerMember | R::PartnerOwner) => OwnPartner,
        (A::ViewApp, R::Reviewer | R::IncidentManager | R::ProgramManager) => Everywhere,
        (A::RegisterApp | A::ArchiveApp | A::ManageSecrets, R::PartnerOwner) => OwnPartner,
        (A::EditApp | A::AssessBreach, R::PartnerMember | R::PartnerOwner) => OwnPartner,
        (A::MeasureApp, R::Reviewer | R::IncidentManager | R::ProgramManager) => Everywhere,
        (A::ManageLedger, R::ProgramManager) => Everywhere,
        (A::ViewPartner, R::PartnerMember | R::PartnerOwner) => OwnPartner,
        (A::ViewPartner, _) => Everywhere,
        (A::ManagePartners | A::ManagePeople | A::ManagePlatformTokens | A::ManageMail, R::Administrator) => Everywhere,
        (A::ManageMembers | A::ManagePartnerTokens, R::PartnerOwner) => OwnPartner,
        (A::ManageMembers, R::Administrator) => Everywhere,
        (A::ManagePolicies, R::ProgramManager) => Everywhere,
        (A::ViewAudit, R::PartnerOwner) => OwnPartner,
        (A::ViewAudit, R::ProgramManager | R::Administrator) => Everywhere,
        (A::DecideEscalation, R::ProgramManager) => Everywhere,
        (A::AppealDecisions, R::PartnerOwner) => OwnPartner,
        (A::Discuss | A::ProposeActions, R::PartnerMember | R::PartnerOwner) => OwnPartner,
        (A::Discuss | A::ProposeActions, R::Reviewer | R::IncidentManager | R::ProgramManager) => Everywhere,
        (A::CompleteActions, R::PartnerMember | R::PartnerOwner) => OwnPartner,
        (A::SignOffActions, R::IncidentManager) => Everywhere,
        (A::WaiveActions | A::AssignContacts, R::ProgramManager) => Everywhere,
        (A::AskForApproval, R::PartnerOwner) => OwnPartner,
        (A::WorkOnChecklist, R::PartnerMember | R::PartnerOwner) => OwnPartner,
        (A::AnswerFlags, R::Reviewer | R::IncidentManager | R::ProgramManager) => Everywhere,
        (A::DecideApprovals, R::ProgramManager) => Everywhere,
        (A::AnswerReadiness, R::PartnerMember | R::PartnerOwner) => OwnPartner,
        (A::SubmitReadiness, R::PartnerOwner) => OwnPartner,
        (A::ReviewReadiness, R::Reviewer | R::IncidentManager | R::ProgramManager) => Everywhere,
        _ => No,
    }
}
