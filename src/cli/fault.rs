//! What went wrong: a sentence, the next step, and the exit code for programs.

/// Something unexpected.
pub const UNEXPECTED: u8 = 1;
pub const NOT_SIGNED_IN: u8 = 3;
pub const REFUSED: u8 = 4;
pub const WRONG_STATE: u8 = 5;
pub const UNAVAILABLE: u8 = 6;
pub const TIMED_OUT: u8 = 7;

/// A failure, as it is said.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub exit: u8,
    pub says: String,
    pub next: Option<String>,
}

impl Fault {
    pub fn new(exit: u8, says: impl Into<String>) -> Self {
        Self { exit, says: says.into(), next: None }
    }

    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Of a problem that the API answered with this status.
    pub fn of(status: u16, says: String, next: Option<String>) -> Self {
        let exit = match status {
            401 => NOT_SIGNED_IN,
            409 => WRONG_STATE,
            400..500 => REFUSED,
            502..505 => UNAVAILABLE,
            _ => UNEXPECTED,
        };
        Self { exit, says, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_exit_code() {
        for (status, exit) in
            [(400, 4), (401, 3), (403, 4), (404, 4), (409, 5), (413, 4), (500, 1), (502, 6), (503, 6)]
        {
            assert_eq!(Fault::of(status, String::new(), None).exit, exit, "{status}");
        }
    }
}
