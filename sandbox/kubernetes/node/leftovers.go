// What is left of a container after its first process: processes that went into a session of their own, as
// terminals do, and whose parents have gone. They still carry the environment that the node gave, and it
// names a folder that no other container has.
package node

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// carrying finds the processes whose environment holds a text.
func carrying(text string) []relative {
	var found []relative
	for _, process := range allProcesses() {
		environment, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(process.pid), "environ"))
		if err == nil && process.pid != os.Getpid() && bytes.Contains(environment, []byte(text)) {
			found = append(found, process.relative)
		}
	}
	return found
}

// markOfContainer is in the environment of all that came from one container, unless its /tmp is a volume.
func (w *podWorker) markOfContainer(name string) string {
	return filepath.Join(w.folder, "tmp", name) + "\x00"
}

// markOfPod is in the environment of all that came from a pod.
func (w *podWorker) markOfPod() string { return w.folder + "/" }

// clearMachine kills what an earlier node of this folder left when it was killed itself, and removes what
// its pods had here: a machine that died is dead.
func (m *machine) clearMachine() error {
	pods := filepath.Join(m.state, "pods")
	killAll(carrying(pods + "/"))
	return os.RemoveAll(pods)
}
