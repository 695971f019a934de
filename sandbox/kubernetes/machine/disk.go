// A disk of the cloud's: a file with ext4 in it, as large as its claim asks for, so that it can be full. The loop device
// under it goes with its last mount, also when the machine is killed.
package machine

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/apimachinery/pkg/api/resource"
)

// diskFile is the disk in its folder.
const diskFile = "disk.img"

// mountDisk formats a disk that is new, as its driver does, and mounts it; who may write there is then the kubelet's
// business.
func (n *node) mountDisk(folder string, asked *csi.NodeStageVolumeRequest) error {
	target := asked.StagingTargetPath
	if mounted(target) {
		return nil
	}
	size, err := resource.ParseQuantity(asked.VolumeContext["requestedsizegib"])
	if err != nil {
		return status.Errorf(codes.InvalidArgument, "the disk has no size: %v", err)
	}
	file := filepath.Join(folder, diskFile)
	if device := attached(file); device != "" {
		return status.Errorf(codes.FailedPrecondition, "disk(%s) already attached to node(%s)", asked.VolumeId, device)
	}
	if err := n.format(file, size.Value()); err != nil {
		return status.Errorf(codes.Internal, "format of disk %s failed: %v", asked.VolumeId, err)
	}
	if err := os.MkdirAll(target, 0o750); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	// without noinit_itable the kernel would write all of a large disk's tables into the file
	if err := n.family.run("/bin/mount", "-t", "ext4", "-o", "loop,noinit_itable", file, target); err != nil {
		return status.Errorf(codes.Internal, "could not mount disk %s at %q: %v", asked.VolumeId, target, err)
	}
	return nil
}

// format makes a file with an empty file system; one that is there whole stays as it is.
func (n *node) format(file string, size int64) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	fresh := file + ".new"
	if err := os.WriteFile(fresh, nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(fresh, size); err != nil {
		return err
	}
	lazy := "lazy_itable_init=1,lazy_journal_init=1,nodiscard"
	if err := n.family.run("/sbin/mkfs.ext4", "-q", "-F", "-m", "0", "-E", lazy, fresh); err != nil {
		return err
	}
	return os.Rename(fresh, file)
}

// attached is the loop device that has the file: another machine's, or one that is just going.
func attached(file string) string {
	names, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	for _, name := range names {
		if backing, _ := os.ReadFile(name); strings.TrimSpace(string(backing)) == file {
			return strings.Split(name, "/")[3]
		}
	}
	return ""
}
