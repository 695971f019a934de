//! One function app in the world: its host, storage accounts, group and gate.
