//! How many events of an SLI and product arrived in time, over all apps (SPEC section 2.1). Written along with the counts, a
//! row per minute of the transaction, so that nothing has to be added up over all series.

use std::collections::{BTreeMap, HashMap};

use rampart_domain::{
    count::{Minute, MinuteRange},
    sli::{Product, Sli},
};
use sqlx::{QueryBuilder, query, query_as};

use super::{
    Db, Error, Result, Tx,
    counts::MINUTES_PER_HOUR,
    db::{read, write},
    dialect::{signed, unsigned},
};

/// Events by minute, SLI and product.
pub type Volumes = BTreeMap<(Minute, Sli, Product), u64>;

/// How many rows one statement writes; both databases limit the values in it.
const AT_ONCE: usize = 2_000;

/// Adds to minutes and to their hours.
pub async fn add(tx: &mut Tx, volumes: &Volumes) -> Result<()> {
    let mut hours: BTreeMap<(i64, Sli, Product), u64> = BTreeMap::new();
    for ((minute, sli, product), events) in volumes {
        *hours
            .entry((minute.0.div_euclid(MINUTES_PER_HOUR), *sli, *product))
            .or_default() += events;
    }
    let minutes: Vec<_> = volumes
        .iter()
        .map(|((minute, sli, product), n)| (minute.0, *sli, *product, *n))
        .collect();
    let hours: Vec<_> = hours
        .into_iter()
        .map(|((hour, sli, product), n)| (hour, sli, product, n))
        .collect();
    upsert(tx, "volume_minute", "minute", &minutes).await?;
    upsert(tx, "volume_hour", "hour", &hours).await
}

async fn upsert(tx: &mut Tx, table: &'static str, time: &'static str, rows: &[(i64, Sli, Product, u64)]) -> Result<()> {
    for chunk in rows.chunks(AT_ONCE) {
        write!(tx, c => {
            let mut query = QueryBuilder::new("insert into ");
            query.push(table).push(" (").push(time).push(", sli, product, events) ");
            query.push_values(chunk, |mut row, (time, sli, product, events)| {
                row.push_bind(*time).push_bind(sli.as_str()).push_bind(product.as_str()).push_bind(signed(*events));
            });
            query.push(" on conflict (").push(time).push(", sli, product) do update set events = ").push(table)
                .push(".events + excluded.events");
            query.build().execute(c).await?.rows_affected()
        });
    }
    Ok(())
}

/// The minutes within `range` that have events.
pub async fn minutes(db: &Db, range: MinuteRange) -> Result<Volumes> {
    let rows: Vec<(i64, String, String, i64)> = read!(db, pool => query_as(
        "select minute, sli, product, events from volume_minute where minute >= $1 and minute < $2")
        .bind(range.start.0).bind(range.end.0).fetch_all(pool).await?);
    rows.into_iter()
        .map(|(minute, sli, product, events)| {
            let (sli, product) = named(&sli, &product)?;
            Ok(((Minute(minute), sli, product), unsigned(events)))
        })
        .collect()
}

/// Events of each of these hours (since 1970), by SLI and product; those without are left out.
pub async fn hours(db: &Db, hours: &[i64]) -> Result<HashMap<(Sli, Product), HashMap<i64, u64>>> {
    let mut found: HashMap<(Sli, Product), HashMap<i64, u64>> = HashMap::new();
    if hours.is_empty() {
        return Ok(found);
    }
    let rows: Vec<(i64, String, String, i64)> = read!(db, pool => {
        let mut query = QueryBuilder::new("select hour, sli, product, events from volume_hour where hour in (");
        let mut list = query.separated(", ");
        hours.iter().for_each(|hour| { list.push_bind(*hour); });
        query.push(")");
        query.build_query_as().fetch_all(pool).await?
    });
    for (hour, sli, product, events) in rows {
        found
            .entry(named(&sli, &product)?)
            .or_default()
            .insert(hour, unsigned(events));
    }
    Ok(found)
}

fn named(sli: &str, product: &str) -> Result<(Sli, Product)> {
    let sli = sli.parse().map_err(|_| Error::corrupt("SLI", sli))?;
    let product = product.parse().map_err(|_| Error::corrupt("product", product))?;
    Ok((sli, product))
}

/// Forgets minutes before one and hours before another.
pub async fn delete(tx: &mut Tx, minutes_before: Minute, hours_before: Minute) -> Result<()> {
    write!(tx, c => query("delete from volume_minute where minute < $1").bind(minutes_before.0).execute(c).await?.rows_affected());
    write!(tx, c => query("delete from volume_hour where hour < $1").bind(hours_before.0.div_euclid(MINUTES_PER_HOUR))
        .execute(c).await?.rows_affected());
    Ok(())
}
