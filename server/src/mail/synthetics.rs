use maud::html;
use rampart_domain::{
    count::Minute,
    id::{AlertAddressId, PartnerId},
    sli::Product,
};

use super::{
    Stationery,
    letter::{Letter, moment},
};
use crate::store::outbox::NewMail;

/// An app whose synthetic tests started failing; in order of names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailingApp {
    pub name: String,
    pub key: String,
    pub partner: String,
}

/// A notice that the synthetic tests of several partners started failing on one product (SPEC section 2).
pub struct FailingSynthetics<'a> {
    pub product: Product,
    pub tick: Minute,
    /// The apps that the recipient may know of.
    pub apps: &'a [FailingApp],
    /// The partner it goes to, which learns nothing of others; `None` for staff.
    pub partner: Option<PartnerId>,
    pub recipient: String,
    pub alert_address: Option<AlertAddressId>,
}

pub fn failing_synthetics(stationery: &Stationery<'_>, about: FailingSynthetics<'_>) -> NewMail {
    let product = about.product.name();
    let subject = format!("[SYNTHETICS] Tests of several partners fail on {product}");
    let headline = format!(
        "The synthetic tests of several partners started failing on {product} within the hour before {}.",
        moment(about.tick.start())
    );
    let (kind, whose, next) = match about.partner {
        Some(_) => (
            "synthetics_failing",
            "These are yours:",
            "A change of the product may be breaking apps. Look at your tests and at what your customers see. This is no breach; the platform's incident managers got a notice too.",
        ),
        None => (
            "synthetics_failing_staff",
            "These are the apps:",
            "A change of the product may be breaking apps. Each of these partners was told of its own apps.",
        ),
    };
    let items: Vec<(String, String)> = about
        .apps
        .iter()
        .map(|app| {
            let name = match about.partner {
                Some(_) => format!("{} ({})", app.name, app.key),
                None => format!("{} ({}), {}", app.name, app.key, app.partner),
            };
            (name, stationery.link(&format!("/apps/{}/metrics", app.key)))
        })
        .collect();
    let list: String = items.iter().map(|(name, link)| format!("- {name}: {link}\n")).collect();
    let mut mail = stationery.seal(Letter {
        kind,
        recipients: vec![about.recipient],
        subject,
        text: format!("{headline}\n\n{whose}\n{list}\n{next}\n"),
        html: html! {
            h1 style="font-size: 20px; line-height: 1.3" { (headline) }
            p { (whose) }
            ul { @for (name, link) in &items { li { a href=(link) { (name) } } } }
            p { (next) }
        },
    });
    mail.partner = about.partner;
    mail.alert_address = about.alert_address;
    mail
}
