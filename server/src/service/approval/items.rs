//! The items of a checklist: what the partner enters, what staff answer, and what a program manager waives.

use chrono::{NaiveDate, TimeDelta};
use rampart_domain::{
    access::{Action, Actor},
    app::Site,
    id::{ChecklistWaiverId, InstanceId, ReviewId, SeriesId},
    onboarding::{Item, LONGEST_WAIVER_DAYS, Need, State},
    sli::Product,
};
use serde_json::{Value, json};

use super::{
    super::{
        Checks, Error, Result, Service,
        audit::{self, Change},
    },
    LONGEST_REASON, is_asked, products, refuse_own_people,
};
use crate::{
    mail::ApprovalNews,
    random,
    store::{
        Scope, approvals,
        apps::App,
        checklists::{self, Saying},
    },
};

/// How many characters a note has at most.
const LONGEST_NOTE: usize = 2_000;
/// How many instances an app has at most.
const MOST_INSTANCES: usize = 50;

/// What the form of a waiver sends.
pub struct WaiverForm<'a> {
    pub why: &'a str,
    /// The last day, "2026-12-31".
    pub until: &'a str,
}

impl Service {
    /// Keeps what the partner says of a series after seeing it: that it shows what they expect, or what is suspicious or missing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a series of another app, or one that has ended; [`Error::Conflict`] for a series without data, of
    /// which nothing can be expected; [`Error::Invalid`] for a flag without a note.
    pub async fn review_series(&self, actor: &Actor, key: &str, series: &str, flagged: bool, note: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::WorkOnChecklist).await?;
        let series: SeriesId = series.parse().map_err(|_| Error::NotFound)?;
        let list = self.checklist(actor, &app).await?;
        let known = list.series.iter().zip(&list.facts.series);
        let (_, fact) = known
            .into_iter()
            .find(|((known, _), _)| known.id == series)
            .ok_or(Error::NotFound)?;
        let mut checks = Checks::default();
        let note = match flagged {
            true => checks.text("note", "what is suspicious or missing", note, LONGEST_NOTE),
            false => checks.optional_text("note", note, LONGEST_NOTE),
        };
        let Some(note) = note else {
            return Err(checks.error());
        };
        if !flagged && !fact.has_data {
            return Err(Error::Conflict(
                "Nothing was counted in this series yet, so there is nothing to confirm. Flag it if data should be there."
                    .to_owned(),
            ));
        }
        let now = self.clock.now();
        let id = ReviewId(random::id(now));
        let said = Saying {
            by: actor.user,
            at: now,
            text: &note,
        };
        let mut tx = self.store.portal.begin().await?;
        checklists::review(&mut tx, id, (app.id, series), flagged, said).await?;
        let change = Change {
            action: if flagged { "series.flagged" } else { "series.reviewed" },
            subject: ("series", series.to_string(), &fact.name),
            partner: Some(app.partner_id),
            before: Value::Null,
            after: json!({ "app": app.key, "as expected": !flagged }),
            why: (!note.is_empty()).then_some(&note),
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        Ok(tx.commit().await?)
    }

    /// Answers what a partner flagged.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a review of another app; [`Error::Forbidden`] for one's own flag; [`Error::Conflict`] when it was
    /// answered meanwhile.
    pub async fn answer_flag(&self, actor: &Actor, key: &str, review: &str, text: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::AnswerFlags).await?;
        let id: ReviewId = review.parse().map_err(|_| Error::NotFound)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let reviews = checklists::reviews(&self.store.portal, scope, &[app.id]).await?;
        let review = reviews
            .into_iter()
            .find(|review| review.id == id && review.flagged)
            .ok_or(Error::NotFound)?;
        if review.said.by == actor.user {
            return Err(Error::Forbidden(
                "You flagged this yourself, so somebody else has to answer.".to_owned(),
            ));
        }
        let mut checks = Checks::default();
        let Some(text) = checks.text("text", "an answer", text, LONGEST_NOTE) else {
            return Err(checks.error());
        };
        let answer = Saying {
            by: actor.user,
            at: self.clock.now(),
            text: &text,
        };
        let mut tx = self.store.portal.begin().await?;
        if !checklists::answer(&mut tx, id, answer).await? {
            return Err(Error::Conflict("Somebody has answered this meanwhile.".to_owned()));
        }
        let change = Change {
            action: "series.answered",
            subject: ("series", review.series.to_string(), &app.name),
            partner: Some(app.partner_id),
            before: json!({ "flagged": review.said.text }),
            after: json!({ "app": app.key, "answer": text }),
            why: None,
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        Ok(tx.commit().await?)
    }

    /// Names a developer-first-rollout instance of a product of the app.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a product that the app does not name, and for what is no site; [`Error::Conflict`] for one that is
    /// named already.
    pub async fn add_rollout_instance(&self, actor: &Actor, key: &str, product: &str, site: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::WorkOnChecklist).await?;
        let mut checks = Checks::default();
        let named = products(&app);
        let product = product
            .parse::<Product>()
            .ok()
            .filter(|product| named.contains(product));
        let product = checks.take("product", product.ok_or("Choose a product of the app."));
        let site = checks.take("site", site.parse::<Site>());
        let (Some(product), Some(site)) = (product, site) else {
            return Err(checks.error());
        };
        let scope = Scope::of(actor, Action::ViewApp);
        let known = checklists::instances(&self.store.portal, scope, &[app.id]).await?;
        if known.len() >= MOST_INSTANCES {
            return Err(Error::Conflict(format!(
                "An app has at most {MOST_INSTANCES} instances."
            )));
        }
        let now = self.clock.now();
        let id = InstanceId(random::id(now));
        let mut tx = self.store.portal.begin().await?;
        if !checklists::add_instance(&mut tx, id, app.id, (product, site.as_str()), actor.user, now).await? {
            return Err(Error::field("site", "This instance is named already."));
        }
        let change = Change {
            action: "rollout_instance.added",
            subject: ("rollout instance", id.to_string(), site.as_str()),
            partner: Some(app.partner_id),
            before: Value::Null,
            after: json!({ "app": app.key, "product": product }),
            why: None,
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        Ok(tx.commit().await?)
    }

    /// Removes a developer-first-rollout instance.
    ///
    /// # Errors
    /// [`Error::NotFound`] for one of another app, or one that was removed.
    pub async fn remove_rollout_instance(&self, actor: &Actor, key: &str, instance: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::WorkOnChecklist).await?;
        let id: InstanceId = instance.parse().map_err(|_| Error::NotFound)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let known = checklists::instances(&self.store.portal, scope, &[app.id]).await?;
        let known = known.into_iter().find(|known| known.id == id).ok_or(Error::NotFound)?;
        let mut tx = self.store.portal.begin().await?;
        if !checklists::remove_instance(&mut tx, app.id, id, self.clock.now()).await? {
            return Err(Error::NotFound);
        }
        let change = Change {
            action: "rollout_instance.removed",
            subject: ("rollout instance", id.to_string(), &known.site),
            partner: Some(app.partner_id),
            before: json!({ "app": app.key, "product": known.product }),
            after: Value::Null,
            why: None,
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps who of the operations contacts has watched the training; nobody when the text is empty.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text that is too long.
    pub async fn note_training(&self, actor: &Actor, key: &str, watched_by: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::WorkOnChecklist).await?;
        let mut checks = Checks::default();
        let Some(watched_by) = checks.optional_text("watched_by", watched_by, LONGEST_NOTE) else {
            return Err(checks.error());
        };
        let before = self.checklist(actor, &app).await?.training;
        let said = Saying {
            by: actor.user,
            at: self.clock.now(),
            text: &watched_by,
        };
        let mut tx = self.store.portal.begin().await?;
        checklists::set_training(&mut tx, app.id, said).await?;
        let change = Change {
            action: "training.noted",
            subject: ("app", app.id.to_string(), &app.name),
            partner: Some(app.partner_id),
            before: json!({ "watched by": before.map(|said| said.watched_by) }),
            after: json!({ "watched by": watched_by }),
            why: None,
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        Ok(tx.commit().await?)
    }

    /// Asks that an item is waived, on the open ticket of the app.
    ///
    /// # Errors
    /// [`Error::Conflict`] without an open ticket, for what need not be waived, and where it is asked for or waived already.
    pub async fn ask_for_waiver(&self, actor: &Actor, key: &str, item: &str, why: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::Discuss).await?;
        let item = self.waivable(actor, &app, item).await?;
        let why = reason(why)?;
        let now = self.clock.now();
        let id = ChecklistWaiverId(random::id(now));
        let asked = Saying {
            by: actor.user,
            at: now,
            text: &why,
        };
        let mut tx = self.store.portal.begin().await?;
        if approvals::open_for(&mut tx, app.id).await?.is_none() {
            return Err(Error::Conflict(
                "Approval was not asked for yet, or is decided. A waiver is asked for on an open ticket.".to_owned(),
            ));
        }
        if let Some(current) = checklists::current(&mut tx, app.id, item).await?
            && current.granted.is_some()
        {
            // It has run out, else the item would not be to do.
            checklists::end(&mut tx, current.id, Saying { text: RAN_OUT, ..asked }).await?;
        }
        if !checklists::ask(&mut tx, id, app.id, item, asked).await? {
            return Err(Error::Conflict("A waiver of this was asked for already.".to_owned()));
        }
        let change = waiver_change(
            "checklist.waiver_asked",
            &app,
            item,
            &why,
            Value::Null,
            json!({ "asked": true }),
        );
        audit::by(&mut tx, actor, &self.clock, change).await?;
        Ok(tx.commit().await?)
    }

    /// Waives an item up to and including a day, whether or not somebody asked for it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for the partner's own people and for who asked for it; [`Error::Conflict`] for what need not be
    /// waived; [`Error::Invalid`] without a reason and a day within a year.
    pub async fn waive_item(&self, actor: &Actor, key: &str, item: &str, form: &WaiverForm<'_>) -> Result<()> {
        let app = self.app_for(actor, key, Action::DecideApprovals).await?;
        refuse_own_people(actor, &app)?;
        let item = self.waivable(actor, &app, item).await?;
        let now = self.clock.now();
        let mut checks = Checks::default();
        let why = checks.text("why", "the reason", form.why, LONGEST_REASON);
        let until = checks.take("until", last_day(form.until, now.date_naive()));
        let (Some(why), Some(until)) = (why, until) else {
            return Err(checks.error());
        };
        let granted = Saying {
            by: actor.user,
            at: now,
            text: &why,
        };
        let mut tx = self.store.portal.begin().await?;
        if let Some(current) = checklists::current(&mut tx, app.id, item).await? {
            if is_asked(&current) && current.asked.as_ref().is_some_and(|asked| asked.by == actor.user) {
                return Err(own_request());
            }
            if current.until.is_some_and(|until| until < now.date_naive()) {
                checklists::end(
                    &mut tx,
                    current.id,
                    Saying {
                        text: RAN_OUT,
                        ..granted
                    },
                )
                .await?;
            }
        }
        let id = ChecklistWaiverId(random::id(now));
        if !checklists::waive(&mut tx, id, app.id, item, until, granted).await? {
            return Err(Error::Conflict("This is waived already.".to_owned()));
        }
        let news = ApprovalNews::Waived { item, until, why: &why };
        self.tell_owners(&mut tx, &app, news).await?;
        let (before, after) = (json!({ "waived": false }), json!({ "waived": true, "until": until }));
        let change = waiver_change("checklist.waived", &app, item, &why, before, after);
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(())
    }

    /// Declines the request for a waiver.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for one's own request; [`Error::Conflict`] where none waits; [`Error::Invalid`] without a reason.
    pub async fn decline_waiver(&self, actor: &Actor, key: &str, item: &str, why: &str) -> Result<()> {
        self.end_waiver(actor, key, item, why, true).await
    }

    /// Takes a waiver back: the item is asked for again.
    ///
    /// # Errors
    /// [`Error::Conflict`] where nothing is waived; [`Error::Invalid`] without a reason.
    pub async fn take_waiver_back(&self, actor: &Actor, key: &str, item: &str, why: &str) -> Result<()> {
        self.end_waiver(actor, key, item, why, false).await
    }

    async fn end_waiver(&self, actor: &Actor, key: &str, item: &str, why: &str, declined: bool) -> Result<()> {
        let app = self.app_for(actor, key, Action::DecideApprovals).await?;
        refuse_own_people(actor, &app)?;
        let item: Item = item.parse().map_err(|_| Error::NotFound)?;
        let why = reason(why)?;
        let mut tx = self.store.portal.begin().await?;
        let current = checklists::current(&mut tx, app.id, item).await?;
        let current = current.filter(|current| is_asked(current) == declined).ok_or_else(|| {
            Error::Conflict(match declined {
                true => "No request for a waiver of this waits any more.".to_owned(),
                false => "This is not waived any more.".to_owned(),
            })
        })?;
        if declined && current.asked.is_some_and(|asked| asked.by == actor.user) {
            return Err(own_request());
        }
        let ended = Saying {
            by: actor.user,
            at: self.clock.now(),
            text: &why,
        };
        if !checklists::end(&mut tx, current.id, ended).await? {
            return Err(Error::Conflict("Somebody else has ended this meanwhile.".to_owned()));
        }
        let (action, news, before) = match declined {
            true => (
                "checklist.waiver_declined",
                ApprovalNews::Declined { item, why: &why },
                json!({ "asked": true }),
            ),
            false => (
                "checklist.waiver_taken_back",
                ApprovalNews::TakenBack { item, why: &why },
                json!({ "waived": true, "until": current.until }),
            ),
        };
        self.tell_owners(&mut tx, &app, news).await?;
        let change = waiver_change(action, &app, item, &why, before, json!({ "waived": false }));
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(())
    }

    /// The item of this key, if it is required and to be done, so that a waiver says something.
    async fn waivable(&self, actor: &Actor, app: &App, item: &str) -> Result<Item> {
        let item: Item = item.parse().map_err(|_| Error::NotFound)?;
        let list = self.checklist(actor, app).await?.checklist;
        let entry = list.entries.into_iter().find(|entry| entry.item == item);
        let entry = entry.ok_or(Error::NotFound)?;
        match (entry.need, entry.state) {
            (Need::Required, State::ToDo) => Ok(item),
            (Need::Required, State::Waived(_)) => Err(Error::Conflict("This is waived already.".to_owned())),
            (Need::Required, State::Done | State::NotApplicable) => Err(Error::Conflict(
                "This is done, or does not apply: there is nothing to waive.".to_owned(),
            )),
            (Need::Recommended | Need::Optional, _) => Err(Error::Conflict(
                "This is not required: there is nothing to waive.".to_owned(),
            )),
        }
    }
}

/// Why a waiver was ended by itself.
const RAN_OUT: &str = "It had run out.";

fn reason(why: &str) -> Result<String> {
    let mut checks = Checks::default();
    let why = checks.text("why", "the reason", why, LONGEST_REASON);
    why.ok_or_else(|| checks.error())
}

fn own_request() -> Error {
    Error::Forbidden("You asked for this waiver, so somebody else has to decide on it.".to_owned())
}

/// The last day of a waiver.
fn last_day(text: &str, today: NaiveDate) -> std::result::Result<NaiveDate, String> {
    let wrong = || format!("Enter a day from today on, at most {LONGEST_WAIVER_DAYS} days ahead.");
    let day: NaiveDate = text.trim().parse().map_err(|_| wrong())?;
    let latest = today + TimeDelta::days(LONGEST_WAIVER_DAYS);
    (today..=latest).contains(&day).then_some(day).ok_or_else(wrong)
}

fn waiver_change<'a>(
    action: &'static str,
    app: &'a App,
    item: Item,
    why: &'a str,
    before: Value,
    mut after: Value,
) -> Change<'a> {
    after["item"] = json!(item);
    Change {
        action,
        subject: ("app", app.id.to_string(), &app.name),
        partner: Some(app.partner_id),
        before,
        after,
        why: Some(why),
    }
}
