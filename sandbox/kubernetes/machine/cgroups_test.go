package machine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestContainersAreKnownByTheirNotesAndByTheLog(t *testing.T) {
	state := t.TempDir()
	noted, logged := strings.Repeat("0a", 32), strings.Repeat("1b", 32)
	if err := os.MkdirAll(filepath.Join(state, tasks, noted), 0o755); err != nil {
		t.Fatal(err)
	}
	log := `time="…" level=info msg="starting signal loop" path=/run/containerd/io.containerd.runtime.v2.task/k8s.io/` + logged + " pid=7\n"
	if err := os.WriteFile(filepath.Join(state, "containerd.log"), []byte(log), 0o644); err != nil {
		t.Fatal(err)
	}
	if found := containersOf(state); len(found) != 2 || !found[noted] || !found[logged] {
		t.Errorf("%v", found)
	}
}

// The layouts are those of machines whose control groups are of version 1, of version 2, or of both (hybrid: version 2
// without controllers, beside version 1).
func TestControlGroupsAreFoundInEachLayout(t *testing.T) {
	for name, groups := range map[string][]string{
		"version 1": {"cpu,cpuacct/k8s.io/dead", "memory/k8s.io/dead", "systemd/k8s.io/dead"},
		"hybrid":    {"memory/k8s.io/dead", "unified/k8s.io/dead"},
		"version 2": {"k8s.io/dead"},
	} {
		root := t.TempDir()
		for _, group := range groups {
			for _, folder := range []string{group, filepath.Join(filepath.Dir(group), "alive")} {
				if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
					t.Fatal(err)
				}
			}
		}
		var found []string
		for _, path := range cgroupsOf(root, map[string]bool{"dead": true}) {
			path, _ = filepath.Rel(root, path)
			found = append(found, path)
		}
		if !slices.Equal(found, groups) {
			t.Errorf("%s: %v", name, found)
		}
	}
}
