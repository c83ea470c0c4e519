//! How all probes and the canaries did, by rounds of ten seconds; what the detection of an own outage rests on (SPEC
//! section 2.1).

use rampart_domain::{count::Counts, exclusion::Round};
use sqlx::{query, query_as};

use super::{
    Db, Result, Tx,
    db::{read, write},
    dialect::{signed, unsigned},
};

/// Adds how probes ended that were due in a round.
pub async fn add_probes(tx: &mut Tx, round: i64, ended: Counts) -> Result<()> {
    write!(tx, c => query(
        "insert into probing_round (round, good, bad, canaries, canaries_failed) values ($1, $2, $3, 0, 0)
         on conflict (round) do update set good = probing_round.good + excluded.good, bad = probing_round.bad + excluded.bad")
        .bind(round).bind(signed(ended.good)).bind(signed(ended.bad)).execute(c).await?.rows_affected());
    Ok(())
}

/// Notes how many canaries were asked in a round, and how many of them failed.
pub async fn note_canaries(tx: &mut Tx, round: i64, asked: u64, failed: u64) -> Result<()> {
    write!(tx, c => query(
        "insert into probing_round (round, good, bad, canaries, canaries_failed) values ($1, 0, 0, $2, $3)
         on conflict (round) do update set canaries = excluded.canaries, canaries_failed = excluded.canaries_failed")
        .bind(round).bind(signed(asked)).bind(signed(failed)).execute(c).await?.rows_affected());
    Ok(())
}

/// The rounds from `from` to before `end` in which a canary failed, in order.
pub async fn failed(db: &Db, from: i64, end: i64) -> Result<Vec<Round>> {
    let rows: Vec<(i64, i64, i64, i64, i64)> = read!(db, pool => query_as(
        "select round, good, bad, canaries, canaries_failed from probing_round
         where round >= $1 and round < $2 and canaries_failed > 0 order by round")
        .bind(from).bind(end).fetch_all(pool).await?);
    Ok(rows
        .into_iter()
        .map(|(number, good, bad, canaries, canaries_failed)| Round {
            number,
            probes: Counts::new(unsigned(good), unsigned(bad)),
            canaries: unsigned(canaries),
            canaries_failed: unsigned(canaries_failed),
        })
        .collect())
}
