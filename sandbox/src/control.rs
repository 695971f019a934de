//! The verbs and faults of a running world, over HTTP on loopback.
