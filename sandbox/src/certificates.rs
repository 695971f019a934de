//! One certificate authority for the world, and leaves under it.
