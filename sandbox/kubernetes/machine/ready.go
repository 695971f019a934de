// When a machine is there for others.
package machine

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// comesUp is how long a machine may take on a computer that is busy.
const comesUp = 2 * time.Minute

// waitUntilReady returns once the cluster has the node as ready and knows of its GPUs: without them a machine counts as
// one that still comes, as with AKS's autoscaler.
func waitUntilReady(wish Wish) error {
	config, err := clientcmd.BuildConfigFromFlags("", wish.At("kubeconfig"))
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	var last string
	for deadline := time.Now().Add(comesUp); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		node, err := client.CoreV1().Nodes().Get(context.Background(), wish.Name, metav1.GetOptions{})
		if err != nil {
			last = err.Error()
			continue
		}
		for _, condition := range node.Status.Conditions {
			if condition.Type != corev1.NodeReady {
				continue
			}
			told := node.Status.Allocatable[gpuResource]
			switch {
			case condition.Status != corev1.ConditionTrue:
				last = condition.Message
			case told.Value() < int64(wish.GPUs) && !readFaults(wish.Faults).GPUGone:
				last = fmt.Sprintf("it has %v of %d GPUs", told.Value(), wish.GPUs)
			default:
				return nil
			}
		}
	}
	return fmt.Errorf("node %s is not ready after %v: %s", wish.Name, comesUp, last)
}
