//! The page of an app.

use chrono::{DateTime, NaiveDate, Utc};
use rampart_app::model::{AppOverview, AppState, BaseUrlProbe, Chart, DayRow, SliRow, Todo};
use rampart_domain::{
    access::{Action, Actor},
    count::MinuteRange,
    escalation::State,
    exclusion::Ledger,
    id::SeriesId,
    policy::{MeasurementPolicy, SLO_WINDOW},
    sli::Sli,
    slo::Budget,
};

use super::{
    super::{Result, Service, freezes::thaws},
    apps::{Headed, Standing},
    budgets::{self, MonthDays},
    charts::{Charted, millis},
    rows,
};
use crate::store::{
    Scope, appeals,
    apps::App,
    assessments, counts,
    episodes::{self, Episode},
    escalation, freezes, misses, probes,
    series::Series,
};

/// The chart of a series that has just begun is this many minutes wide at least.
const SHORTEST_CHART: i64 = 60;

/// How many breaches the page lists; the breach history has all.
const LATEST_BREACHES: i64 = 5;

impl Service {
    pub(super) async fn overview_page(&self, actor: &Actor, key: &str) -> Result<AppOverview> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let Headed {
            head,
            series,
            standing,
            open,
            ledger,
            ..
        } = self.head(actor, &app).await?;
        let current: Vec<Series> = series
            .into_iter()
            .filter(|s| s.ended_at.is_none() && s.key.is_slo())
            .collect();
        let days = self.month_days(&current, &ledger).await?;
        let slis = self.sli_rows(&app, &current, &standing, &open, &ledger, &days).await?;
        let policy = self.policy_now().await?;
        let worst = worst(&policy, &current, &standing);
        let (chart, chart_days) = match worst {
            Some(series) => match policy.for_sli(series.key.sli) {
                None => (None, Vec::new()),
                Some(policy) => {
                    let (app_key, ledger) = (&app.key, &ledger);
                    let charted = Charted {
                        series,
                        policy,
                        ledger,
                        scope,
                        app_key,
                    };
                    self.month(&charted).await?
                }
            },
            None => (None, Vec::new()),
        };
        let breaches = episodes::of_app(&self.store.portal, scope, app.id, 0, LATEST_BREACHES).await?;
        let said = self.assessments(scope, &breaches).await?;
        let unseen = assessments::not_looked_at(&self.store.portal, scope, app.id).await?;
        let misses = misses::open_of_app(&self.store.portal, scope, app.id).await?;
        let alert_address = self.alert_address(actor, &app).await?;
        let on_ladder = escalation::standing(&self.store.portal, scope, app.id).await?;
        let mut asked = decisions_asked(actor, &app, on_ladder.as_ref());
        asked.extend(self.remediation_asks(actor, &app).await?);
        let state = on_ladder.as_ref().map(|standing| standing.state);
        asked.extend(self.approval_asks(actor, &app, state).await?);
        asked.extend(self.readiness_asks(actor, &app).await?);
        if actor.may_everywhere(Action::DecideEscalation) && app.archived_at.is_none() {
            let appealed = appeals::waiting_of(&self.store.portal, scope, app.id).await?;
            asked.extend(appealed.map(|since| appeal_asked(&app, since)));
            let carries = on_ladder.as_ref().is_some_and(|standing| standing.state != State::None);
            let freeze = freezes::shown(&self.store.portal).await?.filter(|_| carries);
            asked.extend(freeze.as_ref().and_then(thaws).map(freeze_asked));
        }
        asked.extend(todo(actor, &app, &head.state, &alert_address, &slis, unseen));
        Ok(AppOverview {
            todo: asked,
            slis,
            health: self.health(&app, &current).await?,
            chart_title: match worst {
                Some(series) if current.len() > 1 && !series.key.target.is_empty() => {
                    let (name, url) = (rows::indicator(&series.key), rows::short_url(&series.key.target));
                    format!("{name} of {url}, 28 days")
                }
                Some(series) => format!("{}, 28 days", rows::indicator(&series.key)),
                None => "28 days".to_owned(),
            },
            chart,
            days: chart_days,
            breaches: breaches
                .iter()
                .map(|e| rows::breach(&app.key, e, said.get(&e.id)))
                .collect(),
            misses: misses.iter().filter(|m| !m.excused).map(rows::miss).collect(),
            alert_address,
            burn_rates: self.burn_rates_of(actor, app.id).await?,
            clears_on: clears_on(&policy, &current, &standing, &days),
            head,
        })
    }

    async fn sli_rows(
        &self,
        app: &App,
        current: &[Series],
        standing: &Standing,
        open: &[Episode],
        ledger: &Ledger,
        days: &MonthDays,
    ) -> Result<Vec<SliRow>> {
        let policy = self.policy_now().await?;
        let tick = self.clock.minute();
        let quarter = self.windows(current, tick, ledger, |_| 15).await?;
        let day = self.windows(current, tick, ledger, |_| 24 * 60).await?;
        Ok(current
            .iter()
            .filter_map(|series| {
                let policy = policy.for_sli(series.key.sli)?;
                let month = standing.months.get(&series.id).copied().unwrap_or_default();
                Some(SliRow {
                    name: rows::indicator(&series.key),
                    target: (current.len() > 1).then(|| rows::short_url(&series.key.target)),
                    slo: policy.slo.percent(),
                    quarter_hour: quarter.get(&series.id).and_then(|s| s.adjusted.percent()),
                    day: day.get(&series.id).and_then(|s| s.adjusted.percent()),
                    month: month.adjusted.percent(),
                    month_raw: month.raw.percent(),
                    budget: rows::budget(policy.slo, month.adjusted, series.key.sli),
                    budget_raw: rows::budget(policy.slo, month.raw, series.key.sli),
                    outlook: days.outlook(policy.slo, series.id, month.adjusted),
                    budget_href: budgets::href(&app.key, series.id),
                    breach_since: open
                        .iter()
                        .find(|e| e.series == series.id)
                        .map(|e| e.episode.opened_at.start()),
                    href: format!("/apps/{}/metrics?series={}", app.key, series.id),
                })
            })
            .collect())
    }

    /// Chart and table of the last 28 days.
    pub(super) async fn month(&self, charted: &Charted<'_>) -> Result<(Option<Chart>, Vec<DayRow>)> {
        let Some(first) = counts::first_minute(&self.store.metrics, charted.series.id).await? else {
            return Ok((None, Vec::new()));
        };
        let end = self.clock.minute() - i64::from(charted.policy.settle_minutes);
        let range = MinuteRange::new(end - i64::from(SLO_WINDOW), end);
        // A series that has just begun would be a sliver at the edge of four weeks.
        let (charted_range, title) = match first {
            first if first > range.start + i64::from(SLO_WINDOW) * 3 / 4 => {
                let since = first.start().format("since %-d %B, %H:%M UTC").to_string();
                (MinuteRange::new(first.min(end - SHORTEST_CHART), end), since)
            }
            _ => (range, "last 28 days".to_owned()),
        };
        let chart = self.chart(charted, charted_range, title).await?;
        let days = self.day_rows(charted, range).await?;
        Ok((Some(chart), days))
    }

    async fn health(&self, app: &App, current: &[Series]) -> Result<Vec<BaseUrlProbe>> {
        let own: Vec<&Series> = current.iter().filter(|s| s.key.sli == Sli::Availability).collect();
        let ids: Vec<SeriesId> = own.iter().map(|s| s.id).collect();
        let last = probes::last(&self.store.metrics, &ids).await?;
        let latencies = counts::latencies(&self.store.metrics, &ids, rows::day_of(self.clock.now())).await?;
        Ok(app
            .base_urls
            .0
            .iter()
            .map(|url| {
                let series = own.iter().find(|s| s.key.target == *url);
                let probe = series.and_then(|s| last.get(&s.id));
                BaseUrlProbe {
                    url: format!("{}{}", rows::short_url(url), app.health_path),
                    at: probe.map(probes::Probe::time),
                    good: probe.filter(|p| p.counted).map(|p| p.good),
                    outcome: probe.map_or_else(
                        || "not probed yet".to_owned(),
                        |p| match (&p.reason, p.status) {
                            (Some(_), _) if !p.counted => {
                                "not measured: the portal itself was short of time".to_owned()
                            }
                            (Some(reason), _) => reason.clone(),
                            (None, Some(status)) => format!("{status} in {} ms", (p.total + 500) / 1_000),
                            (None, None) => String::new(),
                        },
                    ),
                    p95_ms: series
                        .and_then(|s| latencies.get(&s.id))
                        .and_then(|h| h.quantile(0.95))
                        .map(millis),
                }
            })
            .collect())
    }
}

/// The date on which every series is at its target again if nothing else goes wrong; none when all are.
fn clears_on(
    policy: &MeasurementPolicy,
    current: &[Series],
    standing: &Standing,
    days: &MonthDays,
) -> Option<NaiveDate> {
    let outlooks = current.iter().filter_map(|series| {
        let month = standing.months.get(&series.id)?.adjusted;
        Some(days.outlook(policy.for_sli(series.key.sli)?.slo, series.id, month))
    });
    outlooks.filter_map(|outlook| outlook.met_again_on).max()
}

/// The series that has the least of its error budget left; the first one while nothing is counted.
fn worst<'a>(policy: &MeasurementPolicy, current: &'a [Series], standing: &Standing) -> Option<&'a Series> {
    let left = |series: &Series| {
        let month = standing.months.get(&series.id)?.adjusted;
        Budget::of(policy.for_sli(series.key.sli)?.slo, month).remaining_share()
    };
    let rated = current.iter().filter_map(|s| Some((s, left(s)?)));
    rated
        .reduce(|a, b| if b.1 < a.1 { b } else { a })
        .map(|(series, _)| series)
        .or(current.first())
}

/// What the ladder asks of the reader: the partner's owners while a demotion comes closer, program managers when one waits.
fn decisions_asked(actor: &Actor, app: &App, standing: Option<&escalation::Standing>) -> Vec<Todo> {
    let Some(standing) = standing.filter(|_| app.archived_at.is_none()) else {
        return Vec::new();
    };
    let is_owner = actor.may_in(Action::AppealDecisions, app.partner_id);
    let decides = actor.may_everywhere(Action::DecideEscalation);
    let day = |at: DateTime<Utc>| at.format("%-d %B %Y, %H:%M UTC");
    let asked = match (standing.state, standing.deadline) {
        (State::Remediation, Some(deadline)) if is_owner && standing.paused => Some((
            "Complete the remediation",
            format!("The deadline stands still at {}.", day(deadline)),
        )),
        (State::Remediation, Some(deadline)) if is_owner => Some((
            "Complete the remediation",
            format!("By {}; then a demotion is proposed.", day(deadline)),
        )),
        (State::DemotionProposed, _) if is_owner => Some((
            "Answer the proposed demotion",
            "Tell the program manager what has been done, or appeal.".to_owned(),
        )),
        (State::DemotionProposed, _) if decides => Some((
            "Decide on the proposed demotion",
            "Confirm it, or decline it with a new deadline.".to_owned(),
        )),
        _ => None,
    };
    let todo = asked.map(|(title, detail)| Todo {
        title: title.to_owned(),
        detail,
        href: match standing.state {
            State::Remediation => format!("/apps/{}/remediation", app.key),
            _ => format!("/apps/{}/escalation", app.key),
        },
    });
    todo.into_iter().collect()
}

/// That an appeal waits for a program manager.
fn appeal_asked(app: &App, since: DateTime<Utc>) -> Todo {
    Todo {
        title: "Decide on the appeal".to_owned(),
        detail: format!(
            "Open since {}; nothing further is enforced meanwhile.",
            since.format("%-d %B %Y, %H:%M UTC")
        ),
        href: format!("/apps/{}/escalation", app.key),
    }
}

/// That the portal itself has frozen every app.
fn freeze_asked(thaws: DateTime<Utc>) -> Todo {
    Todo {
        title: "Look at the freeze of every app".to_owned(),
        detail: format!(
            "The portal could not measure. It thaws on {}, unless you keep it or lift it.",
            thaws.format("%-d %B %Y, %H:%M UTC")
        ),
        href: "/escalation".to_owned(),
    }
}

fn todo(
    actor: &Actor,
    app: &App,
    state: &AppState,
    alerts: &rampart_app::model::AlertAddress,
    slis: &[SliRow],
    unseen: i64,
) -> Vec<Todo> {
    let mut todo = Vec::new();
    let settings = format!("/apps/{}/settings", app.key);
    let add = |todo: &mut Vec<Todo>, title: &str, detail: String, href: String| {
        todo.push(Todo {
            title: title.to_owned(),
            detail,
            href,
        });
    };
    if actor.may_in(Action::EditApp, app.partner_id) && app.archived_at.is_none() {
        if *state == AppState::Breach {
            let first = slis.iter().filter_map(|s| Some((s.breach_since?, &s.name))).min();
            let first = first.map(|(at, name)| format!("{name}, since {}", at.format("%-d %b, %H:%M UTC")));
            add(
                &mut todo,
                "Look at the open breach",
                first.unwrap_or_default(),
                format!("/apps/{}/breaches", app.key),
            );
        }
        if unseen > 0 {
            let title = match unseen {
                1 => "Look at 1 breach".to_owned(),
                n => format!("Look at {n} breaches"),
            };
            let detail = "Counted, and nobody has said yet whether it was an emergency.".to_owned();
            add(&mut todo, &title, detail, format!("/apps/{}/breaches", app.key));
        }
        if app.base_urls.0.is_empty() {
            add(
                &mut todo,
                "Enter a health-check URL",
                "Without one nothing can be measured.".to_owned(),
                format!("{settings}#health-check"),
            );
        }
        if let Some((address, _)) = &alerts.failed {
            add(
                &mut todo,
                "Replace the alert address",
                format!("{address} refuses mail; the owners get the alerts."),
                format!("{settings}#alert-mails"),
            );
        }
        match (&alerts.confirmed, &alerts.pending) {
            (_, Some(pending)) => add(
                &mut todo,
                "Confirm the alert address",
                format!("A drill mail went to {pending}; open its link."),
                format!("{settings}#alert-mails"),
            ),
            (None, None) if alerts.failed.is_none() => add(
                &mut todo,
                "Choose an alert address",
                "Until then the owners get the alerts.".to_owned(),
                format!("{settings}#alert-mails"),
            ),
            _ => {}
        }
        if !app.fails_when_down && !app.base_urls.0.is_empty() {
            add(
                &mut todo,
                "Confirm what the health check proves",
                "Tick that it does not answer 200 when the app is down.".to_owned(),
                format!("{settings}#health-check"),
            );
        }
    }
    if actor.may_in(Action::MeasureApp, app.partner_id)
        && *state == AppState::NotMeasured
        && !app.base_urls.0.is_empty()
    {
        add(
            &mut todo,
            "Start measuring",
            "Test the health check first; data collection begins at once.".to_owned(),
            settings,
        );
    }
    todo
}
