// exec: another process in a running container, with the same view of files and variables.
package node

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/virtual-kubelet/virtual-kubelet/errdefs"
	"github.com/virtual-kubelet/virtual-kubelet/node/api"
	utilexec "k8s.io/utils/exec"
)

func (m *machine) runInContainer(ctx context.Context, namespace, pod, name string, words []string, attach api.AttachIO) error {
	worker := m.workerOf(namespace, pod)
	if worker == nil {
		return errdefs.NotFoundf("pod %q does not exist", pod)
	}
	c := worker.container(name)
	if c == nil || !worker.isRunning(c) {
		return errdefs.NotFoundf("container not found (%q)", name)
	}
	if attach.TTY() {
		return errdefs.InvalidInput("the sandbox's node gives exec no terminal")
	}
	command, err := worker.commandFor(c, words)
	if err != nil {
		return fmt.Errorf("OCI runtime exec failed: exec failed: unable to start container process: %w", err)
	}
	// Through pipes and not as files: the streams end with the client, not with the process.
	command.Stdin, command.Stdout, command.Stderr = attach.Stdin(), attach.Stdout(), attach.Stderr()
	if attach.Stdin() == nil {
		command.Stdin = nil
	}
	if err := m.starter.start(command); err != nil {
		return err
	}
	pid := command.Process.Pid
	stop := context.AfterFunc(ctx, func() { killAll(family(pid)); _ = command.Process.Kill() })
	defer stop()
	err = command.Wait()
	killAll(family(pid))
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return utilexec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", ended.ExitCode()), Code: ended.ExitCode()}
	}
	return err
}

func (w *podWorker) isRunning(c *container) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return c.running != nil
}
