// The Node object: registered, kept alive and described as AKS describes a machine.
package node

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"runtime"

	"github.com/virtual-kubelet/virtual-kubelet/node"
	"github.com/virtual-kubelet/virtual-kubelet/node/nodeutil"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// register makes the Node and renews its Lease until the context ends. It returns once the Node is there.
func (m *machine) register(ctx context.Context, port int) error {
	controller, err := node.NewNodeController(node.NewNaiveNodeProvider(), describe(m.options, port), m.client.CoreV1().Nodes(),
		node.WithNodeEnableLeaseV1(nodeutil.NodeLeaseV1Client(m.client), node.DefaultLeaseDuration))
	if err != nil {
		return err
	}
	go func() { _ = controller.Run(ctx) }()
	select {
	case <-controller.Ready():
		return nil
	case <-controller.Done():
		return controller.Err()
	}
}

func describe(o options, port int) *corev1.Node {
	labels := map[string]string{
		corev1.LabelHostname:      o.name,
		corev1.LabelOSStable:      "linux",
		corev1.LabelArchStable:    runtime.GOARCH,
		"beta.kubernetes.io/os":   "linux",
		"beta.kubernetes.io/arch": runtime.GOARCH,
	}
	maps.Copy(labels, o.labels)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: o.name, Labels: labels},
		Spec:       corev1.NodeSpec{ProviderID: o.providerID, Taints: o.taints},
		Status: corev1.NodeStatus{
			Capacity:    o.capacity,
			Allocatable: o.allocatable,
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: o.ip},
				{Type: corev1.NodeHostName, Address: o.name},
			},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(port)}},
			NodeInfo: corev1.NodeSystemInfo{
				MachineID: hexadecimal(16), SystemUUID: hexadecimal(16), BootID: hexadecimal(16),
				KernelVersion: "6.8.0-1044-azure", OSImage: "Ubuntu 24.04.3 LTS",
				ContainerRuntimeVersion: "containerd://2.1.6-1", KubeletVersion: "v1.36.3",
				OperatingSystem: "linux", Architecture: runtime.GOARCH,
			},
			Conditions: []corev1.NodeCondition{
				condition(corev1.NodeNetworkUnavailable, corev1.ConditionFalse, "RouteCreated", "RouteController created a route"),
				condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
				condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
				condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
				condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"),
			},
		},
	}
}

func condition(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) corev1.NodeCondition {
	now := metav1.Now()
	return corev1.NodeCondition{
		Type: kind, Status: status, Reason: reason, Message: message, LastHeartbeatTime: now, LastTransitionTime: now,
	}
}

func hexadecimal(bytes int) string {
	random := make([]byte, bytes)
	_, _ = rand.Read(random)
	return fmt.Sprintf("%x", random)
}
