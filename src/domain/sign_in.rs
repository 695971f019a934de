//! Whether a member has signed in to the tunnel: the control plane's business, not the pod's.

/// The state of a member's token for the tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// There is no token: a start has to wait for one.
    None,
    /// A token is kept for the next start.
    Done,
}
