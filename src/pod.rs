//! What the pod and the control plane say to each other: paths, names, the agent's line, and the notice.

mod line;
mod notice;

pub use line::{LINE_BYTES, LINES_BETWEEN, Line, OURS, TAIL_LINES, is_ours, newest_line};
pub use notice::{Notice, annotation};

/// Where the tree lies, in the platform's image and in the workspace's container: the executable names its own
/// loader by a whole path, so both must be the same.
pub const PLATFORM: &str = "/opt/dcaas";
/// Where the init container has the volume that becomes the workspace's tree.
pub const PLATFORM_VOLUME: &str = "/mnt/platform";
/// The agent's and the CLI's live state, in memory.
pub const RUN: &str = "/run/dcaas";
/// The VS Code servers that the CLI unpacks: hundreds of megabytes, which have no place in memory. Not in the CLI's own
/// folder: the runtime would make that one for the mount, as root's.
pub const SERVERS: &str = "/run/dcaas/servers";
/// The downward API's files.
pub const POD: &str = "/run/dcaas-pod";
/// The tunnel's token, a file for each key of the Secret.
pub const TOKEN: &str = "/run/dcaas-token";
/// The member's home disk.
pub const HOME: &str = "/home/dev";
/// The member's storage container.
pub const DATA: &str = "/data";

/// The executable, under the platform's tree.
pub const PROGRAM: &str = "bin/dcaas";
/// Where the executable is found whatever a shell's profile makes of PATH: those of the distributions set it anew, and a
/// VS Code server takes over what they say.
pub const COMMAND: &str = "/usr/local/bin/dcaas";
/// The VS Code CLI, under the platform's tree.
pub const CODE: &str = "bin/code";
/// The certificates of the public authorities, under the platform's tree.
pub const AUTHORITIES: &str = "ca.pem";

/// The group that every container of the pod is in, whatever user its image has; the home belongs to it.
pub const HOME_GROUP: u32 = 1000;

/// Where on the home disk the CLI's state lies that outlives a pod.
pub const KEPT: &str = ".dcaas/cli";
/// The workspace's own script, below the home, that runs after each start.
pub const ON_START: &str = ".dcaas/on-start";
/// The one that runs before the end.
pub const ON_STOP: &str = ".dcaas/on-stop";
/// The environment variable that tells the latter how many seconds it has.
pub const SECONDS: &str = "DCAAS_SECONDS";

/// The environment variable that tells a workspace's processes where [`RUN`] is, …
pub const RUN_VARIABLE: &str = "DCAAS_RUN";
/// … and where [`POD`] is.
pub const POD_VARIABLE: &str = "DCAAS_POD";

/// The file of the downward API with the Pod's annotations.
pub const ANNOTATIONS_FILE: &str = "annotations";
/// The file of the downward API with the Pod's labels.
pub const LABELS_FILE: &str = "labels";

/// The label of a Pod (and of the template) that names its session.
pub const SESSION: &str = "dcaas.dev/session";
/// The annotation of a Pod that tells the agent something.
pub const NOTICE: &str = "dcaas.dev/notice";

/// The key of the token's Secret that names who issued it: `github` or `microsoft`.
pub const PROVIDER_KEY: &str = "provider";
/// The key of the token itself.
pub const ACCESS_TOKEN_KEY: &str = "access_token";
/// The key of the refresh token, where the provider gives one.
pub const REFRESH_TOKEN_KEY: &str = "refresh_token";

/// The command of the init container.
pub fn install_command() -> Vec<String> {
    let program = format!("{PLATFORM}/{PROGRAM}");
    [&program, "install", "--to", PLATFORM_VOLUME, "--home", HOME].map(str::to_owned).to_vec()
}

/// The command of the workspace's container; `grace` is the Pod's termination grace period in seconds, and
/// `licence` says that whoever deployed this accepted the licence of the VS Code server.
pub fn agent_command(tunnel: &str, session: &str, grace: u64, licence: bool) -> Vec<String> {
    let program = format!("{PLATFORM}/{PROGRAM}");
    let grace = grace.to_string();
    let pairs = [
        ("--platform", PLATFORM),
        ("--run", RUN),
        ("--pod", POD),
        ("--token", TOKEN),
        ("--tunnel", tunnel),
        ("--session", session),
        ("--grace", &grace),
    ];
    [program.as_str(), "agent"]
        .into_iter()
        .chain(pairs.into_iter().flat_map(|(flag, value)| [flag, value]))
        .chain(licence.then_some("--accept-licence"))
        .map(str::to_owned)
        .collect()
}
