package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A cluster is described by its directory. The slot determines the rest: the names of its network namespace and cgroup,
// and its addresses. So several clusters do not collide.
type cluster struct {
	Dir  string `json:"-"`
	Slot int
	Node bool
	// The folder of programs and images.
	Built string
}

func (c *cluster) name() string            { return fmt.Sprintf("opencode%d", c.Slot) }
func (c *cluster) host() string            { return fmt.Sprintf("10.201.%d.1", c.Slot) }
func (c *cluster) address() string         { return fmt.Sprintf("10.201.%d.2", c.Slot) }
func (c *cluster) pods() string            { return fmt.Sprintf("10.202.%d.0/24", c.Slot) }
func (c *cluster) podGateway() string      { return fmt.Sprintf("10.202.%d.1", c.Slot) }
func (c *cluster) services() string        { return fmt.Sprintf("10.203.%d.0/24", c.Slot) }
func (c *cluster) firstService() string    { return fmt.Sprintf("10.203.%d.1", c.Slot) }
func (c *cluster) path(p ...string) string { return filepath.Join(append([]string{c.Dir}, p...)...) }

func create(dir string, node bool) (*cluster, error) {
	// A socket's path can have at most 107 characters.
	if len(dir) > 60 {
		return nil, fmt.Errorf("%s is too long a path for the sockets below it: take one of at most 60 characters", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty: take down what is in it, or choose another directory", dir)
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &cluster{Dir: dir, Node: node, Built: filepath.Dir(filepath.Dir(program))}
	if err := c.claimNetwork(); err != nil {
		return nil, err
	}
	for _, d := range []string{"bin", "keys", "logs", "pids", "cni", "volumes"} {
		if err := os.MkdirAll(c.path(d), 0o755); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *cluster) save() error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(c.path("cluster.json"), text, 0o644)
}

func open(dir string) (*cluster, error) {
	text, err := os.ReadFile(filepath.Join(dir, "cluster.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not the directory of a cluster", dir)
	} else if err != nil {
		return nil, err
	}
	c := &cluster{Dir: dir}
	return c, json.Unmarshal(text, c)
}
