// Notes of the sessions that a node has started, so that what a killed node left behind can be found: the
// containers' own processes die with it, but not what they had started in turn.
package node

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// sessions is a folder with one file for each running session, named by its number; in it, when the first
// process started.
type sessions string

func (s sessions) note(pid int) {
	if stat, alive := statOf(pid); alive {
		_ = os.WriteFile(filepath.Join(string(s), strconv.Itoa(pid)), []byte(stat.started), 0o666)
	}
}

func (s sessions) forget(pid int) { _ = os.Remove(filepath.Join(string(s), strconv.Itoa(pid))) }

// clear kills what an earlier node of this folder left. A session's number is not given to a new process
// while one of its members lives, so a first process of another age means that all of ours have gone.
func (s sessions) clear() error {
	if err := os.MkdirAll(string(s), 0o777); err != nil {
		return err
	}
	notes, err := os.ReadDir(string(s))
	if err != nil {
		return err
	}
	for _, note := range notes {
		pid, _ := strconv.Atoi(note.Name())
		started, _ := os.ReadFile(filepath.Join(string(s), note.Name()))
		if first, alive := statOf(pid); pid > 1 && (!alive || first.started == string(started)) {
			killAll(family(pid))
			if alive {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		s.forget(pid)
	}
	return nil
}
