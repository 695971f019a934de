//! Real terminals: what is written there is seen, is nobody's use, and never waits for anybody.

use std::io::Read;
use std::os::fd::OwnedFd;

use nix::pty::openpty;
use nix::unistd::ttyname;

use super::*;

/// A terminal without anybody in it.
struct Terminal {
    screen: File,
    inside: File,
    number: i32,
}

impl Terminal {
    fn open() -> Self {
        let pty = openpty(None, None).unwrap();
        let name = ttyname(&pty.slave).unwrap();
        let number = name.file_name().unwrap().to_str().unwrap().parse().unwrap();
        let file = |fd: OwnedFd| File::from(fd);
        Self { screen: file(pty.master), inside: file(pty.slave), number }
    }

    /// It was used last so long ago.
    fn age(&self, seconds: u64) -> DateTime<Utc> {
        let at = SystemTime::now() - Duration::from_secs(seconds);
        self.inside.set_times(FileTimes::new().set_modified(at).set_accessed(at)).unwrap();
        at.into()
    }

    fn shown(&mut self) -> String {
        let mut bytes = vec![0; 4096];
        let length = self.screen.read(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    /// Somebody types a line, and a program reads it.
    fn typed(&mut self, line: &str) {
        self.screen.write_all(line.as_bytes()).unwrap();
        let mut bytes = vec![0; line.len()];
        self.inside.read_exact(&mut bytes).unwrap();
    }
}

fn these(terminals: &[&Terminal]) -> Numbers {
    terminals.iter().map(|terminal| terminal.number).collect()
}

async fn used(terminals: &Terminals, open: &Numbers) -> DateTime<Utc> {
    let (terminals, open) = (terminals.clone(), open.clone());
    spawn_blocking(move || terminals.used(&open, &Numbers::new())).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_word_to_a_terminal_is_no_use_of_it_and_typing_right_after_is() {
    let (terminals, mut terminal) = (Terminals::default(), Terminal::open());
    let (open, before) = (these(&[&terminal]), terminal.age(3600));
    let told = terminals.tell("\r\na word\r\n".into(), open.clone(), open.clone()).await;
    assert_eq!(told, open);
    assert!(terminal.shown().contains("a word"));
    assert_eq!(used(&terminals, &open).await, before);
    terminal.typed("ls\n");
    let typed = used(&terminals, &open).await;
    assert!(typed > before + chrono::TimeDelta::minutes(59), "{typed}");
    // so does what a command writes
    terminal.age(3600);
    terminals.tell("again\r\n".into(), open.clone(), open.clone()).await;
    terminal.inside.write_all(b"epoch 7\n").unwrap();
    assert!(used(&terminals, &open).await > before + chrono::TimeDelta::minutes(59));
}

#[tokio::test]
async fn nobody_sees_the_times_while_they_are_ours() {
    let (terminals, terminal) = (Terminals::default(), Terminal::open());
    let (open, before) = (these(&[&terminal]), terminal.age(3600));
    let (told, seen) = tokio::join!(terminals.tell("a word\r\n".into(), open.clone(), open.clone()), async {
        // it is written by now: the first one has the lock
        used(&terminals, &open).await
    });
    assert_eq!((told, seen), (open, before));
}

#[tokio::test]
async fn a_terminal_that_shows_others_is_used_by_whoever_types_there_and_by_nobody_else() {
    let (terminals, mut outer) = (Terminals::default(), Terminal::open());
    let (open, before) = (these(&[&outer]), outer.age(3600));
    let used = async || {
        let (terminals, open) = (terminals.clone(), open.clone());
        spawn_blocking(move || terminals.used(&open, &open)).await.unwrap().unwrap()
    };
    outer.inside.write_all(b"12:07").unwrap();
    assert_eq!(used().await, before);
    outer.typed("ls\n");
    assert!(used().await > before + chrono::TimeDelta::minutes(59));
}

#[tokio::test]
async fn a_multiplexer_that_shows_the_word_outside_is_not_used_either() {
    let (terminals, mut inner, outer) = (Terminals::default(), Terminal::open(), Terminal::open());
    let open = these(&[&inner, &outer]);
    let before = inner.age(7200).max(outer.age(3600));
    let mut outside = outer.inside.try_clone().unwrap();
    // as tmux does: what is written in its terminal is shown in the one that it is in
    let shows = std::thread::spawn(move || {
        let shown = inner.shown();
        outside.write_all(shown.as_bytes()).unwrap();
        inner
    });
    terminals.tell("a word\r\n".into(), open.clone(), open.clone()).await;
    let _inner = shows.join().unwrap();
    assert_eq!(used(&terminals, &open).await, before);
}

/// Fills a terminal until it takes nothing; the kernel makes room, and sees ^S, a moment later.
async fn block(terminal: &Terminal) {
    let mut fills = open(terminal.number).unwrap();
    let mut refused = 0;
    while refused < 5 {
        refused = if fills.write(b"x").is_ok() { 0 } else { refused + 1 };
        if refused > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn a_terminal_that_takes_nothing_is_not_waited_for_and_told_once_it_does() {
    let (terminals, mut stopped, full) = (Terminals::default(), Terminal::open(), Terminal::open());
    stopped.screen.write_all(b"\x13").unwrap();
    block(&stopped).await;
    block(&full).await;
    let before = stopped.age(3600).max(full.age(3600));
    let all = these(&[&stopped, &full]);
    assert_eq!(terminals.tell("a word".into(), all.clone(), all.clone()).await, Numbers::new());
    assert_eq!(used(&terminals, &all).await, before);
    stopped.screen.write_all(b"\x11").unwrap();
    let told = loop {
        let told = terminals.tell("a word".into(), all.clone(), all.clone()).await;
        if !told.is_empty() {
            break told;
        }
        sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(told, these(&[&stopped]));
    assert_eq!(used(&terminals, &all).await, before);
    let mut shown = String::new();
    while !shown.contains("a word") {
        shown += &stopped.shown();
    }
}

#[tokio::test]
async fn a_terminal_that_is_gone_is_tried_once() {
    let terminals = Terminals::default();
    let gone = Numbers::from([i32::MAX]);
    assert_eq!(terminals.tell("a word".into(), gone.clone(), gone.clone()).await, gone);
    let (told, none) = (gone.clone(), spawn_blocking(move || terminals.used(&gone, &Numbers::new())));
    assert_eq!((told.len(), none.await.unwrap()), (1, None));
}
