package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

func up(dir string, node bool) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("a test cluster needs root")
	}
	c, err := create(dir, node)
	if err != nil {
		return err
	}
	for _, step := range []func() error{c.makeCgroups, c.makeKeys, c.writeAuditPolicy, c.link} {
		if err := step(); err != nil {
			return err
		}
	}
	if node {
		if err := keepTunables(); err != nil {
			return err
		}
		if err := c.configureNode(); err != nil {
			return err
		}
	}
	if err := c.startAll(); err != nil {
		return err
	}
	fmt.Println(c.path("kubeconfig"))
	return nil
}

func (c *cluster) startAll() error {
	imported := make(chan error, 1)
	if err := c.start(c.holder()); err != nil {
		return err
	}
	if c.Node {
		// This step is the slowest, and needs only containerd.
		p, err := c.part("containerd")
		if err != nil {
			return err
		}
		if err := c.start(p); err != nil {
			return err
		}
		go func() { imported <- c.load(c.images()) }()
	}
	for _, p := range c.parts() {
		if c.pid(p) != 0 {
			continue
		}
		if err := c.start(p); err != nil {
			return err
		}
	}
	if !c.Node {
		return nil
	}
	for _, class := range storageClasses {
		if _, err := c.request(http.MethodPost, c.server()+"/apis/storage.k8s.io/v1/storageclasses", class); err != nil {
			return err
		}
	}
	if err := <-imported; err != nil {
		return err
	}
	if err := within(time.Minute, func() (bool, error) { return c.nodeReady(), nil }); err != nil {
		p, _ := c.part("kubelet")
		return fmt.Errorf("the node does not get ready: %w\n%s", err, tail(c.log(p)))
	}
	return c.tryPod()
}

// A pod of a session's image ran to its end. This proves that scheduler, node, image and account work.
func (c *cluster) tryPod() error {
	pods := c.server() + "/api/v1/namespaces/default/pods"
	if _, err := c.request(http.MethodPost, pods, trialPod); err != nil {
		return err
	}
	answer := ""
	err := within(time.Minute, func() (yes bool, err error) {
		answer, err = c.request(http.MethodGet, pods+"/trial", "")
		return err == nil && strings.Contains(answer, `"phase":"Succeeded"`), nil
	})
	if err != nil {
		return fmt.Errorf("a pod does not run: %w\n%s", err, answer)
	}
	_, err = c.request(http.MethodDelete, pods+"/trial?gracePeriodSeconds=0", "")
	return err
}

const trialPod = `apiVersion: v1
kind: Pod
metadata: {name: trial}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 0
  containers: [{name: trial, image: "opencode-session:test", imagePullPolicy: Never, command: ["true"]}]
`
