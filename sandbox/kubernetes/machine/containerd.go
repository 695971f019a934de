// containerd with runc, as a machine of its own has them.
package machine

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// RuntimeSocket is where containerd answers, inside.
const RuntimeSocket = "/run/containerd/containerd.sock"

// MaxPods is how many pods the kubelet takes: as many as a subnet of 32 has addresses for.
const MaxPods = 28

// pause is the image that holds a pod's network.
const pause = "dcaas.example/pause:1"

const containerdConfig = `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.restart", "io.containerd.internal.v1.tracing"]
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  disable_apparmor = true
  # without the right to it, a sandbox that shall be safer from the kernel's choice than others does not start
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      base_runtime_spec = %q
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = %q
`

// A link for each pod and no more: nobody connects to a pod, and none needs the way out; a real editor alone needs the
// way to this computer, where its relay is.
const networkConfig = `{"cniVersion": "0.4.0", "name": "world", "plugins": [
  {"type": "ptp", "ipMasq": false, "ipam": {"type": "host-local", "dataDir": "/var/lib/cni/networks", "ranges": [[{"subnet": %q}]],
    "routes": [%s]}}
]}
`

// startContainerd keeps containerd running and returns once it answers.
func startContainerd(f *family, wish Wish) error {
	if err := os.MkdirAll(wish.At("network"), 0o755); err != nil {
		return err
	}
	subnet := wish.Subnet
	if subnet == "" {
		subnet = "198.18.0.0/27"
	}
	routes := ""
	if wish.BaseSpec != "" {
		routes = fmt.Sprintf(`{"dst": "%s/32"}`, wish.IP)
	}
	for name, content := range map[string]string{
		"containerd.toml":        fmt.Sprintf(containerdConfig, RuntimeSocket, pause, wish.BaseSpec, wish.At("network")),
		"network/world.conflist": fmt.Sprintf(networkConfig, subnet, routes),
	} {
		if err := os.WriteFile(wish.At(name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	program, err := exec.LookPath("containerd")
	if err != nil {
		return fmt.Errorf("containerd is missing: %w", err)
	}
	f.keep(part{name: "containerd", path: program, args: []string{"--config", wish.At("containerd.toml")}, log: wish.At("containerd.log")})
	return answers(RuntimeSocket, time.Minute)
}

// answers waits until somebody listens at a socket.
func answers(socket string, within time.Duration) error {
	for deadline := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		connection, err := net.Dial("unix", socket)
		if err == nil {
			return connection.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not there after %v: %w", socket, within, err)
		}
	}
}

// importImages fills containerd's folder of a state with images.
func importImages(state string, archives []string) error {
	state, err := filepath.Abs(state)
	if err != nil {
		return err
	}
	wish := Wish{state: state}
	if err := mountAll(wish); err != nil {
		return err
	}
	f := newFamily()
	if err := startContainerd(f, wish); err != nil {
		return err
	}
	program, err := exec.LookPath("ctr")
	if err != nil {
		return err
	}
	for _, archive := range archives {
		err := f.run(program, "--address", RuntimeSocket, "--namespace", "k8s.io", "images", "import", archive)
		if err != nil {
			return fmt.Errorf("%s can not be imported: %w", archive, err)
		}
	}
	f.end(10 * time.Second)
	return nil
}
