// How a container gets its image: events, states and back-off as a kubelet has them.
package node

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/kubelet/events"
)

// A kubelet waits 10 s and doubles up to 5 minutes. Here the wait stays short, so that a pod starts soon
// after its image has become known.
const (
	firstPullWait = 2 * time.Second
	longPullWait  = 8 * time.Second
)

// pullImage returns when the image is there, and false if the pod ended first.
func (w *podWorker) pullImage(ctx context.Context, c *container) bool {
	name := c.spec.Image
	if w.m.images.isPresent(name) && c.spec.ImagePullPolicy != corev1.PullAlways {
		w.eventOf(c, corev1.EventTypeNormal, events.PulledImage,
			fmt.Sprintf("Container image %q already present on machine and can be accessed by the pod", name))
		return true
	}
	if c.spec.ImagePullPolicy == corev1.PullNever {
		message := fmt.Sprintf("Container image %q is not present with pull policy of Never", name)
		for {
			w.eventOf(c, corev1.EventTypeWarning, events.ErrImageNeverPullPolicy, message)
			w.waiting(c, "ErrImageNeverPull", message)
			if !sleep(ctx, longPullWait) {
				return false
			}
		}
	}
	for wait := firstPullWait; ; wait = min(2*wait, longPullWait) {
		w.eventOf(c, corev1.EventTypeNormal, events.PullingImage, fmt.Sprintf("Pulling image %q", name))
		got, err := w.m.images.pull(name, ctx.Done())
		if ctx.Err() != nil {
			return false
		}
		if err == nil {
			took := got.took.Truncate(time.Millisecond)
			w.eventOf(c, corev1.EventTypeNormal, events.PulledImage, fmt.Sprintf(
				"Successfully pulled image %q in %v (%v including waiting). Image size: %v bytes.", name, took, took, got.size))
			return true
		}
		w.eventOf(c, corev1.EventTypeWarning, events.FailedToPullImage, fmt.Sprintf("Failed to pull image %q: %v", name, err))
		w.eventOf(c, corev1.EventTypeWarning, events.FailedToCreateContainer, "Error: ErrImagePull")
		w.waiting(c, "ErrImagePull", err.Error())
		if !sleep(ctx, firstPullWait/2) {
			return false
		}
		message := fmt.Sprintf("Back-off pulling image %q", name)
		w.eventOf(c, corev1.EventTypeNormal, events.BackOffPullImage, message)
		w.eventOf(c, corev1.EventTypeWarning, events.FailedToCreateContainer, "Error: ImagePullBackOff")
		w.waiting(c, "ImagePullBackOff", fmt.Sprintf("%s: ErrImagePull: %v", message, err))
		if !sleep(ctx, wait) {
			return false
		}
	}
}

// sleep waits, and gives false if the context ended first.
func sleep(ctx context.Context, howLong time.Duration) bool {
	timer := time.NewTimer(howLong)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
