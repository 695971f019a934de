// One pod on this machine: what is known of it, behind one lock, and what others tell it.
package node

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/flowcontrol"
)

type podWorker struct {
	m            *machine
	folder       string
	inits, mains []*container
	backOffs     *flowcontrol.Backoff
	refused      string
	// fieldsChanged wakes the volumes, statusChanged the status; both hold one wish at most.
	fieldsChanged, statusChanged chan struct{}
	// stop ends the pod's life; done is closed when nothing of it is left.
	stop context.CancelFunc
	done chan struct{}
	// writing keeps two writers of one volume apart.
	writing sync.Mutex
	// written is the status that the API server has from us. Only the publisher uses it: the pod that the
	// informer brings may be older than our last word, and a patch made against that would leave it standing.
	written *corev1.PodStatus

	mu           sync.Mutex
	pod          *corev1.Pod
	volumes      map[string]string
	sandboxReady bool
	ended        bool
	gone         bool          // the object is no longer in the API
	killAt       time.Time     // when the time of grace is over
	shortened    chan struct{} // closed when killAt comes nearer
}

func newPodWorker(m *machine, pod *corev1.Pod) *podWorker {
	w := &podWorker{
		m: m, pod: pod, refused: refusal(pod), volumes: map[string]string{},
		folder:        filepath.Join(m.state, "pods", string(pod.UID)),
		backOffs:      flowcontrol.NewBackOff(10*time.Second, 5*time.Minute),
		fieldsChanged: make(chan struct{}, 1), statusChanged: make(chan struct{}, 1),
		done: make(chan struct{}), shortened: make(chan struct{}),
	}
	hasInits := len(pod.Spec.InitContainers) > 0
	for _, spec := range pod.Spec.InitContainers {
		w.inits = append(w.inits, newContainer(spec, true, hasInits))
	}
	for _, spec := range pod.Spec.Containers {
		w.mains = append(w.mains, newContainer(spec, false, hasInits))
	}
	return w
}

// run is the pod's whole time on this machine: its life, then the wait for its deletion, then the end. An
// earlier pod of the same name that is still ending comes first: the two would share their volumes.
func (w *podWorker) run(ctx context.Context, earlier *podWorker) {
	defer close(w.done)
	if earlier != nil {
		<-earlier.done
	}
	if w.refused != "" {
		w.event(corev1.EventTypeWarning, refusedReason, "Pod was rejected: "+w.refused)
	} else {
		w.m.secrets.RegisterPod(w.pod)
		w.m.configMaps.RegisterPod(w.pod)
	}
	published := make(chan struct{})
	publishing, stopPublishing := context.WithCancel(context.Background())
	go func() { defer close(published); w.publish(publishing) }()
	w.change(func() {})
	if w.refused == "" {
		w.live(ctx)
	}
	w.change(func() { w.ended = true })
	<-ctx.Done()
	killAll(carrying(w.markOfPod()))
	stopPublishing()
	<-published
	if w.refused == "" {
		pod := w.latest()
		w.m.secrets.UnregisterPod(pod)
		w.m.configMaps.UnregisterPod(pod)
	}
	if !w.m.isStopping() {
		w.release()
	}
	_ = os.RemoveAll(w.folder)
}

// observe takes in what the API server has now.
func (w *podWorker) observe(pod *corev1.Pod) {
	w.mu.Lock()
	fields := !maps.Equal(pod.Labels, w.pod.Labels) || !maps.Equal(pod.Annotations, w.pod.Annotations)
	w.pod = pod
	w.mu.Unlock()
	if fields {
		wake(w.fieldsChanged)
	}
	if pod.DeletionTimestamp != nil {
		grace := time.Duration(0)
		if pod.DeletionGracePeriodSeconds != nil {
			grace = time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
		}
		w.end(grace)
	}
}

// vanish is for a pod that was removed from the API without waiting for this node.
func (w *podWorker) vanish() {
	w.mu.Lock()
	w.gone = true
	w.mu.Unlock()
	w.end(time.Second)
}

// end asks the pod to end within a time, which later wishes can only shorten.
func (w *podWorker) end(within time.Duration) {
	at := time.Now().Add(within)
	w.mu.Lock()
	if w.killAt.IsZero() || at.Before(w.killAt) {
		w.killAt = at
		close(w.shortened)
		w.shortened = make(chan struct{})
	}
	w.mu.Unlock()
	w.stop()
}

// grace is what is left of the time to end in, and what tells of a shorter one.
func (w *podWorker) grace() (time.Duration, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Until(w.killAt), w.shortened
}

// killForMemory ends the main containers as the kernel does when memory is short.
func (w *podWorker) killForMemory() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	killed := false
	for _, c := range w.mains {
		if c.running != nil {
			killed = true
			c.running.oomKill.Store(true)
			c.running.kill()
		}
	}
	return killed
}

func (w *podWorker) latest() *corev1.Pod {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pod
}

func (w *podWorker) volume(name string) (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	folder, mounted := w.volumes[name]
	return folder, mounted
}

func (w *podWorker) setVolume(name, folder string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.volumes[name] = folder
}

// change makes a change to what is known and has the status follow.
func (w *podWorker) change(how func()) {
	w.mu.Lock()
	how()
	w.mu.Unlock()
	wake(w.statusChanged)
}

func (w *podWorker) waiting(c *container, reason, message string) {
	w.change(func() {
		c.state = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	})
}

func wake(sleeper chan struct{}) {
	select {
	case sleeper <- struct{}{}:
	default:
	}
}

// terminate asks a container's first process, and only that one, to end.
func terminate(r *run) { _ = r.command.Process.Signal(syscall.SIGTERM) }
