//! Putting a plan into an empty database, by the use cases of the service, with its clock moved along.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, TimeDelta};
use rampart_domain::{
    access::Actor,
    alert::{self, Assessment},
    count::{MINUTES_PER_DAY, Minute},
    id::{EpisodeId, PartnerId},
    policy::MeasurementPolicy,
};
use tracing::{instrument::WithSubscriber, subscriber::NoSubscriber};

use super::{
    Contents, FILLED, PASSWORD, PORTS, SEED, Settings,
    apps::{Alerts, App},
    breaches::Turn,
    contents, events,
    people::{PARTNERS, PROGRAM_MANAGER, REVIEWER, STAFF},
    plan::{Measure, Plan, Step},
};
use crate::{
    mail::incident_data::IncidentStatus,
    random::{self, Seeded},
    service::{
        Service,
        apps::{DetailsForm, HealthCheckForm, NewApp},
        escalation::Verdict,
        evaluation::{self, Evaluation, Outcome, PROGRESS},
        invitations::Acceptance,
    },
    store::{Scope, accounts, apps, episodes, occurrences, outbox, progress, series, series::Measured},
};

/// The alerts of so many days are in the outbox; longer ago, breaches are history only.
const MAILS_KEPT: i64 = 14 * MINUTES_PER_DAY;
/// How long the relay takes for a mail.
const SENT_AFTER: TimeDelta = TimeDelta::seconds(2);
/// What a mail server says about an address that is no more.
const REFUSED: &str = "550 5.1.1 The mailbox does not exist";

/// Fills an empty database. The service needs a manual clock, which this moves to the end of the history, and has to permit
/// probes of the apps' addresses.
///
/// # Errors
/// When the database is not empty; then nothing is changed. When the database fails, part of the data may be in it.
pub async fn fill(service: &Service, settings: &Settings) -> anyhow::Result<()> {
    match contents(&service.store.portal).await? {
        Contents::Nothing => {}
        Contents::Something => bail!(
            "the database has accounts, partners or apps in it, and demonstration data goes into an empty one only. \
             Nothing was changed. Name another folder in database.path, or another database in database.url."
        ),
        Contents::Demonstration { until, .. } => bail!(
            "the database holds a demonstration already, filled until {}. Nothing was changed.",
            until.format("%Y-%m-%d %H:%M UTC")
        ),
        Contents::Half => bail!(
            "filling this database with demonstration data was interrupted. Nothing was changed. Remove it and begin anew."
        ),
    }
    let mut tx = service.store.portal.begin().await?;
    let is_first = progress::advance(&mut tx, SEED, None, Minute(settings.seed.cast_signed())).await?
        && progress::advance(&mut tx, PORTS, None, Minute(settings.port.into())).await?;
    if !is_first {
        bail!("another process fills this database with demonstration data at this moment");
    }
    tx.commit().await?;
    // What the log would say happened long ago, and to nobody.
    let filled = random::foretold(settings.seed, filled(service, settings));
    filled.with_subscriber(NoSubscriber::default()).await
}

async fn filled(service: &Service, settings: &Settings) -> anyhow::Result<()> {
    let Plan { measures, steps } = Plan::of(settings);
    let mut filling = Filling {
        service,
        settings,
        last_tick: progress::last(&service.store.portal, PROGRESS).await?,
        series: measures.iter().map(|_| None).collect(),
        open: measures.iter().map(|_| None).collect(),
        measures,
        partners: HashMap::new(),
        links: HashMap::new(),
        dead: Vec::new(),
    };
    service.clock.set(DateTime::UNIX_EPOCH);
    for (at, step) in steps {
        // Sending mails may have taken until after the next thing that happens.
        service.clock.set(service.clock.now().max(at));
        filling.step(step).await?;
    }
    let end = settings.end();
    service.clock.set(end.start());
    filling.close_occurrences(end).await?;
    service.apply(filling.last_tick, end, &Evaluation::default()).await?;
    let mut tx = service.store.portal.begin().await?;
    progress::advance(&mut tx, FILLED, None, end).await?;
    Ok(tx.commit().await?)
}

struct Filling<'a> {
    service: &'a Service,
    settings: &'a Settings,
    measures: Vec<Measure>,
    /// The series of each, once it is measured.
    series: Vec<Option<Measured>>,
    /// The episode of each that is open.
    open: Vec<Option<(EpisodeId, String)>>,
    /// By their places.
    partners: HashMap<usize, PartnerId>,
    /// The token of the link in somebody's invitation, by mail address, and in an app's drill mail, by app key.
    links: HashMap<&'static str, String>,
    /// Addresses that refuse mail.
    dead: Vec<&'static str>,
    last_tick: Option<Minute>,
}

impl Filling<'_> {
    async fn step(&mut self, step: Step) -> anyhow::Result<()> {
        let service = self.service;
        match step {
            Step::Staff(person) => {
                let roles = [person.role.as_str()];
                let token = if person.mail == STAFF[0].mail {
                    let link = service
                        .invite_from_command_line(person.mail, person.name, &roles)
                        .await?;
                    token(&link)
                } else {
                    let administrator = self.administrator().await?;
                    service
                        .invite_staff(&administrator, person.mail, person.name, &roles)
                        .await?;
                    self.deliver().await?
                };
                self.links
                    .insert(person.mail, token.context("an invitation without a link")?);
            }
            Step::Partner(place) => {
                let partner = &PARTNERS[place];
                let owner = partner.people[0].mail;
                let id = service
                    .create_partner(&self.administrator().await?, partner.name, owner)
                    .await?;
                self.partners.insert(place, id);
                self.invited(owner).await?;
            }
            Step::Invite(place, mail, role) => {
                let partner = self
                    .partners
                    .get(&place)
                    .context("a partner that is not there yet")?
                    .to_string();
                service
                    .invite_member(&self.owner(place).await?, &partner, mail, role.as_str())
                    .await?;
                self.invited(mail).await?;
            }
            Step::Join(name, mail) => {
                let token = self
                    .links
                    .remove(mail)
                    .with_context(|| format!("{mail} has no invitation"))?;
                let form = Acceptance {
                    name,
                    password: PASSWORD,
                    password_again: PASSWORD,
                };
                service
                    .accept_invitation(&token, form, Some(self.address(mail)))
                    .await?;
            }
            Step::Register(app) => self.register(app).await?,
            Step::Confirm(app) => {
                let token = self
                    .links
                    .remove(app.key)
                    .with_context(|| format!("{} has no drill mail", app.key))?;
                service
                    .confirm_alert_address(&token, Some(self.address(app.key)))
                    .await?;
            }
            Step::Move(app, address) => {
                service
                    .request_alert_address(&self.owner(app.partner).await?, app.key, address)
                    .await?;
                self.deliver().await?;
            }
            Step::Die(address) => self.dead.push(address),
            Step::Start(app) => {
                service.start_measuring(&self.reviewer().await?, app.key).await?;
                self.write_histories(app).await?;
            }
            Step::Designate(app) => {
                let manager = self.actor(PROGRAM_MANAGER.mail).await?;
                let why = "It has been measured for more than a week and meets every condition.";
                service
                    .decide_escalation(&manager, app.key, Verdict::Designate, why)
                    .await?;
                self.deliver().await?;
            }
            Step::Stop(app, why) => service.stop_measuring(&self.reviewer().await?, app.key, why).await?,
            Step::Archive(app) => service.archive_app(&self.owner(app.partner).await?, app.key).await?,
            Step::Evaluate(place, turn) => self.evaluate(place, &turn).await?,
        }
        Ok(())
    }

    async fn invited(&mut self, mail: &'static str) -> anyhow::Result<()> {
        let token = self.deliver().await?.context("an invitation without a link")?;
        self.links.insert(mail, token);
        Ok(())
    }

    async fn register(&mut self, app: &'static App) -> anyhow::Result<()> {
        let owner = self.owner(app.partner).await?;
        let domain = owner.mail.rsplit('@').next().unwrap_or_default();
        let base_urls: Vec<String> = app
            .urls
            .iter()
            .map(|url| self.settings.base_url(app.key, url))
            .collect();
        let form = NewApp {
            partner: &self
                .partners
                .get(&app.partner)
                .context("a partner that is not there yet")?
                .to_string(),
            key: app.key,
            details: DetailsForm {
                name: app.name,
                kind: app.kind,
                products: app.products.iter().map(|p| p.as_str()).collect(),
                support_contact: &format!("support@{domain}"),
                operations_contacts: &format!("{}, {}", owner.name, owner.mail),
            },
            health: HealthCheckForm {
                path: app.health_path,
                base_urls: &base_urls.join("\n"),
                fails_when_down: app.measured != super::apps::Measured::NotYet,
            },
            alert_address: match app.alerts {
                Alerts::Confirmed(address)
                | Alerts::Pending(address)
                | Alerts::Moving(address, _)
                | Alerts::Dead(address) => address,
                Alerts::Asked(_) | Alerts::Owners => "",
            },
        };
        self.service.register_app(&owner, &form).await?;
        if let Some(token) = self.deliver().await? {
            self.links.insert(app.key, token);
        }
        Ok(())
    }

    /// Writes what was, and will be, measured of an app, when that has not been done yet.
    async fn write_histories(&mut self, app: &App) -> anyhow::Result<()> {
        let store = &self.service.store;
        let measured = series::measured(&store.portal).await?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.settings.port));
        let mut is_new = false;
        for (measure, slot) in self.measures.iter().zip(&mut self.series) {
            if measure.app.key != app.key || slot.is_some() {
                continue;
            }
            let series = measured
                .iter()
                .find(|m| m.app_key == app.key && m.series.key.target == measure.base_url)
                .with_context(|| format!("{} is not measured", measure.base_url))?;
            let place = (series.series.id, address);
            measure
                .history
                .write(&store.metrics, &measure.story, place, self.settings.end())
                .await?;
            *slot = Some(series.clone());
            is_new = true;
        }
        if is_new {
            let id = apps::by_key(&store.portal, Scope::system(), app.key).await?;
            let id = id.with_context(|| format!("{} is not registered", app.key))?.id;
            let first = self.service.clock.minute() + 1;
            events::write(store, self.settings.seed, (id, app.key), first, self.settings.end()).await?;
        }
        Ok(())
    }

    async fn evaluate(&mut self, place: usize, turn: &Turn) -> anyhow::Result<()> {
        self.close_occurrences(turn.tick).await?;
        let series = self.series[place]
            .as_ref()
            .context("an evaluation of what is not measured")?;
        let (id, incident_id) = match &self.open[place] {
            Some(open) => open.clone(),
            None => (EpisodeId(random::id(turn.tick.start())), random::incident_id()),
        };
        let mail = match turn.closing {
            Some(closing) => Some(evaluation::status(closing)),
            None => (turn.opens || turn.reminds).then_some(IncidentStatus::Anomalous),
        };
        self.open[place] = turn.closing.is_none().then(|| (id, incident_id.clone()));
        let db = &self.service.store.portal;
        let occurrence = match turn.closing {
            Some(_) => episodes::by_incident_id(db, Scope::system(), series.series.app, &incident_id).await?,
            None => None,
        };
        let occurrence = occurrence.and_then(|episode| episode.occurrence);
        let policy = MeasurementPolicy::standard().slis.availability;
        // Nothing is excluded while a history is made.
        let counts = self.measures[place]
            .history
            .counts(alert::episode_range(&policy, &turn.episode, turn.tick));
        let assessment = (turn.counts || turn.closing.is_some()).then_some(Assessment {
            raw: counts,
            adjusted: counts,
            holds_adjusted: true,
            excused: false,
        });
        let outcome = Outcome {
            series,
            policy,
            id,
            incident_id,
            episode: turn.episode,
            is_new: turn.opens,
            counts_now: turn.counts,
            closing: turn.closing,
            mail: mail.filter(|_| self.settings.end() - turn.tick <= MAILS_KEPT),
            lasting: false,
            occurrence,
            was_excused: false,
            assessment,
        };
        let evaluation = Evaluation {
            outcomes: vec![outcome],
            ..Evaluation::default()
        };
        self.service.apply(self.last_tick, turn.tick, &evaluation).await?;
        self.last_tick = Some(turn.tick);
        // What counts, and what ended, is a fact by now; and due times of other apps may have come.
        self.service.escalate().await?;
        self.deliver().await?;
        Ok(())
    }

    /// Closes the occurrences that are due before `until`, each at its own time.
    async fn close_occurrences(&mut self, until: Minute) -> anyhow::Result<()> {
        let db = &self.service.store.portal;
        while let Some(due) = occurrences::next_due(db).await?.filter(|due| *due < until) {
            let tick = self.last_tick.map_or(due, |last| last.max(due));
            self.service.apply(self.last_tick, tick, &Evaluation::default()).await?;
            self.last_tick = Some(tick);
        }
        Ok(())
    }

    /// Sends what waits in the outbox, to nobody. Returns the token of the last link that was in it. What was queued in the
    /// last minute before the end still waits there.
    async fn deliver(&mut self) -> anyhow::Result<Option<String>> {
        let (store, clock) = (&self.service.store, &self.service.clock);
        let mut link = None;
        while clock.now() < (self.settings.end() - 1).start() {
            let now = clock.now();
            let mut tx = store.portal.begin().await?;
            let claimed = outbox::claim(&mut tx, now, now + SENT_AFTER, &[]).await?;
            tx.commit().await?;
            let Some(mail) = claimed else { break };
            clock.advance(SENT_AFTER);
            if mail.recipients.0.iter().any(|r| self.dead.contains(&r.as_str())) {
                self.service.mail_refused(&mail, REFUSED).await?;
                continue;
            }
            let mut tx = store.portal.begin().await?;
            outbox::sent(&mut tx, mail.id, clock.now()).await?;
            tx.commit().await?;
            link = mail.body_text.split_whitespace().find_map(token).or(link);
        }
        Ok(link)
    }

    async fn administrator(&self) -> anyhow::Result<Actor> {
        self.actor(STAFF[0].mail).await
    }

    async fn reviewer(&self) -> anyhow::Result<Actor> {
        self.actor(REVIEWER.mail).await
    }

    async fn owner(&self, partner: usize) -> anyhow::Result<Actor> {
        self.actor(PARTNERS[partner].people[0].mail).await
    }

    async fn actor(&self, mail: &str) -> anyhow::Result<Actor> {
        let account = accounts::by_mail(&self.service.store.portal, mail).await?;
        let account = account.with_context(|| format!("{mail} has no account yet"))?;
        let actor = self.service.actor(account.id, None, Some(self.address(mail))).await?;
        actor.ok_or_else(|| anyhow!("{mail} has no account"))
    }

    /// Where somebody's requests come from: a network that is set aside for documentation.
    fn address(&self, name: &str) -> IpAddr {
        let last = 1 + Seeded::new(self.settings.seed).named(name).below(0, 254);
        Ipv4Addr::new(198, 51, 100, u8::try_from(last).unwrap_or(1)).into()
    }
}

/// The token of a one-time link.
fn token(link: &str) -> Option<String> {
    let (_, token) = link
        .split_once("/invitation/")
        .or_else(|| link.split_once("/alert-address/"))?;
    Some(token.to_owned())
}
