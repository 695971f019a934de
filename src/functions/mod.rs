//! The functions of the app, one file each; the table has one row for each folder of `functions/`.

mod health;
mod logs;
mod provision;
mod start;
mod status;
mod stop;

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

/// A function: its name, which is also its folder's and its route's, and what one turn of it does.
#[derive(Clone, Copy)]
pub struct Function {
    pub name: &'static str,
    pub run: Run,
}

/// What a function is called with, and what it gives back.
#[derive(Clone, Copy)]
pub enum Run {
    /// An HTTP request that the host hands through.
    Http(&'static str, fn(Arc<App>, Request) -> BoxFuture<'static, Result<Reply, Problem>>),
    /// A message of the queue, in the host's envelope; what comes back goes to the invocation's log.
    Queue(fn(Arc<App>, QueueMessage) -> BoxFuture<'static, Result<String, Problem>>),
}

/// Every function there is.
pub const FUNCTIONS: &[Function] = &[
    Function { name: "health", run: Run::Http("GET", |app, request| health::run(app, request).boxed()) },
    Function { name: "logs", run: Run::Http("GET", |app, request| logs::run(app, request).boxed()) },
    Function { name: "provision", run: Run::Queue(|app, message| provision::run(app, message).boxed()) },
    Function { name: "start", run: Run::Http("POST", |app, request| start::run(app, request).boxed()) },
    Function { name: "status", run: Run::Http("GET", |app, request| status::run(app, request).boxed()) },
    Function { name: "stop", run: Run::Http("POST", |app, request| stop::run(app, request).boxed()) },
];
