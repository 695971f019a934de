//! What is passed on of a child's output: whole lines, cut, without secrets, never one that looks like ours. Pure.

use crate::pod;

/// The longest line that is passed on.
pub const LINE_BYTES: usize = 4096;
/// So much of a line is looked at, so that a secret at the cut is still known as one.
const HELD_BYTES: usize = 2 * LINE_BYTES;
/// Beginnings of a secret shorter than this may stay at a cut.
const TELLING_BYTES: usize = 6;

/// Makes lines of what comes in pieces, and holds no more than a bounded part of one.
#[derive(Debug, Default)]
pub struct Lines {
    held: Vec<u8>,
    cut: bool,
}

impl Lines {
    /// Takes the next piece; `each` gets every line that ends in it, and whether its end was cut off.
    pub fn feed(&mut self, mut piece: &[u8], mut each: impl FnMut(&[u8], bool)) {
        while let Some(end) = piece.iter().position(|&byte| byte == b'\n') {
            self.hold(&piece[..end]);
            self.end(&mut each);
            piece = &piece[end + 1..];
        }
        self.hold(piece);
    }

    /// The end of the output: what is held is a line too.
    pub fn finish(&mut self, mut each: impl FnMut(&[u8], bool)) {
        if !self.held.is_empty() {
            self.end(&mut each);
        }
    }

    fn hold(&mut self, piece: &[u8]) {
        let room = HELD_BYTES - self.held.len();
        self.cut |= piece.len() > room;
        self.held.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    fn end(&mut self, each: &mut impl FnMut(&[u8], bool)) {
        each(&self.held, self.cut);
        self.held.clear();
        self.cut = false;
    }
}

/// The line that is passed on for a child's line.
pub fn passed_on(line: &[u8], cut: bool, secrets: &[String]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut text = redact(&String::from_utf8_lossy(line), secrets);
    if cut {
        drop_secrets_beginning(&mut text, secrets);
    }
    if pod::is_ours(&text) {
        text.insert(0, ' ');
    }
    if cut || text.len() > LINE_BYTES {
        text.truncate(text.floor_char_boundary(LINE_BYTES - '…'.len_utf8()));
        text.push('…');
    }
    text
}

/// The same text without any of the secrets.
pub fn redact(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        if text.contains(secret.as_str()) {
            text = text.replace(secret.as_str(), "[redacted]");
        }
    }
    text
}

fn drop_secrets_beginning(text: &mut String, secrets: &[String]) {
    for secret in secrets {
        let beginning =
            (TELLING_BYTES..secret.len()).rev().find(|&n| text.as_bytes().ends_with(&secret.as_bytes()[..n]));
        if let Some(beginning) = beginning {
            text.truncate(text.floor_char_boundary(text.len() - beginning));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<(Vec<u8>, bool)> {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for piece in pieces {
            lines.feed(piece, |line, cut| seen.push((line.to_vec(), cut)));
        }
        lines.finish(|line, cut| seen.push((line.to_vec(), cut)));
        seen
    }

    #[test]
    fn pieces_become_lines_and_long_ones_are_cut() {
        let whole = |text: &str| (text.as_bytes().to_vec(), false);
        assert_eq!(
            lines(&[b"a\nb", b"c\n", b"\n", b"end"]),
            [whole("a"), whole("bc"), whole(""), whole("end")]
        );
        assert_eq!(lines(&[b""]), []);
        let long = vec![b'x'; 3 * HELD_BYTES];
        let seen = lines(&[b"a\n", &long, &long, b"\nnext\n"]);
        assert_eq!(seen[1], (vec![b'x'; HELD_BYTES], true));
        assert_eq!(seen[2], whole("next"));
    }

    #[test]
    fn a_passed_line_is_short_readable_and_never_ours() {
        let forged = format!("{{\"dcaas\":1,\"more\":\"{}\"}}", "x".repeat(2 * LINE_BYTES));
        let table: [(&[u8], bool, &str); 7] = [
            (b"hello", false, "hello"),
            (b"hello\r", false, "hello"),
            (b"", false, ""),
            (b"{\"dcaas\":1}", false, " {\"dcaas\":1}"),
            (b" {\"dcaas\":1}", false, " {\"dcaas\":1}"),
            (b"caf\xe9", false, "caf\u{fffd}"),
            (b"half of it", true, "half of it…"),
        ];
        for (line, cut, text) in table {
            assert_eq!(passed_on(line, cut, &[]), text);
        }
        for long in [forged.as_bytes(), "é".repeat(LINE_BYTES).as_bytes(), &[0xff; LINE_BYTES]] {
            let text = passed_on(long, false, &[]);
            assert!(text.len() <= LINE_BYTES && text.ends_with('…') && !pod::is_ours(&text));
        }
    }

    #[test]
    fn no_secret_is_passed_on_not_even_in_parts() {
        let secrets = ["gho_0123456789abcdef".to_owned(), String::new(), "refresh-token".to_owned()];
        let line = "a gho_0123456789abcdef b refresh-token refresh-token";
        assert_eq!(passed_on(line.as_bytes(), false, &secrets), "a [redacted] b [redacted] [redacted]");
        assert_eq!(passed_on(b"at the cut: gho_0123456", true, &secrets), "at the cut: …");
        assert_eq!(passed_on(b"at the cut: gho_", true, &secrets), "at the cut: gho_…");
    }
}
