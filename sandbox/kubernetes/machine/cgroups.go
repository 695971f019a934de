// What the kernel does not clear up by itself when a machine is gone.
package machine

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// tasks is where containerd notes its containers, seen from outside of the machine.
const tasks = "run/containerd/io.containerd.runtime.v2.task/k8s.io"

// removeCgroups removes the control groups of the machine's containers: the one thing that does not go with its
// namespaces. They are empty once nobody is in there, and one that is not stays.
func removeCgroups(state string) {
	entries, err := os.ReadDir(filepath.Join(state, tasks))
	if err != nil {
		return
	}
	ours := map[string]bool{}
	for _, entry := range entries {
		ours[entry.Name()] = true
	}
	var found []string
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if entry.IsDir() && ours[entry.Name()] {
			found = append(found, path)
			return fs.SkipDir
		}
		return nil
	})
	for _, path := range found {
		_ = syscall.Rmdir(path)
	}
}
