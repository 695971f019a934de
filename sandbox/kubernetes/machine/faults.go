// What shall go wrong on a machine.
package machine

import (
	"encoding/json"
	"os"
	"time"
)

// faults is what shall go wrong on a machine, switched on and off by a file while it runs. No file, or one that is
// just being written, is no fault.
type faults struct {
	// VolumeStuck: no volume can be mounted.
	VolumeStuck bool `json:"volumeStuck"`
	// KubeletDown: a kubelet that has ended is not started again.
	KubeletDown bool `json:"kubeletDown"`
	// GPULate: so long after the machine its GPUs are told, as Go writes durations.
	GPULate string `json:"gpuLate"`
	// GPUGone: the GPUs are there no more.
	GPUGone bool `json:"gpuGone"`
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

func (f faults) gpuDelay() time.Duration {
	delay, _ := time.ParseDuration(f.GPULate)
	return delay
}
