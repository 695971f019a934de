//! Azure Storage's queues and blobs: Azurite, over https and with tokens.
