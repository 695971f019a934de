// The node service of a CSI driver: volumes are folders that all machines share, bound into place, or disks in them.
package machine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// node mounts: first once for the machine (staged), then for each pod (published).
type node struct {
	csi.UnimplementedNodeServer
	driver driver
	wish   Wish
	family *family
}

func (n *node) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: n.wish.Name}, nil
}

func (n *node) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	stages := &csi.NodeServiceCapability_Rpc{Rpc: &csi.NodeServiceCapability_RPC{
		Type: csi.NodeServiceCapability_RPC_STAGE_UNSTAGE_VOLUME,
	}}
	return &csi.NodeGetCapabilitiesResponse{Capabilities: []*csi.NodeServiceCapability{{Type: stages}}}, nil
}

func (n *node) NodeStageVolume(_ context.Context, asked *csi.NodeStageVolumeRequest) (*csi.NodeStageVolumeResponse, error) {
	switch {
	case asked.VolumeId == "":
		return nil, status.Error(codes.InvalidArgument, "Volume ID missing in request")
	case asked.StagingTargetPath == "":
		return nil, status.Error(codes.InvalidArgument, "Staging target not provided")
	case asked.VolumeCapability == nil:
		return nil, status.Error(codes.InvalidArgument, "Volume capability not provided")
	case asked.VolumeCapability.GetMount() == nil:
		return nil, status.Error(codes.InvalidArgument, "only volumes with a file system can be mounted")
	case readFaults(n.wish.Faults).VolumeStuck:
		return nil, status.Error(codes.DeadlineExceeded, "context deadline exceeded")
	}
	folder, err := n.driver.folderOf(volume{id: asked.VolumeId, attributes: asked.VolumeContext})
	if err != nil {
		return nil, err
	}
	folder = filepath.Join(n.wish.Volumes, folder)
	if n.driver.disk {
		return &csi.NodeStageVolumeResponse{}, n.mountDisk(folder, asked)
	}
	if err := makeVolume(folder); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodeStageVolumeResponse{}, bind(folder, asked.StagingTargetPath, false)
}

func (n *node) NodePublishVolume(_ context.Context, asked *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	switch {
	case asked.VolumeCapability == nil:
		return nil, status.Error(codes.InvalidArgument, "Volume capability missing in request")
	case asked.VolumeId == "":
		return nil, status.Error(codes.InvalidArgument, "Volume ID missing in request")
	case asked.TargetPath == "":
		return nil, status.Error(codes.InvalidArgument, "Target path not provided")
	case asked.StagingTargetPath == "":
		return nil, status.Error(codes.InvalidArgument, "Staging target not provided")
	}
	return &csi.NodePublishVolumeResponse{}, bind(asked.StagingTargetPath, asked.TargetPath, asked.Readonly)
}

func (n *node) NodeUnpublishVolume(_ context.Context, asked *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	return &csi.NodeUnpublishVolumeResponse{}, release(asked.TargetPath)
}

func (n *node) NodeUnstageVolume(_ context.Context, asked *csi.NodeUnstageVolumeRequest) (*csi.NodeUnstageVolumeResponse, error) {
	return &csi.NodeUnstageVolumeResponse{}, release(asked.StagingTargetPath)
}

// makeVolume makes the folder of a blob container that is mounted for the first time.
func makeVolume(folder string) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	// as the mount options of the volume ask for: one owner, and anybody may write
	if err := os.Chown(folder, 1000, 1000); err != nil {
		return err
	}
	return os.Chmod(folder, 0o777)
}

func bind(from, to string, readOnly bool) error {
	if err := os.MkdirAll(to, 0o750); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	if mounted(to) {
		return nil
	}
	err := syscall.Mount(from, to, "", syscall.MS_BIND, "")
	if err == nil && readOnly {
		err = syscall.Mount("", to, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	}
	if err != nil {
		return status.Error(codes.Internal, fmt.Sprintf("could not mount %q at %q: %v", from, to, err))
	}
	return nil
}

func release(target string) error {
	if target == "" {
		return status.Error(codes.InvalidArgument, "Target path missing in request")
	}
	if mounted(target) {
		if err := syscall.Unmount(target, 0); err != nil {
			return status.Error(codes.Internal, fmt.Sprintf("failed to unmount %q: %v", target, err))
		}
	}
	if err := os.Remove(target); err != nil && !os.IsNotExist(err) {
		return status.Error(codes.Internal, err.Error())
	}
	return nil
}

func mounted(target string) bool {
	table, _ := os.ReadFile("/proc/self/mountinfo")
	return strings.Contains(string(table), " "+target+" ")
}
