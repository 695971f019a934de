// Telling the API server: a pod's status, its events, and that nothing of it is left.
package node

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podutil "k8s.io/kubernetes/pkg/util/pod"
)

// publish writes the status at every change until ctx ends, and then a last time.
func (w *podWorker) publish(ctx context.Context) {
	for {
		select {
		case <-w.statusChanged:
			w.writeStatus()
		case <-ctx.Done():
			w.writeStatus()
			return
		}
	}
}

func (w *podWorker) writeStatus() {
	w.mu.Lock()
	gone := w.gone
	now := observed{
		pod: w.pod, ip: w.m.ip, sandboxReady: w.sandboxReady, ended: w.ended, refused: w.refused, now: time.Now(),
	}
	for _, c := range w.inits {
		now.inits = append(now.inits, c.statusOf())
	}
	for _, c := range w.mains {
		now.mains = append(now.mains, c.statusOf())
	}
	w.mu.Unlock()
	if gone || w.m.isStopping() {
		// A machine that is going away tells nothing any more; who took it away knows.
		return
	}
	pod, before := now.pod, now.pod.Status
	if w.written != nil {
		before = *w.written
	}
	now.before = before
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	updated, _, unchanged, err := podutil.PatchPodStatus(ctx, w.m.client, pod.Namespace, pod.Name, pod.UID, before, now.status())
	if err != nil {
		// A pod that has gone meanwhile is found out by the informer; everything else passes.
		time.AfterFunc(500*time.Millisecond, func() { wake(w.statusChanged) })
	} else if !unchanged {
		w.written = &updated.Status
	}
}

// release removes the object from the API: only then may its name be used again.
func (w *podWorker) release() {
	for {
		w.mu.Lock()
		pod, gone := w.pod, w.gone
		w.mu.Unlock()
		if gone || w.m.isStopping() {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		now := int64(0)
		err := w.m.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: &now, Preconditions: metav1.NewUIDPreconditions(string(pod.UID)),
		})
		cancel()
		if err == nil || isGone(err) {
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// isGone reads the answers that mean that a pod of this UID is no longer there.
func isGone(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsConflict(err)
}

func (w *podWorker) event(kind, reason, message string) {
	w.m.events.Event(w.reference(""), kind, reason, message)
}

func (w *podWorker) eventOf(c *container, kind, reason, message string) {
	field := "spec.containers{" + c.spec.Name + "}"
	if c.init {
		field = "spec.initContainers{" + c.spec.Name + "}"
	}
	w.m.events.Event(w.reference(field), kind, reason, message)
}

func (w *podWorker) reference(field string) *corev1.ObjectReference {
	pod := w.latest()
	return &corev1.ObjectReference{
		Kind: "Pod", APIVersion: "v1", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID,
		ResourceVersion: pod.ResourceVersion, FieldPath: field,
	}
}
