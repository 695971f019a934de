// The folders that a machine has for itself, and the kernel's settings that it may not touch.
package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ownFolders are where kubelet, containerd and CNI keep what is theirs, by paths that partly can not be set.
// Behind each lies a folder of the machine's; what the host has there is not seen inside.
var ownFolders = []string{"/run", "/var/lib", "/var/log"}

// kernelSettings are what kubelet and CNI want of the kernel. They find it so and change nothing: the kernel is
// not the machine's own.
var kernelSettings = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
	"net/ipv4/ip_forward":       "1",
}

// mountAll makes the inside of a machine; it runs in mount and process namespaces of its own.
func mountAll(wish Wish) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("the mounts can not be made the machine's own: %w", err)
	}
	// a new process namespace shows its processes only in a new /proc
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NOEXEC|syscall.MS_NODEV, ""); err != nil {
		return fmt.Errorf("/proc: %w", err)
	}
	for _, own := range ownFolders {
		behind := wish.At(filepath.Base(own))
		if err := os.MkdirAll(behind, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(behind, own, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("%s: %w", own, err)
		}
	}
	for name, value := range kernelSettings {
		setting := filepath.Join("/proc/sys", name)
		if _, err := os.Stat(setting); os.IsNotExist(err) {
			continue
		}
		file := wish.At("settings/" + strings.ReplaceAll(name, "/", "."))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := syscall.Mount(file, setting, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("%s: %w", setting, err)
		}
	}
	return nil
}
