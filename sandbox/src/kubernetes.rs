//! The control plane's processes, with their certificates and flags.
