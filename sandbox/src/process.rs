//! Child processes that never outlive the world.
