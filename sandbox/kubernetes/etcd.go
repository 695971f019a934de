// The part "etcd": the API server's store, with the flags of the real command.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

// etcd ends the process itself when it fails.
func etcd() int {
	etcdmain.Main(os.Args)
	return 0
}
