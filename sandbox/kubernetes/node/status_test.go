// Tables for the status that a kubelet would give.
package node

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// stateOf reads a short form: "wait", "run", "exit 0", and "wait after 1" for a container that has run before.
func stateOf(name, short string) corev1.ContainerStatus {
	status := corev1.ContainerStatus{Name: name}
	var code int32
	switch {
	case short == "wait":
		status.State.Waiting = &corev1.ContainerStateWaiting{}
	case short == "run":
		status.State.Running, status.Ready = &corev1.ContainerStateRunning{}, true
	case scan(short, "exit %d", &code):
		status.State.Terminated = &corev1.ContainerStateTerminated{ExitCode: code}
	case scan(short, "wait after %d", &code):
		status.State.Waiting = &corev1.ContainerStateWaiting{}
		status.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: code}
	default:
		panic(short)
	}
	return status
}

func scan(text, format string, code *int32) bool {
	n, err := fmt.Sscanf(text, format, code)
	return err == nil && n == 1
}

func statesOf(shorts []string) []corev1.ContainerStatus {
	var all []corev1.ContainerStatus
	for i, short := range shorts {
		all = append(all, stateOf(fmt.Sprintf("c%d", i), short))
	}
	return all
}

func TestPhase(t *testing.T) {
	type states []string
	always, onFailure, never := corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever
	for i, row := range []struct {
		policy       corev1.RestartPolicy
		inits, mains states
		ended        bool
		want         corev1.PodPhase
	}{
		{always, nil, states{"wait"}, false, corev1.PodPending},
		{always, nil, states{"run"}, false, corev1.PodRunning},
		{always, nil, states{"run", "wait"}, false, corev1.PodPending},
		{always, nil, states{"run", "wait after 1"}, false, corev1.PodRunning},
		{always, nil, states{"wait after 1"}, false, corev1.PodRunning},
		{always, nil, states{"exit 0"}, false, corev1.PodRunning},
		{always, nil, states{"exit 0"}, true, corev1.PodSucceeded},
		{always, nil, states{"exit 143"}, true, corev1.PodFailed},
		{always, states{"wait"}, states{"wait"}, false, corev1.PodPending},
		{always, states{"run"}, states{"wait"}, false, corev1.PodPending},
		{always, states{"exit 0"}, states{"run"}, false, corev1.PodRunning},
		{always, states{"wait after 1"}, states{"wait"}, false, corev1.PodPending},
		{always, states{"exit 0", "run"}, states{"wait"}, false, corev1.PodPending},
		{never, states{"exit 1"}, states{"wait"}, false, corev1.PodFailed},
		{never, nil, states{"exit 0", "exit 0"}, false, corev1.PodSucceeded},
		{never, nil, states{"exit 0", "exit 1"}, false, corev1.PodFailed},
		{never, nil, states{"exit 1", "run"}, false, corev1.PodRunning},
		{onFailure, nil, states{"exit 1"}, false, corev1.PodRunning},
		{onFailure, nil, states{"exit 0"}, false, corev1.PodSucceeded},
	} {
		pod := &corev1.Pod{Spec: corev1.PodSpec{RestartPolicy: row.policy}}
		got := observed{pod: pod, inits: statesOf(row.inits), mains: statesOf(row.mains), ended: row.ended}.phase()
		if got != row.want {
			t.Errorf("row %d %v: %s", i, row, got)
		}
	}
}

func TestConditions(t *testing.T) {
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	pod := &corev1.Pod{Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyAlways}}
	look := observed{pod: pod, ip: "127.0.0.1", now: begun, sandboxReady: true, inits: statesOf([]string{"run"}), mains: statesOf([]string{"wait"})}
	first := look.status()
	expect(t, first, corev1.PodInitialized, "False ContainersNotInitialized containers with incomplete status: [c0]", begun)
	expect(t, first, corev1.PodReady, "False ContainersNotReady containers with unready status: [c0]", begun)
	expect(t, first, corev1.PodReadyToStartContainers, "True  ", begun)

	// Nothing has changed but the time.
	look.before, look.now = first, begun.Add(time.Minute)
	expect(t, look.status(), corev1.PodReady, "False ContainersNotReady containers with unready status: [c0]", begun)

	look.inits, look.mains = statesOf([]string{"exit 0"}), statesOf([]string{"run"})
	running := look.status()
	expect(t, running, corev1.PodInitialized, "True  ", look.now)
	expect(t, running, corev1.PodReady, "True  ", look.now)
	expect(t, running, corev1.ContainersReady, "True  ", look.now)
	if running.StartTime == nil || !running.StartTime.Time.Equal(begun) {
		t.Error("the start has moved:", running.StartTime)
	}

	look.before, look.ended, look.mains = running, true, statesOf([]string{"exit 137"})
	expect(t, look.status(), corev1.PodReady, "False PodFailed ", look.now)
}

func expect(t *testing.T, status corev1.PodStatus, kind corev1.PodConditionType, want string, since time.Time) {
	t.Helper()
	for _, condition := range status.Conditions {
		if condition.Type == kind {
			got := fmt.Sprintf("%s %s %s", condition.Status, condition.Reason, condition.Message)
			if got != want || !condition.LastTransitionTime.Time.Equal(since) {
				t.Errorf("%s is %q since %v, want %q since %v", kind, got, condition.LastTransitionTime, want, since)
			}
			return
		}
	}
	t.Errorf("no condition %s", kind)
}

func TestOthersConditionsStay(t *testing.T) {
	other := corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}
	look := observed{pod: &corev1.Pod{}, before: corev1.PodStatus{Conditions: []corev1.PodCondition{other}, QOSClass: corev1.PodQOSBurstable}}
	got := look.status()
	if got.Conditions[0] != other || got.QOSClass != corev1.PodQOSBurstable {
		t.Error(got)
	}
}

func TestRefused(t *testing.T) {
	got := observed{pod: &corev1.Pod{}, refused: "no"}.status()
	if got.Phase != corev1.PodFailed || got.Reason != refusedReason || got.Message != "Pod was rejected: no" {
		t.Error(got)
	}
}
