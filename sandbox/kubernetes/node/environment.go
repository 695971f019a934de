// A container's environment, resolved as a kubelet does it.
package node

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

// sources is where the values of a pod's variables come from.
type sources struct {
	secret      func(name string) (*corev1.Secret, error)
	configMap   func(name string) (*corev1.ConfigMap, error)
	services    map[string]string
	allocatable corev1.ResourceList
	ip          string
}

// environment gives a container's variables by name. The services' names that the kubelet adds, KUBERNETES_*
// above all, are left alone where the container sets them itself, also to nothing.
func environment(pod *corev1.Pod, container *corev1.Container, from sources) (map[string]string, error) {
	set := map[string]string{}
	for _, source := range container.EnvFrom {
		values, err := from.all(source)
		if err != nil {
			return nil, err
		}
		for name, value := range values {
			set[source.Prefix+name] = value
		}
	}
	lookup := expansion.MappingFuncFor(set, from.services)
	for _, variable := range container.Env {
		value := variable.Value
		if value != "" {
			value = expansion.Expand(value, lookup)
		} else if variable.ValueFrom != nil {
			resolved, present, err := from.one(pod, container, variable.ValueFrom)
			if err != nil {
				return nil, err
			}
			if !present {
				continue
			}
			value = resolved
		}
		set[variable.Name] = value
	}
	for name, value := range from.services {
		if _, own := set[name]; !own {
			set[name] = value
		}
	}
	return set, nil
}

// expandCommand resolves $(NAME) in a container's command and arguments.
func expandCommand(words []string, environment map[string]string) []string {
	lookup := expansion.MappingFuncFor(environment)
	expanded := make([]string, len(words))
	for i, word := range words {
		expanded[i] = expansion.Expand(word, lookup)
	}
	return expanded
}

func (from sources) all(source corev1.EnvFromSource) (map[string]string, error) {
	values := map[string]string{}
	switch {
	case source.ConfigMapRef != nil:
		configMap, err := from.configMap(source.ConfigMapRef.Name)
		if apierrors.IsNotFound(err) && isTrue(source.ConfigMapRef.Optional) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return configMap.Data, nil
	case source.SecretRef != nil:
		secret, err := from.secret(source.SecretRef.Name)
		if apierrors.IsNotFound(err) && isTrue(source.SecretRef.Optional) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for key, value := range secret.Data {
			values[key] = string(value)
		}
	}
	return values, nil
}

func (from sources) one(pod *corev1.Pod, container *corev1.Container, source *corev1.EnvVarSource) (value string, present bool, err error) {
	switch {
	case source.FieldRef != nil:
		value, err = from.field(pod, source.FieldRef.FieldPath)
		return value, true, err
	case source.ResourceFieldRef != nil:
		value, err = resource.ExtractResourceValueByContainerNameAndNodeAllocatable(source.ResourceFieldRef, pod, container.Name, from.allocatable)
		return value, true, err
	case source.ConfigMapKeyRef != nil:
		ref := source.ConfigMapKeyRef
		configMap, err := from.configMap(ref.Name)
		if err == nil {
			if value, present = configMap.Data[ref.Key]; !present && !isTrue(ref.Optional) {
				err = fmt.Errorf("couldn't find key %v in ConfigMap %v/%v", ref.Key, pod.Namespace, ref.Name)
			}
		} else if apierrors.IsNotFound(err) && isTrue(ref.Optional) {
			err = nil
		}
		return value, present, err
	case source.SecretKeyRef != nil:
		ref := source.SecretKeyRef
		var content []byte
		secret, err := from.secret(ref.Name)
		if err == nil {
			if content, present = secret.Data[ref.Key]; !present && !isTrue(ref.Optional) {
				err = fmt.Errorf("couldn't find key %v in Secret %v/%v", ref.Key, pod.Namespace, ref.Name)
			}
		} else if apierrors.IsNotFound(err) && isTrue(ref.Optional) {
			err = nil
		}
		return string(content), present, err
	}
	return "", false, fmt.Errorf("a variable has a source that this node does not know")
}

// field reads what a downward API variable names; status and spec fields are the node's to know.
func (from sources) field(pod *corev1.Pod, path string) (string, error) {
	switch path {
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs":
		return from.ip, nil
	}
	return fieldpath.ExtractFieldPathAsString(pod, path)
}

// forProcess turns a container's variables into those of its process: paths are the machine's, PATH means
// the folders of the image and never the host's, and temporary files lie in a folder of the pod, also if the
// pod names a TMPDIR that is no volume.
func forProcess(variables map[string]string, seen files, temporary string) []string {
	if named, mounted := seen.mounts.locate(variables["TMPDIR"]); mounted {
		temporary = named
	}
	process := []string{"PATH=" + strings.Join(seen.searchPath(variables["PATH"]), ":"), "TMPDIR=" + temporary}
	for name, value := range variables {
		if name != "PATH" && name != "TMPDIR" {
			process = append(process, name+"="+seen.mounts.translate(value))
		}
	}
	return process
}

func isTrue(flag *bool) bool { return flag != nil && *flag }
