//! The ladder of an app, its decisions with their receipts, and the board of all apps (SPEC section 6).

use std::collections::HashMap;

use chrono::{DateTime, SubsecRound, Utc};
use rampart_app::{
    model::{
        Act, ActKind, BoardFilter, BoardRow, CountingRow, DecidedAppeal, DecisionRow, EscalationBoard, EscalationPage,
        FactRow, FreezeOfAll, KeptFreeze, Ladder, OpenAppeal, PartnerRef, ReceiptPage, SetAsideRow, WaitingAppeal,
        WaiverRow,
    },
    ui::link,
};
use rampart_domain::{
    access::{Action, Actor},
    escalation::{
        Counting, EscalationPolicy, Fact, FactKind, Outcome, State, Text, decide, find_contradiction, parse_time,
        show_time,
    },
};

use super::{
    super::{
        Error, Result, Service,
        access::require,
        escalation::{Verdict, decides_on, fact_line, initial_policy},
        freezes::thaws,
        occurrences::series_name,
    },
    count, pages, slice,
};
use crate::store::{
    self, Scope,
    appeals::{self, Appeal},
    apps::App,
    escalation::{self, Recorded},
    facts,
    freezes::{self, Cause, Freeze},
};

/// What stands on a page of which an error belongs to us, for whoever is no staff.
const STOPPED: &str = "The platform looks into it; nothing is decided about this app meanwhile.";

impl Service {
    pub(super) async fn escalation_page(&self, actor: &Actor, key: &str) -> Result<EscalationPage> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let db = &self.store.portal;
        let head = self.head(actor, &app).await?.head;
        let standing = escalation::standing(db, scope, app.id).await?;
        let decisions = escalation::decisions(db, scope, app.id).await?;
        let stopped = standing.and_then(|standing| standing.error);
        let (facts, at_fault) = match facts::of_app(db, scope, app.id).await {
            Ok(facts) => {
                let wrong = find_contradiction(&facts);
                let wrong = wrong.map(|(fact, why)| (fact.id.to_string(), format!("the fact {}: {why}", fact.id)));
                (facts, wrong)
            }
            Err(error) => {
                let why = error.to_string();
                let store::Error::UnreadableFact { fact, .. } = error else {
                    return Err(error.into());
                };
                (Vec::new(), Some((fact, why)))
            }
        };
        let error = stopped.or(at_fault.as_ref().map(|(_, why)| why.clone()));
        // What the engine stopped at cannot be computed here, either.
        let facts = if error.is_none() { facts } else { Vec::new() };
        let may_mend = actor.may_in(Action::DecideEscalation, app.partner_id);
        let set_aside = facts::set_aside_of(db, scope, app.id).await?;
        let now = self.clock.now().trunc_subsecs(0);
        let at = facts.last().map_or(now, |fact| fact.at.max(now));
        let known: Vec<_> = facts.iter().collect();
        let outcome = decide(&app.key.as_str().into(), &EscalationPolicy::standard(), &known, at);
        let freeze = freezes::shown(db).await?;
        let appeals = appeals::of_app(db, scope, app.id).await?;
        let has_own = facts.iter().any(|fact| fact.app.is_some());
        let acts = match error {
            None => acts(actor, &app, &facts, &outcome, at),
            Some(_) => Vec::new(),
        };
        Ok(EscalationPage {
            head,
            ladder: has_own.then(|| ladder(&app, &facts, &outcome, at, freeze.as_ref())),
            error: error.clone().map(|error| match actor.may_everywhere(Action::ViewApp) {
                true => error,
                false => STOPPED.to_owned(),
            }),
            decisions: decisions
                .iter()
                .rev()
                .map(|recorded| decision_row(&app, recorded))
                .collect(),
            acts,
            appealable: match error {
                None => appealable(&app, &facts, &outcome),
                Some(_) => Vec::new(),
            },
            appeal: match error {
                None => self.open_appeal_of(&app, &appeals, &facts, &outcome, at).await?,
                Some(_) => None,
            },
            appeals: appeals.into_iter().rev().filter_map(decided_appeal).collect(),
            at_fault: at_fault.map(|(fact, _)| fact).filter(|_| may_mend),
            open_items: self.open_items(actor, &app).await?,
            set_aside: set_aside.iter().rev().map(|aside| set_aside_row(&app, aside)).collect(),
            record_href: (!decisions.is_empty()).then(|| format!("/api/v1/designations/{}", link::encode(&app.key))),
            policy: outcome.policy,
        })
    }

    /// The appeal that waits for a decision, with what granting it would do, as of `at`.
    async fn open_appeal_of(
        &self,
        app: &App,
        appeals: &[Appeal],
        facts: &[Fact],
        outcome: &Outcome,
        at: DateTime<Utc>,
    ) -> Result<Option<OpenAppeal>> {
        let Some(appeal) = appeals.last().filter(|_| outcome.ladder.appeal_open) else {
            return Ok(None);
        };
        let grant = self.grant(app, &appeal.about, "").await?;
        let then = grant.outcome(app, facts, at);
        let rows = |ids: &mut dyn Iterator<Item = &Text>| -> Vec<CountingRow> {
            ids.filter_map(|id| evidence_row(app, facts, id)).collect()
        };
        let besides = grant.changes.iter().map(|(id, _)| id);
        Ok(Some(OpenAppeal {
            since: appeal.opened_at,
            why: appeal.why.clone(),
            about: rows(&mut appeal.about.iter()),
            if_granted: then.standing.state,
            deadline: then.ladder.deadline,
            waivers: grant
                .waivers
                .iter()
                .map(|(entry, key)| WaiverRow {
                    series: series_name(key),
                    from: entry.range.start.start(),
                    to: entry.range.end.start(),
                })
                .collect(),
            besides: rows(&mut besides.filter(|id| !appeal.about.contains(id))),
            beyond: rows(&mut grant.beyond(&appeal.about, outcome).into_iter()),
        }))
    }

    pub(super) async fn receipt_page(&self, actor: &Actor, key: &str, id: &str) -> Result<ReceiptPage> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let decisions = escalation::decisions(&self.store.portal, scope, app.id).await?;
        let recorded = decisions
            .iter()
            .find(|recorded| recorded.id == id)
            .ok_or(Error::NotFound)?;
        let facts = self.readable_facts(scope, &app).await?;
        let until = show_time(recorded.decision.at);
        let because = &recorded.decision.because;
        let below = |file: &str| link::app(&app.key, &format!("/escalation/{file}"));
        Ok(ReceiptPage {
            head: self.head(actor, &app).await?.head,
            decision: decision_row(&app, recorded),
            recorded_at: recorded.recorded_at,
            facts: facts
                .iter()
                .filter(|fact| because.contains(&fact.id))
                .map(|fact| fact_row(&app, fact))
                .collect(),
            inputs: recorded.inputs.clone(),
            policy_href: below("policy.json"),
            facts_href: link::with_query(&below("facts.jsonl"), &[("until", &until)]),
            until,
        })
    }

    /// The facts of an app, for what rests on all of them.
    async fn readable_facts(&self, scope: Scope, app: &App) -> Result<Vec<Fact>> {
        match facts::of_app(&self.store.portal, scope, app.id).await {
            Err(store::Error::UnreadableFact { .. }) => Err(Error::Conflict(
                "A fact about this app cannot be read. A program manager sets it aside on the app's escalation page first."
                    .to_owned(),
            )),
            facts => Ok(facts?),
        }
    }

    /// The policy before any was published, as a file for `rampart replay` holds it; for whoever may see the app.
    pub(crate) async fn policy_download(&self, actor: &Actor, key: &str) -> Result<String> {
        self.app(actor, key).await?;
        Ok(initial_policy())
    }

    /// The facts of an app and those of all apps, as a file for `rampart replay` holds them, up to and including `until`.
    pub(crate) async fn facts_download(&self, actor: &Actor, key: &str, until: Option<&str>) -> Result<String> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let until = match until {
            Some(text) => parse_time(text).ok_or(Error::NotFound)?,
            None => DateTime::<Utc>::MAX_UTC,
        };
        let facts = self.readable_facts(scope, &app).await?;
        Ok(facts.iter().filter(|fact| fact.at <= until).map(fact_line).collect())
    }

    pub(super) async fn board_page(&self, actor: &Actor, mut filter: BoardFilter) -> Result<EscalationBoard> {
        require(actor, Action::ViewApp)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let db = &self.store.portal;
        let narrowed = escalation::BoardFilter {
            state: filter.state.parse().ok(),
            search: &filter.search,
        };
        let total = escalation::count_board(db, scope, narrowed).await?;
        let page = filter.page.clamp(1, pages(total));
        let (offset, limit) = slice(page);
        let apps = escalation::board(db, scope, narrowed, offset, limit).await?;
        let in_state: HashMap<State, i64> = escalation::states(db, scope).await?.into_iter().collect();
        if narrowed.state.is_none() {
            filter.state = String::new();
        }
        filter.page = page;
        Ok(EscalationBoard {
            rows: apps
                .into_iter()
                .map(|app| BoardRow {
                    app_key: app.app_key,
                    app_name: app.app_name,
                    partner: PartnerRef {
                        id: app.partner.to_string(),
                        name: app.partner_name,
                    },
                    state: app.standing.state,
                    since: app.since,
                    deadline: app.standing.deadline,
                    clears: app.standing.clears,
                    paused: app.standing.paused,
                    error: app.standing.error,
                })
                .collect(),
            total: count(total),
            page,
            pages: pages(total),
            filter,
            states: State::ALL
                .iter()
                .map(|state| (*state, count(in_state.get(state).copied().unwrap_or_default())))
                .collect(),
            freeze: freezes::shown(db).await?.map(freeze_of_all),
            appeals: appeals::waiting(db, scope)
                .await?
                .into_iter()
                .map(|appeal| WaitingAppeal {
                    app_key: appeal.app_key,
                    app_name: appeal.app_name,
                    since: appeal.since,
                })
                .collect(),
            may_freeze: actor.may_everywhere(Action::DecideEscalation),
        })
    }
}

fn freeze_of_all(freeze: Freeze) -> FreezeOfAll {
    let (since, thaws) = (freeze.since, thaws(&freeze));
    let (by, why, kept) = match freeze.cause {
        Cause::Person { name, why } => (Some(name), why, None),
        Cause::Gaps { why, kept, .. } => (None, why, kept),
    };
    FreezeOfAll {
        since,
        by,
        why,
        thaws,
        kept: kept.map(|kept| KeptFreeze {
            by: kept.by,
            at: kept.at,
            why: kept.why,
        }),
    }
}

fn ladder(app: &App, facts: &[Fact], outcome: &Outcome, at: DateTime<Utc>, freeze: Option<&Freeze>) -> Ladder {
    let ladder = &outcome.ladder;
    let all_frozen = facts
        .iter()
        .rev()
        .filter(|fact| fact.app.is_none())
        .find(|fact| matches!(fact.kind, FactKind::Frozen | FactKind::Thawed))
        .is_some_and(|fact| fact.kind == FactKind::Frozen);
    Ladder {
        state: outcome.standing.state,
        // A declined demotion leads to a remediation that is new; so do all decisions.
        since: outcome.decisions.last().map(|decision| decision.at),
        deadline: ladder.deadline,
        clears: ladder.clears,
        cools_off: ladder.cools_off,
        appeal_open: ladder.appeal_open,
        app_frozen: ladder.app_frozen,
        all_frozen,
        thaws: freeze.and_then(thaws),
        outlook: outcome.outlook(at),
        counting: ladder
            .counting
            .iter()
            .map(|counting| counting_row(app, facts, counting))
            .collect(),
    }
}

fn counting_row(app: &App, facts: &[Fact], counting: &Counting) -> CountingRow {
    let fact = facts.iter().find(|fact| fact.id == counting.fact);
    CountingRow {
        is_miss: counting.is_miss,
        series: match fact.map(|fact| &fact.kind) {
            Some(FactKind::Breach { series, .. } | FactKind::SloMissed { series, .. }) => series.to_string(),
            _ => String::new(),
        },
        at: counting.at,
        ended: counting.ended,
        href: evidence_href(app, counting.is_miss, &counting.id),
    }
}

fn appealable(app: &App, facts: &[Fact], outcome: &Outcome) -> Vec<(String, CountingRow)> {
    let all = outcome.ladder.appealable.iter();
    all.map(|counting| (counting.id.to_string(), counting_row(app, facts, counting)))
        .collect()
}

/// The breach or miss with this id, whether or not it counts.
fn evidence_row(app: &App, facts: &[Fact], id: &Text) -> Option<CountingRow> {
    let began = facts.iter().find_map(|fact| match &fact.kind {
        FactKind::Breach { breach, .. } if breach == id => Some((fact, false)),
        FactKind::SloMissed { miss, .. } if miss == id => Some((fact, true)),
        _ => None,
    });
    let ended = facts.iter().find(|fact| match &fact.kind {
        FactKind::BreachClosed { breach } => breach == id,
        FactKind::SloMet { miss } => miss == id,
        _ => false,
    });
    let (began, is_miss) = began?;
    let counting = Counting {
        fact: began.id.clone(),
        id: id.clone(),
        is_miss,
        at: began.at,
        ended: ended.map(|fact| fact.at),
    };
    Some(counting_row(app, facts, &counting))
}

fn decided_appeal(appeal: Appeal) -> Option<DecidedAppeal> {
    let closed = appeal.closed?;
    Some(DecidedAppeal {
        opened_at: appeal.opened_at,
        opened_why: appeal.why,
        at: closed.at,
        granted: closed.granted,
        why: closed.why,
        effect: closed.effect,
    })
}

/// A breach has a page of its own; misses stand below the breach history.
fn evidence_href(app: &App, is_miss: bool, id: &Text) -> String {
    match is_miss {
        true => link::app(&app.key, "/breaches#missed-targets"),
        false => link::app(&app.key, &format!("/breaches/{}", link::encode(id))),
    }
}

/// What the reader may decide in this state; what somebody would look for here but cannot be decided now says why.
fn acts(actor: &Actor, app: &App, facts: &[Fact], outcome: &Outcome, at: DateTime<Utc>) -> Vec<Act> {
    let appeal = facts
        .iter()
        .rfind(|fact| fact.kind == FactKind::AppealOpened)
        .map(|fact| &fact.id);
    let (state, ladder) = (outcome.standing.state, &outcome.ladder);
    let belongs_here = |kind: ActKind| match kind {
        ActKind::Designate => state == State::None,
        ActKind::Withdraw => state != State::None,
        ActKind::ConfirmDemotion | ActKind::DeclineDemotion => state == State::DemotionProposed,
        ActKind::Reinstate => state == State::Demoted,
        ActKind::OpenAppeal => state != State::None && !ladder.appeal_open,
        ActKind::CloseAppeal => ladder.appeal_open,
        ActKind::Freeze => state != State::None && !ladder.app_frozen,
        ActKind::Thaw => ladder.app_frozen,
    };
    ActKind::ALL
        .into_iter()
        .filter(|kind| belongs_here(*kind) && actor.may_in(Verdict::of(*kind, 1).needs(), app.partner_id))
        .map(|kind| Act {
            kind,
            about: decides_on(Verdict::of(kind, 1), outcome, appeal),
            obstacle: Verdict::of(kind, 1).obstacle(outcome, at).map(str::to_owned),
        })
        .collect()
}

fn set_aside_row(app: &App, aside: &facts::SetAside) -> SetAsideRow {
    let what = aside.fact.as_ref().map(|fact| fact_row(app, fact).what);
    SetAsideRow {
        at: aside.at,
        fact: aside.id.to_string(),
        what: what.unwrap_or_else(|| "It could not be read.".to_owned()),
        why: aside.why.clone(),
    }
}

fn decision_row(app: &App, recorded: &Recorded) -> DecisionRow {
    let decision = &recorded.decision;
    DecisionRow {
        at: decision.at,
        from: decision.from,
        to: decision.to,
        rule: decision.rule,
        policy_version: decision.policy_version,
        explanation: decision.explanation.clone(),
        href: link::app(&app.key, &format!("/escalation/{}", link::encode(&recorded.id))),
    }
}

fn fact_row(app: &App, fact: &Fact) -> FactRow {
    let (what, href) = match &fact.kind {
        FactKind::Breach { breach, series } => (
            format!("A breach of {series} counted."),
            Some(evidence_href(app, false, breach)),
        ),
        FactKind::SloMissed { miss, series } => (
            format!("The target of {series} was missed."),
            Some(evidence_href(app, true, miss)),
        ),
        FactKind::BreachClosed { .. } => ("A breach ended.".to_owned(), None),
        FactKind::SloMet { .. } => ("A target was met again.".to_owned(), None),
        FactKind::Excused { .. } => ("The exclusion ledger covers a breach or miss.".to_owned(), None),
        FactKind::Unexcused { .. } => (
            "The exclusion ledger no longer covers a breach or miss.".to_owned(),
            None,
        ),
        FactKind::Designated => ("A program manager gave the designation.".to_owned(), None),
        FactKind::Withdrawn => ("A program manager withdrew the designation.".to_owned(), None),
        FactKind::RemediationCompleted => ("Every action of the remediation plan was verified.".to_owned(), None),
        FactKind::DemotionConfirmed => ("A program manager confirmed the demotion.".to_owned(), None),
        FactKind::DemotionDeclined { extend_days } => (
            format!("A program manager declined the demotion and gave {extend_days} more days."),
            None,
        ),
        FactKind::Reinstated => ("A program manager took the app back.".to_owned(), None),
        FactKind::AppealOpened => ("An owner appealed.".to_owned(), None),
        FactKind::AppealClosed => ("A program manager closed the appeal.".to_owned(), None),
        FactKind::Frozen => ("Enforcement was frozen.".to_owned(), None),
        FactKind::Thawed => ("Enforcement was thawed.".to_owned(), None),
        FactKind::PolicyPublished { policy } => {
            (format!("Version {} of the policy was published.", policy.version), None)
        }
    };
    FactRow {
        id: fact.id.to_string(),
        at: fact.at,
        what,
        href,
    }
}
