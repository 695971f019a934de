// The device plugin of the machine's GPUs, on the kubelet's own socket as NVIDIA's is.
package machine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	deviceplugin "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const (
	gpuResource = "nvidia.com/gpu"
	gpuSocket   = "nvidia-gpu.sock"
	// gpuLook is how often the faults are looked at.
	gpuLook = 500 * time.Millisecond
)

// plugGPUs tells the kubelet of the GPUs, and again whenever it has begun anew: it then forgets who told it.
func plugGPUs(wish Wish) {
	time.Sleep(readFaults(wish.Faults).gpuDelay())
	var known os.FileInfo
	for ; ; time.Sleep(gpuLook) {
		socket, err := os.Stat(deviceplugin.KubeletSocket)
		if err != nil || (known != nil && os.SameFile(known, socket) && known.ModTime().Equal(socket.ModTime())) {
			continue
		}
		// a kubelet that begins removes all sockets in this folder
		if err := announceGPUs(wish); err != nil {
			fmt.Fprintln(os.Stderr, "machine: GPUs:", err)
			continue
		}
		known = socket
	}
}

func announceGPUs(wish Wish) error {
	server := grpc.NewServer()
	deviceplugin.RegisterDevicePluginServer(server, gpus{wish: wish})
	if err := listen(server, filepath.Join(deviceplugin.DevicePluginPath, gpuSocket)); err != nil {
		return err
	}
	connection, err := grpc.NewClient("unix://"+deviceplugin.KubeletSocket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err = deviceplugin.NewRegistrationClient(connection).Register(ctx, &deviceplugin.RegisterRequest{
		Version: deviceplugin.Version, Endpoint: gpuSocket, ResourceName: gpuResource,
		Options: &deviceplugin.DevicePluginOptions{},
	})
	return err
}

type gpus struct {
	deviceplugin.UnimplementedDevicePluginServer
	wish Wish
}

func (g gpus) GetDevicePluginOptions(context.Context, *deviceplugin.Empty) (*deviceplugin.DevicePluginOptions, error) {
	return &deviceplugin.DevicePluginOptions{}, nil
}

// ListAndWatch tells the devices, and again when a fault takes them away or gives them back.
func (g gpus) ListAndWatch(_ *deviceplugin.Empty, stream grpc.ServerStreamingServer[deviceplugin.ListAndWatchResponse]) error {
	told := ""
	for {
		health := deviceplugin.Healthy
		if readFaults(g.wish.Faults).GPUGone {
			health = deviceplugin.Unhealthy
		}
		if health != told {
			told = health
			list := &deviceplugin.ListAndWatchResponse{}
			for _, id := range g.ids() {
				list.Devices = append(list.Devices, &deviceplugin.Device{ID: id, Health: health})
			}
			if err := stream.Send(list); err != nil {
				return err
			}
		}
		select {
		case <-stream.Context().Done():
			return nil
		case <-time.After(gpuLook):
		}
	}
}

// Allocate says which devices a container gets, as the default strategy of NVIDIA's plugin does: by a variable.
func (g gpus) Allocate(_ context.Context, asked *deviceplugin.AllocateRequest) (*deviceplugin.AllocateResponse, error) {
	answer := &deviceplugin.AllocateResponse{}
	for _, container := range asked.ContainerRequests {
		answer.ContainerResponses = append(answer.ContainerResponses, &deviceplugin.ContainerAllocateResponse{
			Envs: map[string]string{"NVIDIA_VISIBLE_DEVICES": strings.Join(container.DevicesIds, ",")},
		})
	}
	return answer, nil
}

func (g gpus) ids() []string {
	var ids []string
	for n := range g.wish.GPUs {
		ids = append(ids, fmt.Sprintf("GPU-00000000-0000-0000-0000-%012d", n))
	}
	return ids
}
