// What this node can not do. A pod that asks for it is refused as a whole and says why: a sandbox that
// ignored it would show something that no cluster does. What is ignored on purpose: security contexts and
// users (all processes are the node's user), resource limits, read-only mounts and sizes of volumes, pull
// secrets, DNS and host aliases, and the message that a container may leave at its end.
package node

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const refusedReason = "UnsupportedBySandbox"

// refusal gives every reason not to take a pod, or nothing.
func refusal(pod *corev1.Pod) string {
	var why []string
	refuse := func(format string, values ...any) { why = append(why, fmt.Sprintf(format, values...)) }
	spec := &pod.Spec
	if spec.HostNetwork || spec.HostPID || spec.HostIPC {
		refuse("it wants namespaces of the host")
	}
	if spec.ActiveDeadlineSeconds != nil {
		refuse("activeDeadlineSeconds")
	}
	if len(spec.ReadinessGates) > 0 {
		refuse("readinessGates")
	}
	if len(spec.EphemeralContainers) > 0 {
		refuse("ephemeral containers")
	}
	if len(spec.ResourceClaims) > 0 {
		refuse("resourceClaims")
	}
	for _, volume := range spec.Volumes {
		if kind := unknownVolume(volume.VolumeSource); kind != "" {
			refuse("volume %q is of a kind that it can not mount: %s", volume.Name, kind)
		}
	}
	for _, container := range spec.InitContainers {
		if container.RestartPolicy != nil {
			refuse("init container %q has a restart policy of its own", container.Name)
		}
		refuseContainer(container, refuse)
	}
	for _, container := range spec.Containers {
		refuseContainer(container, refuse)
	}
	if len(why) == 0 {
		return ""
	}
	return "the sandbox's node can not do this: " + strings.Join(why, "; ")
}

func refuseContainer(container corev1.Container, refuse func(string, ...any)) {
	for name, present := range map[string]bool{
		"a liveness probe": container.LivenessProbe != nil, "a readiness probe": container.ReadinessProbe != nil,
		"a startup probe": container.StartupProbe != nil, "lifecycle hooks": container.Lifecycle != nil,
		"volume devices": len(container.VolumeDevices) > 0, "stdin or a terminal": container.Stdin || container.TTY,
		"restart rules": len(container.RestartPolicyRules) > 0,
	} {
		if present {
			refuse("container %q has %s", container.Name, name)
		}
	}
	for _, mount := range container.VolumeMounts {
		if mount.SubPathExpr != "" {
			refuse("container %q has a subPathExpr", container.Name)
		}
		if mount.MountPropagation != nil && *mount.MountPropagation != corev1.MountPropagationNone {
			refuse("container %q has mount propagation", container.Name)
		}
	}
	for _, variable := range container.Env {
		if variable.ValueFrom != nil && variable.ValueFrom.FileKeyRef != nil {
			refuse("container %q takes a variable from a file", container.Name)
		}
	}
}

// unknownVolume names what a volume is, if it is nothing that this node mounts.
func unknownVolume(source corev1.VolumeSource) string {
	switch {
	case source.EmptyDir != nil, source.Secret != nil, source.ConfigMap != nil, source.DownwardAPI != nil, source.PersistentVolumeClaim != nil:
		return ""
	case source.Projected != nil:
		for _, part := range source.Projected.Sources {
			if part.Secret == nil && part.ConfigMap == nil && part.DownwardAPI == nil {
				return "projected, with a source that is no Secret, ConfigMap or downward API (set automountServiceAccountToken to false)"
			}
		}
		return ""
	case source.HostPath != nil:
		return "hostPath"
	case source.CSI != nil:
		return "ephemeral CSI"
	case source.Ephemeral != nil:
		return "ephemeral claim"
	case source.NFS != nil:
		return "nfs"
	}
	return "none of emptyDir, secret, configMap, downwardAPI, projected, persistentVolumeClaim"
}
