//! Promises of the room, on the shipped model and on a tiny random one.
