use rampart_domain::access::{PartnerRole, StaffRole};
use rampart_server::store::{
    Db, Error, Scope,
    invitations::{self, Invitation},
};

use super::{
    NASTY, Neighbours, TICK, a_partner, after, assert_same, commit, id, long_text, now, refused, scope_of_staff,
};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    an_invitation_comes_back_as_it_was_written,
    a_token_opens_one_invitation,
    an_invitation_expires_on_the_microsecond,
    an_invitation_ends_once,
    open_invitations_are_listed_the_oldest_first,
    a_partners_invitations_are_seen_by_its_members_only,
    a_role_that_does_not_exist_is_reported,
);

fn invitation(name: &str) -> Invitation {
    Invitation {
        id: id(),
        mail: "new@example.com".to_owned(),
        name: name.to_owned(),
        partner: None,
        staff: Vec::new(),
        invited_by: "Ada".to_owned(),
        sets_password: false,
        expires_at: after(60),
    }
}

async fn insert(db: &Db, invitation: &Invitation, token_hash: &[u8]) {
    commit(db, async |tx| {
        invitations::insert(tx, invitation, token_hash, now()).await
    })
    .await;
}

fn names(found: rampart_server::store::Result<Vec<Invitation>>) -> String {
    found.unwrap().into_iter().map(|i| i.name).collect::<Vec<_>>().join(" ")
}

async fn an_invitation_comes_back_as_it_was_written(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    let as_staff = Invitation {
        mail: format!("{NASTY}@example.com"),
        staff: vec![StaffRole::ProgramManager, StaffRole::Administrator, StaffRole::Reviewer],
        invited_by: long_text(),
        sets_password: false,
        expires_at: after(60) + TICK,
        ..invitation(NASTY)
    };
    let as_owner = Invitation {
        partner: Some((partner, PartnerRole::Owner)),
        ..invitation("owner")
    };
    let as_both = Invitation {
        partner: Some((partner, PartnerRole::Member)),
        staff: vec![StaffRole::Reviewer],
        ..invitation("both")
    };
    for (hash, written) in [
        (b"1", as_staff),
        (b"2", as_owner),
        (b"3", as_both),
        (b"4", invitation("neither")),
    ] {
        insert(db, &written, hash).await;
        assert_same(
            &invitations::by_token(db, hash, now()).await.unwrap().unwrap(),
            &written,
        );
    }
    assert!(invitations::by_token(db, b"5", now()).await.unwrap().is_none());
}

async fn a_token_opens_one_invitation(database: TestDatabase) {
    let db = &database.store.portal;
    insert(db, &invitation("first"), b"token").await;
    let error = refused(db, async |tx| {
        invitations::insert(tx, &invitation("second"), b"token", now()).await
    })
    .await;
    assert!(error.is_taken("invitation", "token_hash"), "{error:?}");
}

async fn an_invitation_expires_on_the_microsecond(database: TestDatabase) {
    let db = &database.store.portal;
    insert(db, &invitation("new"), b"token").await;
    assert!(
        invitations::by_token(db, b"token", after(60) - TICK)
            .await
            .unwrap()
            .is_some()
    );
    assert!(invitations::by_token(db, b"token", after(60)).await.unwrap().is_none());
}

async fn an_invitation_ends_once(database: TestDatabase) {
    let db = &database.store.portal;
    let (new, other) = (invitation("new"), invitation("other"));
    insert(db, &new, b"new").await;
    insert(db, &other, b"other").await;
    assert!(commit(db, async |tx| invitations::end(tx, new.id, now()).await).await);
    assert!(!commit(db, async |tx| invitations::end(tx, new.id, now()).await).await);
    assert!(invitations::by_token(db, b"new", now()).await.unwrap().is_none());
    assert!(invitations::by_token(db, b"other", now()).await.unwrap().is_some());
    assert!(
        !commit(db, async |tx| invitations::end(tx, id(), now()).await).await,
        "there never was one"
    );
}

async fn open_invitations_are_listed_the_oldest_first(database: TestDatabase) {
    let db = &database.store.portal;
    let (one, two) = (a_partner(db, "One").await, a_partner(db, "Two").await);
    let invited = [
        ("young", after(2), Some(one)),
        ("old", after(1) - TICK, Some(one)),
        ("middle", after(1), Some(one)),
        ("withdrawn", now(), Some(one)),
        ("stranger", now(), Some(two)),
        ("late-staff", after(1), None),
        ("early-staff", now(), None),
    ];
    for (name, at, partner) in invited {
        let new = Invitation {
            partner: partner.map(|p| (p, PartnerRole::Member)),
            ..invitation(name)
        };
        commit(db, async |tx| invitations::insert(tx, &new, name.as_bytes(), at).await).await;
        if name == "withdrawn" {
            assert!(commit(db, async |tx| invitations::end(tx, new.id, after(1)).await).await);
        }
    }
    assert_eq!(
        names(invitations::of_partner(db, Scope::system(), one).await),
        "old middle young"
    );
    assert_eq!(
        names(invitations::of_partner(db, Scope::system(), two).await),
        "stranger"
    );
    assert_eq!(names(invitations::of_staff(db).await), "early-staff late-staff");
}

async fn a_partners_invitations_are_seen_by_its_members_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    for (name, side) in [("ours", world.ours), ("theirs", world.theirs)] {
        let new = Invitation {
            partner: Some((side.partner, PartnerRole::Member)),
            ..invitation(name)
        };
        insert(db, &new, name.as_bytes()).await;
    }
    insert(db, &invitation("staff"), b"staff").await;
    let seen = async |scope, partner| names(invitations::of_partner(db, scope, partner).await);
    assert_eq!(seen(scope_of_staff(id()), world.theirs.partner).await, "theirs");
    assert_eq!(seen(world.scope(), world.ours.partner).await, "ours");
    assert_eq!(seen(world.scope(), world.theirs.partner).await, "");
    world.leave(db).await;
    assert_eq!(seen(world.scope(), world.ours.partner).await, "");
}

async fn a_role_that_does_not_exist_is_reported(database: TestDatabase) {
    let db = &database.store.portal;
    insert(
        db,
        &Invitation {
            staff: vec![StaffRole::Reviewer],
            ..invitation("new")
        },
        b"token",
    )
    .await;
    sql(db, r#"update invitation set staff_roles = '["emperor"]'"#)
        .await
        .unwrap();
    let error = invitations::by_token(db, b"token", now()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Corrupt { what: "role", value } if value == "emperor"),
        "{error:?}"
    );
}
