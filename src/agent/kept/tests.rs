//! What an earlier pod left on the home disk, and what this one leaves there.

use chrono::Utc;

use super::*;
use crate::domain::activity::Activity;
use crate::domain::link::{Link, LinkState};
use crate::pod::Line;

const OURS: &str = r#"{"name":"DC-01","id":"quick-hill-1","cluster":"euw"}"#;
const ANOTHER: &str = r#"{"name":"host2","id":"quick-hill-2","cluster":"euw"}"#;
const CONSENTED: &str = r#"{"consented":true}"#;

struct Folders {
    root: PathBuf,
}

impl Folders {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("dcaas-kept-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("data")).unwrap();
        fs::create_dir_all(root.join("home")).unwrap();
        Self { root }
    }

    fn kept(&self) -> Kept {
        let link = Link::new(LinkState::Unknown, Utc::now(), "");
        let line = Line {
            at: Utc::now(),
            session: String::new(),
            link,
            activity: Activity::default(),
            hold: None,
            full: false,
        };
        let (voice, _) = Voice::start(line, tokio::io::sink());
        Kept::new(Some(&self.root.join("home")), &self.root.join("data"), "dc-01", voice)
    }

    fn data(&self, name: &str) -> PathBuf {
        self.root.join("data").join(name)
    }

    fn home(&self, name: &str) -> PathBuf {
        self.root.join("home").join(pod::KEPT).join(name)
    }

    fn leave(&self, name: &str, text: &str) {
        fs::create_dir_all(self.root.join("home").join(pod::KEPT)).unwrap();
        fs::write(self.home(name), text).unwrap();
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn text(path: PathBuf) -> Option<String> {
    fs::read_to_string(path).ok()
}

#[tokio::test]
async fn two_files_and_no_others_outlive_the_pod() {
    let folders = Folders::new("two");
    let kept = folders.kept();
    for (name, text) in
        [(TUNNEL, OURS), (CONSENT, CONSENTED), (TOKEN, "\"gho_x\""), ("tunnel-stable.lock", "x")]
    {
        fs::write(folders.data(name), text).unwrap();
    }
    kept.save().await;
    let mut names: Vec<_> =
        fs::read_dir(folders.home("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [TUNNEL, CONSENT]);
    assert_eq!(text(folders.home(TUNNEL)).as_deref(), Some(OURS));
    fs::remove_dir_all(folders.root.join("data")).unwrap();
    fs::create_dir(folders.root.join("data")).unwrap();
    kept.restore().await;
    assert_eq!(text(folders.data(TUNNEL)).as_deref(), Some(OURS));
    assert_eq!(text(folders.data(CONSENT)).as_deref(), Some(CONSENTED));
    assert_eq!(*kept.complaint.lock().unwrap(), "");
}

#[tokio::test]
async fn what_is_there_already_is_newer_and_what_changed_is_kept() {
    let folders = Folders::new("newer");
    let newer = OURS.replace("hill-1", "hill-9");
    folders.leave(TUNNEL, OURS);
    fs::write(folders.data(TUNNEL), &newer).unwrap();
    folders.kept().restore().await;
    assert_eq!(text(folders.data(TUNNEL)).as_ref(), Some(&newer));
    folders.kept().save().await;
    assert_eq!(text(folders.home(TUNNEL)), Some(newer));
}

#[tokio::test]
async fn a_tunnel_of_another_name_is_not_kept_and_is_forgotten() {
    let folders = Folders::new("another");
    let kept = folders.kept();
    folders.leave(TUNNEL, OURS);
    fs::write(folders.data(TUNNEL), ANOTHER).unwrap();
    assert!(kept.is_another());
    kept.save().await;
    assert_eq!(text(folders.home(TUNNEL)).as_deref(), Some(OURS));
    kept.forget();
    assert!(!kept.is_another() && !folders.data(TUNNEL).exists());
}

#[tokio::test]
async fn what_an_older_version_left_is_used_where_it_can_be() {
    let more = r#"{"name":"dc-01","id":"quick-hill-1","cluster":"euw","protocol":3}"#;
    let table = [
        (more, true),
        (ANOTHER, true),
        ("", false),
        ("null", false),
        (r#"{"name":"dc-01"}"#, false),
        (r#"{"name":"dc-01","id":7,"cluster":"euw"}"#, false),
    ];
    for (n, (left, used)) in table.into_iter().enumerate() {
        let folders = Folders::new(&format!("older-{n}"));
        folders.leave(TUNNEL, left);
        folders.leave(TOKEN, "\"gho_x\"");
        folders.leave("tunnel-stable.lock", "");
        let kept = folders.kept();
        kept.restore().await;
        assert_eq!(text(folders.data(TUNNEL)).as_deref(), used.then_some(left), "{left}");
        assert_eq!(kept.complaint.lock().unwrap().contains(TUNNEL), !used, "{left}");
        assert!(!folders.home(TOKEN).exists() && !folders.data(TOKEN).exists());
        assert!(!folders.data("tunnel-stable.lock").exists());
    }
}

#[tokio::test]
async fn a_home_that_can_not_be_written_is_said_once() {
    let folders = Folders::new("full");
    // a file where the folder would be, and a folder where the file would be
    fs::write(folders.root.join("home/.dcaas"), "").unwrap();
    fs::write(folders.data(TUNNEL), OURS).unwrap();
    let kept = folders.kept();
    kept.restore().await;
    kept.save().await;
    assert!(kept.complaint.lock().unwrap().contains("may get a new address"));
    fs::remove_file(folders.root.join("home/.dcaas")).unwrap();
    fs::create_dir_all(folders.home(TUNNEL)).unwrap();
    kept.restore().await;
    kept.save().await;
    assert!(kept.complaint.lock().unwrap().contains(TUNNEL));
    assert!(folders.home(TUNNEL).is_dir());
}
