// Tables for what the node refuses, and for what a volume's driver would.
package node

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestRefusal(t *testing.T) {
	deadline, always := int64(5), corev1.ContainerRestartPolicyAlways
	for want, spec := range map[string]corev1.PodSpec{
		"": {Volumes: []corev1.Volume{
			{Name: "a", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			{Name: "b", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{Secret: &corev1.SecretProjection{}}}}}},
		}},
		"namespaces of the host": {HostNetwork: true},
		"activeDeadlineSeconds":  {ActiveDeadlineSeconds: &deadline},
		"hostPath":               {Volumes: []corev1.Volume{{Name: "a", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{}}}}},
		"none of emptyDir":       {Volumes: []corev1.Volume{{Name: "a", VolumeSource: corev1.VolumeSource{ISCSI: &corev1.ISCSIVolumeSource{}}}}},
		"automountServiceAccountToken": {Volumes: []corev1.Volume{{Name: "a", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{}}}}}}}},
		"a readiness probe":               {Containers: []corev1.Container{{ReadinessProbe: &corev1.Probe{}}}},
		"lifecycle hooks":                 {Containers: []corev1.Container{{Lifecycle: &corev1.Lifecycle{}}}},
		"a subPathExpr":                   {Containers: []corev1.Container{{VolumeMounts: []corev1.VolumeMount{{SubPathExpr: "$(X)"}}}}},
		"stdin or a terminal":             {Containers: []corev1.Container{{TTY: true}}},
		"has a restart policy of its own": {InitContainers: []corev1.Container{{RestartPolicy: &always}}},
	} {
		got := refusal(&corev1.Pod{Spec: spec})
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFolderOf(t *testing.T) {
	blob := func(attributes map[string]string) corev1.PersistentVolumeSource {
		return corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: blobDriver, VolumeHandle: "acct_dc-1", VolumeAttributes: attributes}}
	}
	disk := func(handle string) corev1.PersistentVolumeSource {
		return corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: "disk.csi.azure.com", VolumeHandle: handle}}
	}
	for _, row := range []struct {
		source       corev1.PersistentVolumeSource
		want, refuse string
	}{
		{disk("/subscriptions/0/disks/pvc-1"), "/v/disk/pvc-1", ""},
		{disk("pvc-1"), "/v/disk/pvc-1", ""},
		{disk(""), "", "Volume ID not provided"},
		{disk(".."), "", "Volume ID not provided"},
		{blob(map[string]string{"storageAccount": "acct", "containerName": "dc-1"}), "/v/blob/dc-1", ""},
		{blob(map[string]string{"storageAccount": "acct"}), "", "could not find containerName"},
		{blob(map[string]string{"containerName": "dc-1"}), "", "could not find storageAccount"},
		{blob(map[string]string{"storageAccount": "acct", "containerName": "../disk/pvc-1"}), "", "could not find containerName"},
		{corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}, "", "mounts CSI volumes only"},
	} {
		volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv"}, Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: row.source}}
		got, err := folderOf(volume, "/v")
		if got != row.want || (err == nil) != (row.refuse == "") || (err != nil && !strings.Contains(err.Error(), row.refuse)) {
			t.Errorf("%v: got %q, %v", row, got, err)
		}
	}
}
