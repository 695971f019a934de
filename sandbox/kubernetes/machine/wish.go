// Package machine is one machine of the sandbox's cluster as it is in production: a kubelet with containerd and
// runc. It lives in namespaces of its own (processes, mounts, cgroups' paths by name), so that nothing of it is
// left when it is killed: the kernel ends what is inside with the first process in there.
package machine

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// File is the wish's name in the machine's folder.
const File = "machine.json"

// Wish is what a machine shall be.
type Wish struct {
	Name string `json:"name"`
	// IP is the address of the machine that all this runs on; the API server asks the kubelet there.
	IP   string `json:"ip"`
	Port int32  `json:"port"`
	// Subnet holds the addresses of the pods.
	Subnet     string            `json:"subnet"`
	Labels     map[string]string `json:"labels"`
	Taints     []corev1.Taint    `json:"taints"`
	ProviderID string            `json:"providerId"`
	// CPU is in thousandths of a core, Memory in bytes: what the kubelet shall say that the machine has.
	CPU    int64 `json:"cpu"`
	Memory int64 `json:"memory"`
	GPUs   int   `json:"gpus"`
	// Containers is containerd's folder with all images in it; the machine begins with a copy.
	Containers string `json:"containers"`
	// Volumes is where disks and blob containers are folders, shared by all machines.
	Volumes string `json:"volumes"`
	// BaseSpec is a file with what containerd begins each container's specification with, where editors are real; empty
	// for its own.
	BaseSpec string `json:"baseSpec"`
	// Faults is a file that says what shall go wrong.
	Faults string `json:"faults"`

	state string
}

// ReadWish reads the wish in a machine's folder.
func ReadWish(state string) (Wish, error) {
	state, err := filepath.Abs(state)
	if err != nil {
		return Wish{}, err
	}
	for _, own := range ownFolders {
		if state == own || strings.HasPrefix(state, own+"/") {
			return Wish{}, fmt.Errorf("a machine has %s for itself, so its folder can not lie there: move %s", own, state)
		}
	}
	content, err := os.ReadFile(filepath.Join(state, File))
	if err != nil {
		return Wish{}, err
	}
	wish := Wish{state: state}
	if err := json.Unmarshal(content, &wish); err != nil {
		return Wish{}, fmt.Errorf("%s: %w", File, err)
	}
	return wish, nil
}

// At is a file of the machine's own.
func (w Wish) At(name string) string { return filepath.Join(w.state, name) }
