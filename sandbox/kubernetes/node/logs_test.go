// Tables for what may be asked of a log, and a log written and read back.
package node

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/cri-client/pkg/logs"
)

func TestLogOptions(t *testing.T) {
	for query, good := range map[string]bool{
		"": true, "tailLines=0&follow=true": true, "tailLines=-1": false, "tailLines=x": false, "limitBytes=0": false, "limitBytes=1": true,
		"sinceSeconds=0": false, "sinceSeconds=5&timestamps=true": true, "sinceTime=2026-01-01T00:00:00Z": true,
		"sinceSeconds=5&sinceTime=2026-01-01T00:00:00Z": false, "previous=true&container=x": true,
	} {
		values, _ := url.ParseQuery(query)
		if _, err := logOptions(values); (err == nil) != good {
			t.Errorf("%q: %v", query, err)
		}
	}
}

func TestLogThereAndBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c", "0.log")
	log, err := createLog(path)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 3*longestEntry) + "end"
	for stream, text := range map[string]string{"stdout": "one\n\ntwo\n" + long + "\nno end", "stderr": ""} {
		end, err := log.pipe(stream)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = end.WriteString(text)
		end.Close()
	}
	log.close()
	read := func(query string) string {
		values, _ := url.ParseQuery(query)
		options, err := logOptions(values)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := logs.ReadLogs(context.Background(), path, "", readingOf(options, time.Now()), nil, &out, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got, want := read(""), "one\n\ntwo\n"+long+"\nno end\n"; got != want {
		t.Errorf("%d characters, want %d", len(got), len(want))
	}
	if got := read("tailLines=1"); got != "no end\n" {
		t.Error(got)
	}
	if got := read("limitBytes=4"); got != "one\n" {
		t.Error(got)
	}
	if got := read("sinceTime=" + time.Now().Add(time.Hour).UTC().Format(time.RFC3339)); got != "" {
		t.Error(got)
	}
	stamp, rest, _ := strings.Cut(read("timestamps=true"), " ")
	if at, err := time.Parse(time.RFC3339Nano, stamp); err != nil || time.Since(at) > time.Minute || !strings.HasPrefix(rest, "one\n") {
		t.Error(stamp, err)
	}
}

func TestLogOf(t *testing.T) {
	ended := &corev1.ContainerStateTerminated{ContainerID: "old"}
	waiting := func(reason string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
	}
	for _, row := range []struct {
		state, last corev1.ContainerState
		previous    bool
		want        string
	}{
		{waiting("ContainerCreating"), corev1.ContainerState{}, false, `container "c" in pod "p" is waiting to start: ContainerCreating`},
		{waiting("ErrImagePull"), corev1.ContainerState{}, false, `container "c" in pod "p" is waiting to start: image can't be pulled`},
		{waiting("ImagePullBackOff"), corev1.ContainerState{}, false, `container "c" in pod "p" is waiting to start: trying and failing to pull image`},
		{waiting("CrashLoopBackOff"), corev1.ContainerState{Terminated: ended}, false, "old.log"},
		{corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, corev1.ContainerState{Terminated: ended}, false, "new.log"},
		{corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, corev1.ContainerState{Terminated: ended}, true, "old.log"},
		{corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, corev1.ContainerState{}, true, `previous terminated container "c" in pod "p" not found`},
	} {
		c := &container{spec: corev1.Container{Name: "c"}, state: row.state, last: row.last, id: "new", runs: map[string]string{"old": "old.log", "new": "new.log"}}
		pod := &corev1.Pod{}
		pod.Name = "p"
		_, got, err := (&podWorker{pod: pod}).logOf(c, row.previous)
		if err != nil {
			got = err.Error()
		}
		if got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}

func TestFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "faults.json")
	for content, want := range map[string]time.Duration{`{"slow":"5s","imagePull":["gpu"]}`: 5 * time.Second, `{"slow":`: 0, ``: 0, `{}`: 0} {
		if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		read := readFaults(file)
		if read.delay() != want || read.stopsPullOf("x/gpu:1") != (want > 0) || read.stopsPullOf("x/cpu:1") {
			t.Errorf("%q: %+v", content, read)
		}
	}
	if readFaults(filepath.Join(t.TempDir(), "none")).VolumeStuck {
		t.Error("a fault without a file")
	}
}
