//! What a world is started with.

use clap::Parser;
use std::path::PathBuf;

/// Starts the world around a function app on this machine, and stays up until it is told to end.
#[derive(Clone, Debug, Parser)]
#[command(name = "world", max_term_width = 100)]
pub struct Options {
    /// The assembled function app: host.json, the executable, function folders, settings.json.
    #[arg(long, value_name = "DIR")]
    pub app: PathBuf,
    /// The program with a subcommand for each part of Kubernetes.
    #[arg(long, value_name = "FILE")]
    pub kubernetes: PathBuf,
    /// The folder whose node_modules hold Azurite.
    #[arg(long, value_name = "DIR")]
    pub azurite: PathBuf,
    /// Manifests that an administrator applies for each installation.
    #[arg(long, value_name = "DIR")]
    pub manifests: PathBuf,
    /// JSON: which image is which folder.
    #[arg(long, value_name = "FILE")]
    pub images: PathBuf,
    /// Machines are kubelets, whose containerd begins with a copy of this folder.
    #[arg(long, value_name = "DIR")]
    pub containers: Option<PathBuf>,
    /// What the VS Code CLI would unpack: workspaces get a real editor, and a relay leads a browser to it.
    #[arg(long, value_name = "DIR")]
    pub editor: Option<PathBuf>,
    /// Where worlds keep their files.
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
    /// The world's name; two of the same name can not be up at once.
    #[arg(long, default_value = "world")]
    pub name: String,
    /// The cloud's delays are seconds instead of minutes.
    #[arg(long)]
    pub fast: bool,
    /// A cluster that exists, in place of one of our own.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// A setting for every installation, over the app's own.
    #[arg(long = "default", value_name = "NAME=VALUE", value_parser = pair)]
    pub defaults: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Options::command().debug_assert();
        assert_eq!(pair("A=b=c"), Ok(("A".into(), "b=c".into())));
        assert!(pair("A").is_err());
    }
}
