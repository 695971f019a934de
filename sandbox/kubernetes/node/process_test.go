// Processes of a container are found and ended, wherever they went.
package node

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestFamilyAndLeftovers(t *testing.T) {
	mark := t.TempDir() + "/pods/1/tmp/main"
	// A child in the session, one in a session of its own, and one of that kind whose parent has gone.
	command := exec.Command("sh", "-c", "sleep 100 & setsid sleep 100 & (setsid sleep 100 &) & sleep 100")
	command.Env = append(os.Environ(), "TMPDIR="+mark)
	if err := newStarter().start(command); err != nil {
		t.Fatal(err)
	}
	first := command.Process.Pid
	eventually(t, "five processes", func() bool { return len(carrying(mark+"\x00")) == 5 })
	if found := family(first); len(found) < 3 {
		t.Error("family:", found)
	}
	if other := carrying(mark + "er\x00"); len(other) != 0 {
		t.Error("another's:", other)
	}
	r := &run{command: command}
	r.kill()
	_ = command.Wait()
	killAll(carrying(mark + "\x00"))
	eventually(t, "no process", func() bool { return len(carrying(mark)) == 0 })
}

func TestKillAllSparesOthers(t *testing.T) {
	command := exec.Command("sleep", "100")
	if err := newStarter().start(command); err != nil {
		t.Fatal(err)
	}
	killAll([]relative{{command.Process.Pid, "another time"}})
	if _, alive := statOf(command.Process.Pid); !alive {
		t.Error("a process that only has the number was killed")
	}
	_ = command.Process.Kill()
	_ = command.Wait()
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatal("never:", what)
}
