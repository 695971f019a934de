// The node drivers of blob containers and disks: what AKS runs on each machine as a DaemonSet.
package machine

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

// kubeletFolder is where a kubelet keeps everything, inside.
const kubeletFolder = "/var/lib/kubelet"

// driver is one CSI driver; folderOf gives the folder that a volume is, or refuses as the real driver does. What is a
// disk is a file in that folder, with a file system of its own.
type driver struct {
	name     string
	folderOf func(volume volume) (string, error)
	disk     bool
}

// volume is what a driver is asked for.
type volume struct {
	id         string
	attributes map[string]string
}

// serve answers the kubelet, and tells it so on its registration socket.
func (d driver) serve(f *family, wish Wish) error {
	socket := filepath.Join(kubeletFolder, "plugins", d.name, "csi.sock")
	server := grpc.NewServer()
	csi.RegisterIdentityServer(server, identity{name: d.name})
	csi.RegisterNodeServer(server, &node{driver: d, wish: wish, family: f})
	if err := listen(server, socket); err != nil {
		return err
	}
	announced := grpc.NewServer()
	registration.RegisterRegistrationServer(announced, registrar{name: d.name, socket: socket})
	return listen(announced, filepath.Join(kubeletFolder, "plugins_registry", d.name+"-reg.sock"))
}

func listen(server *grpc.Server, socket string) error {
	if err := os.MkdirAll(filepath.Dir(socket), 0o750); err != nil {
		return err
	}
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	go func() { _ = server.Serve(listener) }()
	return nil
}

type registrar struct {
	registration.UnsafeRegistrationServer
	name, socket string
}

func (r registrar) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type: registration.CSIPlugin, Name: r.name, Endpoint: r.socket, SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (r registrar) NotifyRegistrationStatus(_ context.Context, status *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	if !status.PluginRegistered {
		fmt.Fprintf(os.Stderr, "machine: the kubelet does not take driver %s: %s\n", r.name, status.Error)
	}
	return &registration.RegistrationStatusResponse{}, nil
}

type identity struct {
	csi.UnimplementedIdentityServer
	name string
}

func (i identity) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: i.name, VendorVersion: "v1.0.0"}, nil
}

func (i identity) GetPluginCapabilities(context.Context, *csi.GetPluginCapabilitiesRequest) (*csi.GetPluginCapabilitiesResponse, error) {
	return &csi.GetPluginCapabilitiesResponse{}, nil
}

func (i identity) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{}, nil
}
