//! The keys under which outcomes are stored.

use std::collections::BTreeSet;

use crate::probe::{ErrorClass, UnknownErrorClass};

#[test]
fn every_class_has_a_key_that_reads_back() {
    for class in ErrorClass::ALL {
        assert_eq!(class.as_str().parse(), Ok(class));
    }
    assert_eq!(
        ErrorClass::ALL
            .map(ErrorClass::as_str)
            .into_iter()
            .collect::<BTreeSet<_>>()
            .len(),
        ErrorClass::ALL.len()
    );
    assert_eq!(
        "other".parse::<ErrorClass>(),
        Err(UnknownErrorClass("other".to_owned()))
    );
}
