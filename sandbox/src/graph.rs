//! Microsoft Graph, as far as the world needs it.
