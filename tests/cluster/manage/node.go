package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const plugins = "/usr/lib/cni"

func (c *cluster) configureNode() error {
	files := map[string]string{
		// restrict_oom_score_adj: a machine without CAP_SYS_RESOURCE cannot lower the score, and runc would fail.
		"containerd.toml": fmt.Sprintf(`version = 3
root = "%[1]s/containerd"
state = "%[1]s/containerd-state"
[grpc]
address = "%[1]s/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "%[1]s/containerd-opt"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "docker.io/library/pause:test"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["%[2]s"]
conf_dir = "%[1]s/cni"
`, c.Dir, plugins),
		// A routed device for each pod, not a bridge: bridged packets may bypass the rules of Services.
		"cni/pods.conflist": fmt.Sprintf(`{"cniVersion": "0.4.0", "name": %q, "plugins": [{"type": "ptp", "ipam": {
  "type": "host-local", "dataDir": %q, "ranges": [[{"subnet": %q}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
`, c.name(), c.path("addresses"), c.pods()),
		"kubelet.yaml": fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
featureGates: {ImageVolume: true}
address: %[2]s
healthzBindAddress: %[2]s
clusterDNS: [%[2]s]
clusterDomain: cluster.local
resolvConf: ""
containerRuntimeEndpoint: unix://%[1]s/containerd.sock
podLogsDir: %[1]s/pod-logs
cgroupDriver: cgroupfs
cgroupRoot: /%[3]s
enforceNodeAllocatable: []
failSwapOn: false
oomScoreAdj: 0
serializeImagePulls: false
maxPods: 200
nodeLeaseDurationSeconds: 12
volumeStatsAggPeriod: 5s
syncFrequency: 10s
evictionHard: {memory.available: 50Mi, nodefs.available: 1%%, imagefs.available: 1%%}
imageGCHighThresholdPercent: 100
`, c.Dir, c.address(), c.name()),
	}
	for name, text := range files {
		if err := os.WriteFile(c.path(name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// The default, whose volumes can grow, and one whose volumes cannot.
var storageClasses = []string{
	storageClass("directory", true),
	storageClass("directory-fixed", false),
}

func storageClass(name string, first bool) string {
	return fmt.Sprintf(`apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: %[1]s, annotations: {storageclass.kubernetes.io/is-default-class: "%[2]t"}}
provisioner: cluster.test/directory
reclaimPolicy: Delete
volumeBindingMode: WaitForFirstConsumer
allowVolumeExpansion: %[2]t
`, name, first)
}

func (c *cluster) load(archives []string) error {
	for _, archive := range archives {
		if err := commandWithin(5*time.Minute, c.program("ctr"), "--address", c.path("containerd.sock"), "--namespace", "k8s.io",
			"images", "import", archive); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) images() []string {
	found, _ := filepath.Glob(filepath.Join(c.Built, "images", "*.tar"))
	return found
}

func (c *cluster) nodeReady() bool {
	text, err := c.request("GET", c.server()+"/api/v1/nodes/"+c.name(), "")
	return err == nil && strings.Contains(text, `"reason":"KubeletReady"`) &&
		strings.Contains(text, `"message":"kubelet is posting ready status"`)
}
