use rampart_domain::{
    access::{Membership, PartnerRole, StaffRole},
    id::{PartnerId, UserId},
};
use rampart_server::store::{
    Db, Error, Scope,
    accounts::{self, Account},
    sessions,
};

use super::{
    NASTY, Neighbours, TICK, a_member, a_partner, after, an_account, assert_same, commit, id, long_text, now, refused,
    scope_of, scope_of_staff,
};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    an_account_comes_back_as_it_was_written,
    an_address_belongs_to_one_account_in_whatever_case,
    a_password_is_replaced,
    an_account_is_disabled_and_enabled,
    staff_roles_are_replaced,
    a_membership_is_replaced_and_removed,
    a_role_that_does_not_exist_is_reported,
    members_are_listed_owners_first_then_by_name,
    members_are_seen_by_members_only,
    a_member_is_written_to_while_they_are_one,
    only_enabled_owners_count,
    staff_of_a_role_are_written_to_while_enabled,
    the_last_two_owners_cannot_leave_at_once,
    the_last_two_administrators_cannot_leave_at_once,
    staff_are_those_with_a_staff_role_and_those_without_any,
);

fn account(mail: &str) -> Account {
    Account {
        id: id(),
        mail: mail.to_owned(),
        name: NASTY.to_owned(),
        password_hash: long_text(),
        disabled_at: None,
    }
}

async fn disable(db: &Db, user: UserId) {
    commit(db, async |tx| accounts::set_disabled(tx, user, Some(now())).await).await;
}

async fn an_account_comes_back_as_it_was_written(database: TestDatabase) {
    let db = &database.store.portal;
    let written = account("Ada.Lovelace@Example.com");
    assert!(accounts::by_id(db, written.id).await.unwrap().is_none());
    assert!(accounts::by_mail(db, &written.mail).await.unwrap().is_none());

    commit(db, async |tx| accounts::insert(tx, &written, now()).await).await;
    assert_same(&accounts::by_id(db, written.id).await.unwrap().unwrap(), &written);
    for mail in [
        "Ada.Lovelace@Example.com",
        "ada.lovelace@example.com",
        " ADA.LOVELACE@EXAMPLE.COM ",
    ] {
        assert_same(&accounts::by_mail(db, mail).await.unwrap().unwrap(), &written);
    }
    assert!(
        accounts::by_mail(db, "ada_lovelace@example.com")
            .await
            .unwrap()
            .is_none(),
        "no wildcards"
    );
    assert_same(
        &accounts::roles(db, written.id).await.unwrap(),
        &accounts::Roles::default(),
    );
}

async fn an_address_belongs_to_one_account_in_whatever_case(database: TestDatabase) {
    let db = &database.store.portal;
    commit(db, async |tx| {
        accounts::insert(tx, &account("jürgen@example.com"), now()).await
    })
    .await;
    let error = refused(db, async |tx| {
        accounts::insert(tx, &account("JÜRGEN@example.com"), now()).await
    })
    .await;
    assert!(error.is_taken("account", "mail_key"), "{error:?}");
}

async fn a_password_is_replaced(database: TestDatabase) {
    let db = &database.store.portal;
    let (ada, ben) = (an_account(db, "Ada").await, an_account(db, "Ben").await);
    commit(db, async |tx| accounts::set_password(tx, ada, "new").await).await;
    assert_eq!(accounts::by_id(db, ada).await.unwrap().unwrap().password_hash, "new");
    assert_ne!(accounts::by_id(db, ben).await.unwrap().unwrap().password_hash, "new");
}

async fn an_account_is_disabled_and_enabled(database: TestDatabase) {
    let db = &database.store.portal;
    let ada = an_account(db, "Ada").await;
    for at in [Some(now()), Some(now() + TICK), None] {
        commit(db, async |tx| accounts::set_disabled(tx, ada, at).await).await;
        assert_eq!(accounts::by_id(db, ada).await.unwrap().unwrap().disabled_at, at);
        assert_eq!(
            accounts::by_mail(db, "ada@example.com")
                .await
                .unwrap()
                .unwrap()
                .disabled_at,
            at
        );
    }
}

async fn staff_roles_are_replaced(database: TestDatabase) {
    let db = &database.store.portal;
    let (ada, ben) = (an_account(db, "Ada").await, an_account(db, "Ben").await);
    commit(db, async |tx| {
        accounts::set_staff_roles(tx, ben, &[StaffRole::Reviewer]).await
    })
    .await;

    let every_other_way = [
        &StaffRole::ALL[..],
        &[StaffRole::ProgramManager, StaffRole::Reviewer],
        &[],
    ];
    for roles in every_other_way {
        commit(db, async |tx| accounts::set_staff_roles(tx, ada, roles).await).await;
        let mut expected = roles.to_vec();
        expected.sort();
        assert_eq!(accounts::roles(db, ada).await.unwrap().staff, expected);
    }
    assert_eq!(
        accounts::roles(db, ben).await.unwrap().staff,
        [StaffRole::Reviewer],
        "those of others stay"
    );
    assert_eq!(accounts::staff_roles(db).await.unwrap(), [(ben, StaffRole::Reviewer)]);
}

async fn a_membership_is_replaced_and_removed(database: TestDatabase) {
    let db = &database.store.portal;
    let (one, two) = (a_partner(db, "One").await, a_partner(db, "Two").await);
    let ada = a_member(db, "Ada", one, PartnerRole::Member).await;
    let ben = a_member(db, "Ben", one, PartnerRole::Member).await;
    let owner = Membership {
        partner: one,
        role: PartnerRole::Owner,
    };
    commit(db, async |tx| accounts::set_membership(tx, ada, owner).await).await;
    assert_eq!(accounts::roles(db, ada).await.unwrap().memberships, [owner]);
    assert_eq!(
        accounts::roles(db, ben).await.unwrap().memberships[0].role,
        PartnerRole::Member
    );

    let member = Membership {
        partner: two,
        role: PartnerRole::Member,
    };
    commit(db, async |tx| accounts::set_membership(tx, ada, member).await).await;
    let roles = accounts::roles(db, ada).await.unwrap().memberships;
    assert!(
        roles.len() == 2 && roles.contains(&owner) && roles.contains(&member),
        "{roles:?}"
    );

    commit(db, async |tx| accounts::remove_membership(tx, ada, one).await).await;
    assert_eq!(accounts::roles(db, ada).await.unwrap().memberships, [member]);
    assert_eq!(accounts::roles(db, ben).await.unwrap().memberships.len(), 1);
}

async fn a_role_that_does_not_exist_is_reported(database: TestDatabase) {
    let db = &database.store.portal;
    let ada = an_account(db, "Ada").await;
    commit(db, async |tx| {
        accounts::set_staff_roles(tx, ada, &[StaffRole::Reviewer]).await
    })
    .await;
    sql(db, "update staff_role set role = 'emperor'").await.unwrap();
    for error in [
        accounts::roles(db, ada).await.unwrap_err(),
        accounts::staff_roles(db).await.unwrap_err(),
    ] {
        assert!(
            matches!(&error, Error::Corrupt { what: "role", value } if value == "emperor"),
            "{error:?}"
        );
    }
}

async fn members_are_listed_owners_first_then_by_name(database: TestDatabase) {
    let db = &database.store.portal;
    let (one, two) = (a_partner(db, "One").await, a_partner(db, "Two").await);
    for (name, role) in [
        ("carl", PartnerRole::Member),
        ("Zoe", PartnerRole::Owner),
        ("Ben", PartnerRole::Member),
    ] {
        a_member(db, name, one, role).await;
    }
    let ada = a_member(db, "ada", one, PartnerRole::Owner).await;
    let gone = a_member(db, "Gone", one, PartnerRole::Owner).await;
    disable(db, gone).await;
    a_member(db, "Stranger", two, PartnerRole::Owner).await;
    for (hash, seen) in [(b"1", now()), (b"2", after(1) + TICK)] {
        let session = sessions::Session {
            id_hash: hash,
            id: id(),
            account: Some(ada),
            data: &sessions::Data::new(),
            address: None,
            agent: "",
            expires_at: after(60),
        };
        commit(db, async |tx| sessions::create(tx, &session, seen).await).await;
    }

    let members = accounts::members(db, Scope::system(), one).await.unwrap();
    let shown: Vec<_> = members
        .iter()
        .map(|m| (m.name.as_str(), m.mail.as_str(), m.role.as_str(), m.last_seen))
        .collect();
    assert_eq!(
        shown,
        [
            ("ada", "ada@example.com", "owner", Some(after(1) + TICK)),
            ("Zoe", "zoe@example.com", "owner", None),
            ("Ben", "ben@example.com", "member", None),
            ("carl", "carl@example.com", "member", None),
        ]
    );
    assert_eq!(members[0].id, ada);
}

async fn members_are_seen_by_members_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    a_member(db, "Theo", world.theirs.partner, PartnerRole::Owner).await;
    let count = async |scope, partner| accounts::members(db, scope, partner).await.unwrap().len();
    for scope in [Scope::system(), scope_of_staff(world.owner)] {
        assert_eq!(
            (
                count(scope, world.ours.partner).await,
                count(scope, world.theirs.partner).await
            ),
            (1, 1)
        );
    }
    assert_eq!(
        (
            count(world.scope(), world.ours.partner).await,
            count(world.scope(), world.theirs.partner).await
        ),
        (1, 0)
    );

    a_member(db, "Other", world.ours.partner, PartnerRole::Owner).await;
    world.leave(db).await;
    assert_eq!(count(world.scope(), world.ours.partner).await, 0);
    assert_eq!(count(Scope::system(), world.ours.partner).await, 1);
    assert_eq!(count(scope_of(id()), world.ours.partner).await, 0, "somebody unknown");
}

async fn a_member_is_written_to_while_they_are_one(database: TestDatabase) {
    let db = &database.store.portal;
    let (one, two) = (a_partner(db, "One").await, a_partner(db, "Two").await);
    let ada = a_member(db, "Ada", one, PartnerRole::Member).await;
    let mail = async |partner: PartnerId| {
        let found = commit(db, async |tx| accounts::member_mail(tx, partner, ada).await).await;
        found.map(|mail| mail.to_string())
    };
    assert_eq!(mail(one).await.as_deref(), Some("ada@example.com"));
    assert_eq!(mail(two).await, None);
    disable(db, ada).await;
    assert_eq!(mail(one).await, None);
    let ben = a_member(db, "Ben", one, PartnerRole::Member).await;
    commit(db, async |tx| accounts::remove_membership(tx, ben, one).await).await;
    let left = commit(db, async |tx| accounts::member_mail(tx, one, ben).await).await;
    assert_eq!(left, None);
}

async fn only_enabled_owners_count(database: TestDatabase) {
    let db = &database.store.portal;
    let (one, two) = (a_partner(db, "One").await, a_partner(db, "Two").await);
    let owners = async |partner: PartnerId| {
        commit(db, async |tx| {
            let mails = accounts::owner_mails(tx, partner).await?;
            let mut mails: Vec<_> = mails.iter().map(ToString::to_string).collect();
            mails.sort();
            Ok((accounts::owner_count(tx, partner).await?, mails.join(" ")))
        })
        .await
    };
    assert_eq!(owners(one).await, (0, String::new()));
    a_member(db, "Ada", one, PartnerRole::Owner).await;
    a_member(db, "Ben", one, PartnerRole::Owner).await;
    a_member(db, "Member", one, PartnerRole::Member).await;
    a_member(db, "Other", two, PartnerRole::Owner).await;
    let gone = a_member(db, "Gone", one, PartnerRole::Owner).await;
    disable(db, gone).await;
    assert_eq!(owners(one).await, (2, "ada@example.com ben@example.com".to_owned()));
    assert_eq!(owners(two).await, (1, "other@example.com".to_owned()));
}

async fn staff_of_a_role_are_written_to_while_enabled(database: TestDatabase) {
    let db = &database.store.portal;
    for (name, roles) in [
        ("Ian", &[StaffRole::IncidentManager, StaffRole::Reviewer][..]),
        ("Rea", &[StaffRole::Reviewer]),
        ("Gone", &[StaffRole::IncidentManager]),
    ] {
        let user = an_account(db, name).await;
        commit(db, async |tx| accounts::set_staff_roles(tx, user, roles).await).await;
        if name == "Gone" {
            disable(db, user).await;
        }
    }
    let mails = commit(db, async |tx| {
        accounts::staff_mails(tx, StaffRole::IncidentManager).await
    })
    .await;
    assert_eq!(
        mails.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["ian@example.com"]
    );
}

async fn the_last_two_owners_cannot_leave_at_once(database: TestDatabase) {
    let db = &database.store.portal;
    let other_server = database.again().await.portal;
    let partner = a_partner(db, "One").await;
    let ada = a_member(db, "Ada", partner, PartnerRole::Owner).await;
    let ben = a_member(db, "Ben", partner, PartnerRole::Owner).await;
    let leave = async |db, user| {
        commit(db, async |tx| {
            let may = accounts::owner_count(tx, partner).await? > 1;
            if may {
                accounts::remove_membership(tx, user, partner).await?;
            }
            Ok(may)
        })
        .await
    };
    let (first, second) = tokio::join!(leave(db, ada), leave(&other_server, ben));
    assert!(first != second, "one leaves, the other stays");
    assert_eq!(commit(db, async |tx| accounts::owner_count(tx, partner).await).await, 1);
}

async fn the_last_two_administrators_cannot_leave_at_once(database: TestDatabase) {
    let db = &database.store.portal;
    let other_server = database.again().await.portal;
    let (ada, ben, gone) = (
        an_account(db, "Ada").await,
        an_account(db, "Ben").await,
        an_account(db, "Gone").await,
    );
    for user in [ada, ben, gone] {
        commit(db, async |tx| {
            accounts::set_staff_roles(tx, user, &[StaffRole::Administrator, StaffRole::Reviewer]).await
        })
        .await;
    }
    disable(db, gone).await;
    assert_eq!(commit(db, async |tx| accounts::administrator_count(tx).await).await, 2);
    let step_down = async |db, user| {
        commit(db, async |tx| {
            let may = accounts::administrator_count(tx).await? > 1;
            if may {
                accounts::set_staff_roles(tx, user, &[StaffRole::Reviewer]).await?;
            }
            Ok(may)
        })
        .await
    };
    let (first, second) = tokio::join!(step_down(db, ada), step_down(&other_server, ben));
    assert!(first != second, "one steps down, the other stays");
    assert_eq!(commit(db, async |tx| accounts::administrator_count(tx).await).await, 1);
}

async fn staff_are_those_with_a_staff_role_and_those_without_any(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    let (ben, lost) = (an_account(db, "ben").await, an_account(db, "Lost").await);
    let both = a_member(db, "Ada", partner, PartnerRole::Member).await;
    a_member(db, "Only a member", partner, PartnerRole::Owner).await;
    commit(db, async |tx| {
        accounts::set_staff_roles(tx, ben, &[StaffRole::Reviewer]).await
    })
    .await;
    commit(db, async |tx| {
        accounts::set_staff_roles(tx, both, &[StaffRole::Administrator]).await
    })
    .await;
    disable(db, ben).await;

    let staff = accounts::staff(db).await.unwrap();
    let shown: Vec<_> = staff
        .iter()
        .map(|s| (s.id, s.name.as_str(), s.mail.as_str(), s.disabled_at, s.last_seen))
        .collect();
    assert_eq!(
        shown,
        [
            (both, "Ada", "ada@example.com", None, None),
            (ben, "ben", "ben@example.com", Some(now()), None),
            (lost, "Lost", "lost@example.com", None, None),
        ]
    );
    let roles = accounts::staff_roles(db).await.unwrap();
    assert!(
        roles.len() == 2
            && roles.contains(&(ben, StaffRole::Reviewer))
            && roles.contains(&(both, StaffRole::Administrator))
    );
}
