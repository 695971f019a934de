//go:build kubelet

// The part "kubelet", behind a build tag: it takes minutes more to compile, and only a world whose machines are
// real ones needs it.
package main

import (
	"context"
	"fmt"
	"os"

	cadvisorapi "github.com/google/cadvisor/info/v1"
	genericapiserver "k8s.io/apiserver/pkg/server"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/klog/v2"
	kubeletapp "k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/apis/config/validation"
	"k8s.io/kubernetes/pkg/kubelet/cadvisor"

	"dcaas.dev/sandbox/kubernetes/machine"
)

func init() { parts["kubelet"] = kubelet }

// kubelet runs upstream's kubelet for the machine whose folder is the one argument.
func kubelet() int {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: kubernetes kubelet FOLDER")
		return 2
	}
	wish, err := machine.ReadWish(os.Args[1])
	if err == nil {
		err = runKubelet(genericapiserver.SetupSignalContext(), wish)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubelet:", err)
		return 1
	}
	return 0
}

func runKubelet(ctx context.Context, wish machine.Wish) error {
	config, err := options.NewKubeletConfiguration()
	if err != nil {
		return err
	}
	configure(config, wish)
	flags := options.NewKubeletFlags()
	flags.KubeConfig = wish.At("kubeconfig")
	flags.HostnameOverride, flags.NodeIP = wish.Name, wish.IP
	flags.NodeLabels = wish.Labels
	server := &options.KubeletServer{KubeletFlags: *flags, KubeletConfiguration: *config}
	if err := options.ValidateKubeletFlags(flags); err != nil {
		return err
	}
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(config.FeatureGates); err != nil {
		return err
	}
	if err := validation.ValidateKubeletConfiguration(config, utilfeature.DefaultFeatureGate); err != nil {
		return err
	}
	if err := logsapi.ValidateAndApply(&config.Logging, utilfeature.DefaultFeatureGate); err != nil {
		return err
	}
	dependencies, err := kubeletapp.UnsecuredDependencies(ctx, server, utilfeature.DefaultFeatureGate)
	if err != nil {
		return err
	}
	images := cadvisor.NewImageFsInfoProvider(config.ContainerRuntimeEndpoint)
	measured, err := cadvisor.New(klog.FromContext(ctx), images, flags.RootDirectory, []string{"/"}, false, false)
	if err != nil {
		return err
	}
	dependencies.CAdvisorInterface = sized{measured, wish}
	return kubeletapp.Run(ctx, server, dependencies, utilfeature.DefaultFeatureGate)
}

// configure sets what differs from a kubelet's defaults on a machine that it does not have for itself.
func configure(config *kubeletconfig.KubeletConfiguration, wish machine.Wish) {
	config.Address, config.Port = wish.IP, wish.Port
	config.HealthzPort, config.ReadOnlyPort = 0, 0
	config.TLSCertFile, config.TLSPrivateKeyFile = wish.At("tls.crt"), wish.At("tls.key")
	config.Authentication.X509.ClientCAFile = wish.At("ca.crt")
	config.ProviderID, config.RegisterWithTaints = wish.ProviderID, wish.Taints
	config.ContainerRuntimeEndpoint = "unix://" + machine.RuntimeSocket
	config.MaxPods = machine.MaxPods
	// the world's cgroups are shared with whatever else runs here, version 1 or 2
	config.CgroupDriver, config.CgroupsPerQOS, config.FailCgroupV1 = "cgroupfs", false, false
	config.EnforceNodeAllocatable = nil
	config.FailSwapOn = false
	// nobody else's firewall
	config.MakeIPTablesUtilChains = false
	config.LocalStorageCapacityIsolation = false
	// the disk and the memory are not the machine's own: how full others make them must not put a pod out
	config.EvictionHard = map[string]string{}
	config.ImageGCHighThresholdPercent = 100
	config.NodeStatusMaxImages = -1
}

// sized tells the kubelet a machine of the pool's size; all else is measured.
type sized struct {
	cadvisor.Interface
	wish machine.Wish
}

func (s sized) MachineInfo() (*cadvisorapi.MachineInfo, error) {
	measured, err := s.Interface.MachineInfo()
	if err != nil {
		return nil, err
	}
	told := measured.Clone()
	told.NumCores = int((s.wish.CPU + 999) / 1000)
	told.MemoryCapacity = uint64(s.wish.Memory)
	return told, nil
}
