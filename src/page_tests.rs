//! The page as a browser gets it: what is in it, and that its policy lets just that in.

use super::*;

fn visitor<'a>(open: Option<&'a [String]>) -> Visitor<'a> {
    Visitor { name: Some("ada@<world>"), admin: false, open }
}

/// What stands between a tag and its end.
fn inside<'a>(html: &'a str, tag: &str) -> Vec<&'a str> {
    let (opens, ends) = (format!("<{tag}"), format!("</{tag}>"));
    let parts = html.split(&opens).skip(1);
    parts.map(|part| part.split_once('>').unwrap().1.split_once(&ends).unwrap().0).collect()
}

#[test]
fn the_policy_names_exactly_the_script_and_the_style_that_are_in_the_page() {
    let home = home(&visitor(None), &Profiles::named(&["a"]), "EUR", "/home/dev");
    let pages = [(home, true), (welcome(), false), (sorry("no", "wait", true), false)];
    for (Page { html, policy }, scripted) in pages {
        let scripts = inside(&html, "script");
        assert_eq!(scripts.len(), usize::from(scripted));
        for script in scripts {
            assert!(policy.contains(&format!("script-src '{}';", hash(script))), "the script was changed");
        }
        for style in inside(&html, "style") {
            assert!(policy.contains(&format!("style-src '{}';", hash(style))), "the style was changed");
        }
        // what a policy of hashes would keep from working
        for attribute in [" style=", " onclick=", " onload=", "javascript:"] {
            assert!(!html.replace(SCRIPT, "").contains(attribute), "{attribute}");
        }
        assert!(!html.contains("://fonts") && !html.contains("src=\"http"), "nothing comes from elsewhere");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

#[test]
fn profiles_are_shown_with_what_they_have_and_cost_and_only_those_that_are_open_can_be_chosen() {
    let profiles = Profiles::named(&["small", "large", "<huge>"]);
    let rows: [(Option<&[&str]>, &[&str], &str, &str); 4] = [
        (None, &["small", "large", "&#60;huge&#62;"], "small", ""),
        (Some(&["large", "small"]), &["small", "large"], "small", "&#60;huge&#62;"),
        // the usual one is closed to them
        (Some(&["large"]), &["large"], "large", "small, &#60;huge&#62;"),
        (Some(&[]), &[], "", "small, large, &#60;huge&#62;"),
    ];
    for (open, shown, usual, closed) in rows {
        let open: Option<Vec<String>> = open.map(|names| names.iter().map(|n| (*n).to_owned()).collect());
        let html = home(&visitor(open.as_deref()), &profiles, "EUR", "/home/dev").html;
        let radios: Vec<_> = html.split("name=\"profile\" value=\"").skip(1).collect();
        let names: Vec<_> = radios.iter().map(|r| r.split_once('"').unwrap().0).collect();
        assert_eq!(names, shown);
        let checked: Vec<_> =
            radios.iter().filter(|r| r.split_once('>').unwrap().0.contains("checked")).collect();
        assert_eq!(checked.len(), usize::from(!usual.is_empty()));
        assert!(checked.iter().all(|r| r.starts_with(usual)));
        assert_eq!(html.contains("Not open to you:"), !closed.is_empty());
        assert!(html.contains(closed), "{closed}");
        assert_eq!(html.matches("no GPU, 1 core, 1 GiB of memory").count(), shown.len());
        assert_eq!(html.matches("0.50 EUR an hour").count(), shown.len());
        assert!(html.contains("ada@&#60;world&#62;"), "a name is a text");
    }
}

#[test]
fn everybody_is_for_admins() {
    for admin in [false, true] {
        let visitor = Visitor { name: None, admin, open: None };
        let html = home(&visitor, &Profiles::named(&["a"]), "EUR", "/home/dev").html;
        assert_eq!(html.contains("id=\"everybody\""), admin);
    }
}

#[test]
fn a_problem_is_a_sentence_with_its_next_step() {
    for (detail, told) in [
        ("dcaas is not set up: X is missing", "Dcaas is not set up: X is missing."),
        ("Wait!", "Wait!"),
        ("", "."),
    ] {
        assert_eq!(sentence(detail), told);
    }
    let html = sorry("you <b>left</b>", "Ask an admin.", true).html;
    assert!(html.contains("You &#60;b&#62;left") && html.contains("Ask an admin."), "{html}");
    assert!(html.contains(SIGN_OUT));
}

#[test]
fn quantities_are_written_as_people_write_them() {
    for (quantity, told) in [
        ("16Gi", "16 GiB"),
        ("512Mi", "512 MiB"),
        ("4G", "4 GB"),
        ("1000", "1000 bytes"),
        ("1.5Ti", "1.5 TiB"),
    ] {
        assert_eq!(memory(quantity), told);
    }
}
