// The flags of a node, and the texts that some of them carry.
package node

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/kubernetes/pkg/util/taints"
)

// options is what one machine is told about itself.
type options struct {
	kubeconfig    string
	name          string
	labels        map[string]string
	taints        []corev1.Taint
	capacity      corev1.ResourceList
	allocatable   corev1.ResourceList
	providerID    string
	state         string
	images        string
	volumes       string
	tlsCert       string
	tlsKey        string
	clientCA      string
	faults        string
	ip            string
	port          int
	shutdownGrace time.Duration
}

func parseOptions(args []string) (options, error) {
	var o options
	var labels, taintList, capacity, allocatable string
	flags := flag.NewFlagSet("node", flag.ContinueOnError)
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&o.name, "name", "", "the node's name")
	flags.StringVar(&labels, "labels", "", "key=value,…")
	flags.StringVar(&taintList, "taints", "", "key=value:Effect,…")
	flags.StringVar(&capacity, "capacity", "cpu=4,memory=16Gi,pods=30", "resource=quantity,…")
	flags.StringVar(&allocatable, "allocatable", "", "resource=quantity,… where it is less than the capacity")
	flags.StringVar(&o.providerID, "provider-id", "", "azure:///…")
	flags.StringVar(&o.state, "state", "", "the machine's own folder: pods, their volumes and logs")
	flags.StringVar(&o.images, "images", "", "JSON file: image to {root, delay, entrypoint, env}; read at every use")
	flags.StringVar(&o.volumes, "volumes", "", "the folder of the disks and blob containers, shared by all machines")
	flags.StringVar(&o.tlsCert, "tls-cert", "", "certificate of the kubelet's endpoint")
	flags.StringVar(&o.tlsKey, "tls-key", "", "its key")
	flags.StringVar(&o.clientCA, "client-ca", "", "CA of those who may use the endpoint; without it, everybody on this host")
	flags.StringVar(&o.faults, "faults", "", "JSON file of what shall go wrong; read at every use")
	flags.StringVar(&o.ip, "ip", "127.0.0.1", "the node's address")
	flags.IntVar(&o.port, "port", 0, "port of the kubelet's endpoint; 0 takes a free one")
	flags.DurationVar(&o.shutdownGrace, "shutdown-grace", 5*time.Second, "how long pods have to end when the machine does")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	for _, needed := range []string{"kubeconfig", "name", "state", "images", "volumes", "tls-cert", "tls-key"} {
		if flags.Lookup(needed).Value.String() == "" {
			return o, fmt.Errorf("--%s is missing", needed)
		}
	}
	var err error
	if o.labels, err = parsePairs(labels); err != nil {
		return o, fmt.Errorf("--labels: %w", err)
	}
	if o.taints, err = parseTaints(taintList); err != nil {
		return o, fmt.Errorf("--taints: %w", err)
	}
	if o.capacity, err = parseResources(capacity); err != nil {
		return o, fmt.Errorf("--capacity: %w", err)
	}
	if o.allocatable, err = parseResources(allocatable); err != nil {
		return o, fmt.Errorf("--allocatable: %w", err)
	}
	for resource, quantity := range o.capacity {
		if _, given := o.allocatable[resource]; !given {
			o.allocatable[resource] = quantity
		}
	}
	// A pod's processes have folders of their own as working directory, so every path must be whole.
	for _, path := range []*string{&o.state, &o.volumes} {
		if *path, err = filepath.Abs(*path); err != nil {
			return o, err
		}
	}
	return o, nil
}

func parsePairs(text string) (map[string]string, error) {
	pairs := map[string]string{}
	for _, part := range splitList(text) {
		key, value, found := strings.Cut(part, "=")
		if !found || key == "" {
			return nil, fmt.Errorf("%q is not key=value", part)
		}
		pairs[key] = value
	}
	return pairs, nil
}

func parseTaints(text string) ([]corev1.Taint, error) {
	added, removed, err := taints.ParseTaints(splitList(text))
	if err == nil && len(removed) > 0 {
		err = fmt.Errorf("%q has no effect", removed[0].Key)
	}
	return added, err
}

func parseResources(text string) (corev1.ResourceList, error) {
	pairs, err := parsePairs(text)
	if err != nil {
		return nil, err
	}
	resources := corev1.ResourceList{}
	for name, value := range pairs {
		quantity, err := resource.ParseQuantity(value)
		if err != nil {
			return nil, fmt.Errorf("%s=%s: %w", name, value, err)
		}
		resources[corev1.ResourceName(name)] = quantity
	}
	return resources, nil
}

func splitList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}
