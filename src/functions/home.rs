//! GET `/`: the web page. It says who one is and what there is to choose; all else its script asks of the API.

use std::sync::Arc;

use crate::{
    api::{
        exchange::{Content, Reply, Request},
        problem::{Code, Problem},
    },
    app::{App, Ready},
    identity::easy_auth,
    page::{self, Page, Visitor},
    pod,
    turn::door,
};

/// Always a page, also where something is wrong: whoever comes here has a browser.
///
/// # Errors
/// None: its body is the answer.
pub async fn run(app: Arc<App>, request: Request) -> Result<Reply, Problem> {
    let (status, page) = match show(&app, &request).await {
        Ok(page) => (200, page),
        Err(problem) => {
            let (code, detail, cause) = (problem.code.word(), &problem.detail, problem.cause.as_deref());
            tracing::info!(function = "home", code, detail, cause);
            let signed_in = request.header(easy_auth::PRINCIPAL).is_some();
            (problem.code.status(), page::sorry(detail, &problem.next, signed_in))
        }
    };
    Ok(Reply {
        status,
        content_type: "text/html; charset=utf-8",
        retry_after: None,
        body: Content::Page { html: page.html, policy: page.policy },
    })
}

async fn show(app: &App, request: &Request) -> Result<Page, Problem> {
    let app = app.ready()?;
    if !app.settings.entra.easy_auth {
        return Err(no_sign_in());
    }
    let caller = match door::caller(app, request).await {
        Ok(caller) => caller,
        Err(problem) if problem.code == Code::NotSignedIn && !vouched(request) => return Ok(page::welcome()),
        Err(problem) if vouched(request) => {
            return Err(problem.next("Sign out, and sign in with an account of this organisation."));
        }
        Err(problem) => return Err(problem),
    };
    // what can not be found out, a start says
    let workspace = app.cluster.workspace(caller.member).await.ok().flatten();
    let open = workspace.as_ref().and_then(|workspace| workspace.profiles.as_deref());
    let visitor = Visitor { name: request.header(easy_auth::NAME), admin: caller.admin, open };
    Ok(home(app, &visitor))
}

fn home(app: &Ready, visitor: &Visitor) -> Page {
    page::home(visitor, &app.settings.workspaces.profiles, &app.settings.budget.currency, pod::HOME)
}

fn vouched(request: &Request) -> bool {
    request.header(easy_auth::PRINCIPAL).is_some()
}

fn no_sign_in() -> Problem {
    Problem::new(Code::Settings, "a browser can not sign in here: App Service authentication is off")
        .next("An admin can turn it on in the function app. Until then, use the command line or the API.")
}
