// The parts of the control plane beside etcd, each as upstream's own main package runs it.
package main

import (
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	schedulers "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func apiServer() int { return cli.Run(apiserver.NewAPIServerCommand()) }

func controllerManager() int { return cli.Run(controllers.NewControllerManagerCommand()) }

func scheduler() int { return cli.Run(schedulers.NewSchedulerCommand()) }
