// Command kubernetes is a whole Kubernetes 1.36.3 in one program: the real control plane, kubectl, and a
// node that needs no root. The first argument names the part; everything after it is that part's own flags,
// so a ready-made binary of the same name can stand in for each part but the node.
//
// Built by:
//
//	go build -trimpath -ldflags "-s -w
//	    -X k8s.io/component-base/version.gitVersion=v1.36.3
//	    -X k8s.io/component-base/version.gitMajor=1
//	    -X k8s.io/component-base/version.gitMinor=36
//	    -X k8s.io/client-go/pkg/version.gitVersion=v1.36.3" -o kubernetes .
//
// Without the versions, /version says v0.0.0. The first build takes minutes. Tests and vet need -trimpath too
// (GOFLAGS=-trimpath go test ./...): without it they share nothing with the build, and compile it all again.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"dcaas.dev/sandbox/kubernetes/machine"
	"dcaas.dev/sandbox/kubernetes/node"
)

// parts are functions and not commands: constructing a Kubernetes command installs the process's signal
// handler, and constructing a second one panics. Only the one that was named may be made.
var parts = map[string]func() int{
	"etcd":                    etcd,
	"kube-apiserver":          apiServer,
	"kube-controller-manager": controllerManager,
	"kube-scheduler":          scheduler,
	"kubectl":                 kubectl,
	"node":                    func() int { return node.Main(os.Args[1:]) },
	"machine":                 func() int { return machine.Main(os.Args[1:]) },
	"machine-inside":          func() int { return machine.Inside(os.Args[1:]) },
}

func main() {
	if len(os.Args) < 2 || parts[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: kubernetes PART [flags]\nparts:", strings.Join(partNames(), ", "))
		os.Exit(2)
	}
	// Each part reads os.Args as if it were the program itself.
	os.Args = os.Args[1:]
	os.Exit(parts[os.Args[0]]())
}

func partNames() []string {
	var names []string
	for name := range parts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
