//! What stands between an installation and each party: counts and faults.
