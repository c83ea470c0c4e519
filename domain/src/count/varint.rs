//! Unsigned numbers in as few bytes as they need: seven bits a byte, lowest first, the top bit set on all but the last.

/// Appends `value`.
pub(super) fn write(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes one number off the front of `bytes`. `None` when it is cut off, too large, or longer than it needs to be:
/// every number has exactly one form, so equal values are equal bytes.
pub(super) fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    let mut shift = 0_u32;
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit of a 64-bit number.
        if shift > 63 || (shift == 63 && bits > 1) {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return (byte != 0 || shift == 0).then_some(value);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, value);
        out
    }

    #[test]
    fn small_numbers_take_one_byte() {
        assert_eq!(encoded(0), [0]);
        assert_eq!(encoded(127), [127]);
        assert_eq!(encoded(128), [0x80, 1]);
        assert_eq!(encoded(u64::MAX).len(), 10);
    }

    #[test]
    fn what_no_writer_produces_is_refused() {
        let taken = |mut bytes: &[u8]| read(&mut bytes);
        assert_eq!(taken(&[]), None);
        assert_eq!(taken(&[0x80]), None);
        assert_eq!(taken(&[0x80, 0]), None, "longer than needed");
        assert_eq!(
            taken(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]),
            None,
            "more than 64 bits"
        );
        assert_eq!(taken(&[0xff; 11]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn reading_gives_back_what_was_written(value: u64, shift in 0_u32..64) {
            let value = value >> shift;
            let bytes = encoded(value);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(read(&mut rest), Some(value));
            prop_assert!(rest.is_empty());
        }
    }
}
