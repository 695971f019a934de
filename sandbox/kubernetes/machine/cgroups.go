// What the kernel does not clear up by itself when a machine is gone.
package machine

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// tasks is where containerd notes its containers, seen from outside of the machine.
const tasks = "run/containerd/io.containerd.runtime.v2.task/k8s.io"

// container is a container's name, alone or in a line of containerd's log.
var container = regexp.MustCompile(`\b[0-9a-f]{64}\b`)

// removeCgroups removes the control groups of the machine's containers: the one thing that does not go with its
// namespaces. They are empty once nobody is in there; one that is not stays.
func removeCgroups(state string) {
	groups := cgroupsOf("/sys/fs/cgroup", containersOf(state))
	for try := 0; len(groups) > 0 && try < 20; try++ {
		var left []string
		for _, path := range groups {
			if err := syscall.Rmdir(path); err != nil && err != syscall.ENOENT {
				left = append(left, path)
			}
		}
		// whoever was killed in there may not be gone yet
		if groups = left; len(left) > 0 {
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// containersOf names all containers that a machine has had. containerd forgets one whose end was cut short; its log
// does not.
func containersOf(state string) map[string]bool {
	found := map[string]bool{}
	entries, _ := os.ReadDir(filepath.Join(state, tasks))
	for _, entry := range entries {
		found[entry.Name()] = true
	}
	log, _ := os.ReadFile(filepath.Join(state, "containerd.log"))
	for _, name := range container.FindAll(log, -1) {
		found[string(name)] = true
	}
	return found
}

// cgroupsOf finds the groups of containers, in whatever hierarchies there are.
func cgroupsOf(root string, containers map[string]bool) []string {
	var found []string
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && containers[entry.Name()] {
			found = append(found, path)
			return fs.SkipDir
		}
		return nil
	})
	return found
}
