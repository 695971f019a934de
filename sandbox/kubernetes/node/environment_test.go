// Tables for a container's environment.
package node

import (
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var exampleSources = sources{
	secret: func(name string) (*corev1.Secret, error) {
		if name != "tunnel" {
			return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, name)
		}
		return &corev1.Secret{Data: map[string][]byte{"token": []byte("s3cret")}}, nil
	},
	configMap: func(name string) (*corev1.ConfigMap, error) {
		if name != "settings" {
			return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, name)
		}
		return &corev1.ConfigMap{Data: map[string]string{"a": "1", "b": "2"}}, nil
	},
	services: map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_PORT": "tcp://10.0.0.1:443"},
	ip:       "127.0.0.1",
}

var examplePod = &corev1.Pod{
	ObjectMeta: metav1.ObjectMeta{Name: "workspace-0", Namespace: "dc-1", Annotations: map[string]string{"dcaas.dev/notice": "soon"}},
	Spec:       corev1.PodSpec{NodeName: "aks-0", ServiceAccountName: "default"},
}

func field(path string) *corev1.EnvVarSource {
	return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}
}

func secretKey(name, key string, optional bool) *corev1.EnvVarSource {
	return &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key, Optional: &optional}}
}

func TestEnvironment(t *testing.T) {
	optional := true
	got, err := environment(examplePod, &corev1.Container{
		EnvFrom: []corev1.EnvFromSource{
			{Prefix: "S_", ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}},
			{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "none"}, Optional: &optional}},
		},
		Env: []corev1.EnvVar{
			{Name: "POD", ValueFrom: field("metadata.name")},
			{Name: "NODE", ValueFrom: field("spec.nodeName")},
			{Name: "NOTICE", ValueFrom: field("metadata.annotations['dcaas.dev/notice']")},
			{Name: "IP", ValueFrom: field("status.podIP")},
			{Name: "TOKEN", ValueFrom: secretKey("tunnel", "token", false)},
			{Name: "NONE", ValueFrom: secretKey("tunnel", "none", true)},
			{Name: "BOTH", Value: "$(POD):$(TOKEN) $(UNKNOWN) $$(POD) $(KUBERNETES_PORT)"},
			{Name: "S_b", Value: "own"},
			{Name: "KUBERNETES_SERVICE_HOST", Value: ""},
		},
	}, exampleSources)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"S_a": "1", "S_b": "own", "POD": "workspace-0", "NODE": "aks-0", "NOTICE": "soon", "IP": "127.0.0.1", "TOKEN": "s3cret",
		"BOTH":                    "workspace-0:s3cret $(UNKNOWN) $(POD) tcp://10.0.0.1:443",
		"KUBERNETES_SERVICE_HOST": "", "KUBERNETES_PORT": "tcp://10.0.0.1:443",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestEnvironmentRefused(t *testing.T) {
	for want, source := range map[string]*corev1.EnvVarSource{
		`secrets "none" not found`:                             secretKey("none", "token", false),
		"couldn't find key none in Secret dc-1/tunnel":         secretKey("tunnel", "none", false),
		"a variable has a source that this node does not know": {},
	} {
		_, err := environment(examplePod, &corev1.Container{Env: []corev1.EnvVar{{Name: "X", ValueFrom: source}}}, exampleSources)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestForProcess(t *testing.T) {
	seen := files{root: "/root", mounts: newMounts(mount{"/data", "/host/data"})}
	got := forProcess(map[string]string{"PATH": "/data/bin:/bin", "HOME": "/data/u"}, seen, "/host/tmp")
	slices.Sort(got)
	if !slices.Equal(got, []string{"HOME=/host/data/u", "PATH=/host/data/bin:/root/bin", "TMPDIR=/host/tmp"}) {
		t.Error(got)
	}
}

func TestExpandCommand(t *testing.T) {
	got := expandCommand([]string{"$(A)/x", "$(B)", "$$(A)"}, map[string]string{"A": "/data"})
	if !slices.Equal(got, []string{"/data/x", "$(B)", "$(A)"}) {
		t.Error(got)
	}
}
