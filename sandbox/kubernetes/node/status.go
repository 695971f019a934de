// A pod's status from the states of its containers, as a kubelet composes it. Pure: tables test it.
package node

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// observed is what the node knows of a pod at one moment.
type observed struct {
	pod          *corev1.Pod
	before       corev1.PodStatus
	inits, mains []corev1.ContainerStatus
	ip           string
	sandboxReady bool
	// ended: nothing of the pod will ever run again.
	ended bool
	// refused is why the node takes the pod not at all.
	refused string
	now     time.Time
}

// status goes on from the status that the API server has, so that what others wrote there stays.
func (o observed) status() corev1.PodStatus {
	status := *o.before.DeepCopy()
	status.ObservedGeneration = o.pod.Generation
	status.HostIP, status.HostIPs = o.ip, []corev1.HostIP{{IP: o.ip}}
	if status.StartTime == nil {
		status.StartTime = &metav1.Time{Time: o.now}
	}
	if o.refused != "" {
		status.Phase, status.Reason, status.Message = corev1.PodFailed, refusedReason, "Pod was rejected: "+o.refused
		return status
	}
	if o.sandboxReady {
		status.PodIP, status.PodIPs = o.ip, []corev1.PodIP{{IP: o.ip}}
	}
	status.InitContainerStatuses, status.ContainerStatuses = o.inits, o.mains
	status.Phase = o.phase()
	o.setCondition(&status, corev1.PodReadyToStartContainers, o.sandboxReady && !o.ended, "", "")
	initialized, reason, message := o.initialized()
	o.setCondition(&status, corev1.PodInitialized, initialized, reason, message)
	ready, reason, message := o.ready(status.Phase)
	o.setCondition(&status, corev1.PodReady, ready, reason, message)
	o.setCondition(&status, corev1.ContainersReady, ready, reason, message)
	o.setCondition(&status, corev1.PodScheduled, true, "", "")
	return status
}

func (o observed) phase() corev1.PodPhase {
	policy := o.pod.Spec.RestartPolicy
	for _, init := range o.inits {
		ended := lastEnd(init)
		if ended != nil && !restarts(policy, true, ended.ExitCode) && ended.ExitCode != 0 {
			return corev1.PodFailed
		}
		if init.State.Terminated == nil || init.State.Terminated.ExitCode != 0 {
			return corev1.PodPending
		}
	}
	running, stopped, succeeded, restarting := 0, 0, 0, 0
	for _, main := range o.mains {
		ended := lastEnd(main)
		switch {
		case main.State.Running != nil:
			running++
		case ended == nil:
			return corev1.PodPending
		default:
			stopped++
			if ended.ExitCode == 0 {
				succeeded++
			}
			if !o.ended && restarts(policy, false, ended.ExitCode) {
				restarting++
			}
		}
	}
	switch {
	case running > 0 || restarting > 0:
		return corev1.PodRunning
	case stopped == succeeded:
		return corev1.PodSucceeded
	}
	return corev1.PodFailed
}

// lastEnd is how a container that does not run ended before, or nil if it has not run.
func lastEnd(container corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	if container.State.Terminated != nil {
		return container.State.Terminated
	}
	if container.State.Waiting != nil {
		return container.LastTerminationState.Terminated
	}
	return nil
}

func (o observed) initialized() (bool, string, string) {
	var incomplete []string
	for _, init := range o.inits {
		if init.State.Terminated == nil || init.State.Terminated.ExitCode != 0 {
			incomplete = append(incomplete, init.Name)
		}
	}
	if len(incomplete) > 0 {
		return false, "ContainersNotInitialized", fmt.Sprintf("containers with incomplete status: [%s]", strings.Join(incomplete, " "))
	}
	return true, "", ""
}

func (o observed) ready(phase corev1.PodPhase) (bool, string, string) {
	switch phase {
	case corev1.PodSucceeded:
		return false, "PodCompleted", ""
	case corev1.PodFailed:
		return false, "PodFailed", ""
	}
	var unready []string
	for _, main := range o.mains {
		if !main.Ready {
			unready = append(unready, main.Name)
		}
	}
	if len(unready) > 0 {
		return false, "ContainersNotReady", fmt.Sprintf("containers with unready status: [%s]", strings.Join(unready, " "))
	}
	return true, "", ""
}

// setCondition keeps the time of the last change where nothing has changed.
func (o observed) setCondition(status *corev1.PodStatus, kind corev1.PodConditionType, holds bool, reason, message string) {
	condition := corev1.PodCondition{
		Type: kind, Status: corev1.ConditionFalse, Reason: reason, Message: message,
		ObservedGeneration: o.pod.Generation, LastTransitionTime: metav1.NewTime(o.now),
	}
	if holds {
		condition.Status = corev1.ConditionTrue
	}
	for i, old := range status.Conditions {
		if old.Type == kind {
			if old.Status == condition.Status {
				condition.LastTransitionTime = old.LastTransitionTime
			}
			status.Conditions[i] = condition
			return
		}
	}
	status.Conditions = append(status.Conditions, condition)
}

// statusOf gives one container's part of the status.
func (c *container) statusOf() corev1.ContainerStatus {
	running := c.state.Running != nil
	status := corev1.ContainerStatus{
		Name: c.spec.Name, Image: c.spec.Image, State: *c.state.DeepCopy(), LastTerminationState: *c.last.DeepCopy(),
		RestartCount: c.restarts, ContainerID: c.id, Started: &running, Ready: running,
	}
	if c.id != "" {
		status.ImageID = c.spec.Image
	}
	if c.init {
		status.Ready = c.state.Terminated != nil && c.state.Terminated.ExitCode == 0
	}
	return status
}
