//! Tables: of everybody, and of what was used.

use chrono::{DateTime, Utc};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use console::Term;

use super::{
    seen::{Usage, Workspaces},
    show::{length, plain},
};

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header.iter().map(|name| name.to_uppercase()));
    // a pipe gets whole lines; a person's terminal has an end
    if let Some((_, columns)) = Term::stdout().size_checked() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    }
    table
}

fn print(table: &mut Table) {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for line in table.lines() {
        println!("{}", line.trim_end());
    }
}

/// Everybody, where each stands.
pub fn workspaces(workspaces: &Workspaces, now: DateTime<Utc>) {
    if let Some(brake) = &workspaces.brake {
        println!("{}\n", plain(&brake.says));
    }
    let mut table = table(&["name", "phase", "since", "profile", "says", "member"]);
    for person in &workspaces.people {
        table.add_row([
            plain(person.name.as_deref().unwrap_or("?")),
            plain(&person.phase),
            person.since.map(|since| length(now - since)).unwrap_or_default(),
            plain(person.profile.as_deref().unwrap_or_default()),
            plain(&person.says),
            plain(&person.member),
        ]);
    }
    print(&mut table);
}

/// Hours and cost.
pub fn usage(usage: &Usage) {
    let mut table = table(&["member", "profile", "sessions", "hours", usage.currency.as_str()]);
    for member in &usage.members {
        for of in &member.profiles {
            table.add_row([
                plain(&member.member),
                plain(&of.profile),
                of.sessions.to_string(),
                format!("{:.2}", of.hours),
                format!("{:.2}", of.cost),
            ]);
        }
    }
    for column in 2..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    if !table.is_empty() {
        print(&mut table);
        println!();
    }
    println!("{}", plain(&usage.says));
    // one's own; for everybody there would be one a line
    if let [only] = &usage.members[..]
        && let Some(budget) = &only.budget
    {
        println!("{}", plain(&budget.says));
    }
}
