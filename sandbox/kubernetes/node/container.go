// One container of a pod: what is known of it, and one run of its process.
package node

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// container holds the state that a pod's status is made of; the pod's lock guards it.
type container struct {
	spec     corev1.Container
	init     bool
	state    corev1.ContainerState
	last     corev1.ContainerState
	restarts int32
	id       string
	running  *run
	runs     map[string]string // logs by container id
	seen     files             // what the last run could see, for exec
	env      map[string]string
}

// run is one process of a container.
type run struct {
	command  *exec.Cmd
	ended    chan struct{}
	oomKill  atomic.Bool
	started  time.Time
	finished time.Time
}

func newContainer(spec corev1.Container, init, podHasInit bool) *container {
	reason := "ContainerCreating"
	if podHasInit {
		reason = "PodInitializing"
	}
	return &container{
		spec: spec, init: init, runs: map[string]string{},
		state: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}},
	}
}

// idOf is what a runtime would call the n-th run.
func idOf(pod *corev1.Pod, container string, restarts int32) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", pod.UID, container, restarts))
	return fmt.Sprintf("containerd://%x", sum)
}

// prepare gives the command of a run. An error of the first kind is the pod's configuration and may pass; an
// error of the second is what a runtime would answer.
func (w *podWorker) prepare(c *container) (command *exec.Cmd, config, refused error) {
	pod := w.latest()
	found, err := w.m.images.find(c.spec.Image)
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", c.spec.Image, err), nil
	}
	services, err := w.m.servicesFor(pod)
	if err != nil {
		return nil, err, nil
	}
	variables, err := environment(pod, &c.spec, w.m.sourcesOf(pod, services))
	if err != nil {
		return nil, err, nil
	}
	for name, value := range found.Env {
		if _, set := variables[name]; !set {
			variables[name] = value
		}
	}
	if _, set := variables["HOSTNAME"]; !set {
		variables["HOSTNAME"] = pod.Name
		if pod.Spec.Hostname != "" {
			variables["HOSTNAME"] = pod.Spec.Hostname
		}
	}
	mounts, err := w.mountsOf(&c.spec)
	if err != nil {
		return nil, err, nil
	}
	seen := files{mounts: mounts, root: found.Root}
	words := append(expandCommand(c.spec.Command, variables), expandCommand(c.spec.Args, variables)...)
	if len(c.spec.Command) == 0 {
		words = append(append([]string{}, found.Entrypoint...), words...)
	}
	if len(words) == 0 {
		return nil, nil, fmt.Errorf("failed to generate container spec: no command specified")
	}
	w.mu.Lock()
	c.seen, c.env = seen, variables
	w.mu.Unlock()
	command, refused = w.commandFor(c, words)
	return command, nil, refused
}

// commandFor makes a process of words, for the container itself and for exec.
func (w *podWorker) commandFor(c *container, words []string) (*exec.Cmd, error) {
	w.mu.Lock()
	seen, variables := c.seen, c.env
	w.mu.Unlock()
	executable, args, err := seen.command(words, filepath.Clean("/"+c.spec.WorkingDir), variables["PATH"])
	if err != nil {
		return nil, err
	}
	temporary, err := w.temporaryOf(&c.spec, seen.mounts)
	if err != nil {
		return nil, err
	}
	directory, err := workingDirOf(&c.spec, seen, temporary)
	if err != nil {
		return nil, err
	}
	return &exec.Cmd{Path: executable, Args: args, Dir: directory, Env: forProcess(variables, seen, temporary)}, nil
}

// start begins a run and returns once the process is there.
func (w *podWorker) start(c *container, command *exec.Cmd) (*run, error) {
	id := idOf(w.latest(), c.spec.Name, c.restarts)
	log, err := createLog(filepath.Join(w.folder, "logs", c.spec.Name, fmt.Sprintf("%d.log", c.restarts)))
	if err != nil {
		return nil, err
	}
	var ours []*os.File
	stdout, err := log.pipe("stdout")
	if err == nil {
		ours = append(ours, stdout)
		var stderr *os.File
		if stderr, err = log.pipe("stderr"); err == nil {
			ours = append(ours, stderr)
			command.Stdout, command.Stderr = stdout, stderr
			err = w.m.starter.start(command)
		}
	}
	for _, end := range ours {
		end.Close()
	}
	if err != nil {
		log.close()
		return nil, err
	}
	pid := command.Process.Pid
	r := &run{command: command, ended: make(chan struct{}), started: time.Now()}
	go func() {
		_ = command.Wait()
		killAll(family(pid))
		killAll(carrying(w.markOfContainer(c.spec.Name)))
		log.close()
		r.finished = time.Now()
		close(r.ended)
	}()
	w.change(func() {
		c.id, c.running, c.runs[id] = id, r, log.path
		c.state = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(r.started)}}
	})
	return r, nil
}

// end gives the state of a run that has ended, as a kubelet reads it from the runtime.
func (r *run) end(id string) *corev1.ContainerStateTerminated {
	terminated := &corev1.ContainerStateTerminated{
		ContainerID: id, Reason: "Completed", StartedAt: metav1.NewTime(r.started), FinishedAt: metav1.NewTime(r.finished),
	}
	status := r.command.ProcessState.Sys().(syscall.WaitStatus)
	terminated.ExitCode = int32(status.ExitStatus())
	if status.Signaled() {
		terminated.ExitCode = 128 + int32(status.Signal())
	}
	if terminated.ExitCode != 0 {
		terminated.Reason = "Error"
	}
	if r.oomKill.Load() {
		terminated.Reason = "OOMKilled"
	}
	return terminated
}

// kill ends a run at once, with all that came from it.
func (r *run) kill() {
	relatives := family(r.command.Process.Pid)
	_ = r.command.Process.Kill()
	killAll(relatives)
}
