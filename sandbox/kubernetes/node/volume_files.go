// Volumes whose files come from the API: written by the kubelet's own code, so modes, items and the atomic
// change of all files at once are as on any node.
package node

import (
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/secret"
	volumeutil "k8s.io/kubernetes/pkg/volume/util"
)

// payload is a volume's files by path.
type payload = map[string]volumeutil.FileProjection

func (w *podWorker) writeVolume(volume corev1.Volume, folder string) error {
	pod := w.latest()
	files, err := w.filesOf(pod, volume.VolumeSource)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	writer, err := volumeutil.NewAtomicWriter(folder, fmt.Sprintf("pod %s/%s volume %s", pod.Namespace, pod.Name, volume.Name))
	if err != nil {
		return err
	}
	w.writing.Lock()
	defer w.writing.Unlock()
	return writer.Write(files, nil)
}

func (w *podWorker) filesOf(pod *corev1.Pod, source corev1.VolumeSource) (payload, error) {
	switch {
	case source.Secret != nil:
		return w.secretFiles(source.Secret.SecretName, source.Secret.Items, source.Secret.DefaultMode, source.Secret.Optional)
	case source.ConfigMap != nil:
		return w.configMapFiles(source.ConfigMap.Name, source.ConfigMap.Items, source.ConfigMap.DefaultMode, source.ConfigMap.Optional)
	case source.DownwardAPI != nil:
		return w.fieldFiles(pod, source.DownwardAPI.Items, source.DownwardAPI.DefaultMode)
	case source.Projected != nil:
		return w.projectedFiles(pod, source.Projected)
	}
	return nil, fmt.Errorf("no volume plugin matched")
}

func (w *podWorker) projectedFiles(pod *corev1.Pod, projected *corev1.ProjectedVolumeSource) (payload, error) {
	all := payload{}
	for _, source := range projected.Sources {
		var files payload
		var err error
		switch {
		case source.Secret != nil:
			files, err = w.secretFiles(source.Secret.Name, source.Secret.Items, projected.DefaultMode, source.Secret.Optional)
		case source.ConfigMap != nil:
			files, err = w.configMapFiles(source.ConfigMap.Name, source.ConfigMap.Items, projected.DefaultMode, source.ConfigMap.Optional)
		case source.DownwardAPI != nil:
			files, err = w.fieldFiles(pod, source.DownwardAPI.Items, projected.DefaultMode)
		}
		if err != nil {
			return nil, err
		}
		for path, file := range files {
			all[path] = file
		}
	}
	return all, nil
}

func (w *podWorker) secretFiles(name string, items []corev1.KeyToPath, mode *int32, optional *bool) (payload, error) {
	found, err := w.m.secrets.GetSecret(w.latest().Namespace, name)
	if apierrors.IsNotFound(err) && isTrue(optional) {
		found, err = &corev1.Secret{}, nil
	}
	if err != nil {
		return nil, err
	}
	return secret.MakePayload(items, found, mode, isTrue(optional))
}

func (w *podWorker) configMapFiles(name string, items []corev1.KeyToPath, mode *int32, optional *bool) (payload, error) {
	found, err := w.m.configMaps.GetConfigMap(w.latest().Namespace, name)
	if apierrors.IsNotFound(err) && isTrue(optional) {
		found, err = &corev1.ConfigMap{}, nil
	}
	if err != nil {
		return nil, err
	}
	return configmap.MakePayload(items, found, mode, isTrue(optional))
}

func (w *podWorker) fieldFiles(pod *corev1.Pod, items []corev1.DownwardAPIVolumeFile, defaultMode *int32) (payload, error) {
	files := payload{}
	for _, item := range items {
		var value string
		var err error
		if item.FieldRef != nil {
			value, err = sources{ip: w.m.ip}.field(pod, item.FieldRef.FieldPath)
		} else {
			value, err = resource.ExtractResourceValueByContainerNameAndNodeAllocatable(
				item.ResourceFieldRef, pod, item.ResourceFieldRef.ContainerName, w.m.allocatable)
		}
		if err != nil {
			return nil, err
		}
		mode := defaultMode
		if item.Mode != nil {
			mode = item.Mode
		}
		files[item.Path] = volumeutil.FileProjection{Data: []byte(value), Mode: *mode}
	}
	return files, nil
}
