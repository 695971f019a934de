//! What was used: the records of a month, and the sessions that no record tells of yet.

use std::collections::BTreeMap;

use crate::{
    api::{
        problem::{Code, Problem},
        usage::{BudgetBody, MemberUsageBody, UsageBody},
    },
    app::Ready,
    domain::{
        member::Member,
        usage::{Month, Spell},
        workspace::Workspace,
    },
    plan::{
        budget::{self, Judgement, Standing},
        tally::{Tally, tally},
    },
    turn::{door::About, membership},
};

/// Hours and costs of a month, of one person or of everybody.
///
/// # Errors
/// When somebody without a workspace asks about themselves, or what cluster and storage met.
pub async fn usage(app: &Ready, about: About, month: Month) -> Result<UsageBody, Problem> {
    // the cluster first: what ends in between has its record then, and no session is missed
    let mut people = match about {
        About::One(asks) => {
            let mut seen = app.cluster.workspace(asks.member).await?;
            if seen.is_none() && asks.own() {
                seen = Some(membership::admitted(app, asks.member).await?);
            }
            let spell = seen.and_then(|seen| spell(app, asks.member, &seen));
            let mut people = add_up(app, month, Some(asks.member), spell).await?;
            people.entry(asks.member).or_default();
            people
        }
        About::Everybody => {
            let runs = app.cluster.runs().await?;
            let profiles = &app.settings.workspaces.profiles;
            let spells = runs.iter().filter_map(|(member, run)| {
                Spell::of(*member, run.session.as_ref()?, run.ended.as_ref(), profiles)
            });
            add_up(app, month, None, spells).await?
        }
    };
    let unpriced = people.values().map(|tally| tally.unpriced).sum();
    let this_month = month == Month::of(app.now());
    let budget = &app.settings.budget;
    let members = std::mem::take(&mut people).into_iter().map(|(member, tally)| {
        let judgement = budget::judge(budget, tally.whole.cost, month).filter(|_| this_month);
        MemberUsageBody::new(member, tally, judgement.map(|judgement| BudgetBody::new(budget, judgement)))
    });
    Ok(UsageBody::new(month, &budget.currency, members.collect(), unpriced))
}

/// Refuses a start whose person has spent their budget.
///
/// # Errors
/// With the sum and the day on which starts are open again; or what storage met.
pub async fn within_budget(app: &Ready, member: Member, seen: &Workspace) -> Result<(), Problem> {
    if app.settings.budget.hard.is_none() {
        return Ok(());
    }
    match judge(app, member, seen).await? {
        Some(Judgement { standing: Standing::Spent, says, opens }) => {
            let next = format!("Wait until {opens}, or ask an admin to raise BUDGET_HARD.");
            Err(Problem::new(Code::BudgetSpent, says).next(next))
        }
        _ => Ok(()),
    }
}

/// What somebody has to hear of their budget. It is asked beside what they wished for, which it never spoils.
pub async fn warning(app: &Ready, member: Member, seen: &Workspace) -> Option<String> {
    if !app.settings.budget.is_set() {
        return None;
    }
    match judge(app, member, seen).await {
        Ok(judgement) => judgement.filter(|told| told.standing != Standing::Within).map(|told| told.says),
        Err(problem) => {
            tracing::warn!(%member, error = %problem, cause = problem.cause, "the budget is not known");
            None
        }
    }
}

async fn judge(app: &Ready, member: Member, seen: &Workspace) -> Result<Option<Judgement>, Problem> {
    let month = Month::of(app.now());
    let people = add_up(app, month, Some(member), spell(app, member, seen)).await?;
    let spent = people.get(&member).map_or(0.0, |tally| tally.whole.cost);
    Ok(budget::judge(&app.settings.budget, spent, month))
}

fn spell(app: &Ready, member: Member, seen: &Workspace) -> Option<Spell> {
    Spell::of(member, seen.session.as_ref()?, seen.ended.as_ref(), &app.settings.workspaces.profiles)
}

/// The records of a month and what workspaces tell; a record says when a session ended and at which price.
async fn add_up(
    app: &Ready,
    month: Month,
    member: Option<Member>,
    of_workspaces: impl IntoIterator<Item = Spell>,
) -> Result<BTreeMap<Member, Tally>, Problem> {
    let records = app.storage.records(month, member).await?;
    let unrecorded = of_workspaces.into_iter().filter(|spell| Month::of(spell.started) == month);
    Ok(tally(records.into_iter().chain(unrecorded), app.now()))
}
