//! The cloud's part of a cluster: machines that come and go, disks for claims.
