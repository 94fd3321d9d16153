package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// A part is a process of the cluster. The cluster determines its command, so a test can start it again.
type part struct {
	name  string
	args  []string
	ready func() bool
}

func (c *cluster) parts() []part {
	admin := "--kubeconfig=" + c.path("kubeconfig")
	parts := []part{
		{"etcd", []string{
			c.path("bin/etcd"),
			"--data-dir=" + c.path("etcd"), "--unsafe-no-fsync", "--log-level=warn",
			"--listen-client-urls=http://" + c.address() + ":2379", "--advertise-client-urls=http://" + c.address() + ":2379",
			"--listen-peer-urls=http://127.0.0.1:2380",
		}, func() bool { return c.fetch("http://" + c.address() + ":2379/health") }},
		{"kube-apiserver", []string{
			c.path("bin/kube-apiserver"),
			"--etcd-servers=http://" + c.address() + ":2379", "--advertise-address=" + c.address(),
			"--service-cluster-ip-range=" + c.services(), "--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + c.path("keys/accounts.key"), "--service-account-signing-key-file=" + c.path("keys/accounts.key"),
			"--tls-cert-file=" + c.path("keys/server.crt"), "--tls-private-key-file=" + c.path("keys/server.key"),
			"--client-ca-file=" + c.path("keys/authority.crt"), "--token-auth-file=" + c.path("keys/tokens"),
			"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
			"--feature-gates=ImageVolume=true",
			"--kubelet-preferred-address-types=InternalIP", "--shutdown-delay-duration=0s", "--profiling=false",
			// Logs the pods' requests, so that a test can tell which rights they use.
			"--audit-policy-file=" + c.path("audit.yaml"), "--audit-log-path=" + c.path("logs/audit"),
		}, func() bool { return c.fetch(c.server() + "/readyz") }},
		{"kube-controller-manager", []string{
			c.path("bin/kube-controller-manager"), admin, "--bind-address=127.0.0.1", "--leader-elect=false", "--root-ca-file=" + c.path("keys/authority.crt"),
			"--service-account-private-key-file=" + c.path("keys/accounts.key"),
			// The node counts as lost after 20 s instead of 50, because tests wait for it.
			"--node-monitor-grace-period=20s", "--kube-api-qps=200", "--kube-api-burst=400",
		}, c.controlled},
	}
	if !c.Node {
		return parts
	}
	return append(parts,
		part{"kube-scheduler", []string{c.path("bin/kube-scheduler"), admin, "--bind-address=127.0.0.1", "--leader-elect=false"}, nil},
		part{"containerd", []string{c.program("containerd"), "--config", c.path("containerd.toml")}, func() bool { return accepts("unix", c.path("containerd.sock")) }},
		part{"kubelet", []string{
			c.path("bin/kubelet"),
			"--kubeconfig=" + c.path("keys/kubelet"), "--config=" + c.path("kubelet.yaml"),
			"--hostname-override=" + c.name(), "--node-ip=" + c.address(),
		}, func() bool { return c.fetch("http://" + c.address() + ":10248/healthz") }},
		part{"kube-proxy", []string{
			c.path("bin/kube-proxy"),
			admin, "--hostname-override=" + c.name(), "--proxy-mode=iptables", "--cluster-cidr=" + c.pods(),
			"--healthz-bind-address=" + c.address() + ":10256", "--metrics-bind-address=127.0.0.1:10249",
			// Keep the machine's own settings.
			"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0",
		}, func() bool { return c.fetch("http://" + c.address() + ":10256/healthz") }},
		part{"volumes", []string{c.path("bin/volumes"), c.path("kubeconfig"), c.path("volumes")}, nil},
		part{"names", []string{c.path("bin/names"), c.path("kubeconfig"), c.address() + ":53"},
			func() bool { return accepts("tcp", c.address()+":53") }},
	)
}

func (c *cluster) part(name string) (part, error) {
	names := ""
	for _, p := range c.parts() {
		if p.name == name {
			return p, nil
		}
		names += " " + p.name
	}
	return part{}, fmt.Errorf("%s is no part of this cluster; these are:%s", name, names)
}

// A program that was built for test clusters.
func (c *cluster) program(name string) string { return filepath.Join(c.Built, "bin", name) }

// The directory of programs. Nearly all are one program, whose name selects the part.
func (c *cluster) link() error {
	for _, p := range c.parts() {
		if p.args[0] != c.path("bin", p.name) {
			continue
		}
		if err := os.Symlink(c.program("parts"), c.path("bin", p.name)); err != nil {
			return err
		}
	}
	if err := os.Symlink(c.program("helm"), c.path("bin", "helm")); err != nil {
		return err
	}
	return os.Symlink(c.program("parts"), c.path("bin", "kubectl"))
}

func accepts(network, address string) bool {
	connection, err := net.DialTimeout(network, address, time.Second)
	if err != nil {
		return false
	}
	return connection.Close() == nil
}

// The controllers work when they have created the default namespace's account for pods.
func (c *cluster) controlled() bool {
	return c.fetch(c.server() + "/api/v1/namespaces/default/serviceaccounts/default")
}
