// A container's log over the kubelet's endpoint, read by the kubelet's own reader.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	corev1 "k8s.io/api/core/v1"
	cri "k8s.io/cri-api/pkg/apis"
	criv1 "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-client/pkg/logs"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/core/install" // teaches the scheme to read queries
)

func (m *machine) containerLogs(answer http.ResponseWriter, request *http.Request) {
	options, err := logOptions(request.URL.Query())
	if err != nil {
		refuseLog(answer, err.Error(), http.StatusBadRequest)
		return
	}
	pod, name := request.PathValue("pod"), request.PathValue("container")
	worker := m.workerOf(request.PathValue("namespace"), pod)
	if worker == nil {
		refuseLog(answer, fmt.Sprintf("pod %q does not exist", pod), http.StatusNotFound)
		return
	}
	c := worker.container(name)
	if c == nil {
		refuseLog(answer, fmt.Sprintf("container %q not found in pod %q", name, pod), http.StatusNotFound)
		return
	}
	id, path, err := worker.logOf(c, options.Previous)
	if err != nil {
		refuseLog(answer, err.Error(), http.StatusBadRequest)
		return
	}
	out := flushed{answer}
	// The answer begins now, also if the container is silent.
	_, _ = out.Write(nil)
	stdout, stderr := io.Writer(out), io.Writer(out)
	if options.Stream != nil && *options.Stream == corev1.LogStreamStdout {
		stderr = nil
	}
	if options.Stream != nil && *options.Stream == corev1.LogStreamStderr {
		stdout = nil
	}
	reading := readingOf(options, time.Now())
	if err := logs.ReadLogs(request.Context(), path, id, reading, runtimeOf{worker: worker, container: c}, stdout, stderr); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(out, err)
	}
}

// refuseLog writes the bare text that the API server puts into its own answer.
func refuseLog(answer http.ResponseWriter, why string, status int) {
	answer.Header().Set("Content-Type", "text/plain")
	answer.WriteHeader(status)
	fmt.Fprint(answer, why)
}

// logOptions reads a query as the kubelet does.
func logOptions(query url.Values) (*corev1.PodLogOptions, error) {
	options := &corev1.PodLogOptions{}
	if err := legacyscheme.ParameterCodec.DecodeParameters(query, corev1.SchemeGroupVersion, options); err != nil {
		return nil, err
	}
	switch {
	case options.TailLines != nil && *options.TailLines < 0:
		return nil, errors.New("tailLines must not be negative")
	case options.LimitBytes != nil && *options.LimitBytes < 1:
		return nil, errors.New("limitBytes must be greater than 0")
	case options.SinceSeconds != nil && *options.SinceSeconds < 1:
		return nil, errors.New("sinceSeconds must be greater than 0")
	case options.SinceSeconds != nil && options.SinceTime != nil:
		return nil, errors.New("at most one of sinceTime or sinceSeconds may be specified")
	}
	return options, nil
}

// readingOf turns what was asked for into the reader's terms.
func readingOf(options *corev1.PodLogOptions, now time.Time) *logs.LogOptions {
	reading := &logs.LogOptions{
		TailLines: options.TailLines, LimitBytes: options.LimitBytes, Follow: options.Follow, Timestamp: options.Timestamps,
	}
	if options.SinceSeconds != nil {
		reading.Since = now.Add(-time.Duration(*options.SinceSeconds) * time.Second)
	}
	if options.SinceTime != nil {
		reading.Since = options.SinceTime.Time
	}
	return reading
}

func (w *podWorker) container(name string) *container {
	for _, all := range [][]*container{w.mains, w.inits} {
		for _, c := range all {
			if c.spec.Name == name {
				return c
			}
		}
	}
	return nil
}

// logOf finds the run whose log is asked for, or says in a kubelet's words why there is none.
func (w *podWorker) logOf(c *container, previous bool) (id, path string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := c.last.Terminated
	switch {
	case previous && last == nil:
		return "", "", fmt.Errorf("previous terminated container %q in pod %q not found", c.spec.Name, w.pod.Name)
	case previous:
		id = last.ContainerID
	case c.state.Waiting != nil && last == nil:
		why := c.state.Waiting.Reason
		switch why {
		case "ErrImagePull":
			why = "image can't be pulled"
		case "ImagePullBackOff":
			why = "trying and failing to pull image"
		}
		return "", "", fmt.Errorf("container %q in pod %q is waiting to start: %s", c.spec.Name, w.pod.Name, why)
	case c.state.Waiting != nil:
		id = last.ContainerID
	default:
		id = c.id
	}
	path, written := c.runs[id]
	if !written {
		return "", "", fmt.Errorf("container %q in pod %q is terminated", c.spec.Name, w.pod.Name)
	}
	return id, path, nil
}

// runtimeOf answers the one question that the reader has for a container runtime: whether it still runs.
type runtimeOf struct {
	cri.RuntimeService
	worker    *podWorker
	container *container
}

func (r runtimeOf) ContainerStatus(_ context.Context, id string, _ bool) (*criv1.ContainerStatusResponse, error) {
	r.worker.mu.Lock()
	defer r.worker.mu.Unlock()
	state := criv1.ContainerState_CONTAINER_EXITED
	if r.container.running != nil && r.container.id == id {
		state = criv1.ContainerState_CONTAINER_RUNNING
	}
	return &criv1.ContainerStatusResponse{Status: &criv1.ContainerStatus{Id: id, State: state}}, nil
}

// flushed sends every line as it comes.
type flushed struct{ to http.ResponseWriter }

func (f flushed) Write(text []byte) (int, error) {
	n, err := f.to.Write(text)
	if flusher, ok := f.to.(http.Flusher); ok {
		flusher.Flush()
	}
	return n, err
}
