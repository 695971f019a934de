// What all parts of one node share, and which pods are on it.
package node

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/kubernetes/pkg/kubelet/configmap"
	"k8s.io/kubernetes/pkg/kubelet/envvars"
	"k8s.io/kubernetes/pkg/kubelet/secret"
)

type machine struct {
	options
	client  kubernetes.Interface
	events  record.EventRecorder
	images  *imageStore
	starter starter
	// Both watch what the pods of this machine name, and nothing else.
	secrets    secret.Manager
	configMaps configmap.Manager
	services   corelisters.ServiceLister

	mu       sync.Mutex
	pods     map[types.UID]*podWorker
	byName   map[string]*podWorker
	stopping bool
}

// followPods starts and ends pods as the API server has them, until the context ends; it returns when it
// knows of all that there are now.
func (m *machine) followPods(ctx context.Context) error {
	mine := informers.NewSharedInformerFactoryWithOptions(m.client, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", m.name).String()
	}))
	everybody := informers.NewSharedInformerFactory(m.client, 0)
	m.services = everybody.Core().V1().Services().Lister()
	servicesSynced := everybody.Core().V1().Services().Informer().HasSynced
	everybody.Start(ctx.Done())
	// A pod's environment holds services, so none may start before they are known.
	if !cache.WaitForCacheSync(ctx.Done(), servicesSynced) {
		return ctx.Err()
	}
	pods := mine.Core().V1().Pods().Informer()
	handler, err := pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { m.observe(object.(*corev1.Pod)) },
		UpdateFunc: func(_, object any) { m.observe(object.(*corev1.Pod)) },
		DeleteFunc: func(object any) {
			if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = tombstone.Obj
			}
			m.vanish(object.(*corev1.Pod).UID)
		},
	})
	if err != nil {
		return err
	}
	mine.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), handler.HasSynced) {
		return ctx.Err()
	}
	return nil
}

func (m *machine) observe(pod *corev1.Pod) {
	m.mu.Lock()
	worker, known := m.pods[pod.UID]
	if !known {
		over := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if m.stopping || (over && pod.DeletionTimestamp == nil) {
			m.mu.Unlock()
			return
		}
		name := pod.Namespace + "/" + pod.Name
		worker = newPodWorker(m, pod)
		ctx, stop := context.WithCancel(context.Background())
		worker.stop = stop
		earlier := m.byName[name]
		m.pods[pod.UID], m.byName[name] = worker, worker
		if pod.DeletionTimestamp != nil {
			stop()
		}
		go worker.run(ctx, earlier)
	}
	m.mu.Unlock()
	worker.observe(pod)
}

func (m *machine) vanish(uid types.UID) {
	m.mu.Lock()
	worker := m.pods[uid]
	delete(m.pods, uid)
	if worker != nil && m.byName[worker.latestName()] == worker {
		// The name stays known until nothing of the pod is left: a new one of that name waits for it.
		go func() {
			<-worker.done
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.byName[worker.latestName()] == worker {
				delete(m.byName, worker.latestName())
			}
		}()
	}
	m.mu.Unlock()
	if worker != nil {
		worker.vanish()
	}
}

func (w *podWorker) latestName() string {
	pod := w.latest()
	return pod.Namespace + "/" + pod.Name
}

func (m *machine) workerOf(namespace, name string) *podWorker {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.byName[namespace+"/"+name]
}

func (m *machine) isStopping() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stopping
}

// shutDown ends all pods, within a time, and tells the API server nothing: for the cluster a machine that
// has gone is simply silent.
func (m *machine) shutDown(within time.Duration) {
	m.mu.Lock()
	m.stopping = true
	var workers []*podWorker
	for _, worker := range m.pods {
		workers = append(workers, worker)
	}
	m.mu.Unlock()
	for _, worker := range workers {
		worker.end(within)
	}
	for _, worker := range workers {
		<-worker.done
	}
}

// servicesFor gives the variables that tell of services: the API server's own always, those of the pod's
// namespace where the pod has them linked.
func (m *machine) servicesFor(pod *corev1.Pod) (map[string]string, error) {
	all, err := m.services.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	linked := pod.Spec.EnableServiceLinks == nil || *pod.Spec.EnableServiceLinks
	var visible []*corev1.Service
	for _, service := range all {
		if service.Spec.ClusterIP == "" || service.Spec.ClusterIP == corev1.ClusterIPNone {
			continue
		}
		master := service.Namespace == metav1.NamespaceDefault && service.Name == "kubernetes"
		if master || (linked && service.Namespace == pod.Namespace) {
			visible = append(visible, service)
		}
	}
	variables := map[string]string{}
	for _, variable := range envvars.FromServices(visible) {
		variables[variable.Name] = variable.Value
	}
	return variables, nil
}

func (m *machine) sourcesOf(pod *corev1.Pod, services map[string]string) sources {
	return sources{
		secret:      func(name string) (*corev1.Secret, error) { return m.secrets.GetSecret(pod.Namespace, name) },
		configMap:   func(name string) (*corev1.ConfigMap, error) { return m.configMaps.GetConfigMap(pod.Namespace, name) },
		services:    services,
		allocatable: m.allocatable,
		ip:          m.ip,
	}
}
