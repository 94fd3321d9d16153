package main

import (
	"fmt"
	"os"
	"strings"
)

// A cluster also has its own mount namespace. Its mounts end with its last process. Its programs' fixed paths lead
// below its directory.
var fixed = []string{"/var/lib/kubelet", "/var/lib/cni", "/var/log/containers", "/run/containerd"}

const holder = "holder"

// The first process. It only holds the namespace, so that the others can enter.
func (c *cluster) holder() part {
	script := ""
	for _, place := range fixed {
		own := c.path("fixed", strings.ReplaceAll(place[1:], "/", "-"))
		script += fmt.Sprintf("mkdir -p %[1]s %[2]s && mount --bind %[1]s %[2]s && ", own, place)
	}
	ready := c.path("fixed", "ready")
	return part{holder, []string{"unshare", "--mount", "--propagation", "slave", "sh", "-ec",
		script + "touch " + ready + " && exec sleep infinity"}, func() bool { _, err := os.Stat(ready); return err == nil }}
}

// The prefix that runs a command in the cluster's namespaces.
func (c *cluster) enter() []string {
	enter := []string{"nsenter", "--net=/run/netns/" + c.name()}
	if pid := c.pid(part{name: holder}); pid != 0 {
		enter = append(enter, fmt.Sprintf("--mount=/proc/%d/ns/mnt", pid), "--wd="+c.Dir)
	}
	return enter
}
