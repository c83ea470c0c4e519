//! What an app publishes about itself: whether its pages loaded and how its synthetic tests went (SPEC section 2.2).

use std::time::Duration;

use serde_json::{Map, Value};

/// The most items that are published at once (SPEC section 2.2).
pub const MOST_ITEMS: usize = 1_000;

/// One thing that an app says of itself. It has no time: it happens when it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    pub metric: Metric,
    pub is_good: bool,
    /// How long the page took to load; of a page that loaded alone.
    pub duration: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// A page of the app loaded in a product, or did not.
    Iframe,
    /// A synthetic test passed or failed.
    Synthetic,
}

/// Why nothing of what was sent is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{wrong}{}", item.map(|item| format!(" (the item at {item}, counted from 0)")).unwrap_or_default())]
pub struct Refused {
    /// The first item that is wrong, counted from 0; nothing where it is the whole.
    pub item: Option<usize>,
    pub wrong: Wrong,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("Bad Request: {0}")]
    Shape(String),
    #[error("Bad Request: at most {MOST_ITEMS} items at once; these are {0}")]
    TooMany(usize),
    #[error("Metrics type not supported: \"metricsType\" is \"IFRAME\" or \"SYNTHETIC\", not {0}")]
    MetricsType(Value),
    #[error("Unknown module type: {0} is not one that this installation has")]
    ModuleType(Value),
    #[error("Unknown module type: synthetic results have none")]
    ModuleTypeOfSynthetic,
    #[error("Latency should not be a negative value: \"durationInMillis\" is {0}")]
    NegativeLatency(Value),
}

/// Reads what an app sent; of its items each is taken or none.
///
/// # Errors
/// The first thing that is wrong.
pub fn read(body: &[u8], module_types: &[String]) -> Result<Vec<Published>, Refused> {
    let whole = |wrong| Refused { item: None, wrong };
    let body: Value = serde_json::from_slice(body).map_err(|error| whole(Wrong::Shape(format!("no JSON, {error}"))))?;
    let Value::Array(items) = body else {
        return Err(whole(Wrong::Shape("an array of items is expected".to_owned())));
    };
    if items.len() > MOST_ITEMS {
        return Err(whole(Wrong::TooMany(items.len())));
    }
    let read =
        |(at, item): (usize, &Value)| read_item(item, module_types).map_err(|wrong| Refused { item: Some(at), wrong });
    items.iter().enumerate().map(read).collect()
}

fn read_item(item: &Value, module_types: &[String]) -> Result<Published, Wrong> {
    let item = item
        .as_object()
        .ok_or_else(|| Wrong::Shape(format!("an item is an object, not {item}")))?;
    let metric = match given(item, "metricsType") {
        Some(Value::String(text)) if text == "IFRAME" => Metric::Iframe,
        Some(Value::String(text)) if text == "SYNTHETIC" => Metric::Synthetic,
        Some(other) => return Err(Wrong::MetricsType(other.clone())),
        None => return Err(Wrong::Shape("\"metricsType\" is missing".to_owned())),
    };
    let is_good = match given(item, "status") {
        Some(Value::String(text)) if text == "SUCCESS" => true,
        Some(Value::String(text)) if text == "FAIL" => false,
        Some(other) => {
            let wrong = format!("\"status\" is \"SUCCESS\" or \"FAIL\", not {other}");
            return Err(Wrong::Shape(wrong));
        }
        None => return Err(Wrong::Shape("\"status\" is missing".to_owned())),
    };
    match given(item, "moduleType") {
        Some(_) if metric == Metric::Synthetic => return Err(Wrong::ModuleTypeOfSynthetic),
        Some(named) if !module_types.iter().any(|known| named == known) => {
            return Err(Wrong::ModuleType(named.clone()));
        }
        _ => {}
    }
    let duration = given(item, "durationInMillis").map(duration).transpose()?;
    Ok(Published {
        metric,
        is_good,
        duration: duration.filter(|_| is_good && metric == Metric::Iframe),
    })
}

/// A field that is there; `null` stands for one that is not.
fn given<'a>(item: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    item.get(field).filter(|value| !value.is_null())
}

fn duration(value: &Value) -> Result<Duration, Wrong> {
    let wrong = |what| Wrong::Shape(format!("\"durationInMillis\" is {what}: {value}"));
    let millis = value.as_f64().ok_or_else(|| wrong("no number"))?;
    if millis < 0.0 {
        return Err(Wrong::NegativeLatency(value.clone()));
    }
    Duration::try_from_secs_f64(millis / 1_000.0).map_err(|_| wrong("too large"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_json(body: &Value) -> Result<Vec<Published>, Refused> {
        read(body.to_string().as_bytes(), &["adminPages".to_owned()])
    }

    fn wrong(item: &Value) -> Wrong {
        let good = json!({ "metricsType": "SYNTHETIC", "status": "SUCCESS" });
        let refused = read_json(&json!([good, item, good])).unwrap_err();
        assert_eq!(refused.item, Some(1));
        assert!(refused.to_string().contains("item at 1"), "{refused}");
        refused.wrong
    }

    #[test]
    fn what_the_programme_s_page_shows_is_read() {
        let published = read_json(&json!([
            { "metricsType": "IFRAME", "moduleType": "adminPages", "durationInMillis": 840, "status": "SUCCESS" },
            { "metricsType": "SYNTHETIC", "status": "FAIL" },
        ]));
        let iframe = Published {
            metric: Metric::Iframe,
            is_good: true,
            duration: Some(Duration::from_millis(840)),
        };
        let synthetic = Published {
            metric: Metric::Synthetic,
            is_good: false,
            duration: None,
        };
        assert_eq!(published, Ok(vec![iframe, synthetic]));
        assert_eq!(read_json(&json!([])), Ok(Vec::new()));
    }

    #[test]
    fn durations_are_those_of_pages_that_loaded() {
        let duration = |metric: &str, status: &str, millis: Value| {
            let item = json!({ "metricsType": metric, "status": status, "durationInMillis": millis });
            read_json(&json!([item])).map(|published| published[0].duration)
        };
        assert_eq!(
            duration("IFRAME", "SUCCESS", json!(0.5)),
            Ok(Some(Duration::from_micros(500)))
        );
        assert_eq!(duration("IFRAME", "SUCCESS", json!(0)), Ok(Some(Duration::ZERO)));
        assert_eq!(duration("IFRAME", "SUCCESS", Value::Null), Ok(None));
        assert_eq!(duration("IFRAME", "FAIL", json!(12_000)), Ok(None));
        assert_eq!(duration("SYNTHETIC", "SUCCESS", json!(10)), Ok(None));
    }

    #[test]
    fn what_is_wrong_names_its_item() {
        let item = |change: Value| {
            let mut item = json!({ "metricsType": "IFRAME", "status": "SUCCESS" });
            let change = change.as_object().unwrap().clone();
            item.as_object_mut().unwrap().extend(change);
            item
        };
        for (metric, status) in [
            ("IFRAME", "SUCCESS"),
            ("IFRAME", "FAIL"),
            ("SYNTHETIC", "SUCCESS"),
            ("SYNTHETIC", "FAIL"),
        ] {
            let item = |millis: Value| json!({ "metricsType": metric, "status": status, "durationInMillis": millis });
            assert_eq!(wrong(&item(json!(-1))), Wrong::NegativeLatency(json!(-1)));
            assert_eq!(wrong(&item(json!(-0.1))), Wrong::NegativeLatency(json!(-0.1)));
            assert!(matches!(wrong(&item(json!("840"))), Wrong::Shape(_)));
            assert!(matches!(wrong(&item(json!(1e300))), Wrong::Shape(_)));
        }
        for metric in [json!("WEBHOOK"), json!("iframe"), json!(1), json!("")] {
            assert_eq!(
                wrong(&item(json!({ "metricsType": metric }))),
                Wrong::MetricsType(metric)
            );
        }
        for module in [json!("webPanels"), json!("AdminPages"), json!(1), json!(["adminPages"])] {
            assert_eq!(wrong(&item(json!({ "moduleType": module }))), Wrong::ModuleType(module));
        }
        assert_eq!(
            wrong(&item(json!({ "metricsType": "SYNTHETIC", "moduleType": "adminPages" }))),
            Wrong::ModuleTypeOfSynthetic
        );
        for status in [json!("FAILURE"), json!(true), Value::Null] {
            assert!(matches!(wrong(&item(json!({ "status": status }))), Wrong::Shape(_)));
        }
        for shape in [
            json!(1),
            json!([]),
            Value::Null,
            json!({}),
            json!({ "metricType": "IFRAME", "status": "FAIL" }),
        ] {
            assert!(matches!(wrong(&shape), Wrong::Shape(_)));
        }
    }

    #[test]
    fn what_is_no_array_of_a_thousand_items_is_refused_whole() {
        for body in ["", "{}", "null", "[", "[]x", "\u{0}"] {
            let refused = read(body.as_bytes(), &[]).unwrap_err();
            assert!(
                refused.item.is_none() && matches!(refused.wrong, Wrong::Shape(_)),
                "{body}"
            );
        }
        let item = json!({ "metricsType": "SYNTHETIC", "status": "SUCCESS" });
        assert_eq!(read_json(&json!(vec![&item; 1_000])).unwrap().len(), 1_000);
        let refused = read_json(&json!(vec![&item; 1_001])).unwrap_err();
        assert_eq!((refused.item, refused.wrong), (None, Wrong::TooMany(1_001)));
    }
}
