// The inside of a machine: the first process of its namespaces.
package machine

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Inside is the first process of a machine's namespaces: it starts the parts and starts them again, reaps
// orphans, and ends all on SIGTERM.
func Inside(args []string) int {
	err := errors.New("this part is begun by `machine`")
	switch {
	case os.Getpid() != 1 || len(args) == 0:
	case args[0] == "images" && len(args) > 2:
		err = importImages(args[1], args[2:])
	default:
		err = live(args[0])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "machine:", err)
		return 1
	}
	return 0
}

// shutdownGrace is what pods get when the machine is shut down.
const shutdownGrace = 3 * time.Second

func live(state string) error {
	wish, err := ReadWish(state)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if err := mountAll(wish); err != nil {
		return err
	}
	family := newFamily()
	if err := startContainerd(family, wish); err != nil {
		return err
	}
	for _, driver := range []driver{blobDriver, diskDriver} {
		if err := driver.serve(family, wish); err != nil {
			return fmt.Errorf("CSI driver %s: %w", driver.name, err)
		}
	}
	family.keep(part{
		name: "kubelet", path: "/proc/self/exe", args: []string{"kubelet", state}, log: wish.At("kubelet.log"),
		down: func() bool { return readFaults(wish.Faults).KubeletDown },
	})
	if wish.GPUs > 0 {
		go plugGPUs(wish)
	}
	go func() {
		if err := waitUntilReady(wish); err != nil {
			fmt.Fprintln(os.Stderr, "machine:", err)
			return
		}
		fmt.Println("ready")
	}()
	<-signals
	family.end(shutdownGrace)
	return nil
}
