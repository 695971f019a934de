// What shall go wrong on this machine, switched on and off by a file while the machine runs.
package node

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"time"
)

// faults is the content of the file --faults names. No file, or one that is just being written, is no fault.
type faults struct {
	// ImagePull: no image whose name holds one of these can be pulled.
	ImagePull []string `json:"imagePull"`
	// VolumeStuck: no claim's volume can be mounted.
	VolumeStuck bool `json:"volumeStuck"`
	// Slow: so long until each container starts, as Go writes durations.
	Slow string `json:"slow"`
	// OOM: the containers of these pods (namespace/name) are killed for memory, once for each time that
	// the pod is put on the list.
	OOM []string `json:"oom"`
}

func readFaults(file string) faults {
	var read faults
	if content, err := os.ReadFile(file); err == nil {
		if json.Unmarshal(content, &read) != nil {
			return faults{}
		}
	}
	return read
}

func (f faults) stopsPullOf(image string) bool {
	return slices.ContainsFunc(f.ImagePull, func(part string) bool { return strings.Contains(image, part) })
}

func (f faults) delay() time.Duration {
	delay, _ := time.ParseDuration(f.Slow)
	return delay
}

// watchMemory kills for memory what the faults name, until the machine ends.
func (m *machine) watchMemory(stop <-chan struct{}) {
	var before []string
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Second):
		}
		named := readFaults(m.faults).OOM
		for _, name := range named {
			namespace, pod, _ := strings.Cut(name, "/")
			worker := m.workerOf(namespace, pod)
			if worker == nil || slices.Contains(before, name) {
				continue
			}
			if !worker.killForMemory() {
				// Nothing runs yet: the fault waits for it.
				named = slices.DeleteFunc(slices.Clone(named), func(other string) bool { return other == name })
			}
		}
		before = named
	}
}
