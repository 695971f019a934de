// The life of a pod from its volumes to its last process.
package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/kubelet/events"
)

// live runs the pod's containers. It returns when all have ended for good, or soon after ctx has ended.
func (w *podWorker) live(ctx context.Context) {
	if ctx.Err() != nil || !w.mountVolumes(ctx) {
		return
	}
	w.change(func() { w.sandboxReady = true })
	go w.refreshVolumes(ctx)
	for _, c := range w.inits {
		if !w.keepRunning(ctx, c) {
			return
		}
	}
	var all sync.WaitGroup
	for _, c := range w.mains {
		all.Go(func() { w.keepRunning(ctx, c) })
	}
	all.Wait()
}

// keepRunning starts a container as often as the pod's policy wants, and says whether it completed at last.
func (w *podWorker) keepRunning(ctx context.Context, c *container) bool {
	for {
		if !w.pullImage(ctx, c) {
			return false
		}
		ended := w.runOnce(ctx, c)
		if ended == nil || ctx.Err() != nil {
			return false
		}
		if !restarts(w.latest().Spec.RestartPolicy, c.init, ended.ExitCode) {
			return ended.ExitCode == 0
		}
		if !w.backOff(ctx, c, ended) {
			return false
		}
	}
}

// restarts says whether a container that has ended is started again.
func restarts(policy corev1.RestartPolicy, init bool, exitCode int32) bool {
	if exitCode == 0 && init {
		return false
	}
	switch policy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return exitCode != 0
	}
	return true
}

// runOnce runs a container's process to its end. It gives nil if the pod ended before the process began.
func (w *podWorker) runOnce(ctx context.Context, c *container) *corev1.ContainerStateTerminated {
	if !sleep(ctx, readFaults(w.m.faults).delay()) {
		return nil
	}
	command, config, refused := w.prepare(c)
	for config != nil {
		// As for a Secret that is not there yet: wait for it.
		w.eventOf(c, corev1.EventTypeWarning, events.FailedToCreateContainer, "Error: "+config.Error())
		w.waiting(c, "CreateContainerConfigError", config.Error())
		if !sleep(ctx, 2*time.Second) {
			return nil
		}
		command, config, refused = w.prepare(c)
	}
	var r *run
	if refused == nil {
		w.eventOf(c, corev1.EventTypeNormal, events.CreatedContainer, "Container created")
		r, refused = w.start(c, command)
	}
	if refused != nil {
		return w.refusedToStart(c, refused)
	}
	w.eventOf(c, corev1.EventTypeNormal, events.StartedContainer, "Container started")
	w.waitFor(ctx, c, r)
	ended := r.end(c.id)
	w.change(func() {
		c.running = nil
		c.state = corev1.ContainerState{Terminated: ended}
	})
	return ended
}

// refusedToStart is a run that the runtime would not start.
func (w *podWorker) refusedToStart(c *container, refused error) *corev1.ContainerStateTerminated {
	message := "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: " +
		"unable to start container process: error during container init: " + refused.Error()
	w.eventOf(c, corev1.EventTypeWarning, events.FailedToStartContainer, "Error: "+message)
	ended := &corev1.ContainerStateTerminated{
		ContainerID: idOf(w.latest(), c.spec.Name, c.restarts), ExitCode: 128, Reason: "StartError", Message: message,
		StartedAt: metav1.Unix(0, 0), FinishedAt: metav1.Now(),
	}
	w.change(func() { c.id, c.state = ended.ContainerID, corev1.ContainerState{Terminated: ended} })
	return ended
}

// waitFor waits for the end of a run. When the pod ends first, its process is asked to end, and is killed
// with all it started when the time of grace is over.
func (w *podWorker) waitFor(ctx context.Context, c *container, r *run) {
	select {
	case <-r.ended:
		return
	case <-ctx.Done():
	}
	w.eventOf(c, corev1.EventTypeNormal, events.KillingContainer, fmt.Sprintf("Stopping container %s", c.spec.Name))
	// What it started is remembered now, while the line of parents still leads there.
	relatives := family(r.command.Process.Pid)
	terminate(r)
	for {
		grace, shortened := w.grace()
		timer := time.NewTimer(grace)
		select {
		case <-r.ended:
			timer.Stop()
			killAll(relatives)
			return
		case <-shortened:
			timer.Stop()
		case <-timer.C:
			r.kill()
			killAll(relatives)
			<-r.ended
			return
		}
	}
}

// backOff waits before a container is started again: not at all after the first end, then 10 s, doubled up
// to five minutes, and from the start again after ten quiet ones.
func (w *podWorker) backOff(ctx context.Context, c *container, ended *corev1.ContainerStateTerminated) bool {
	key, id := c.spec.Name, fmt.Sprintf("%s_%s(%s)", w.latest().Name, w.latest().Namespace, w.latest().UID)
	finished := ended.FinishedAt.Time
	if w.backOffs.IsInBackOffSince(key, finished) {
		wait := w.backOffs.Get(key)
		w.eventOf(c, corev1.EventTypeWarning, events.BackOffStartContainer,
			fmt.Sprintf("Back-off restarting failed container %s in pod %s", c.spec.Name, id))
		w.change(func() {
			c.last = corev1.ContainerState{Terminated: ended}
			c.state = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
				Reason:  "CrashLoopBackOff",
				Message: fmt.Sprintf("back-off %s restarting failed container=%s pod=%s", wait, c.spec.Name, id),
			}}
		})
		if !sleep(ctx, time.Until(finished.Add(wait))) {
			return false
		}
	}
	w.backOffs.Next(key, finished)
	w.change(func() {
		c.last = corev1.ContainerState{Terminated: ended}
		c.restarts++
	})
	return true
}
