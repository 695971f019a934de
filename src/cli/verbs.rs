//! The commands, one function each.

use std::time::Duration;

use chrono::Utc;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::{
    Command, Common, Output, Wait, access,
    client::Api,
    fault::{Fault, NOT_SIGNED_IN, UNAVAILABLE, UNEXPECTED, WRONG_STATE},
    kept::{self, Kept},
    log,
    progress::{self, Goal},
    seen::{self, Told},
    show, table,
};
use crate::{
    device_flow::{Error, Outcome},
    domain::sign_in::NoToken,
};

pub async fn run(command: Command) -> Result<(), Fault> {
    match command {
        Command::Login { common } => login(&common).await,
        Command::Start { profile, image, provider, wait, open, common } => {
            let wish = [("profile", profile), ("image", image), ("provider", provider)];
            let wish: Map<String, Value> =
                wish.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect();
            start(&common, Value::Object(wish), wait, open).await
        }
        Command::Stop { wait, common } => {
            let api = api(&common).await?;
            let told = Told::read(api.post("stop", json!({})).await?)?;
            let told = if wait.wait {
                progress::until(&api, Goal::Stopped, told, wait.timeout).await?
            } else {
                told
            };
            say(&common, &told);
            Ok(())
        }
        Command::Status { common } => {
            let told = Told::read(api(&common).await?.get("status", &[]).await?)?;
            say(&common, &told);
            Ok(())
        }
        Command::Keep { time, common } => {
            let body = json!({ "for": humantime::format_duration(time).to_string() });
            let told = Told::read(api(&common).await?.post("keep", body).await?)?;
            say(&common, &told);
            Ok(())
        }
        Command::Why(common) => {
            let told = Told::read(api(&common).await?.get("status", &[]).await?)?;
            match common.output {
                Output::Json => show::json(&told.body),
                Output::Text => show::why(&told.status, Utc::now()),
            }
            Ok(())
        }
        Command::Logs { tail, follow, common } => log::logs(&api(&common).await?, tail, follow).await,
        Command::Open { desktop, common } => {
            let told = Told::read(api(&common).await?.get("status", &[]).await?)?;
            open(&told, desktop)
        }
        Command::Workspaces { common } => {
            let body = api(&common).await?.get("workspaces", &[]).await?.body;
            match common.output {
                Output::Json => show::json(&body),
                Output::Text => table::workspaces(&seen::read(&body)?, Utc::now()),
            }
            Ok(())
        }
        Command::Usage { month, all, csv, common } => usage(&common, month.as_deref(), all, csv).await,
    }
}

/// The API with a token.
async fn api(common: &Common) -> Result<Api, Fault> {
    let api = Api::new(access::base(common.url.as_deref())?)?;
    let token = access::token(&api).await?;
    Ok(api.with(Some(token), common.member.clone()))
}

fn say(common: &Common, told: &Told) {
    match common.output {
        Output::Json => show::json(&told.body),
        Output::Text => show::status(&told.status, Utc::now()),
    }
}

async fn start(common: &Common, wish: Value, wait: Wait, opened: bool) -> Result<(), Fault> {
    let api = api(common).await?;
    let mut told = Told::read(api.post("start", wish).await?)?;
    if wait.wait || opened {
        told = progress::until(&api, Goal::Connected, told, wait.timeout).await?;
    }
    say(common, &told);
    if opened { open(&told, false) } else { Ok(()) }
}

/// Opens the address. The answer's own, so that nobody has to know how it is made.
fn open(told: &Told, desktop: bool) -> Result<(), Fault> {
    let Some(address) = &told.status.address else {
        return Err(Fault::new(
            WRONG_STATE,
            format!("there is nothing to open: {}", show::plain(&told.status.says)),
        )
        .next("`dcaas start --wait --open` opens it as soon as it runs."));
    };
    // whose site opens it is the installation's choice
    let name = address.split_once("/tunnel/").map(|(_, name)| name).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| {
        Fault::new(UNEXPECTED, format!("'{}' is no address of a tunnel", show::plain(address)))
    })?;
    // the home is there in every workspace
    let address =
        if desktop { format!("vscode://vscode-remote/tunnel+{name}/home/dev") } else { address.clone() };
    open::that_detached(&address).map_err(|e| {
        Fault::new(UNEXPECTED, format!("nothing here opens addresses ({e})"))
            .next(format!("Open it yourself: {address}"))
    })
}

async fn usage(common: &Common, month: Option<&str>, all: bool, csv: bool) -> Result<(), Fault> {
    let mut query = Vec::new();
    query.extend(month.map(|month| ("month", month)));
    query.extend(all.then_some(("all", "true")));
    let api = api(common).await?;
    if csv {
        query.push(("format", "csv"));
        let answer = api.stream("usage", &query).await?;
        let broken = |e: reqwest::Error| Fault::new(UNAVAILABLE, format!("the answer broke off: {e}"));
        print!("{}", answer.text().await.map_err(broken)?);
        return Ok(());
    }
    let body = api.get("usage", &query).await?.body;
    match common.output {
        Output::Json => show::json(&body),
        Output::Text => table::usage(&seen::read(&body)?),
    }
    Ok(())
}

/// Signs in by a code, and keeps what comes of it.
async fn login(common: &Common) -> Result<(), Fault> {
    let api = Api::new(access::base(common.url.as_deref())?)?;
    let (token_url, client_id) = access::described(&api).await?;
    let tenant = access::tenant(&token_url, &client_id)?;
    let flow = tenant.begin(Utc::now()).await.map_err(|error| match error {
        Error::Unavailable { why, .. } => {
            Fault::new(UNAVAILABLE, format!("the tenant does not answer: {why}"))
                .next("Try again in a minute.")
        }
        Error::Refused { why, .. } => {
            Fault::new(NOT_SIGNED_IN, format!("the tenant refused the sign-in: {why}"))
                .next("An admin has to allow public client flows for dcaas' app registration.")
        }
    })?;
    let pending = &flow.pending;
    eprintln!("Open {} and enter {}", pending.page, pending.user_code.reveal());
    let mut pace = pending.interval;
    let token = loop {
        sleep(pace).await;
        if Utc::now() > pending.expires {
            return Err(over("the code was not used in time"));
        }
        match tenant.poll(&flow).await {
            Outcome::Token(token) => break token,
            Outcome::NoToken(NoToken::Waiting) => {}
            Outcome::NoToken(NoToken::SlowDown { interval }) => {
                pace = interval.unwrap_or(pace + Duration::from_secs(5));
            }
            Outcome::NoToken(NoToken::Unavailable { wait }) => pace = pace.max(wait.unwrap_or(pace)),
            Outcome::NoToken(NoToken::Declined) => return Err(over("you declined")),
            Outcome::NoToken(NoToken::Expired | NoToken::UnknownCode) => {
                return Err(over("the code was not used in time"));
            }
            Outcome::NoToken(NoToken::Refused { why }) => {
                return Err(over(&format!("the tenant refused it: {why}")));
            }
        }
    };
    let access = token.access.reveal().to_owned();
    let refresh = token.refresh.map(|secret| secret.reveal().to_owned());
    kept::write(&Kept { url: api.base().to_string(), token_url, client_id, access, refresh })?;
    eprintln!("You are signed in to {}.", api.base());
    Ok(())
}

fn over(why: &str) -> Fault {
    Fault::new(NOT_SIGNED_IN, format!("you are not signed in: {why}")).next("Run `dcaas login` again.")
}
