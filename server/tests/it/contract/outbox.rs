use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rampart_domain::{
    alert::OpenEpisode,
    count::{Counts, Minute},
    id::{AlertAddressId, AppId, EpisodeId, MailId},
};
use rampart_server::store::{
    Db, Result, Scope, alert_addresses, episodes,
    outbox::{self, Mail, NewMail, Shown, Totals, Waiting},
};

use super::{
    NASTY, Neighbours, Side, TICK, after, assert_same, commit, id, long_text, now, nth, refused, scope_of_staff,
};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_mail_comes_back_as_it_was_queued,
    a_message_id_is_used_once,
    mails_are_claimed_in_the_order_they_are_due,
    a_claimed_mail_is_locked_until_its_lock_ends,
    of_two_servers_one_gets_a_mail,
    mails_to_the_busy_are_passed_over,
    a_clock_that_was_set_back_holds_no_mail_up,
    a_sent_mail_is_done,
    a_failed_attempt_is_repeated_when_it_is_due,
    a_mail_given_up_is_left_alone,
    a_mail_is_queued_again_unless_it_was_sent,
    mails_are_paged_the_latest_first,
    totals_tell_how_the_mails_stand,
    what_waits_is_counted_whosever_it_is,
    mails_of_an_app_and_of_a_breach_are_found,
    mails_are_seen_by_members_only,
);

fn mail(n: u128) -> NewMail {
    NewMail {
        id: nth(n),
        message_id: format!("<{n}@example.com>"),
        kind: "alert",
        partner: None,
        app: None,
        episode: None,
        alert_address: None,
        recipients: vec!["ada@example.com".to_owned()],
        subject: format!("Mail {n}"),
        text: String::new(),
        html: String::new(),
        give_up_at: after(1_000),
    }
}

fn about(n: u128, side: Side) -> NewMail {
    NewMail {
        partner: Some(side.partner),
        app: Some(side.app),
        ..mail(n)
    }
}

async fn push(db: &Db, mail: &NewMail, at: DateTime<Utc>) {
    commit(db, async |tx| outbox::push(tx, mail, at).await).await;
}

/// Claims a mail for ten minutes.
async fn claim(db: &Db, at: DateTime<Utc>) -> Option<u128> {
    let claimed = commit(db, async |tx| {
        outbox::claim(tx, at, at + chrono::TimeDelta::minutes(10), &[]).await
    })
    .await;
    claimed.map(|mail| mail.id.0.as_u128())
}

async fn find(db: &Db, n: u128) -> Mail {
    outbox::find(db, Scope::system(), nth(n)).await.unwrap().unwrap()
}

async fn sent(db: &Db, n: u128, at: DateTime<Utc>) {
    commit(db, async |tx| outbox::sent(tx, nth(n), at).await).await;
}

async fn retry(db: &Db, n: u128, at: DateTime<Utc>, next: DateTime<Utc>) {
    commit(db, async |tx| outbox::retry(tx, nth(n), NASTY, at, next).await).await;
}

async fn fail(db: &Db, n: u128, at: DateTime<Utc>) -> bool {
    commit(db, async |tx| outbox::fail(tx, nth(n), "refused", at).await).await
}

async fn requeue(db: &Db, n: u128, at: DateTime<Utc>) -> bool {
    commit(db, async |tx| outbox::requeue(tx, nth(n), at, after(2_000)).await).await
}

fn ids(mails: Result<Vec<Mail>>) -> Vec<u128> {
    mails.unwrap().into_iter().map(|mail| mail.id.0.as_u128()).collect()
}

async fn an_episode(db: &Db, side: Side) -> EpisodeId {
    let at = Minute(100);
    let counts = Counts::new(9, 1);
    let episode = OpenEpisode {
        opened_at: at,
        window_start: at,
        last_held: at,
        last_defined: at,
        last_mail: at,
        last_value: counts,
        worst_value: counts,
        counted_at: None,
    };
    let id: EpisodeId = id();
    commit(db, async |tx| {
        episodes::insert(tx, id, side.series, side.app, &id.to_string(), &episode).await
    })
    .await;
    id
}

async fn an_alert_address(db: &Db, app: AppId) -> AlertAddressId {
    let id: AlertAddressId = id();
    let request = alert_addresses::Request {
        id,
        app,
        address: "alerts@example.com",
        token_hash: id.0.as_bytes(),
        drill_id: "",
        expires_at: after(60),
    };
    commit(db, async |tx| alert_addresses::request(tx, &request, now()).await).await;
    id
}

async fn a_mail_comes_back_as_it_was_queued(database: TestDatabase) {
    let db = &database.store.portal;
    let ours = Neighbours::new(db).await.ours;
    let full = NewMail {
        episode: Some(an_episode(db, ours).await),
        alert_address: Some(an_alert_address(db, ours.app).await),
        recipients: vec![NASTY.to_owned(), "b@example.com".to_owned()],
        subject: NASTY.to_owned(),
        text: long_text(),
        html: format!("<p>{NASTY}</p>\r\n"),
        give_up_at: after(1_000) + TICK,
        ..about(1, ours)
    };
    let empty = NewMail {
        recipients: vec![],
        ..mail(2)
    };
    for written in [full, empty] {
        push(db, &written, now()).await;
        let found = outbox::find(db, Scope::system(), written.id).await.unwrap().unwrap();
        assert_eq!(
            (found.id, &found.message_id, found.kind.as_str()),
            (written.id, &written.message_id, written.kind)
        );
        assert_eq!(
            (found.partner_id, found.app_id),
            (written.partner.map(|p| p.0), written.app.map(|a| a.0))
        );
        assert_eq!(found.episode_id, written.episode.map(|e| e.0));
        assert_eq!(found.alert_address_id, written.alert_address.map(|a| a.0));
        assert_eq!(
            (&found.recipients.0, &found.subject),
            (&written.recipients, &written.subject)
        );
        assert_eq!((&found.body_text, &found.body_html), (&written.text, &written.html));
        assert_eq!(
            (found.queued_at, found.next_attempt_at, found.give_up_at),
            (now(), now(), written.give_up_at)
        );
        assert_eq!(
            (found.attempts, &found.error, found.sent_at, found.failed_at),
            (0, &None, None, None)
        );

        let claimed = commit(db, async |tx| outbox::claim(tx, now(), after(10), &[]).await)
            .await
            .unwrap();
        assert_same(&claimed, &Mail { attempts: 1, ..found });
    }
    assert!(outbox::find(db, Scope::system(), nth(3)).await.unwrap().is_none());
}

async fn a_message_id_is_used_once(database: TestDatabase) {
    let db = &database.store.portal;
    push(db, &mail(1), now()).await;
    let again = NewMail {
        message_id: "<1@example.com>".to_owned(),
        ..mail(2)
    };
    let error = refused(db, async |tx| outbox::push(tx, &again, now()).await).await;
    assert!(error.is_taken("outbox", "message_id"), "{error:?}");
}

async fn mails_are_claimed_in_the_order_they_are_due(database: TestDatabase) {
    let db = &database.store.portal;
    for (n, at) in [
        (1, after(3)),
        (3, after(1)),
        (2, after(1)),
        (4, after(1) - TICK),
        (5, after(9)),
    ] {
        push(db, &mail(n), at).await;
    }
    assert_eq!(claim(db, now()).await, None, "none is due yet");
    let mut order = Vec::new();
    while let Some(n) = claim(db, after(5)).await {
        order.push(n);
    }
    assert_eq!(order, [4, 2, 3, 1]);
    assert_eq!(claim(db, after(9)).await, Some(5), "on the microsecond");
}

async fn a_claimed_mail_is_locked_until_its_lock_ends(database: TestDatabase) {
    let db = &database.store.portal;
    push(db, &mail(1), now()).await;
    push(db, &mail(2), after(1)).await;
    assert_eq!(claim(db, after(1)).await, Some(1));
    assert_eq!(claim(db, after(1)).await, Some(2), "the next one");
    assert_eq!(claim(db, after(11) - TICK).await, None);
    assert_eq!(claim(db, after(11)).await, Some(1), "its server has died, it seems");
    assert_eq!(find(db, 1).await.attempts, 2);

    let mut tx = db.begin().await.unwrap();
    assert!(
        outbox::claim(&mut tx, after(11), after(99), &[])
            .await
            .unwrap()
            .is_some()
    );
    drop(tx);
    assert_eq!(
        claim(db, after(11)).await,
        Some(2),
        "what is not committed is not claimed"
    );
}

async fn of_two_servers_one_gets_a_mail(database: TestDatabase) {
    let (db, other_server) = (&database.store.portal, &database.again().await.portal);
    for n in 1..=30 {
        push(db, &mail(n), now()).await;
    }
    let work = async |db| {
        let mut claimed = Vec::new();
        for _ in 0..20 {
            claimed.extend(claim(db, now()).await);
        }
        claimed
    };
    let (first, second) = tokio::join!(work(db), work(other_server));
    assert!(first.is_sorted() && second.is_sorted());
    let mut claimed = [first, second].concat();
    // On PostgreSQL both may have gone for the same mail, and one of them come back without any.
    while let Some(n) = claim(db, now()).await {
        claimed.push(n);
    }
    assert_eq!(claimed.len(), 30, "none twice");
    assert_eq!(
        claimed.into_iter().collect::<BTreeSet<_>>(),
        (1..=30).collect(),
        "and every one"
    );
}

async fn mails_to_the_busy_are_passed_over(database: TestDatabase) {
    let db = &database.store.portal;
    let to = |n, recipients: &[&str]| NewMail {
        recipients: recipients.iter().map(|&r| r.to_owned()).collect(),
        ..mail(n)
    };
    for mail in [to(1, &["a@b.test"]), to(2, &["a@b.test", "c@d.test"]), to(3, &[NASTY])] {
        push(db, &mail, now()).await;
    }
    let (first, third) = (["a@b.test".to_owned()], [NASTY.to_owned()]);
    let mut claimed = Vec::new();
    for busy in [&[&first[..], &third[..]][..], &[&first], &[&first]] {
        let mail = commit(db, async |tx| outbox::claim(tx, now(), after(10), busy).await).await;
        claimed.push(mail.map(|mail| mail.id.0.as_u128()));
    }
    assert_eq!(claimed, [Some(2), Some(3), None]);
    assert_eq!(claim(db, now()).await, Some(1));
}

async fn a_clock_that_was_set_back_holds_no_mail_up(database: TestDatabase) {
    let db = &database.store.portal;
    for n in 1..=3 {
        push(db, &mail(n), after(100)).await;
    }
    assert_eq!(claim(db, after(100)).await, Some(1), "its server dies");
    assert_eq!(claim(db, after(100)).await, Some(2));
    retry(db, 2, after(100), after(160)).await;
    let again: Vec<_> = [claim(db, now()).await, claim(db, now()).await, claim(db, now()).await].into();
    assert_eq!(again, [Some(1), Some(3), Some(2)]);
    assert_eq!(claim(db, now()).await, None, "these are claims of the present");
    retry(db, 2, now(), after(60)).await;
    assert_eq!(claim(db, after(9)).await, None, "and this is a pause of the present");
}

async fn a_sent_mail_is_done(database: TestDatabase) {
    let db = &database.store.portal;
    push(db, &mail(1), now()).await;
    assert_eq!(claim(db, now()).await, Some(1));
    retry(db, 1, after(1), after(2)).await;
    assert_eq!(claim(db, after(2)).await, Some(1));
    sent(db, 1, after(3) + TICK).await;
    let found = find(db, 1).await;
    assert_eq!(
        (found.sent_at, found.error, found.attempts),
        (Some(after(3) + TICK), None, 2)
    );
    assert_eq!(claim(db, after(5_000)).await, None);
    assert!(!fail(db, 1, after(4)).await);
    assert!(!requeue(db, 1, after(4)).await);
    assert_eq!(find(db, 1).await.failed_at, None);
}

async fn a_failed_attempt_is_repeated_when_it_is_due(database: TestDatabase) {
    let db = &database.store.portal;
    push(db, &mail(1), now()).await;
    push(db, &mail(2), after(8)).await;
    assert_eq!(claim(db, now()).await, Some(1));
    retry(db, 1, after(1), after(5)).await;
    let found = find(db, 1).await;
    assert_eq!(
        (found.error.as_deref(), found.next_attempt_at, found.attempts),
        (Some(NASTY), after(5), 1)
    );
    assert_eq!((found.sent_at, found.failed_at, found.queued_at), (None, None, now()));
    assert_eq!(claim(db, after(5) - TICK).await, None);
    assert_eq!(
        claim(db, after(5)).await,
        Some(1),
        "the lock of the first attempt is gone"
    );
    assert_eq!(find(db, 2).await.error, None);
}

async fn a_mail_given_up_is_left_alone(database: TestDatabase) {
    let db = &database.store.portal;
    push(db, &mail(1), now()).await;
    push(db, &mail(2), after(100)).await;
    assert_eq!(claim(db, now()).await, Some(1));
    assert!(fail(db, 1, after(1) + TICK).await);
    let found = find(db, 1).await;
    assert_eq!(
        (found.error.as_deref(), found.failed_at, found.sent_at),
        (Some("refused"), Some(after(1) + TICK), None)
    );
    assert!(!fail(db, 1, after(2)).await, "it was given up before");
    assert_eq!(claim(db, after(99)).await, None);
    assert_eq!(find(db, 2).await.failed_at, None);
}

async fn a_mail_is_queued_again_unless_it_was_sent(database: TestDatabase) {
    let db = &database.store.portal;
    push(db, &mail(1), now()).await;
    assert_eq!(claim(db, now()).await, Some(1));
    assert!(fail(db, 1, after(1)).await);
    assert!(requeue(db, 1, after(2)).await);
    let found = find(db, 1).await;
    assert_eq!(
        (found.failed_at, found.next_attempt_at, found.give_up_at),
        (None, after(2), after(2_000))
    );
    assert_eq!(claim(db, after(2)).await, Some(1));

    retry(db, 1, after(3), after(500)).await;
    assert!(requeue(db, 1, after(4)).await, "one that waits is tried at once");
    assert_eq!(claim(db, after(4)).await, Some(1));
    assert!(!requeue(db, 2, now()).await, "there is no such mail");
}

async fn mails_are_paged_the_latest_first(database: TestDatabase) {
    let db = &database.store.portal;
    // All at the same time, but the first: the ids decide.
    push(db, &mail(99), now()).await;
    for n in [3, 1, 5, 2, 4, 6] {
        push(db, &mail(n), after(1)).await;
    }
    sent(db, 6, after(2)).await;
    assert!(fail(db, 2, after(2)).await && fail(db, 4, after(2)).await);
    retry(db, 1, after(2), after(3)).await;
    let page = async |shown, offset, limit| ids(outbox::list(db, Scope::system(), shown, offset, limit).await);
    assert_eq!(page(Shown::All, 0, 3).await, [6, 5, 4]);
    assert_eq!(page(Shown::All, 3, 3).await, [3, 2, 1]);
    assert_eq!(page(Shown::All, 6, 3).await, [99]);
    assert_eq!(page(Shown::All, 9, 3).await, []);
    assert_eq!(page(Shown::Waiting, 0, 9).await, [5, 3, 1, 99]);
    assert_eq!(page(Shown::Waiting, 1, 2).await, [3, 1]);
    assert_eq!(page(Shown::Failed, 0, 9).await, [4, 2]);
}

async fn totals_tell_how_the_mails_stand(database: TestDatabase) {
    let db = &database.store.portal;
    let totals = async || outbox::totals(db, Scope::system()).await.unwrap();
    assert_eq!(totals().await, Totals::default());
    for n in 1..=6 {
        push(db, &mail(n), now()).await;
    }
    assert_eq!(
        totals().await,
        Totals {
            all_mails: 6,
            queued: 6,
            ..Totals::default()
        }
    );
    sent(db, 1, after(1)).await;
    assert!(fail(db, 2, after(1)).await);
    retry(db, 3, after(1), after(2)).await;
    retry(db, 4, after(1), after(2)).await;
    assert_eq!(
        totals().await,
        Totals {
            all_mails: 6,
            queued: 2,
            retrying: 2,
            failed: 1
        }
    );
}

async fn mails_of_an_app_and_of_a_breach_are_found(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    let (our_breach, their_breach) = (an_episode(db, ours).await, an_episode(db, theirs).await);
    push(
        db,
        &NewMail {
            episode: Some(our_breach),
            ..about(2, ours)
        },
        now(),
    )
    .await;
    push(
        db,
        &NewMail {
            episode: Some(our_breach),
            ..about(1, ours)
        },
        after(2),
    )
    .await;
    push(
        db,
        &NewMail {
            episode: Some(our_breach),
            ..about(3, ours)
        },
        after(2),
    )
    .await;
    push(db, &about(4, ours), after(1)).await;
    push(
        db,
        &NewMail {
            episode: Some(their_breach),
            ..about(5, theirs)
        },
        now(),
    )
    .await;
    push(db, &mail(6), now()).await;
    let of_app = async |app, limit| ids(outbox::of_app(db, Scope::system(), app, limit).await);
    assert_eq!(of_app(ours.app, 9).await, [3, 1, 4, 2], "the latest first");
    assert_eq!(of_app(ours.app, 2).await, [3, 1]);
    assert_eq!(of_app(theirs.app, 9).await, [5]);
    assert_eq!(
        ids(outbox::of_episode(db, Scope::system(), our_breach).await),
        [2, 1, 3],
        "the first one first"
    );
    assert_eq!(ids(outbox::of_episode(db, Scope::system(), id()).await), []);
}

async fn mails_are_seen_by_members_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let sides = [
        (1, world.ours, an_episode(db, world.ours).await),
        (2, world.theirs, an_episode(db, world.theirs).await),
    ];
    for (n, side, episode) in sides {
        push(
            db,
            &NewMail {
                episode: Some(episode),
                ..about(n, side)
            },
            now(),
        )
        .await;
    }
    push(db, &mail(3), now()).await; // to staff, say
    // What each of the functions shows of both sides.
    let seen = async |scope| {
        let listed = ids(outbox::list(db, scope, Shown::All, 0, 9).await);
        assert_eq!(
            outbox::totals(db, scope).await.unwrap().all_mails,
            i64::try_from(listed.len()).unwrap()
        );
        let mut found = Vec::new();
        for (n, side, episode) in sides {
            let mail: MailId = nth(n);
            let mails = [
                ids(outbox::find(db, scope, mail).await.map(|m| m.into_iter().collect())),
                ids(outbox::of_app(db, scope, side.app, 9).await),
                ids(outbox::of_episode(db, scope, episode).await),
            ];
            assert!(mails.iter().all(|m| *m == mails[0]));
            found.extend(mails[0].clone());
        }
        (listed, found)
    };
    assert_eq!(seen(Scope::system()).await, (vec![3, 2, 1], vec![1, 2]));
    assert_eq!(seen(scope_of_staff(id())).await, (vec![3, 2, 1], vec![1, 2]));
    assert_eq!(seen(world.scope()).await, (vec![1], vec![1]));
    world.leave(db).await;
    assert_eq!(seen(world.scope()).await, (vec![], vec![]));
}

async fn what_waits_is_counted_whosever_it_is(database: TestDatabase) {
    let db = &database.store.portal;
    assert_eq!(outbox::waiting(db).await.unwrap(), Waiting::default());
    let neighbours = Neighbours::new(db).await;
    for (n, side) in [(1, neighbours.ours), (2, neighbours.theirs)] {
        push(db, &about(n, side), after(i64::try_from(n).unwrap())).await;
    }
    push(db, &mail(3), after(3)).await;
    push(db, &mail(4), after(4)).await;
    commit(db, async |tx| outbox::sent(tx, nth(1), after(5)).await).await;
    commit(db, async |tx| outbox::fail(tx, nth(4), "no", after(5)).await).await;
    let waiting = outbox::waiting(db).await.unwrap();
    assert_eq!((waiting.mails, waiting.oldest), (2, Some(after(2))));
}
