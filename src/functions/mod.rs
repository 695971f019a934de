//! The functions of the app, one file each; the table has one row for each folder of `functions/`.

mod health;
mod home;
mod keep;
mod logs;
mod membership;
mod openapi;
mod provision;
mod reconcile;
mod signin;
mod start;
mod status;
mod stop;
mod sweep;
mod usage;
mod workspaces;

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};

use crate::{
    api::{
        exchange::{Reply, Request},
        problem::Problem,
    },
    app::App,
    protocol::QueueMessage,
};

/// A function: its name, which is also its folder's and, but for the page, its route's, and what one turn of it does.
#[derive(Clone, Copy)]
pub struct Function {
    pub name: &'static str,
    /// The largest body that it reads, in bytes.
    pub largest: usize,
    pub run: Run,
}

impl Function {
    /// Where the host hands a request of it to.
    #[must_use]
    pub fn path(&self) -> String {
        match self.name {
            "home" => "/".to_owned(),
            name => format!("/api/{name}"),
        }
    }
}

/// What a person sends is far smaller, and so is a message in the host's envelope.
pub const SMALL: usize = 64 * 1024;

/// Graph tells of many changes at once.
const LARGE: usize = 1024 * 1024;

/// What a function is called with, and what it gives back.
#[derive(Clone, Copy)]
pub enum Run {
    /// An HTTP request that the host hands through.
    Http(&'static str, fn(Arc<App>, Request) -> BoxFuture<'static, Result<Reply, Problem>>),
    /// A message of the queue, in the host's envelope; what comes back goes to the invocation's log.
    Queue(fn(Arc<App>, QueueMessage) -> BoxFuture<'static, Result<String, Problem>>),
    /// It is time, as the schedule of its function.json says; what comes back goes to the invocation's log.
    Timer(fn(Arc<App>) -> BoxFuture<'static, Result<String, Problem>>),
}

/// Every function there is.
pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "health",
        largest: SMALL,
        run: Run::Http("GET", |app, request| health::run(app, request).boxed()),
    },
    Function {
        name: "home",
        largest: SMALL,
        run: Run::Http("GET", |app, request| home::run(app, request).boxed()),
    },
    Function {
        name: "keep",
        largest: SMALL,
        run: Run::Http("POST", |app, request| keep::run(app, request).boxed()),
    },
    Function {
        name: "logs",
        largest: SMALL,
        run: Run::Http("GET", |app, request| logs::run(app, request).boxed()),
    },
    Function {
        name: "membership",
        largest: LARGE,
        run: Run::Http("POST", |app, request| membership::run(app, request).boxed()),
    },
    Function {
        name: "openapi",
        largest: SMALL,
        run: Run::Http("GET", |app, request| openapi::run(app, request).boxed()),
    },
    Function {
        name: "provision",
        largest: SMALL,
        run: Run::Queue(|app, message| provision::run(app, message).boxed()),
    },
    Function { name: "reconcile", largest: SMALL, run: Run::Timer(|app| reconcile::run(app).boxed()) },
    Function {
        name: "signin",
        largest: SMALL,
        run: Run::Http("POST", |app, request| signin::run(app, request).boxed()),
    },
    Function {
        name: "start",
        largest: SMALL,
        run: Run::Http("POST", |app, request| start::run(app, request).boxed()),
    },
    Function {
        name: "status",
        largest: SMALL,
        run: Run::Http("GET", |app, request| status::run(app, request).boxed()),
    },
    Function {
        name: "stop",
        largest: SMALL,
        run: Run::Http("POST", |app, request| stop::run(app, request).boxed()),
    },
    Function { name: "sweep", largest: SMALL, run: Run::Timer(|app| sweep::run(app).boxed()) },
    Function {
        name: "usage",
        largest: SMALL,
        run: Run::Http("GET", |app, request| usage::run(app, request).boxed()),
    },
    Function {
        name: "workspaces",
        largest: SMALL,
        run: Run::Http("GET", |app, request| workspaces::run(app, request).boxed()),
    },
];
