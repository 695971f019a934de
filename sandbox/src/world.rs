//! A world: what is shared by all installations, from start to end.
