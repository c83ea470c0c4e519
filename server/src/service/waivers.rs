//! Entries of the ledger that people make: a program manager files a waiver, and revokes any entry (SPEC sections 1 and 5). What
//! either does is shown before it is done.

use chrono::NaiveDateTime;
use rampart_domain::{
    access::{Action, Actor},
    count::{MINUTES_PER_DAY, Minute, MinuteRange},
    exclusion::{ExclusionKind, LedgerEntry},
    id::PartnerId,
    policy::{MINUTES_KEPT, SLO_WINDOW},
    sli::{Product, Sli},
};
use serde_json::{Value, json};

use super::{
    Checks, Error, Result, Service, access::require, audit::Change, figures::series_ref, reassessment::LedgerChange,
};
use crate::{
    random,
    store::{Scope, apps, apps::App, audit::Who, ledger::Filed, series},
};

/// The longest waiver, and how far ahead one can end, in minutes: 28 days.
const LONGEST: i64 = SLO_WINDOW as i64;
/// The longest reason: what a waiver does is shown at an address that holds all of it, and addresses beyond some 4,000 characters
/// do not get through every proxy, even in a script that takes nine for each letter.
const WHY_LENGTH: usize = 400;
/// How often a change is worked out anew because the ledger was changed meanwhile.
const TRIES: u32 = 5;

/// A waiver as it was typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct WaiverForm<'a> {
    /// The key of the app.
    pub app: &'a str,
    /// Whether it is for all apps instead.
    pub all_apps: bool,
    /// Empty for all.
    pub sli: &'a str,
    /// Empty for all.
    pub product: &'a str,
    /// The base URL; empty for all.
    pub target: &'a str,
    /// "2026-11-23T13:50", in UTC.
    pub from: &'a str,
    pub to: &'a str,
    pub why: &'a str,
}

/// A waiver that can be filed, with the app it is for.
pub(super) struct Waiver {
    pub entry: LedgerEntry,
    app: Option<App>,
    why: String,
}

impl Service {
    /// Checks a waiver as it was typed; files nothing.
    ///
    /// # Errors
    /// When the actor may not file one, or something typed cannot be used.
    pub async fn check_waiver(&self, actor: &Actor, form: &WaiverForm<'_>) -> Result<()> {
        self.waiver(actor, form).await.map(drop)
    }

    pub(super) async fn waiver(&self, actor: &Actor, form: &WaiverForm<'_>) -> Result<Waiver> {
        require(actor, Action::ManageLedger)?;
        let mut checks = Checks::default();
        let app = self.waived_app(actor, form, &mut checks).await?;
        let sli = (!form.sli.is_empty()).then(|| checks.take("sli", form.sli.parse::<Sli>()));
        let product = (!form.product.is_empty()).then(|| checks.take("product", form.product.parse::<Product>()));
        let range = waived_range(self.clock.minute(), form, &mut checks);
        let why = checks.text("why", "why it is waived; the partner reads it", form.why, WHY_LENGTH);
        let (Some(app), Some(range), Some(why)) = (app, range, why) else {
            return Err(checks.error());
        };
        let target = form.target.trim();
        let entry = LedgerEntry {
            id: random::id(self.clock.now()),
            app: app.as_ref().map(|app| app.id.0),
            sli: sli.flatten(),
            product: product.flatten(),
            target: (!target.is_empty()).then(|| target.to_owned()),
            range,
            kind: ExclusionKind::Waiver,
            authority: format!("{}: {why}", actor.name),
            revoked: false,
        };
        if let Some(app) = &app {
            let series = series::of_apps(&self.store.portal, Scope::system(), &[app.id]).await?;
            if !series.iter().any(|s| s.key.is_slo() && entry.is_about(series_ref(s))) {
                checks.note(
                    "sli",
                    "The app has no such series. Leave a field at \"all\", or choose another.",
                );
            }
        } else if entry.target.is_some() {
            checks.note(
                "target",
                "A base URL belongs to one app. Name the app, or leave this empty.",
            );
        }
        if !checks.is_fine() {
            return Err(checks.error());
        }
        Ok(Waiver { entry, app, why })
    }

    /// The app that a waiver is for; `Some(None)` when it is for all.
    async fn waived_app(
        &self,
        actor: &Actor,
        form: &WaiverForm<'_>,
        checks: &mut Checks,
    ) -> Result<Option<Option<App>>> {
        let key = form.app.trim();
        match (key, form.all_apps) {
            ("", true) => return Ok(Some(None)),
            ("", false) => checks.note("app", "Enter the key of the app, or tick all apps."),
            (_, true) => checks.note("app", "Name one app or tick all apps, not both."),
            (key, false) => {
                let scope = Scope::of(actor, Action::ViewApp);
                match apps::by_key(&self.store.portal, scope, key).await? {
                    Some(app) => return Ok(Some(Some(app))),
                    None => checks.note("app", "There is no app with this key."),
                }
            }
        }
        Ok(None)
    }

    /// Files a waiver. Returns its id.
    ///
    /// # Errors
    /// When the actor may not, something typed cannot be used, or the ledger keeps changing.
    pub async fn file_waiver(&self, actor: &Actor, form: &WaiverForm<'_>) -> Result<String> {
        let Waiver { entry, app, why } = self.waiver(actor, form).await?;
        for _ in 0..TRIES {
            let audited = Change {
                action: "ledger.waiver_filed",
                subject: ("ledger", entry.id.to_string(), &waiver_name(app.as_ref())),
                partner: app.as_ref().map(|app| app.partner_id),
                before: Value::Null,
                after: described(&entry),
                why: Some(&why),
            };
            let change = LedgerChange::Enter(&entry);
            if self.change_ledger(&change, Who::Person(actor), audited).await? {
                return Ok(entry.id.to_string());
            }
        }
        Err(busy())
    }

    /// Revokes an entry that is in force: it excludes nothing any more.
    ///
    /// # Errors
    /// When the actor may not, gives no reason, or the entry does not exist or was revoked before.
    pub async fn revoke_entry(&self, actor: &Actor, id: &str, why: &str) -> Result<()> {
        require(actor, Action::ManageLedger)?;
        let id = id.parse().map_err(|_| Error::NotFound)?;
        let scope = Scope::of(actor, Action::ViewApp);
        let mut checks = Checks::default();
        for _ in 0..TRIES {
            let Filed { entry, app, .. } = self.filed(scope, id).await?.ok_or(Error::NotFound)?;
            if entry.revoked {
                return Err(Error::Conflict("This entry is revoked already.".to_owned()));
            }
            let Some(why) = checks.text("why", "why it is revoked; the partner reads it", why, WHY_LENGTH) else {
                return Err(checks.error());
            };
            let app = match &app {
                Some((key, _)) => apps::by_key(&self.store.portal, scope, key).await?,
                None => None,
            };
            let partner: Option<PartnerId> = app.as_ref().map(|app| app.partner_id);
            let name = app.map_or_else(|| "All apps".to_owned(), |app| app.name);
            let audited = Change {
                action: "ledger.revoked",
                subject: ("ledger", entry.id.to_string(), &name),
                partner,
                before: described(&entry),
                after: json!({ "revoked": true }),
                why: Some(&why),
            };
            let change = LedgerChange::Revoke(&entry, &why);
            if self.change_ledger(&change, Who::Person(actor), audited).await? {
                return Ok(());
            }
        }
        Err(busy())
    }
}

fn busy() -> Error {
    Error::Conflict(
        "The ledger is being changed by others at this moment. Nothing was saved: send it again.".to_owned(),
    )
}

fn waiver_name(app: Option<&App>) -> String {
    match app {
        Some(app) => format!("Waiver for {}", app.name),
        None => "Waiver for all apps".to_owned(),
    }
}

/// An entry as the audit log shows it.
pub(super) fn described(entry: &LedgerEntry) -> Value {
    json!({
        "kind": entry.kind.as_str(),
        "SLI": entry.sli.map(Sli::as_str),
        "product": entry.product.map(Product::as_str),
        "base URL": entry.target,
        "from": entry.range.start.start(),
        "to": entry.range.end.start(),
    })
}

/// The minutes that a waiver covers: at most 28 days, none of them further ahead than that, and none that is no longer kept.
fn waived_range(now: Minute, form: &WaiverForm<'_>, checks: &mut Checks) -> Option<MinuteRange> {
    let mut minute = |field: &str, text: &str| {
        let found = parse_minute(text);
        if found.is_none() {
            checks.note(field, "Enter a date and a time in UTC, as in 2026-11-23T13:50.");
        }
        found
    };
    let (from, to) = (minute("from", form.from), minute("to", form.to));
    let range = MinuteRange::new(from?, to?);
    let days = LONGEST / MINUTES_PER_DAY;
    let wrong = if range.is_empty() {
        Some(("to", "The end has to be after the beginning.".to_owned()))
    } else if range.end - range.start > LONGEST {
        Some(("to", format!("A waiver lasts {days} days at most.")))
    } else if range.end - now > LONGEST {
        Some(("to", format!("A waiver ends at most {days} days from now.")))
    } else if now - range.start > MINUTES_KEPT {
        let kept = MINUTES_KEPT / MINUTES_PER_DAY;
        Some((
            "from",
            format!("Minutes are kept for {kept} days, and none before that can be left out."),
        ))
    } else {
        None
    };
    if let Some((field, message)) = wrong {
        checks.note(field, message);
        return None;
    }
    Some(range)
}

/// A whole minute as a browser sends it: "2026-11-23T13:50", with or without seconds of zero or a "Z".
fn parse_minute(text: &str) -> Option<Minute> {
    let text = text.trim().trim_end_matches('Z');
    let text = text.replacen(' ', "T", 1);
    let at = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M")
        .or_else(|_| NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:00"))
        .ok()?;
    Some(Minute::of(at.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(now: Minute, from: i64, to: i64) -> Option<String> {
        let text = |minute| Minute(minute).start().format("%Y-%m-%dT%H:%M").to_string();
        let (from, to) = (text(from), text(to));
        let form = WaiverForm {
            from: &from,
            to: &to,
            ..WaiverForm::default()
        };
        let mut checks = Checks::default();
        let range = waived_range(now, &form, &mut checks);
        assert_eq!(range.is_some(), checks.is_fine());
        (!checks.is_fine()).then(|| match checks.error() {
            Error::Invalid(invalid) => invalid.fields[0].field.clone(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_waiver_has_bounds() {
        let (now, day) = (Minute(30_000_000), MINUTES_PER_DAY);
        let at = |minutes: i64| now.0 + minutes;
        assert_eq!(refused(now, at(-10), at(10)), None);
        assert_eq!(refused(now, at(10), at(10)).as_deref(), Some("to"));
        assert_eq!(refused(now, at(11), at(10)).as_deref(), Some("to"));
        assert_eq!(refused(now, at(-28 * day), at(0)), None);
        assert_eq!(refused(now, at(-28 * day), at(1)).as_deref(), Some("to"));
        assert_eq!(refused(now, at(0), at(28 * day)), None);
        assert_eq!(refused(now, at(1), at(28 * day + 1)).as_deref(), Some("to"));
        assert_eq!(refused(now, at(-100 * day), at(-99 * day)), None);
        assert_eq!(refused(now, at(-100 * day - 1), at(-99 * day)).as_deref(), Some("from"));
    }

    #[test]
    fn times_are_whole_minutes() {
        let expected = Some(Minute::of("2026-11-23T13:50:00Z".parse().unwrap()));
        for text in [
            "2026-11-23T13:50",
            " 2026-11-23 13:50",
            "2026-11-23T13:50Z",
            "2026-11-23T13:50:00",
        ] {
            assert_eq!(parse_minute(text), expected, "{text}");
        }
        for text in [
            "",
            "2026-11-23",
            "13:50",
            "2026-11-23T13:50:30",
            "2026-11-23T25:00",
            "2026-02-30T10:00",
        ] {
            assert_eq!(parse_minute(text), None, "{text}");
        }
    }
}
