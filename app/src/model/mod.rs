//! What pages show, as plain values. The server fills them; pages never compute figures.

mod account;
mod app;
mod approval;
mod audit;
mod breach;
mod escalation;
mod escalation_policy;
mod installations;
mod ledger;
mod mail;
mod metrics;
mod people;
mod policy;
mod readiness;
mod remediation;
mod thread;
mod token;

pub use account::{AccountPage, InvitationAsks, InvitationPage, SessionRow};
pub use app::{
    AlertAddress, AppHead, AppList, AppOverview, AppPermissions, AppRow, AppSettings, AppState, BaseUrlProbe, Budget,
    BurnRates, NewAppPage, Outlook, SliRow, TestResult, TestResults, Todo,
};
pub use approval::{
    ApprovalFilter, ApprovalPage, ApprovalPermissions, ApprovalQueue, ApprovalRow, ChecklistItem, InstanceView, Saying,
    SeriesToReview, TicketVerdict, TicketView, TrainingView, WaiverView,
};
pub use audit::{AuditFilter, AuditPage, AuditRow};
pub use breach::{Assessment, BreachList, BreachPage, BreachRow, Closing, MissRow, Occurrence, Standing};
pub use escalation::{
    Act, ActKind, BoardFilter, BoardRow, CountingRow, DecidedAppeal, DecisionRow, EscalationBoard, EscalationPage,
    FactRow, FreezeOfAll, KeptFreeze, Ladder, OpenAppeal, ReceiptPage, SetAsideRow, WaitingAppeal, WaiverRow,
};
pub use escalation_policy::{
    EscalationEditor, EscalationNumber, EscalationRulesPage, WhatIfAppPage, WhatIfDecision, WhatIfPage, WhatIfRow,
    WhatIfSide, WhatIfStatus,
};
pub use installations::{InstallationRow, Installations, NewSecret};
pub use ledger::{
    AppLedger, BreachEffect, LedgerEffect, LedgerEntryPage, LedgerFilter, LedgerPage, LedgerRow, MissEffect, Revoked,
    SeriesEffect, WaiverDraft, WaiverPage,
};
pub use mail::{AlertConfirmationPage, MailPage, MailQueue, MailRow, MailState};
pub use metrics::{
    BucketRow, BudgetPage, Chart, ChartPoint, DayRow, ExcludedRow, ExcludedSpan, LatencyChart, LatencyPoint, LevelCell,
    LevelsOrder, LevelsPage, LevelsQuery, LevelsRow, MetricsLevel, MetricsPage, MetricsQuery, MinuteRow, ProbeRow,
    SeriesCard, SeriesChoice, SeriesGroup, SourceInUse, SpentRow, Volumes,
};
pub use people::{InvitationRow, MemberRow, PartnerPage, PartnerRow, PartnersPage, PeoplePage, PersonRow};
pub use policy::{
    PolicyChange, PolicyEditor, PolicyPage, PolicyReview, PolicyVersion, RuleFields, SliRules, VersionStanding,
};
pub use readiness::{
    AnnouncedWithdrawal, AnswerChange, DiffLine, DiffSign, ReadinessArea, ReadinessDecision, ReadinessFilter,
    ReadinessNote, ReadinessPage, ReadinessQuestion, ReadinessQuestionPage, ReadinessQueue, ReadinessReviewPage,
    ReadinessRow, ReadinessStanding, ReviewedAnswer, ReviewedArea, ReviewedSubmission, ShownAnswer, Talk, Withdrawing,
};
pub use remediation::{ActionFields, ActionView, ContactRef, Offer, PlanRow, PlanView, RemediationPage, StepRow};
pub use thread::{Comment, EarlierVersion, Thread};
pub use token::{MadeToken, TokenRow, TokensPage};

/// A partner as it is named on pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerRef {
    pub id: String,
    pub name: String,
}
