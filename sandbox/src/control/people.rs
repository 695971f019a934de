//! People and their tokens.

use super::answers::{Outcome, Refusal, empty, json};
use crate::{
    entra,
    world::{World, people::Wish},
};
use serde::Deserialize;
use serde_json::{Map, Value, json as object};

/// Adds a person.
pub fn add(world: &World, wish: Wish) -> Outcome {
    if let Some(name) = &wish.installation {
        world.installation(name).map_err(Refusal::missing)?;
    }
    let person = world.people.add(wish).map_err(Refusal::of_caller)?;
    world.entra.know(person.user());
    Ok(json(201, &object!(person)))
}

/// Changes a person.
pub fn change(world: &World, name: &str, wish: &Wish) -> Outcome {
    if wish.name.is_some() {
        return Err(Refusal::new(400, "a name does not change", "leave it out, or add another person"));
    }
    let person = world.people.change(name, wish).map_err(Refusal::missing)?;
    world.entra.know(person.user());
    Ok(json(200, &object!(person)))
}

/// Issues a token for a person, good or forged as wished.
pub fn token(world: &World, mut wish: Map<String, Value>) -> Outcome {
    let mut take = |name: &str| wish.remove(name).and_then(|value| value.as_str().map(str::to_owned));
    let (person, installation) = (take("person"), take("installation"));
    let Some(person) = person else {
        return Err(Refusal::new(
            400,
            "`person` is missing",
            "say whose token it shall be: {\"person\":\"ada\"}",
        ));
    };
    let person = world.people.find(&person).map_err(Refusal::missing)?;
    let installation = installation.unwrap_or_else(|| person.installation.clone());
    let client_id = world.installation(&installation).map_err(Refusal::missing)?.client_id;
    let wish: entra::Wish = serde_json::from_value(Value::Object(wish))
        .map_err(|error| Refusal::new(400, format!("no such token: {error}"), "change the wish"))?;
    let token = world.entra.issue(&person.user(), client_id, &wish).map_err(Refusal::of_caller)?;
    Ok(json(200, &object!({"token": token})))
}

/// How a new key comes.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Roll {
    drop_old: bool,
}

/// Signs with a new key from now on.
pub fn roll(world: &World, roll: Roll) -> Outcome {
    world.entra.roll(roll.drop_old)?;
    Ok(empty(204))
}
