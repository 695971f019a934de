//! The Azure Functions host: runs a custom handler exactly as Azure does.
