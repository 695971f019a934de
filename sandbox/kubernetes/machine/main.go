// The outside of a machine: the one process that the world sees.
package machine

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

const usage = `usage:
  kubernetes machine FOLDER               one machine, as FOLDER/machine.json has it
  kubernetes machine images FOLDER FILE…  containerd's folder with these images in it, at FOLDER/lib/containerd`

// Main begins the inside of a machine, tells it of signals, and clears up after it. It is the one process of the
// machine that the world sees: when it dies, the kernel ends the inside, and with that everything in there.
func Main(args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	inside, state := append([]string{"machine-inside"}, args...), args[0]
	if args[0] == "images" {
		if len(args) < 3 {
			fmt.Fprintln(os.Stderr, usage)
			return 2
		}
		state = args[1]
	}
	if err := prepare(args, state); err != nil {
		fmt.Fprintln(os.Stderr, "machine:", err)
		return 1
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	// the kernel ties the end of the inside to the thread that began it
	runtime.LockOSThread()
	command := exec.Command("/proc/self/exe", inside...)
	command.Args[0] = os.Args[0]
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL,
		// signals for the group are for this process, which passes them on once
		Setpgid: true,
	}
	if err := command.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "machine: no namespaces of its own (is this root?):", err)
		return 1
	}
	go func() {
		for range signals {
			_ = command.Process.Signal(syscall.SIGTERM)
		}
	}()
	err := command.Wait()
	removeCgroups(state)
	if args[0] != "images" {
		// the machine's disk; mounts in there were the inside's own and are gone with it
		_ = os.RemoveAll(filepath.Join(state, "lib"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "machine:", err)
		return 1
	}
	return 0
}

// prepare makes what is made before the inside: there, some of the paths mean something else.
func prepare(args []string, state string) error {
	if args[0] == "images" {
		return os.MkdirAll(state, 0o755)
	}
	wish, err := ReadWish(state)
	if err != nil {
		return err
	}
	names, err := os.ReadFile("/etc/resolv.conf")
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.WriteFile(wish.At("resolv.conf"), names, 0o644); err != nil {
		return err
	}
	return copyContainers(wish.Containers, wish.At("lib/containerd"))
}
