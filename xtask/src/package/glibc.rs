//! The newest glibc that an executable asks for, read from the names of its symbols' versions.

/// 2.28: what the Functions host's image and every distribution since 2018 have.
pub const OLDEST: u32 = 28;

/// The minor number of the newest one; 0 for an executable that asks for none.
pub fn newest(executable: &[u8]) -> u32 {
    const PREFIX: &[u8] = b"GLIBC_2.";
    let mut newest = 0;
    let mut rest = executable;
    while let Some(at) = rest.windows(PREFIX.len()).position(|window| window == PREFIX) {
        rest = &rest[at + PREFIX.len()..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).take(4);
        let minor = digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
        // a version's name ends there, or has a third number
        let ends =
            rest.iter().find(|byte| !byte.is_ascii_digit()).is_some_and(|byte| [0, b'.'].contains(byte));
        if ends {
            newest = newest.max(minor);
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_found() {
        for (bytes, expected) in [
            (&b"\x7fELF\0GLIBC_2.2.5\0GLIBC_2.17\0GLIBC_2.9\0"[..], 17),
            (b"GLIBC_2.34\0GLIBC_2.28\0", 34),
            (b"GLIBC_2.28", 0),
            (b"it says GLIBC_2.99 in a text\0", 0),
            (b"static", 0),
        ] {
            assert_eq!(newest(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
