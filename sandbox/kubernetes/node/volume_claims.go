// Volumes that outlive the pod: a claim's disk or blob container is a folder that all machines share.
package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const blobDriver = "blob.csi.azure.com"

// mountClaim follows claim and volume to the folder. Its errors are a kubelet's events.
func (w *podWorker) mountClaim(ctx context.Context, volume corev1.Volume) (string, error) {
	pod, name := w.latest(), volume.PersistentVolumeClaim.ClaimName
	claim, err := w.m.client.CoreV1().PersistentVolumeClaims(pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("error processing PVC %s/%s: failed to fetch PVC from API server: %w", pod.Namespace, name, err)
	}
	if claim.Status.Phase != corev1.ClaimBound || claim.Spec.VolumeName == "" {
		return "", fmt.Errorf("error processing PVC %s/%s: PVC is not bound", pod.Namespace, name)
	}
	disk, err := w.m.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("failed to fetch PV %s from API server: %w", claim.Spec.VolumeName, err)
	}
	folder, err := folderOf(disk, w.m.volumes)
	if err != nil {
		return "", err
	}
	if readFaults(w.m.faults).VolumeStuck {
		return "", fmt.Errorf("MountVolume.MountDevice failed for volume %q : rpc error: code = DeadlineExceeded desc = context deadline exceeded", disk.Name)
	}
	return folder, os.MkdirAll(folder, 0o777)
}

// folderOf gives the folder of a volume and refuses, with the drivers' words, what could not be mounted.
func folderOf(disk *corev1.PersistentVolume, volumes string) (string, error) {
	csi := disk.Spec.CSI
	if csi == nil {
		return "", fmt.Errorf("MountVolume.SetUp failed for volume %q : the node of the sandbox mounts CSI volumes only", disk.Name)
	}
	if csi.Driver != blobDriver {
		// A disk's handle is its path in Azure; its folder is called by the last part.
		handle := filepath.Base(csi.VolumeHandle)
		if !isPlainName(handle) {
			return "", fmt.Errorf("MountVolume.MountDevice failed for volume %q : rpc error: code = InvalidArgument desc = Volume ID not provided", disk.Name)
		}
		return filepath.Join(volumes, "disk", handle), nil
	}
	for _, needed := range []string{"storageAccount", "containerName"} {
		if !isPlainName(csi.VolumeAttributes[needed]) {
			return "", fmt.Errorf("MountVolume.MountDevice failed for volume %q : rpc error: code = Internal desc = could not find %s from attributes(%v) or volumeID(%v)",
				disk.Name, needed, csi.VolumeAttributes, csi.VolumeHandle)
		}
	}
	return filepath.Join(volumes, "blob", csi.VolumeAttributes["containerName"]), nil
}
