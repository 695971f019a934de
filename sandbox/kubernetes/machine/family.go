// The processes inside: those that are kept running, and the orphans that come to the first process.
package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// part is a program that is started again whenever it ends, as an init system does.
type part struct {
	name string
	path string
	args []string
	log  string
	// down says whether it shall not be started just now.
	down func() bool
}

// again is how long a part that has ended stays down.
const again = time.Second

type family struct {
	mu     sync.Mutex
	ending bool
	ends   map[int]chan syscall.WaitStatus
}

// newFamily begins to reap: the children's ends are told to whoever started them, the orphans' to nobody.
func newFamily() *family {
	f := &family{ends: map[int]chan syscall.WaitStatus{}}
	go func() {
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, 0, nil)
			if err == syscall.ECHILD {
				time.Sleep(20 * time.Millisecond)
				continue
			}
			if err != nil {
				continue
			}
			// start holds the lock from before the fork until the child is known
			f.mu.Lock()
			end := f.ends[pid]
			delete(f.ends, pid)
			f.mu.Unlock()
			if end != nil {
				end <- status
			}
		}
	}()
	return f
}

// start runs a program once; the channel tells its end.
func (f *family) start(p part) (int, <-chan syscall.WaitStatus, error) {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return 0, nil, err
	}
	defer log.Close()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer nothing.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	pid, err := syscall.ForkExec(p.path, append([]string{p.name}, p.args...), &syscall.ProcAttr{
		Env:   []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		Files: []uintptr{nothing.Fd(), log.Fd(), log.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, nil, err
	}
	end := make(chan syscall.WaitStatus, 1)
	f.ends[pid] = end
	return pid, end, nil
}

// run runs a program to its end; what it says is the error's text if it fails. The family's reaper waits for all
// children, so os/exec can not be asked. In /run, which is the machine's own.
func (f *family) run(path string, args ...string) error {
	log, err := os.CreateTemp("/run", "said-")
	if err != nil {
		return err
	}
	log.Close()
	defer os.Remove(log.Name())
	_, end, err := f.start(part{name: filepath.Base(path), path: path, args: args, log: log.Name()})
	if err != nil {
		return fmt.Errorf("%s does not start: %w", path, err)
	}
	if status := <-end; status.ExitStatus() != 0 {
		said, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%s: %s", filepath.Base(path), strings.TrimSpace(string(said)))
	}
	return nil
}

// keep runs a program again and again, until the family ends.
func (f *family) keep(p part) {
	go func() {
		for !f.isEnding() {
			if p.down == nil || !p.down() {
				if _, end, err := f.start(p); err == nil {
					<-end
				} else {
					fmt.Fprintf(os.Stderr, "machine: %s does not start: %v\n", p.name, err)
				}
			}
			time.Sleep(again)
		}
	}()
}

func (f *family) isEnding() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ending
}

// end asks everybody in these namespaces to end and returns when they have, or after the grace; what is left
// then the kernel ends with this process.
func (f *family) end(grace time.Duration) {
	f.mu.Lock()
	f.ending = true
	f.mu.Unlock()
	_ = syscall.Kill(-1, syscall.SIGTERM)
	for deadline := time.Now().Add(grace); time.Now().Before(deadline) && len(others()) > 0; {
		time.Sleep(50 * time.Millisecond)
	}
}

// others are the living processes beside the first.
func others() []int {
	var pids []int
	names, _ := filepath.Glob("/proc/[0-9]*")
	for _, name := range names {
		pid, _ := strconv.Atoi(filepath.Base(name))
		if _, err := os.Readlink(name + "/exe"); pid > 1 && err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
