// Package node is one machine of the sandbox's cluster, as one process without root: it registers a Node,
// and runs the pods that are bound to it as local processes.
package node

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"
	"k8s.io/kubernetes/pkg/kubelet/configmap"
	"k8s.io/kubernetes/pkg/kubelet/secret"
)

// Main runs a node until SIGTERM, SIGINT, or the end of the process that started it.
func Main(args []string) int {
	// Before anything else, so that a parent that ends early is not missed.
	orphaned := make(chan struct{})
	go followParent(func() { close(orphaned) })
	options, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = runMachine(options, orphaned)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		return 1
	}
	return 0
}

// runMachine brings the machine up, says so in one line, and takes it down.
func runMachine(o options, orphaned <-chan struct{}) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return err
	}
	// The client's own limits would delay the status of many pods that start at once.
	config.QPS, config.Burst = 500, 1000
	config.UserAgent = "kubelet/v1.36.3 (linux/amd64) sandbox"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	m := &machine{
		options: o, client: client, images: newImageStore(o.images, o.faults), starter: newStarter(),
		secrets:    secret.NewWatchingSecretManager(client, time.Minute),
		configMaps: configmap.NewWatchingConfigMapManager(client, time.Minute),
		pods:       map[types.UID]*podWorker{}, byName: map[string]*podWorker{},
	}
	if err := m.clearMachine(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	broadcaster := record.NewBroadcaster()
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&corev1client.EventSinkImpl{Interface: client.CoreV1().Events("")})
	m.events = broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: o.name})

	ended := make(chan error, 1)
	go func() { ended <- m.comeUp(ctx) }()
	select {
	case err = <-ended:
		if err == nil {
			fmt.Println("ready")
			select {
			case <-signals:
			case <-orphaned:
			}
		}
	case <-signals:
	case <-orphaned:
	}
	cancel()
	m.shutDown(o.shutdownGrace)
	return err
}

func (m *machine) comeUp(ctx context.Context) error {
	port, err := m.serve()
	if err != nil {
		return fmt.Errorf("kubelet endpoint: %w", err)
	}
	if err := m.register(ctx, port); err != nil {
		return fmt.Errorf("registration: %w", err)
	}
	go m.watchMemory(ctx.Done())
	if err := m.followPods(ctx); err != nil {
		return fmt.Errorf("pods: %w", err)
	}
	return nil
}
