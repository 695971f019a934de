// Tables for the texts in flags.
package node

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestParseTaints(t *testing.T) {
	taints, err := parseTaints("sku=gpu:NoSchedule,kubernetes.azure.com/scalesetpriority=spot:NoSchedule,bare:NoExecute")
	if err != nil || len(taints) != 3 {
		t.Fatal(taints, err)
	}
	if got := taints[1]; got.Key != "kubernetes.azure.com/scalesetpriority" || got.Value != "spot" || got.Effect != corev1.TaintEffectNoSchedule {
		t.Error(got)
	}
	for _, bad := range []string{"sku=gpu", "sku=gpu:Never", "sku=gpu:NoSchedule-", "="} {
		if _, err := parseTaints(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if none, err := parseTaints(""); err != nil || len(none) != 0 {
		t.Error(none, err)
	}
}

func TestParseResources(t *testing.T) {
	got, err := parseResources("cpu=3860m,memory=16Gi,nvidia.com/gpu=1,pods=30")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[corev1.ResourceName]int64{"cpu": 4, "memory": 16 << 30, "nvidia.com/gpu": 1, "pods": 30} {
		if quantity := got[name]; quantity.Value() != want {
			t.Errorf("%s is %d, want %d", name, quantity.Value(), want)
		}
	}
	for _, bad := range []string{"cpu", "cpu=", "=4", "memory=lots"} {
		if _, err := parseResources(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestOptions(t *testing.T) {
	whole := []string{"--kubeconfig=k", "--name=n", "--state=s", "--images=i", "--volumes=v", "--tls-cert=c", "--tls-key=k"}
	o, err := parseOptions(append([]string{"--capacity=cpu=4,memory=8Gi", "--allocatable=cpu=3", "--labels=a=b,c/d="}, whole...))
	if err != nil {
		t.Fatal(err)
	}
	cpu, memory := o.allocatable["cpu"], o.allocatable["memory"]
	if cpu.Value() != 3 || memory.Value() != 8<<30 || o.labels["a"] != "b" || o.labels["c/d"] != "" {
		t.Error(o)
	}
	for left := range whole {
		if _, err := parseOptions(append(append([]string{}, whole[:left]...), whole[left+1:]...)); err == nil {
			t.Errorf("%s is not needed", whole[left])
		}
	}
}
