// A pod's volumes: each is a folder of the machine. Everything a kubelet would mount read-only stays
// writable here, sizes are not enforced, and nothing is changed to a group (fsGroup): all processes of the
// sandbox are of one user.
package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/kubelet/events"
)

// refreshEvery bounds how old a Secret or a ConfigMap in a volume can be; the pod's own fields are written
// as soon as they change.
const refreshEvery = time.Second

// mountVolumes returns when all volumes are there, and false if the pod ended first.
func (w *podWorker) mountVolumes(ctx context.Context) bool {
	begun, reported := time.Now(), time.Time{}
	for wait := 500 * time.Millisecond; ; wait = min(2*wait, 4*time.Second) {
		var missing []string
		for _, volume := range w.latest().Spec.Volumes {
			if _, mounted := w.volume(volume.Name); mounted {
				continue
			}
			folder, err := w.mountVolume(ctx, volume)
			if ctx.Err() != nil {
				return false
			}
			if err != nil {
				missing = append(missing, volume.Name)
				w.event(corev1.EventTypeWarning, events.FailedMountVolume, err.Error())
				continue
			}
			w.setVolume(volume.Name, folder)
		}
		if len(missing) == 0 {
			return true
		}
		// A kubelet gives up on a round after two minutes and says so; then it goes on.
		if time.Since(begun) > 10*time.Second && time.Since(reported) > time.Minute {
			reported = time.Now()
			w.event(corev1.EventTypeWarning, events.FailedMountVolume, fmt.Sprintf(
				"Unable to attach or mount volumes: unmounted volumes=%v, unattached volumes=[], failed to process volumes=[]: context deadline exceeded", missing))
		}
		if !sleep(ctx, wait) {
			return false
		}
	}
}

func (w *podWorker) mountVolume(ctx context.Context, volume corev1.Volume) (string, error) {
	if volume.PersistentVolumeClaim != nil {
		return w.mountClaim(ctx, volume)
	}
	folder := filepath.Join(w.folder, "volumes", volume.Name)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", err
	}
	if volume.EmptyDir != nil {
		return folder, nil
	}
	if err := w.writeVolume(volume, folder); err != nil {
		return "", fmt.Errorf("MountVolume.SetUp failed for volume %q : %w", volume.Name, err)
	}
	return folder, nil
}

// refreshVolumes keeps the files of Secrets, ConfigMaps and the downward API as the API server has them.
func (w *podWorker) refreshVolumes(ctx context.Context) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.fieldsChanged:
		case <-tick.C:
		}
		for _, volume := range w.latest().Spec.Volumes {
			folder, mounted := w.volume(volume.Name)
			if !mounted || volume.EmptyDir != nil || volume.PersistentVolumeClaim != nil {
				continue
			}
			// A Secret that has gone leaves its last files, as on any node.
			_ = w.writeVolume(volume, folder)
		}
	}
}

// mountsOf gives the mounts of one container; a file that a subPath names must be there already.
func (w *podWorker) mountsOf(container *corev1.Container) (mounts, error) {
	var all []mount
	for _, declared := range container.VolumeMounts {
		folder, _ := w.volume(declared.Name)
		if declared.SubPath != "" {
			folder = filepath.Join(folder, filepath.Clean("/"+declared.SubPath))
			if _, err := os.Stat(folder); os.IsNotExist(err) {
				if err := os.MkdirAll(folder, 0o777); err != nil {
					return nil, fmt.Errorf("failed to create subPath directory for volumeMount %q of container %q", declared.Name, container.Name)
				}
			}
		}
		all = append(all, mount{path: declared.MountPath, folder: folder})
	}
	return newMounts(all...), nil
}

// temporaryOf is where a container's temporary files go: its /tmp where one is mounted, else a folder that
// ends with the pod. The host's /tmp would be shared by all pods of all machines.
func (w *podWorker) temporaryOf(container *corev1.Container, seen mounts) (string, error) {
	if folder, mounted := seen.locate("/tmp"); mounted {
		return folder, nil
	}
	folder := filepath.Join(w.folder, "tmp", container.Name)
	return folder, os.MkdirAll(folder, 0o777)
}

// workingDirOf is where a container's process starts. Where that would be the root of the image it is a
// folder of the container's own: what is written there must not end up in the image.
func workingDirOf(container *corev1.Container, seen files, own string) (string, error) {
	directory := filepath.Clean("/" + container.WorkingDir)
	if directory == "/" {
		return own, nil
	}
	folder, mounted := seen.mounts.locate(directory)
	if mounted {
		return folder, os.MkdirAll(folder, 0o777)
	}
	folder, err := seen.locate(directory)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(folder); err != nil {
		return "", fmt.Errorf("chdir to cwd (%q) set in config.json failed: no such file or directory", directory)
	}
	return folder, nil
}

// isPlainName keeps names that come from a volume from leading out of the folder of all volumes.
func isPlainName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00")
}
