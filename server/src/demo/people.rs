//! The people of the demonstration. All of them, and their companies, are made up; their mail goes nowhere.

use rampart_domain::access::{PartnerRole, StaffRole};

/// Everybody's password.
pub const PASSWORD: &str = "rampart-demo-only";

/// Somebody with an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person<R: 'static> {
    pub name: &'static str,
    pub mail: &'static str,
    pub role: R,
    /// How many days before the end they came; who has none came with the first.
    pub joined: Option<i64>,
}

pub(super) type Staff = Person<StaffRole>;
pub(super) type Member = Person<PartnerRole>;

/// A partner and its people, its first owner in front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partner {
    pub name: &'static str,
    pub people: &'static [Member],
}

const fn staff(name: &'static str, mail: &'static str, role: StaffRole) -> Staff {
    Person {
        name,
        mail,
        role,
        joined: None,
    }
}

const fn owner(name: &'static str, mail: &'static str) -> Member {
    Person {
        name,
        mail,
        role: PartnerRole::Owner,
        joined: None,
    }
}

const fn member(name: &'static str, mail: &'static str, joined: i64) -> Member {
    Person {
        name,
        mail,
        role: PartnerRole::Member,
        joined: Some(joined),
    }
}

/// One for each role; the administrator invites the others.
pub(super) static STAFF: [Staff; 4] = [
    staff("Ada Ashdown", "ada@platform.example", StaffRole::Administrator),
    staff("Priya Plumtree", "priya@platform.example", StaffRole::ProgramManager),
    staff("Imke Ironwood", "imke@platform.example", StaffRole::IncidentManager),
    staff("Rui Reedbank", "rui@platform.example", StaffRole::Reviewer),
];

/// Who gives the designation.
pub(super) static PROGRAM_MANAGER: &Staff = &STAFF[1];

/// Who starts and stops measuring.
pub(super) static REVIEWER: &Staff = &STAFF[3];

pub(super) static PARTNERS: [Partner; 8] = [
    Partner {
        name: "Kestrel Labs",
        people: &[
            owner("Olga Oakfield", "olga@kestrel.example"),
            member("Mika Marsh", "mika@kestrel.example", 240),
            member("Tomas Thistle", "tomas@kestrel.example", 31),
        ],
    },
    Partner {
        name: "Brass Teapot Software",
        people: &[
            owner("Bertil Brook", "bertil@brassteapot.example"),
            member("Gwen Gorse", "gwen@brassteapot.example", 130),
        ],
    },
    Partner {
        name: "Paper Lantern Apps",
        people: &[
            owner("Lina Larch", "lina@paperlantern.example"),
            Person {
                role: PartnerRole::Owner,
                ..member("Haruto Hazel", "haruto@paperlantern.example", 200)
            },
            member("Noor Nettle", "noor@paperlantern.example", 75),
        ],
    },
    Partner {
        name: "Mossy Stone Systems",
        people: &[
            owner("Petra Pebble", "petra@mossystone.example"),
            member("Dario Dune", "dario@mossystone.example", 90),
        ],
    },
    Partner {
        name: "Tin Whistle Tools",
        people: &[
            owner("Fintan Fern", "fintan@tinwhistle.example"),
            member("Sade Sorrel", "sade@tinwhistle.example", 160),
        ],
    },
    Partner {
        name: "Velvet Hammer Analytics",
        people: &[
            owner("Vera Vetch", "vera@velvethammer.example"),
            member("Ivo Ivyhill", "ivo@velvethammer.example", 45),
        ],
    },
    Partner {
        name: "Marmalade Works GmbH",
        people: &[
            owner("Jonas Juniper", "jonas@marmalade.example"),
            member("Ebba Elderby", "ebba@marmalade.example", 110),
        ],
    },
    Partner {
        name: "Seven Geese Ltd",
        people: &[
            owner("Greta Gosling", "greta@sevengeese.example"),
            member("Callum Clover", "callum@sevengeese.example", 60),
        ],
    },
];

/// Whom Kestrel Labs has invited and who has not come yet.
pub(super) const INVITED: (usize, &str) = (0, "pia@kestrel.example");

/// How to sign in: mail address and role of everybody.
pub fn sign_ins() -> impl Iterator<Item = (&'static str, String)> {
    let staff = STAFF.iter().map(|p| (p.mail, p.role.label().to_owned()));
    let partners = PARTNERS.iter().flat_map(|partner| {
        let people = partner.people.iter();
        people.map(|p| (p.mail, format!("{} at {}", p.role.label(), partner.name)))
    });
    staff.chain(partners)
}
