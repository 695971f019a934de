// Processes of pods: each a session of its own, ended with everything that came from it.
package node

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// starter starts all processes from one thread that lives as long as the node: the kernel ends a process
// with the death of the *thread* that made it, and Go's other threads come and go.
type starter chan func()

func newStarter() starter {
	requests := make(starter)
	go func() {
		runtime.LockOSThread()
		for start := range requests {
			start()
		}
	}()
	return requests
}

func (s starter) start(command *exec.Cmd) error {
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	result := make(chan error)
	s <- func() { result <- command.Start() }
	return <-result
}

// relative is a process that came from a container's process, and when it started: a number alone could be
// another process's by the time it is used.
type relative struct {
	pid     int
	started string
}

// processStat is what /proc tells of one process.
type processStat struct {
	relative
	parent, session int
}

// family gives a process's children, their children, and all of its session. Terminals are sessions of
// their own, which only the line of parents finds, so ask while the first process still lives.
func family(first int) []relative {
	all := allProcesses()
	members := map[int]bool{first: true}
	var found []relative
	for grew := true; grew; {
		grew = false
		for _, process := range all {
			if !members[process.pid] && (members[process.parent] || process.session == first) {
				members[process.pid] = true
				found = append(found, process.relative)
				grew = true
			}
		}
	}
	return found
}

func allProcesses() []processStat {
	var all []processStat
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			if stat, ok := statOf(pid); ok {
				all = append(all, stat)
			}
		}
	}
	return all
}

func statOf(pid int) (processStat, bool) {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return processStat{}, false
	}
	// The name stands in brackets and may hold anything; the fields after it start with the state.
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
	if len(fields) < 20 {
		return processStat{}, false
	}
	parent, _ := strconv.Atoi(fields[1])
	session, _ := strconv.Atoi(fields[3])
	return processStat{relative{pid, fields[19]}, parent, session}, true
}

func killAll(relatives []relative) {
	for _, one := range relatives {
		if now, alive := statOf(one.pid); alive && now.started == one.started {
			_ = syscall.Kill(one.pid, syscall.SIGKILL)
		}
	}
}

// followParent ends the node when whoever started it has gone. The kernel could tell of that by a signal,
// but it means the thread that started us, which may end long before its process does.
func followParent(end func()) {
	parent := os.Getppid()
	for os.Getppid() == parent {
		time.Sleep(200 * time.Millisecond)
	}
	end()
}
