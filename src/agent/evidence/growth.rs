//! How much a tree of processes used between two looks, where a parent takes over what a child had when it waits
//! for it. Pure.

use std::collections::HashMap;

/// A process, also after its number was given to another: number and start.
pub type Id = (i32, u64);

/// What a process used so far, with the children that it waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    pub parent: i32,
    /// Whether it counts.
    pub counts: bool,
    pub used: u64,
}

/// All of them at one look.
pub type Totals = HashMap<Id, Total>;

/// What those that count used in between. One that ended is in the total of the parent that waited for it, so what
/// was known of it is taken off there, where that parent counts.
pub fn growth(before: &Totals, now: &Totals) -> u64 {
    let counts: HashMap<i32, bool> = before.iter().map(|((pid, _), total)| (*pid, total.counts)).collect();
    let known = |id| before.get(id).map_or(0, |total| total.used);
    let grown: i128 = now
        .iter()
        .filter(|(_, total)| total.counts)
        .map(|(id, total)| i128::from(total.used) - i128::from(known(id)))
        .sum();
    let taken_over: i128 = before
        .iter()
        .filter(|(id, total)| !now.contains_key(id) && counts.get(&total.parent) == Some(&true))
        .map(|(_, total)| i128::from(total.used))
        .sum();
    u64::try_from(grown - taken_over).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_of_use_counts_once_and_only_where_it_counts() {
        // number, parent, counts, used; 1 is the agent
        type Row = (i32, i32, bool, u64);
        let table: [(&str, &[Row], &[Row], u64); 10] = [
            ("nothing", &[(1, 0, true, 5)], &[(1, 0, true, 5)], 0),
            ("one works", &[(2, 1, true, 5)], &[(2, 1, true, 9)], 4),
            ("a new one", &[(1, 0, true, 0)], &[(1, 0, true, 0), (2, 1, true, 7)], 7),
            ("the tunnel works", &[(2, 1, false, 5)], &[(2, 1, false, 9)], 0),
            ("a child ends and was known", &[(2, 1, true, 1), (3, 2, true, 100)], &[(2, 1, true, 103)], 2),
            ("a child came and went unseen", &[(2, 1, true, 1)], &[(2, 1, true, 31)], 30),
            (
                "a whole branch ends",
                &[(2, 1, true, 1), (3, 2, true, 10), (4, 3, true, 100)],
                &[(2, 1, true, 1 + 10 + 100 + 6)],
                6,
            ),
            (
                "the tunnel ends and the agent waits for it",
                &[(1, 0, true, 3), (2, 1, false, 500)],
                &[(1, 0, true, 503)],
                0,
            ),
            (
                "a terminal's shell is closed while another works",
                &[(2, 1, false, 50), (3, 2, true, 400), (4, 2, true, 9)],
                &[(2, 1, false, 450), (4, 2, true, 12)],
                3,
            ),
            (
                "a branch ends into what does not count",
                &[(2, 1, false, 50), (3, 2, true, 40), (5, 3, true, 10)],
                &[(2, 1, false, 100)],
                0,
            ),
        ];
        for (what, before, now, expected) in table {
            let totals = |rows: &[Row]| -> Totals {
                rows.iter()
                    .map(|&(pid, parent, counts, used)| ((pid, 0), Total { parent, counts, used }))
                    .collect()
            };
            assert_eq!(growth(&totals(before), &totals(now)), expected, "{what}");
        }
    }

    #[test]
    fn a_number_that_was_given_again_is_another_process() {
        let total = |used| Total { parent: 1, counts: true, used };
        let before = Totals::from([((7, 100), total(1_000))]);
        let now = Totals::from([((7, 200), total(5))]);
        assert_eq!(growth(&before, &now), 5);
    }
}
